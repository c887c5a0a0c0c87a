using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Fathom.Compiler;
using Fathom.Fuzzing.Running;

namespace Fathom.Fuzzing.Mutations;

/// <summary>Whether the fuzzer notices that a compiler is broken, and after how many programs.</summary>
internal static class MutationCheck
{
    /// <summary>The first line of mutations.tsv.</summary>
    public const string Head = "mutation\tfound by\tprograms\tseed\twhat the kernel says\twhat was found";

    /// <summary>The compiler that makes this mistake.</summary>
    public static CompilerOptions Compiler(Mutation mutation) => new() { Mutation = mutation };

    /// <summary>Looks for a mutation among the seeds from 1 on; the line of the table, and whether it was found.</summary>
    public static (string Line, bool IsFound) Find(Mutation mutation, Options options)
    {
        var compiler = Compiler(mutation);
        (Subject Subject, Trial Trial)? finding = null;
        var worker = new Worker(options, compiler)
        {
            // A broken compiler may also break its own assumptions. That is noticed at once, and shows nothing about the oracles.
            Found = (subject, trial) => finding ??= trial.Verdict == Verdict.Mismatch ? (subject, trial) : null,
            IsDone = () => finding is not null,
        };
        worker.Run();
        if (finding is not { } found)
        {
            return ($"{mutation.Name}\tnobody\t{worker.Totals.Programs}\t\t\t", false);
        }

        Trial kernel = Trial.Of(found.Subject, options.Inputs, Oracles.Kernel, compiler);
        string says = kernel.Verdict switch { Verdict.Mismatch => "another result", Verdict.LoadFailure => "refused by the verifier", var other => other.ToString() };
        string by = found.Trial.RanInKernel ? "the kernel" : "the interpreter";
        return ($"{mutation.Name}\t{by}\t{worker.Totals.Programs}\t{found.Subject.Seed}\t{says}\t{found.Trial.Message.Split('\n')[0]}", true);
    }

    /// <summary>Makes the table.</summary>
    public static int Run(Options options)
    {
        var lines = new List<string> { Head };
        bool areAllFound = true;
        foreach (Mutation mutation in AllMutations.List)
        {
            (string line, bool isFound) = Find(mutation, options with { PerCompilation = 25 });
            Console.WriteLine(line);
            lines.Add(line);
            areAllFound &= isFound;
        }

        if (options.Table is { } table)
        {
            File.WriteAllLines(table, lines);
        }

        Console.WriteLine($"{lines.Skip(1).Count(l => !l.Contains("\tnobody\t", StringComparison.Ordinal))} of {AllMutations.List.Length} found");
        return areAllFound ? 0 : 1;
    }
}
