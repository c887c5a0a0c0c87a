using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Output.Histograms;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.Shared.Histograms;

/// <summary>How latencies are shown.</summary>
/// <param name="Unit">The unit of the rows.</param>
/// <param name="Names">What a histogram is about, by its key; null if all latencies are one histogram.</param>
/// <param name="Totals">Whether the average and the total of everything follow.</param>
internal sealed record HistogramView(TimeUnit Unit, Func<ulong, IReadOnlyList<RecordKey>>? Names, bool Totals = false)
{
    /// <summary>A table that has a line for each histogram, the longest time in all first, without its records; null to show the histograms.</summary>
    public HistogramTable? Table { get; init; }

    /// <summary>The nanoseconds of a unit of latency in the kernel.</summary>
    public ulong UnitNs => Unit == TimeUnit.Milliseconds ? LatencyScale.Milliseconds : LatencyScale.Microseconds;
}

/// <summary>Reports the latencies that have been added since the report before.</summary>
/// <param name="source">The kernel side; this disposes it.</param>
/// <param name="view">How they are shown.</param>
internal class HistogramTracing(IReportSource<Histogram> source, HistogramView view) : IReportTracing
{
    private readonly LossReport _losses = new();
    private Dictionary<ulong, Histogram> _before = [];

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => source.Sources;

    /// <inheritdoc/>
    public IReadOnlyList<ProgramCost>? ReadCost() => source.ReadCost();

    /// <inheritdoc/>
    public void Report(ISink sink)
    {
        Dictionary<ulong, Histogram> now = source.Read();
        var all = new Histogram(view.UnitNs, LatencyScale.SlotCount);
        var records = new List<HistogramRecord>();
        foreach ((ulong key, Histogram total) in now)
        {
            Histogram interval = _before.TryGetValue(key, out Histogram? before) ? total.Since(before) : total;
            if (interval.Count > 0)
            {
                all.Merge(interval);
                records.Add(new(interval, view.Unit, view.Names?.Invoke(key) ?? []));
            }
        }

        _before = now;
        if (view.Table is { } table)
        {
            sink.Write(table with { Records = [.. Together(records).OrderByDescending(static record => record.Histogram.SumNs)] });
            records.Clear();
        }

        // The worst comes first: the tail is what is looked for.
        IEnumerable<HistogramRecord> shown = view.Names is null ? [new(all, view.Unit, [])] : Together(records).OrderByDescending(static record => record.Histogram.Max.High);
        foreach (HistogramRecord record in shown)
        {
            sink.Write(record);
        }

        WriteMore(sink);
        if (view.Totals)
        {
            sink.WriteTotals(all, view.Unit);
        }

        _losses.Write(sink, source.ReadLosses());
    }

    /// <inheritdoc/>
    public virtual void ReportEnd(ISink sink)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes what a tool has beside the histograms of an interval.</summary>
    protected virtual void WriteMore(ISink sink)
    {
    }

    /// <summary>Releases what it holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }
    }

    // Two numbers can have one name: flags that are told apart by the kernel need not be by us.
    private static IEnumerable<HistogramRecord> Together(List<HistogramRecord> records) => records
        .GroupBy(static record => string.Join('\n', record.Keys.Select(static key => key.Value)), StringComparer.Ordinal)
        .OrderBy(static group => group.Key, StringComparer.Ordinal)
        .Select(static group =>
        {
            HistogramRecord first = group.First();
            var together = new Histogram(first.Histogram.UnitNs, first.Histogram.SlotCount);
            foreach (HistogramRecord record in group)
            {
                together.Merge(record.Histogram);
            }

            return first with { Histogram = together };
        });
}

/// <summary>A probe in the kernel that includes <see cref="Latencies"/>, attached.</summary>
/// <typeparam name="TProbe">The object.</typeparam>
/// <param name="probe">What is loaded; this disposes it.</param>
/// <param name="constants">What it was loaded with.</param>
/// <param name="links">Its attachments.</param>
internal class HistogramProbe<TProbe>(TProbe probe, Latencies.IConstants constants, LinkSet links)
    : ReportProbe<TProbe, Histogram>(probe, links, Reader(constants))
    where TProbe : LoadedBpf, Latencies.ILoaded
{
    private static Func<TProbe, Dictionary<ulong, Histogram>> Reader(Latencies.IConstants constants)
    {
        var reader = new LatencyReader();
        return probe => reader.Read(probe, constants);
    }
}
