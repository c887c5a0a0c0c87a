using System;
using System.IO;
using System.Linq;
using Fathom.Compiler;
using Fathom.Fuzzing.Running;

namespace Fathom.Fuzzing;

/// <summary>Tries a range of seeds, in this process and on this thread.</summary>
internal sealed class Worker(Options options, CompilerOptions? compiler = null)
{
    public Totals Totals { get; } = new();

    /// <summary>Called before each compilation, with its first seed and its length.</summary>
    public Action<int, int>? Starting { get; init; }

    /// <summary>Called for each finding.</summary>
    public Action<Subject, Trial>? Found { get; init; }

    /// <summary>Tried after each program: true ends the range early.</summary>
    public Func<bool>? IsDone { get; init; }

    public void Run()
    {
        var clock = new Clock();
        int end = options.First + options.Count;
        for (int first = options.First; first < end; first += options.PerCompilation)
        {
            int count = Math.Min(options.PerCompilation, end - first);
            Starting?.Invoke(first, count);
            if (!Run(first, count, clock))
            {
                break;
            }
        }

        Totals.Add(clock);
    }

    private bool Run(int first, int count, Clock clock)
    {
        Subject[] subjects;
        using (clock.Of(Phase.Write))
        {
            subjects = [.. Enumerable.Range(first, count).Select(Subject.Random)];
        }

        using Batch batch = Batch.Compile(subjects, options.SharesStack ? new CompilerOptions { ColourSlots = true } : compiler);
        clock.Add(Phase.Emit, batch.EmitTime);
        clock.Add(Phase.Compile, batch.CompileTime);
        foreach (Compiled compiled in batch.Subjects)
        {
            int seed = compiled.Subject.Seed;
            Oracles oracles = Oracles.Interpreter | (seed % options.KernelOf < options.KernelShare ? Oracles.Kernel : 0);
            Trial trial = Trial.Run(compiled, Input.Of(seed, options.Inputs), oracles, clock);
            Totals.Add(trial);
            if (trial.Verdict is not (Verdict.Agree or Verdict.TooLarge))
            {
                Found?.Invoke(compiled.Subject, trial);
            }

            if (IsDone?.Invoke() == true)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes a finding's source into a folder, with what was found at its head.</summary>
    public static string Keep(string folder, Subject subject, Trial trial)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, subject.Name + ".cs");
        File.WriteAllText(path, "// " + trial.Verdict + ": " + trial.Message.ReplaceLineEndings("\n// ") + "\n// Seed " + subject.Seed + ".\n" + subject.Source);
        return path;
    }
}
