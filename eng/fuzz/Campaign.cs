using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;

namespace Fathom.Fuzzing;

/// <summary>Gives blocks of seeds to worker processes, one a core, and adds up what they say. A worker that dies is a finding.</summary>
internal sealed class Campaign(Options options)
{
    private readonly Totals _totals = new();
    private readonly Lock _lock = new();
    private readonly ConcurrentQueue<(int First, int Count)> _blocks = new();
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private long _done;
    private double _said;

    /// <summary>Runs; the exit code of the program.</summary>
    public int Run()
    {
        int block = Math.Min(options.Block, (options.Count + options.Jobs - 1) / options.Jobs);
        for (int first = options.First; first < options.First + options.Count; first += block)
        {
            _blocks.Enqueue((first, Math.Min(block, options.First + options.Count - first)));
        }

        Thread[] threads = [.. Enumerable.Range(0, options.Jobs).Select(_ => new Thread(Work))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());

        string command = $"eng/fuzz/run --seeds {options.First}-{options.Count} --inputs {options.Inputs} --kernel {options.KernelShare}/{options.KernelOf}";
        string line = $"{options.First}-{options.Count}\t{options.Inputs}\t{_totals}\t{_time.Elapsed.TotalSeconds:0}\t{command}";
        string head = "seeds\tinputs\t" + string.Join("\t", Totals.Names) + "\twhy too large\tCPU seconds\tseconds\tcommand";
        Console.WriteLine(head);
        Console.WriteLine(line);
        if (options.Table is { } table)
        {
            File.AppendAllText(table, (File.Exists(table) ? "" : head + "\n") + line + "\n");
        }

        return _totals.Findings == 0 ? 0 : 1;
    }

    private void Work()
    {
        while (_blocks.TryDequeue(out (int First, int Count) block))
        {
            (int first, int count) = block;
            while (count > 0)
            {
                (int first, int count) rest = Run(first, count);
                (first, count) = rest;
            }
        }
    }

    /// <summary>One worker process; what is left of its range if it dies.</summary>
    private (int First, int Count) Run(int first, int count)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Campaign).Assembly.Location);
        }

        foreach (string argument in new[]
        {
            "--worker", "--seeds", first + "-" + count, "--inputs", options.Inputs.ToString(), "--kernel", options.KernelShare + "/" + options.KernelOf,
            "--per-compilation", options.PerCompilation.ToString(), "--findings", options.Folder,
        })
        {
            start.ArgumentList.Add(argument);
        }

        // Fewer collections: what a compilation allocates is mostly dead before the next.
        start.Environment["DOTNET_GCgen0size"] = "0x4000000";
        using Process process = Process.Start(start)!;
        (int at, int length) = (first, 0);
        bool isWhole = false;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            string[] words = line.Split('\t', 2);
            switch (words[0])
            {
                case "at":
                    int[] numbers = [.. words[1].Split('-').Select(int.Parse)];
                    Progress(length);
                    (at, length) = (numbers[0], numbers[1]);
                    break;
                case "totals":
                    isWhole = true;
                    lock (_lock)
                    {
                        _totals.Add(Totals.Parse(words[1]));
                    }

                    break;
                default:
                    Console.WriteLine(line);
                    break;
            }
        }

        process.WaitForExit();
        if (isWhole && process.ExitCode == 0)
        {
            Progress(length);
            return (0, 0);
        }

        Console.WriteLine($"The worker ended with status {process.ExitCode} in seeds {at}-{length}; what it had done before is not counted.");
        lock (_lock)
        {
            _totals.AddDeath();
        }

        int next = at + Math.Max(length, 1);
        return (next, first + count - next);
    }

    private void Progress(int programs)
    {
        lock (_lock)
        {
            _done += programs;
            double now = _time.Elapsed.TotalSeconds;
            if (now - _said > 60)
            {
                _said = now;
                Console.Error.WriteLine($"{now:0} s: {_done} of {options.Count} programs");
            }
        }
    }
}
