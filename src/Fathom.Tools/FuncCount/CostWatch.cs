using System;
using System.Collections.Generic;

namespace Fathom.Tools.FuncCount;

/// <summary>Estimates what share of the machine's processor time tracing takes, over the last second.</summary>
/// <param name="cpus">How many CPUs the machine has.</param>
internal sealed class CostWatch(int cpus)
{
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(1);

    private readonly Queue<(TimeSpan Time, double Nanoseconds)> _readings = new([(TimeSpan.Zero, 0)]);
    private double _last;

    /// <summary>Adds a reading.</summary>
    /// <param name="elapsed">The time since the start.</param>
    /// <param name="total">What tracing has taken, on all CPUs together.</param>
    /// <returns>The share, 1 for all of the machine; null as long as a second is not over.</returns>
    public double? Add(TimeSpan elapsed, double total)
    {
        // Attached anew, in another way: the count begins at nothing.
        if (total < _last)
        {
            _readings.Clear();
        }

        _last = total;
        _readings.Enqueue((elapsed, total));
        if (elapsed - _readings.Peek().Time < s_window)
        {
            return null;
        }

        (TimeSpan time, double before) = _readings.Dequeue();
        while (_readings.Count > 0 && elapsed - _readings.Peek().Time >= s_window)
        {
            (time, before) = _readings.Dequeue();
        }

        return (total - before) / ((elapsed - time).TotalNanoseconds * cpus);
    }
}
