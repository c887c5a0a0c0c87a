using System;
using System.Collections.Generic;

namespace Fathom.Output.Histograms;

/// <summary>
/// A percentile of a histogram, as far as the histogram knows it: the slot of the sample at that rank bounds it, and the exact
/// totals of the slot narrow it further.
/// </summary>
/// <remarks>
/// A percentile is only told if at least <see cref="SamplesBeyond"/> samples are expected beyond it. How many samples happen to lie
/// beyond the true percentile is binomially distributed with that expectation k, so its relative standard error is about 1/sqrt(k): a
/// third for 10. With fewer, one chance outlier moves the percentile by a slot or more; with fewer than 3, not even the maximum
/// is a 95 % upper limit to it. This asks for 20 samples for p50, 100 for p90, 1,000 for p99 and 10,000 for p99.9.
/// </remarks>
public sealed class Percentile
{
    /// <summary>How many samples must be expected beyond a percentile for it to be told.</summary>
    public const int SamplesBeyond = 10;

    private Percentile(string name, ulong perMille)
    {
        Name = name;
        PerMille = perMille;
    }

    /// <summary>The median.</summary>
    public static Percentile P50 { get; } = new("p50", 500);

    /// <summary>Nine of ten are no longer.</summary>
    public static Percentile P90 { get; } = new("p90", 900);

    /// <summary>99 of 100 are no longer.</summary>
    public static Percentile P99 { get; } = new("p99", 990);

    /// <summary>999 of 1,000 are no longer.</summary>
    public static Percentile P999 { get; } = new("p99.9", 999);

    /// <summary>All of them, lowest first.</summary>
    public static IReadOnlyList<Percentile> All { get; } = [P50, P90, P99, P999];

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>How many of 1,000 are no longer.</summary>
    public ulong PerMille { get; }

    /// <summary>Whether so many samples support it.</summary>
    public bool IsSupportedBy(ulong count) => (UInt128)count * (1000 - PerMille) >= SamplesBeyond * 1000;

    /// <summary>What is known about it, in nanoseconds; null if the samples are too few.</summary>
    public Bounds? Of(Histogram histogram)
    {
        if (!IsSupportedBy(histogram.Count))
        {
            return null;
        }

        // The nearest rank: the smallest sample that at least this share of all samples does not exceed.
        var rank = (ulong)((((UInt128)histogram.Count * PerMille) + 999) / 1000);
        ulong seen = 0;
        for (int slot = 0; ; slot++)
        {
            SlotTotals totals = histogram[slot];
            seen += totals.Count;
            if (seen < rank)
            {
                continue;
            }

            Bounds bounds = histogram.BoundsOf(slot);

            // The longest of a slot is known better than the slot, and limits all the others in it.
            return seen == rank ? bounds.Within(totals.Max) : bounds.Within(new(0, totals.Max.High));
        }
    }
}
