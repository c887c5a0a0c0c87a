using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Fuzzing.Running;

namespace Fathom.Fuzzing;

/// <summary>What a range of seeds came to. The text form goes from a worker to the campaign, and as a line into campaigns.tsv.</summary>
internal sealed class Totals
{
    /// <summary>The names of the numbers, in the order of the line.</summary>
    public static readonly string[] Names =
        ["programs", "pairs", "faults", "wrapping quotients", "kernel programs", "kernel pairs", "too large", "mismatches", "load failures", "crashes", "refused"];

    private readonly long[] _numbers = new long[Names.Length];
    private readonly SortedDictionary<string, long> _reasons = new(StringComparer.Ordinal);
    private readonly double[] _seconds = new double[Enum.GetValues<Phase>().Length];

    public long Programs => _numbers[0];

    public long Pairs => _numbers[1];

    public long Faults => _numbers[2];

    public long KernelPrograms => _numbers[4];

    public long TooLarge => _numbers[6];

    /// <summary>Everything that must be zero.</summary>
    public long Findings => _numbers[7..].Sum();

    public void Add(Trial trial)
    {
        _numbers[0]++;
        _numbers[1] += trial.Pairs;
        _numbers[2] += trial.Faults;
        _numbers[3] += trial.Unknown;
        _numbers[4] += trial.RanInKernel ? 1 : 0;
        _numbers[5] += trial.KernelPairs;
        _numbers[6] += trial.Verdict == Verdict.TooLarge ? 1 : 0;
        _numbers[7] += trial.Verdict == Verdict.Mismatch ? 1 : 0;
        _numbers[8] += trial.Verdict == Verdict.LoadFailure ? 1 : 0;
        _numbers[9] += trial.Verdict == Verdict.Crash ? 1 : 0;
        _numbers[10] += trial.Verdict == Verdict.Refused ? 1 : 0;
        if (trial.Verdict == Verdict.TooLarge)
        {
            AddReason(trial.Message.Contains("FTH", StringComparison.Ordinal) ? "frame over 512 bytes" : trial.Message, 1);
        }
    }

    public void Add(Clock clock)
    {
        for (int i = 0; i < _seconds.Length; i++)
        {
            _seconds[i] += clock.Seconds((Phase)i);
        }
    }

    /// <summary>A worker that died.</summary>
    public void AddDeath() => _numbers[9]++;

    public void Add(Totals other)
    {
        for (int i = 0; i < _numbers.Length; i++)
        {
            _numbers[i] += other._numbers[i];
        }

        for (int i = 0; i < _seconds.Length; i++)
        {
            _seconds[i] += other._seconds[i];
        }

        foreach ((string reason, long count) in other._reasons)
        {
            AddReason(reason, count);
        }
    }

    public static Totals Parse(string text)
    {
        string[] parts = text.Split('\t');
        var totals = new Totals();
        for (int i = 0; i < totals._numbers.Length; i++)
        {
            totals._numbers[i] = long.Parse(parts[i]);
        }

        foreach (string reason in parts[Names.Length].Split(", ", StringSplitOptions.RemoveEmptyEntries))
        {
            int at = reason.LastIndexOf(' ');
            totals.AddReason(reason[..at], long.Parse(reason[(at + 1)..]));
        }

        string[] seconds = parts[Names.Length + 1].Split(", ");
        for (int i = 0; i < seconds.Length; i++)
        {
            totals._seconds[i] = double.Parse(seconds[i].Split(' ')[1]);
        }

        return totals;
    }

    public override string ToString() =>
        string.Join("\t", _numbers) + "\t" + string.Join(", ", _reasons.Select(r => r.Key + " " + r.Value)) + "\t"
        + string.Join(", ", _seconds.Select((s, i) => (Phase)i + " " + s.ToString("0.0")));

    private void AddReason(string reason, long count) => _reasons[reason] = _reasons.GetValueOrDefault(reason) + count;
}
