using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Output.Histograms;
using Fathom.Output.Sinks;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.BioLatency;

/// <summary>How the latencies are shown.</summary>
/// <param name="Unit">The unit of the rows.</param>
/// <param name="PerDisk">Whether each disk has a histogram of its own.</param>
/// <param name="PerFlags">Whether each set of flags has a histogram of its own.</param>
/// <param name="Totals">Whether the average and the total of everything follow.</param>
internal sealed record BioLatencyView(TimeUnit Unit, bool PerDisk, bool PerFlags, bool Totals);

/// <summary>Reports what has been added since the report before.</summary>
/// <param name="source">The kernel side.</param>
/// <param name="view">How it is shown.</param>
/// <param name="empty">A histogram without anything, for when there was nothing.</param>
/// <param name="diskName">The name of a disk by its number in the kernel.</param>
/// <param name="flagsName">The name of <c>cmd_flags</c>.</param>
/// <param name="limits">The limits on I/O, which must be known to understand the result.</param>
internal sealed class BioLatencyTracing(
    IBioLatencySource source,
    BioLatencyView view,
    Histogram empty,
    Func<uint, string> diskName,
    Func<ulong, string> flagsName,
    IoLimitWatch limits) : IReportTracing
{
    private readonly LossReport _losses = new();
    private BioLatencyReading? _before;

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => source.Sources;

    /// <inheritdoc/>
    public IReadOnlyList<ProgramCost>? ReadCost() => source.ReadCost();

    /// <inheritdoc/>
    public void Report(ISink sink)
    {
        BioLatencyReading now = source.Read();
        var all = new Histogram(empty.UnitNs, empty.SlotCount);
        var records = new List<HistogramRecord>();
        foreach ((BioLatencyKey key, Histogram total) in now.Histograms)
        {
            Histogram interval = _before is not null && _before.Histograms.TryGetValue(key, out Histogram? before) ? total.Since(before) : total;
            if (interval.Count > 0)
            {
                all.Merge(interval);
                records.Add(new(interval, view.Unit, NamesOf(key)));
            }
        }

        if (view.PerDisk || view.PerFlags)
        {
            foreach (HistogramRecord record in Together(records))
            {
                sink.Write(record);
            }
        }
        else
        {
            sink.Write(new HistogramRecord(all, view.Unit, []));
        }

        Histogram held = _before is null ? now.Held : now.Held.Since(_before.Held);
        if (held.Count > 0)
        {
            sink.Write(new SummaryRecord("held", "held back before the disk", held.Count == 1 ? "wait" : "waits", held));
        }

        if (view.Totals)
        {
            sink.WriteTotals(all, view.Unit);
        }

        if (now.HeldBios > (_before?.HeldBios ?? 0))
        {
            limits.Look();
        }

        _losses.Write(sink, now.Losses);
        _before = now;
    }

    /// <inheritdoc/>
    public void ReportEnd(ISink sink)
    {
        ulong unfinished = source.CountUnfinished();
        if (unfinished > 0)
        {
            sink.Write(new LossRecord("unfinished", unfinished, "requests not counted, because their completion was not seen before tracing ended"));
        }

        foreach (NoteRecord note in limits.AtEnd(_before is { HeldBios: > 0 }))
        {
            sink.Write(note);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();

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

    private RecordKey[] NamesOf(BioLatencyKey key) => (view.PerDisk, view.PerFlags) switch
    {
        (true, true) => [new("disk", diskName(key.Device)), new("flags", flagsName(key.Flags))],
        (true, false) => [new("disk", diskName(key.Device))],
        (false, true) => [new("flags", flagsName(key.Flags))],
        _ => [],
    };
}
