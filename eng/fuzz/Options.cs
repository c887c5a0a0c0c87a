using System;
using System.IO;

namespace Fathom.Fuzzing;

/// <summary>What a campaign is to do.</summary>
internal sealed record Options
{
    public int First { get; init; } = 1;

    public int Count { get; init; } = 1000;

    public int Inputs { get; init; } = 20;

    /// <summary>The kernel is asked about <see cref="KernelShare"/> of each <see cref="KernelOf"/> programs.</summary>
    public int KernelShare { get; init; }

    public int KernelOf { get; init; } = 1;

    public int Jobs { get; init; } = Environment.ProcessorCount;

    public int PerCompilation { get; init; } = 100;

    /// <summary>Seeds for one worker process, which grows a little with each.</summary>
    public int Block { get; init; } = 25_000;

    /// <summary>Where the sources of findings go.</summary>
    public string Folder { get; init; } = "artifacts/fuzz";

    /// <summary>Where the line of totals is added; null for nowhere.</summary>
    public string? Table { get; init; }

    public bool IsWorker { get; init; }

    /// <summary>Whether the compiler is to share the stack among the variables of every function: for tests.</summary>
    public bool SharesStack { get; init; }

    public static Options Parse(ReadOnlySpan<string> arguments)
    {
        var options = new Options();
        for (int i = 0; i < arguments.Length; i++)
        {
            string Value(ReadOnlySpan<string> all) => i + 1 < all.Length ? all[++i] : throw new ArgumentException(all[i] + " needs a value");
            switch (arguments[i])
            {
                case "--seeds":
                    string[] range = Value(arguments).Split('-');
                    options = options with { First = int.Parse(range[0]), Count = int.Parse(range[1]) };
                    break;
                case "--inputs":
                    options = options with { Inputs = int.Parse(Value(arguments)) };
                    break;
                case "--kernel":
                    string[] share = Value(arguments).Split('/');
                    options = options with { KernelShare = int.Parse(share[0]), KernelOf = int.Parse(share[1]) };
                    break;
                case "--jobs":
                    options = options with { Jobs = int.Parse(Value(arguments)) };
                    break;
                case "--per-compilation":
                    options = options with { PerCompilation = int.Parse(Value(arguments)) };
                    break;
                case "--block":
                    options = options with { Block = int.Parse(Value(arguments)) };
                    break;
                case "--findings":
                    options = options with { Folder = Path.GetFullPath(Value(arguments)) };
                    break;
                case "--table":
                    options = options with { Table = Path.GetFullPath(Value(arguments)) };
                    break;
                case "--worker":
                    options = options with { IsWorker = true };
                    break;
                default:
                    throw new ArgumentException("unknown: " + arguments[i]);
            }
        }

        return options;
    }
}
