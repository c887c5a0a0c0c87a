using System.Collections.Generic;
using Fathom.Output.Histograms;
using Fathom.Runtime;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Histograms;

namespace Fathom.Tools.BioLatency;

/// <summary>What biolatency has beside histograms.</summary>
internal interface IBioLatencySource : IReportSource<Histogram>
{
    /// <summary>How long tasks were held back before the disk since the start; empty if that was not asked.</summary>
    Histogram ReadHeld();

    /// <summary>How many bios a limit has held back since the start.</summary>
    ulong HeldBios { get; }

    /// <summary>How many requests were seen to begin and not to end: those in flight, and those whose completion the kernel did not show.</summary>
    ulong CountUnfinished();
}

/// <summary>The probe in the kernel, attached.</summary>
/// <param name="probe">What is loaded; this disposes it.</param>
/// <param name="links">Its attachments.</param>
internal sealed class BioLatencyProbeSource(BioLatencyProbe.Loaded probe, LinkSet links)
    : HistogramProbe<BioLatencyProbe.Loaded>(probe, probe.Constants, links), IBioLatencySource
{
    private readonly LatencyReader _held = new();

    /// <inheritdoc/>
    public ulong HeldBios => Probe.HeldBios;

    /// <inheritdoc/>
    public override IEnumerable<Loss> ReadLosses() => [.. Probe.ReadLosses(), .. Probe.Constants.Queued ? [HeldLoss()] : (IEnumerable<Loss>)[]];

    /// <inheritdoc/>
    public Histogram ReadHeld()
    {
        var held = new Histogram(Probe.Constants.LatencyUnitNs, LatencyScale.SlotCount);
        if (Probe.Constants.Queued)
        {
            _held.ReadInto(held, Probe.HeldTotals);
        }

        return held;
    }

    /// <inheritdoc/>
    public ulong CountUnfinished()
    {
        long count = 0;
        foreach (ref readonly InFlight place in (System.ReadOnlySpan<InFlight>)Probe.Places)
        {
            count += (long)(place.Begun - place.Ended);
        }

        // Two CPUs that begin at one place in the same nanoseconds may count as one.
        return (ulong)long.Max(0, count);
    }

    private Loss HeldLoss()
    {
        // Each of these was read before what it is compared with could grow.
        ulong waitedFor = Probe.HeldWaitedFor;
        ulong completed = Probe.HeldCompleted;
        return Probe.Constants.BySubmitter
            ? new("held", Probe.HeldBios, "bios of any process that an I/O limit held back: a kernel thread submits them later, so their requests do not count for -p, --comm, -c or -- COMMAND")
            : new("held-unmeasured", completed - ulong.Min(waitedFor, completed), "bios that an I/O limit held back for a time that is not known, because no task slept for just that one");
    }
}
