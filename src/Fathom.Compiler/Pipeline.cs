using System.Collections.Generic;
using Fathom.Compiler.CodeGeneration;
using Fathom.Compiler.IR;
using Fathom.Compiler.Passes;
using Fathom.Format.Objects;

namespace Fathom.Compiler;

/// <summary>All steps from a filled function to its code, in order.</summary>
internal static class Pipeline
{
    public static BpfFunction Run(Function function, DataLayout data, CompilerOptions options, List<CompilerProblem> problems)
    {
        Optimize(function, options);
        if (options.ColourSlots)
        {
            Run(function, options, [new ColourSlots()]);
        }

        var machine = Generate(function, options, problems);
        if (!FrameLayout.Run(machine) && !options.ColourSlots)
        {
            // Only where it is needed: two things at one place tell the verifier less about each.
            Run(function, options, [new ColourSlots()]);
            machine = Generate(function, options, []);
            _ = FrameLayout.Run(machine);
        }

        FrameLayout.Check(machine, problems);
        options.Mutation?.Change(machine);
        return Emission.Run(machine, data, options.InstructionSet, problems);
    }

    /// <summary>The passes on the intermediate form.</summary>
    public static void Optimize(Function function, CompilerOptions options)
    {
        options.Mutation?.Change(function, "the front end");
        if (options.CheckIr)
        {
            IrChecker.Check(function, "the front end", isSsa: false);
        }

        Run(function, options,
        [
            // Into SSA, as it comes from the front end.
            new CleanControlFlow(),
            new BuildSsa(),

            // Addresses must be simple, and dead ones gone, before it can be told which slots escape. What was a slot is then a register: SSA again.
            new Simplify(),
            new RemoveDeadInstructions(),
            new PromoteSlots(),
            new BuildSsa(),

            // The slots that are left are memory. What the instruction set lacks comes after the constants that may spare it, and brings new ones.
            new ExpandMemory(),
            new Simplify(),
            new Legalize(options.InstructionSet),
            new Simplify(),

            // Blocks that only set constants become empty, and go: what is computed twice is then in blocks that dominate each other.
            new HoistConstants(),
            new CleanControlFlow(),

            // Equal addresses are one value first: only then are two loads known to be of one place. Loads that became copies make more values equal.
            new NumberValues(),
            new ForwardLoads(),
            new Simplify(),
            new NumberValues(),
            new Simplify(),

            // A decided comparison takes ways away, and with them phis; a way led past its test decides further comparisons.
            new DecideComparisons(),
            new RemoveDeadInstructions(),
            new ThreadJumps(),
            new CleanControlFlow(),
            new Simplify(),
            new DecideComparisons(),
            new CleanControlFlow(),
            new Simplify(),

            // With the loads that are left: which stores still matter, and which calls can read the same bytes.
            new RemoveDeadStores(),
            new ShareSlots(),
            new RemoveDeadInstructions(),

            // Widths last: the passes before look for equal values, and narrowing tells equal ones apart.
            new NarrowOperations(),
            new Simplify(),
            new NumberValues(),
            new Simplify(),
            new RemoveDeadInstructions(),
            new SinkAddresses(),

            // For the machine: no pass that takes one value for another may follow the truncations; comparisons that no branch took become branches,
            // whose ways are then led and cleaned as any other's; copies of phis get edges of their own.
            new FreeTruncations(),
            new ExpandCompares(),
            new ThreadJumps(),
            new CleanControlFlow(),
            new SplitCriticalEdges(),
        ]);
    }

    /// <summary>From the final intermediate form to code without places in the frame.</summary>
    private static MachineFunction Generate(Function function, CompilerOptions options, List<CompilerProblem> problems)
    {
        var machine = Selector.Select(function, options.InstructionSet, problems);
        RemoveDeadCode.Run(machine);
        RegisterAllocator.Run(machine);
        CleanMachineCode.Run(machine);
        return machine;
    }

    private static void Run(Function function, CompilerOptions options, IPass[] passes)
    {
        bool isSsa = passes[0] is ColourSlots;
        foreach (var pass in passes)
        {
            pass.Run(function);
            options.Mutation?.Change(function, pass.GetType().Name);
            isSsa = pass is BuildSsa || (isSsa && pass is not PromoteSlots);
            if (options.CheckIr)
            {
                IrChecker.Check(function, pass.GetType().Name, isSsa);
            }
        }
    }
}
