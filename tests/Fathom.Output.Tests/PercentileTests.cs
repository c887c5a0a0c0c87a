using System;
using System.Linq;
using Fathom.Output.Histograms;
using Xunit;

namespace Fathom.Output.Tests;

public sealed class PercentileTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_true_percentile_lies_within_the_bounds(int seed)
    {
        var random = new Random(seed);
        ulong[] values = [.. Enumerable.Range(0, 20_000).Select(_ => (ulong)Math.Exp((random.NextDouble() * 14) + 4))];
        var histogram = new Histogram(125, LogLinearSlots.All);
        Array.ForEach(values, histogram.Record);
        Array.Sort(values);
        foreach (Percentile percentile in Percentile.All)
        {
            ulong truth = values[(int)Math.Ceiling(values.Length * (double)percentile.PerMille / 1000) - 1];
            Bounds bounds = Assert.NotNull(percentile.Of(histogram));
            Assert.InRange(truth, bounds.Low, bounds.High);
            Assert.True(bounds.High - bounds.Low <= Math.Max(125, bounds.Low / 16 + 125));
        }
    }

    [Theory]
    [InlineData("p50", 20)]
    [InlineData("p90", 100)]
    [InlineData("p99", 1_000)]
    [InlineData("p99.9", 10_000)]
    public void Too_few_samples_are_met_with_silence(string name, int needed)
    {
        Percentile percentile = Percentile.All.Single(p => p.Name == name);
        var histogram = new Histogram(125, LogLinearSlots.All);
        for (int i = 1; i < needed; i++)
        {
            histogram.Record(1_000);
        }

        Assert.Null(percentile.Of(histogram));
        histogram.Record(1_000);
        Assert.Equal(new Bounds(1_000, 1_000), percentile.Of(histogram));
    }

    [Fact]
    public void No_percentile_exceeds_the_maximum()
    {
        var histogram = new Histogram(15_625, LogLinearSlots.All);
        for (int i = 0; i < 100; i++)
        {
            histogram.Record(1_000_001);
        }

        Assert.Equal(1_000_001UL, Percentile.P50.Of(histogram)!.Value.High);
    }
}
