using System;
using System.Linq;
using System.Numerics;
using Fathom.Output.Histograms;
using Xunit;

namespace Fathom.Output.Tests;

public sealed class HistogramTests
{
    private const ulong Micro = 125;

    private static Histogram Of(params ulong[] ns)
    {
        var histogram = new Histogram(Micro, LogLinearSlots.All);
        foreach (ulong value in ns)
        {
            histogram.Record(value);
        }

        return histogram;
    }

    [Theory]
    [InlineData(125UL, "usecs", 1_000UL)]
    [InlineData(15_625UL, "msecs", 1_000_000UL)]
    [InlineData(1UL, "nsecs", 1UL)]
    public void Folding_is_exact(ulong unitNs, string label, ulong displayNs)
    {
        var random = new Random(11);
        var histogram = new Histogram(unitNs, LogLinearSlots.All);
        ulong[] expected = new ulong[65];
        for (int i = 0; i < 5_000; i++)
        {
            // Most of the values lie right at a boundary of the rows, where a slot that straddles it would show.
            ulong ns = (displayNs << random.Next(0, 30)) + (ulong)random.Next(-2, 3);
            histogram.Record(ns);
            ulong whole = ns / displayNs;
            expected[whole < 2 ? 1 : BitOperations.Log2(whole) + 1]++;
        }

        Assert.Equal(expected, histogram.Fold(new TimeUnit(label, displayNs)));
    }

    [Fact]
    public void What_would_cut_slots_is_not_folded()
    {
        Assert.Throws<ArgumentException>(static () => Of(1).Fold(TimeUnit.Milliseconds));
        Assert.Throws<ArgumentException>(static () => new Histogram(2_000, 16).Fold(TimeUnit.Microseconds));
    }

    [Fact]
    public void Merging_adds_up()
    {
        Histogram all = Of(1_000, 2_000);
        all.Merge(Of(2_010, 900_000));
        Histogram expected = Of(1_000, 2_000, 2_010, 900_000);
        Assert.Equal(4UL, all.Count);
        Assert.Equal(905_010UL, all.SumNs);
        Assert.Equal(Bounds.Exactly(900_000), all.Max);
        Assert.All(Enumerable.Range(0, all.SlotCount), slot => Assert.Equal(expected[slot], all[slot]));
        Assert.Throws<ArgumentException>(() => all.Merge(new Histogram(Micro, 32)));
        Assert.Throws<ArgumentException>(() => all.Merge(new Histogram(1, LogLinearSlots.All)));
    }

    [Fact]
    public void An_interval_is_a_difference()
    {
        Histogram before = Of(1_000, 5_000_000);
        Histogram now = Of(1_000, 5_000_000, 2_000, 3_000);
        Histogram interval = now.Since(before);
        Assert.Equal(2UL, interval.Count);
        Assert.Equal(5_000UL, interval.SumNs);
        Assert.Equal(Bounds.Exactly(3_000), interval.Max);
        Assert.Throws<ArgumentException>(() => before.Since(now));
    }

    [Fact]
    public void The_maximum_of_an_interval_is_exact_if_it_rose()
    {
        Histogram interval = Of(1_000_000, 1_000_001, 1_000_002).Since(Of(1_000_000));
        Assert.Equal(Bounds.Exactly(1_000_002), interval.Max);
    }

    [Fact]
    public void The_maximum_of_an_interval_is_exact_if_it_is_alone_in_its_slot()
    {
        Histogram interval = Of(1_000_009, 1_000_001).Since(Of(1_000_009));
        Assert.Equal(Bounds.Exactly(1_000_001), interval.Max);
    }

    [Fact]
    public void The_maximum_of_an_interval_is_only_bounded_otherwise()
    {
        Histogram interval = Of(1_000_009, 1_000_001, 1_000_003).Since(Of(1_000_009));
        Assert.Equal(new Bounds(1_000_002, 1_000_009), interval.Max);
    }

    [Fact]
    public void A_reading_between_two_additions_of_the_probe_claims_nothing_false()
    {
        // The count has grown, the sum and the maximum have not yet.
        int slot = LogLinearSlots.SlotOf(1_000_000 / Micro);
        var before = new Histogram(Micro, LogLinearSlots.All);
        before.Add(slot, SlotTotals.Measured(1, 1_000_009, 1_000_009));
        var now = new Histogram(Micro, LogLinearSlots.All);
        now.Add(slot, SlotTotals.Measured(2, 1_000_009, 1_000_009));
        Bounds max = now.Since(before).Max;
        Assert.Equal(new Bounds(now.BoundsOf(slot).Low, 1_000_009), max);
    }

    [Fact]
    public void An_empty_histogram_has_nothing()
    {
        Histogram empty = Of();
        Assert.Equal(0UL, empty.Count);
        Assert.Equal(default, empty.Max);
        Assert.Equal("", HistogramSummary.Of(empty));
        Assert.All(empty.Fold(TimeUnit.Microseconds), static row => Assert.Equal(0UL, row));
    }

    [Fact]
    public void The_end_may_be_open()
    {
        var histogram = new Histogram(Micro, 32);
        histogram.Record(3_874);
        Assert.Equal(0UL, histogram.CountInOpenEnd);
        histogram.Record(3_875);
        histogram.Record(ulong.MaxValue / 2);
        Assert.Equal(2UL, histogram.CountInOpenEnd);
        Assert.Equal(ulong.MaxValue, histogram.BoundsOf(31).High);
        Assert.Equal(Bounds.Exactly(ulong.MaxValue / 2), histogram.Max);
    }

    [Fact]
    public void Bounds_saturate()
    {
        var histogram = new Histogram(Micro, LogLinearSlots.All);
        Assert.Equal(ulong.MaxValue, histogram.BoundsOf(LogLinearSlots.All - 2).High);
        Assert.Equal(new Bounds(2_000, 2_124), histogram.BoundsOf(16));
    }
}
