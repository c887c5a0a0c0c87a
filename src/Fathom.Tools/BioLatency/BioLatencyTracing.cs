using Fathom.Output.Histograms;
using Fathom.Output.Sinks;
using Fathom.Tools.Shared.Histograms;

namespace Fathom.Tools.BioLatency;

/// <summary>Latencies of requests, what was held back before them, and what must be known of the machine to understand them.</summary>
/// <param name="source">The kernel side.</param>
/// <param name="view">How latencies are shown.</param>
/// <param name="limits">The limits on I/O, which must be known to understand the result.</param>
internal sealed class BioLatencyTracing(IBioLatencySource source, HistogramView view, IoLimitWatch limits) : HistogramTracing(source, view)
{
    private Histogram? _heldBefore;
    private ulong _heldBios;

    /// <inheritdoc/>
    public override void ReportEnd(ISink sink)
    {
        ulong unfinished = source.CountUnfinished();
        if (unfinished > 0)
        {
            sink.Write(new LossRecord("unfinished", unfinished, "requests not counted, because their completion was not seen before tracing ended"));
        }

        foreach (NoteRecord note in limits.AtEnd(_heldBios > 0))
        {
            sink.Write(note);
        }
    }

    /// <inheritdoc/>
    protected override void WriteMore(ISink sink)
    {
        Histogram now = source.ReadHeld();
        Histogram held = _heldBefore is null ? now : now.Since(_heldBefore);
        _heldBefore = now;
        if (held.Count > 0)
        {
            sink.Write(new SummaryRecord("held", "held back before the disk", held.Count == 1 ? "wait" : "waits", held));
        }

        if (source.HeldBios is var bios && bios > _heldBios)
        {
            _heldBios = bios;
            limits.Look();
        }
    }
}
