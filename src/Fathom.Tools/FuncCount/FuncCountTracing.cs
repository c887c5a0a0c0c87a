using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Output.Counts;
using Fathom.Output.Sinks;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.FuncCount;

/// <summary>Reports what has been counted since the report before.</summary>
/// <param name="start">What attaches, and may still be at it if the end was asked for meanwhile.</param>
/// <param name="banner">What is printed when tracing has begun.</param>
/// <param name="kind">What is counted.</param>
/// <param name="budget">The share of the machine that it may cost, 1 for all of it; null for no bound.</param>
/// <param name="request">What was asked for, and where to say how it goes.</param>
internal sealed class FuncCountTracing(FuncCountStart start, Func<string> banner, FuncCountKind kind, double? budget, ToolRequest request) : IReportTracing
{
    // What running the program costs at each kind of place: bench/funccount, and for the others the measurements of the kernel's own tracing.
    private const double TracepointNs = 150;
    private const double KernelFunctionNs = 300;
    private const double UserFunctionNs = 1_000;
    private const double StepNs = 15_000;

    private readonly CostWatch _watch = new(Environment.ProcessorCount, start.Source?.CountCostNs(PassNs(kind), StepNs) ?? 0);
    private readonly LossReport _losses = new();
    private readonly FuncCountProbeSource? _source = start.Source;
    private readonly ulong[] _before = new ulong[start.Source?.Countables.Count ?? 0];
    private readonly ulong[] _now = new ulong[start.Source?.Countables.Count ?? 0];

    /// <inheritdoc/>
    public string Banner => banner();

    /// <inheritdoc/>
    public TimeSpan? WatchPace => budget is null ? null : TimeSpan.FromMilliseconds(250);

    /// <inheritdoc/>
    public string? FindExcess(TimeSpan elapsed) =>
        _watch.Add(elapsed, _source?.CountCostNs(PassNs(kind), StepNs) ?? 0) is { } share && share > budget
            ? string.Create(CultureInfo.InvariantCulture, $"ended after {elapsed.TotalSeconds:0.0} s, because counting took about {share * 100:0} % of this machine's processor "
                + $"time, more than the {budget * 100:0} % that it may: choose fewer functions, one process with -p, or more with {FuncCountOptions.MaxOverhead.Name}")
            : null;

    private static double PassNs(FuncCountKind kind) => kind switch
    {
        FuncCountKind.Tracepoints => TracepointNs,
        FuncCountKind.KernelFunctions => KernelFunctionNs,
        _ => UserFunctionNs,
    };

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => _source?.Sources ?? [];

    /// <inheritdoc/>
    public void Report(ISink sink)
    {
        _source?.Read(_now);
        var rows = new List<CountRow>();
        for (int i = 0; i < _now.Length; i++)
        {
            if (_now[i] > _before[i])
            {
                rows.Add(new(_source!.Countables[i].Name, _now[i] - _before[i], _source.Countables[i].Symbol));
            }
        }

        _now.CopyTo(_before, 0);
        sink.Write(new CountTable("FUNC", [.. rows.OrderBy(static row => row.Count).ThenBy(static row => row.Name, StringComparer.Ordinal)]));
        _losses.Write(sink, _source?.Losses ?? []);
    }

    /// <inheritdoc/>
    public void ReportEnd(ISink sink)
    {
        _source?.EndFollowing();
        _losses.Write(sink, _source?.Losses ?? []);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        start.Dispose();
        if (start.Source is { } source)
        {
            source.Detaching = TellLeft;
            source.Dispose();
        }
    }

    // Whoever waits for the end sees how far it is.
    private void TellLeft(int left)
    {
        if (left % 10 == 0)
        {
            request.Status?.Invoke(left > 0 ? $"detaching, {left} to go; Ctrl-C leaves them to the kernel" : "");
        }
    }
}
