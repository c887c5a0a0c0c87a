using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Output.Counts;
using Fathom.Output.Sinks;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.FuncCount;

/// <summary>Where counts come from.</summary>
internal interface IFuncCountSource : IDisposable
{
    /// <summary>What is counted.</summary>
    IReadOnlyList<Countable> Countables { get; }

    /// <summary>What is attached.</summary>
    IReadOnlyList<TraceSource> Sources { get; }

    /// <summary>What was not counted, since the start.</summary>
    IEnumerable<Loss> Losses { get; }

    /// <summary>What tracing has cost since the start, on all CPUs together, in ns: an estimate.</summary>
    /// <param name="pass">What running the program costs, in ns.</param>
    /// <param name="step">What it costs where an instruction must be run one step at a time, in ns.</param>
    double CountCostNs(double pass, double step);

    /// <summary>How often each was passed since the start.</summary>
    /// <param name="counts">Where to: one for each.</param>
    void Read(Span<ulong> counts);
}

/// <summary>Reports what has been counted since the report before.</summary>
/// <param name="source">The kernel side.</param>
/// <param name="banner">What is printed when tracing has begun.</param>
/// <param name="kind">What is counted.</param>
/// <param name="budget">The share of the machine that it may cost, 1 for all of it; null for no bound.</param>
internal sealed class FuncCountTracing(IFuncCountSource source, string banner, FuncCountKind kind, double? budget) : IReportTracing
{
    // What running the program costs at each kind of place: bench/funccount, and for the others the measurements of the kernel's own tracing.
    private const double TracepointNs = 150;
    private const double KernelFunctionNs = 300;
    private const double UserFunctionNs = 1_000;
    private const double StepNs = 15_000;

    private readonly CostWatch _watch = new(Environment.ProcessorCount);
    private readonly LossReport _losses = new();
    private readonly ulong[] _before = new ulong[source.Countables.Count];
    private readonly ulong[] _now = new ulong[source.Countables.Count];

    /// <inheritdoc/>
    public string Banner => banner;

    /// <inheritdoc/>
    public TimeSpan? WatchPace => budget is null ? null : TimeSpan.FromMilliseconds(250);

    /// <inheritdoc/>
    public string? FindExcess(TimeSpan elapsed)
    {
        double pass = kind switch
        {
            FuncCountKind.Tracepoints => TracepointNs,
            FuncCountKind.KernelFunctions => KernelFunctionNs,
            _ => UserFunctionNs,
        };
        return _watch.Add(elapsed, source.CountCostNs(pass, StepNs)) is { } share && share > budget
            ? string.Create(CultureInfo.InvariantCulture, $"ended after {elapsed.TotalSeconds:0.0} s, because counting took about {share * 100:0} % of this machine's processor "
                + $"time, more than the {budget * 100:0} % that it may: choose fewer functions, one process with -p, or more with {FuncCountOptions.MaxOverhead.Name}")
            : null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => source.Sources;

    /// <inheritdoc/>
    public void Report(ISink sink)
    {
        source.Read(_now);
        var rows = new List<CountRow>();
        for (int i = 0; i < _now.Length; i++)
        {
            if (_now[i] > _before[i])
            {
                rows.Add(new(source.Countables[i].Name, _now[i] - _before[i], source.Countables[i].Symbol));
            }
        }

        _now.CopyTo(_before, 0);
        sink.Write(new CountTable("FUNC", [.. rows.OrderBy(static row => row.Count).ThenBy(static row => row.Name, StringComparer.Ordinal)]));
        _losses.Write(sink, source.Losses);
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();
}
