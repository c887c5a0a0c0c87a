using System;
using System.Diagnostics;
using System.Globalization;

namespace Fathom.Tools.FuncCount;

/// <summary>What counting may cost the machine. The time begins with this object: what is attached costs while the rest is still being attached.</summary>
/// <param name="most">The share of the machine that it may cost, 1 for all of it; null for no bound.</param>
/// <param name="kind">What is counted.</param>
internal sealed class CostBudget(double? most, FuncCountKind kind)
{
    // What running the program costs at each kind of place: bench/funccount, and for the others the measurements of the kernel's own tracing.
    private const double TracepointNs = 150;
    private const double KernelFunctionNs = 300;
    private const double UserFunctionNs = 1_000;
    private const double StepNs = 15_000;

    private readonly CostWatch _watch = new(Environment.ProcessorCount);
    private readonly long _begin = Stopwatch.GetTimestamp();

    /// <summary>How often <see cref="FindExcess"/> is worth asking; null for never.</summary>
    public TimeSpan? Pace => most is null ? null : TimeSpan.FromMilliseconds(250);

    /// <summary>Whether counting costs more than it may.</summary>
    /// <param name="source">What counts; null if that has not begun.</param>
    /// <returns>What it costs and what to do, one sentence; null if it may go on.</returns>
    public string? FindExcess(FuncCountProbeSource? source)
    {
        double total = source?.CountCostNs(PassNs(kind), StepNs) ?? 0;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_begin);
        return _watch.Add(elapsed, total) is { } share && share > most
            ? string.Create(CultureInfo.InvariantCulture, $"ended after {elapsed.TotalSeconds:0.0} s, because counting took about {share * 100:0} % of this machine's processor "
                + $"time, more than the {most * 100:0} % that it may: choose fewer functions, one process with -p, or more with {FuncCountOptions.MaxOverhead.Name}")
            : null;
    }

    private static double PassNs(FuncCountKind kind) => kind switch
    {
        FuncCountKind.Tracepoints => TracepointNs,
        FuncCountKind.KernelFunctions => KernelFunctionNs,
        _ => UserFunctionNs,
    };
}
