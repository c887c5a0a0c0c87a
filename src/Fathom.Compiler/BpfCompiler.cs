using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Objects;

namespace Fathom.Compiler;

/// <summary>What the compiler may use.</summary>
/// <param name="InstructionSet">3, or 4 for sign-extending loads and moves, unconditional byte swap and signed division (Linux 6.6).</param>
/// <param name="CheckIr">Runs the checker of the intermediate form after each pass (tests).</param>
public sealed record CompilerOptions(int InstructionSet = 3, bool CheckIr = false)
{
    /// <summary>Shares the stack among the variables of every function, not only where it would not do otherwise: for tests.</summary>
    internal bool ColourSlots { get; init; }

    /// <summary>Breaks the compiler, to see whether the tests notice; null in every other use.</summary>
    internal IMutation? Mutation { get; init; }
}

/// <summary>A problem that only the compiler sees, such as a frame over 512 bytes.</summary>
/// <param name="Function">The function.</param>
/// <param name="Position">Where; null where no place is to blame.</param>
/// <param name="Message">What is wrong and what to write instead.</param>
public sealed record CompilerProblem(string Function, SourcePosition? Position, string Message);

/// <summary>What compiling gave.</summary>
/// <param name="Object">The object; null if there are problems.</param>
/// <param name="Problems">The problems.</param>
public sealed record CompilerResult(BpfObject? Object, IReadOnlyList<CompilerProblem> Problems);

/// <summary>From the intermediate form to a BPF object.</summary>
public static class BpfCompiler
{
    /// <summary>Compiles a module. Deterministic. The module is used up.</summary>
    public static CompilerResult Compile(Module module, CompilerOptions options)
    {
        _ = module ?? throw new ArgumentNullException(nameof(module));
        _ = options ?? throw new ArgumentNullException(nameof(options));
        var problems = new List<CompilerProblem>();
        var data = new DataLayout(module);
        var functions = module.Functions.Select(f => Pipeline.Run(f, data, options, problems)).ToList();
        if (problems.Count > 0)
        {
            return new CompilerResult(null, problems);
        }

        // The object says its maps in types, which is how other loaders know them.
        ImmutableArray<MapDefinition> maps = [.. module.Maps, .. data.Maps()];
        MapTypes.Add(module.Types, maps);
        var result = new BpfObject
        {
            License = module.License,
            Functions = [.. functions],
            Maps = maps,
            Btf = module.Types.ToArray(),
        };
        return new CompilerResult(result, problems);
    }
}
