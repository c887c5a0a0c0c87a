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
            new CleanControlFlow(),
            new BuildSsa(),
            new Simplify(),
            new RemoveDeadInstructions(),
            new PromoteSlots(),
            new BuildSsa(),
            new ExpandMemory(),
            new Simplify(),
            new Legalize(options.InstructionSet),
            new Simplify(),
            new HoistConstants(),
            new CleanControlFlow(),
            new NumberValues(),
            new ForwardLoads(),
            new Simplify(),
            new NumberValues(),
            new Simplify(),
            new DecideComparisons(),
            new RemoveDeadInstructions(),
            new ThreadJumps(),
            new CleanControlFlow(),
            new Simplify(),
            new DecideComparisons(),
            new CleanControlFlow(),
            new Simplify(),
            new RemoveDeadStores(),
            new ShareSlots(),
            new RemoveDeadInstructions(),
            new NarrowOperations(),
            new Simplify(),
            new NumberValues(),
            new Simplify(),
            new RemoveDeadInstructions(),
            new SinkAddresses(),
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
