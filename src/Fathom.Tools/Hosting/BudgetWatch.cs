using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Output.Sinks;

namespace Fathom.Tools.Hosting;

/// <summary>Compares what tracing costs with what it may cost.</summary>
/// <param name="read">Reads what each program has cost; null if that is not measured.</param>
/// <param name="budget">The share of the machine's processor time, 1 for all of it; null for no limit.</param>
/// <param name="cpus">How many CPUs the machine has.</param>
internal sealed class BudgetWatch(Func<IReadOnlyList<ProgramCost>?> read, double? budget, int cpus)
{
    /// <summary>The time over which the share is measured.</summary>
    private static readonly TimeSpan s_window = TimeSpan.FromMilliseconds(100);

    private TimeSpan _before;
    private double _nanoseconds = Sum(read());

    /// <summary>How often to ask; null for never.</summary>
    public TimeSpan? Pace => budget is null || read() is null ? null : s_window;

    /// <summary>Whether tracing has cost more than it may, since the last look.</summary>
    /// <param name="elapsed">The time since the start.</param>
    /// <returns>What it costs and what to do, one sentence; null if it may go on.</returns>
    public string? FindExcess(TimeSpan elapsed)
    {
        if (budget is null || elapsed - _before < s_window || read() is not { } cost)
        {
            return null;
        }

        double now = Sum(cost);
        // Less than before: what counted was loaded anew, and begins at nothing.
        double share = (now - Math.Min(now, _nanoseconds)) / ((elapsed - _before).TotalNanoseconds * cpus);
        (_before, _nanoseconds) = (elapsed, now);
        return share <= budget ? null : string.Create(CultureInfo.InvariantCulture,
            $"tracing was ended after {elapsed.TotalSeconds:0.0} s, because it took about {share * 100:0.#} % of this machine's processor time, more than its budget of "
            + $"{budget * 100:0.##} %: trace less, such as one process with -p, or give it more with --budget");
    }

    /// <summary>What tracing has cost; null if that is not measured.</summary>
    /// <param name="elapsed">The time since the start.</param>
    public CostRecord? Record(TimeSpan elapsed) => read() is { } cost ? new(cost, elapsed, cpus) : null;

    private static double Sum(IReadOnlyList<ProgramCost>? cost) => cost?.Sum(static one => one.Nanoseconds) ?? 0;
}
