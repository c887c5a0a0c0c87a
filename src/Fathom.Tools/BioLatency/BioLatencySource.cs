using System;
using System.Collections.Generic;
using Fathom.Output.Histograms;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using MeasuredTotals = Fathom.Output.Histograms.SlotTotals;

namespace Fathom.Tools.BioLatency;

/// <summary>What the histogram of some requests is about.</summary>
/// <param name="Device">The disk's number in the kernel; 0 if disks are not told apart.</param>
/// <param name="Flags">The requests' <c>cmd_flags</c>; 0 if they are not told apart.</param>
internal readonly record struct BioLatencyKey(uint Device, ulong Flags);

/// <summary>Everything that the probe has counted since its start.</summary>
internal sealed class BioLatencyReading(ulong unitNs, int slots)
{
    /// <summary>The latencies by key.</summary>
    public Dictionary<BioLatencyKey, Histogram> Histograms { get; } = [];

    /// <summary>How long tasks were held back before the disk; empty if that was not asked.</summary>
    public Histogram Held { get; } = new(unitNs, slots);

    /// <summary>How many bios a limit has held back.</summary>
    public ulong HeldBios { get; set; }

    /// <summary>What was lost.</summary>
    public List<Loss> Losses { get; } = [];

    /// <summary>Adds the totals of a slot.</summary>
    public void Add(BioLatencyKey key, int slot, MeasuredTotals totals)
    {
        if (!Histograms.TryGetValue(key, out Histogram? histogram))
        {
            Histograms.Add(key, histogram = new Histogram(unitNs, slots));
        }

        histogram.Add(slot, totals);
    }
}

/// <summary>The kernel side at work.</summary>
internal interface IBioLatencySource : IDisposable
{
    /// <summary>What is attached.</summary>
    IReadOnlyList<TraceSource> Sources => [];

    /// <summary>What each of its programs has cost since the start; null if that is not measured.</summary>
    IReadOnlyList<ProgramCost>? ReadCost() => null;

    /// <summary>Reads what it has counted since its start.</summary>
    BioLatencyReading Read();

    /// <summary>How many requests were seen to begin and not to end: those in flight, and those whose completion the kernel did not show.</summary>
    ulong CountUnfinished();
}
