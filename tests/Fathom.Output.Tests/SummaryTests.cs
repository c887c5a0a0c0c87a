using Fathom.Output.Histograms;
using Xunit;

namespace Fathom.Output.Tests;

public sealed class SummaryTests
{
    private static Histogram Of(params (ulong Ns, int Times)[] values)
    {
        var histogram = new Histogram(125, LogLinearSlots.All);
        foreach ((ulong ns, int times) in values)
        {
            for (int i = 0; i < times; i++)
            {
                histogram.Record(ns);
            }
        }

        return histogram;
    }

    [Fact]
    public void A_single_request() => Assert.Equal("count 1, mean 412us, max 412us (too few for percentiles)", HistogramSummary.Of(Of((412_300, 1))));

    [Fact]
    public void Words_of_its_own_stand_in_place_of_the_count()
    {
        Assert.Equal("", HistogramSummary.Of(Of(), "held back before the disk: 0 waits"));
        Assert.Equal(
            "held back before the disk: 312 waits, mean 21.0ms, p50 <21.1ms, max 21.0ms (too few for p99 and p99.9)",
            HistogramSummary.Of(Of((21_000_000, 312)), "held back before the disk: 312 waits"));
    }

    [Fact]
    public void Percentiles_are_upper_bounds() => Assert.Equal(
        "count 2390, mean 330us, p50 <264us, p99 <1.97ms, max 16.9ms (too few for p99.9)",
        HistogramSummary.Of(Of((258_000, 1_000), (263_000, 1_300), (1_900_000, 50), (1_960_000, 39), (16_900_000, 1))));

    [Fact]
    public void Enough_for_every_percentile() => Assert.Equal(
        "count 12775, mean 362us, p50 <264us, p99 <1.91ms, p99.9 <17.0ms, max 17.0ms",
        HistogramSummary.Of(Of((258_000, 12_000), (263_000, 200), (1_900_000, 500), (1_960_000, 50), (16_900_000, 20), (16_950_000, 5))));

    [Theory]
    [InlineData(0UL, "0ns")]
    [InlineData(999UL, "999ns")]
    [InlineData(1_000UL, "1.00us")]
    [InlineData(1_234UL, "1.23us")]
    [InlineData(1_235UL, "1.24us")]
    [InlineData(12_340UL, "12.3us")]
    [InlineData(123_456UL, "123us")]
    [InlineData(999_999UL, "1000us")]
    [InlineData(1_000_000UL, "1.00ms")]
    [InlineData(61_500_000_000UL, "61.5s")]
    [InlineData(7_200_000_000_000UL, "7200s")]
    public void Three_digits(ulong ns, string expected) => Assert.Equal(expected, DurationText.Exact(ns));

    [Theory]
    [InlineData(258_001UL, 273_999UL, "258-274us", "<274us")]
    [InlineData(1_999_999UL, 2_000_001UL, "1.99-2.01ms", "<2.01ms")]
    [InlineData(990_000UL, 1_050_000UL, "0.99-1.05ms", "<1.06ms")]
    [InlineData(2_000_000UL, 2_000_000UL, "2.00ms", "<2.01ms")]
    [InlineData(1_900_000UL, 1_999_999UL, "1.90-2.00ms", "<2.00ms")]
    [InlineData(2_000_000UL, ulong.MaxValue, ">=2.00ms", ">=2.00ms")]
    public void Bounds_are_rounded_outwards(ulong low, ulong high, string range, string below)
    {
        Assert.Equal(range, DurationText.Range(new Bounds(low, high)));
        Assert.Equal(below, DurationText.Below(new Bounds(low, high)));
    }
}
