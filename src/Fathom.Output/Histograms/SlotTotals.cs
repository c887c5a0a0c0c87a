using System;

namespace Fathom.Output.Histograms;

/// <summary>What is known about the durations in one slot of a histogram.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="SumNs">Their sum in nanoseconds.</param>
/// <param name="Max">The longest of them, in nanoseconds: exact as it was measured, bounded after a subtraction.</param>
public readonly record struct SlotTotals(ulong Count, ulong SumNs, Bounds Max)
{
    /// <summary>Totals as a probe keeps them.</summary>
    public static SlotTotals Measured(ulong count, ulong sumNs, ulong maxNs) => new(count, sumNs, Bounds.Exactly(maxNs));

    /// <summary>Both together.</summary>
    public SlotTotals Plus(SlotTotals other)
    {
        if (other.Count == 0)
        {
            return this;
        }

        return Count == 0
            ? other
            : new(Count + other.Count, SumNs + other.SumNs, new(Math.Max(Max.Low, other.Max.Low), Math.Max(Max.High, other.Max.High)));
    }

    /// <summary>What was added since <paramref name="before"/>, an earlier reading of the same totals.</summary>
    /// <param name="before">The earlier reading.</param>
    /// <param name="slot">What a duration of this slot can be.</param>
    /// <remarks>
    /// A maximum only ever rises, so it is the newer durations' own maximum if it rose, and otherwise no more than a limit to it.
    /// </remarks>
    /// <exception cref="ArgumentException"><paramref name="before"/> is no earlier reading: it holds more.</exception>
    public SlotTotals Minus(SlotTotals before, Bounds slot)
    {
        if (before.Count > Count)
        {
            throw new ArgumentException("the reading to subtract holds more than the one it is subtracted from", nameof(before));
        }

        ulong count = Count - before.Count;
        if (count == 0)
        {
            return default;
        }

        // A probe adds to the count and to the sum one after the other: a reading in between may see one without the other.
        ulong sum = SumNs >= before.SumNs ? SumNs - before.SumNs : 0;
        Bounds max = before.Count == 0 || Max.Low > before.Max.High
            ? Max
            : new Bounds(0, Max.High).Within(slot).Within(AtLeastTheMean(sum, count));
        return new(count, sum, max);
    }

    // The longest of some durations is at least their mean; a single one is its own sum.
    private static Bounds AtLeastTheMean(ulong sum, ulong count) =>
        count == 1 ? Bounds.Exactly(sum) : new(sum / count, ulong.MaxValue);
}
