using System;
using System.Globalization;
using System.Text;

namespace Fathom.Output.Histograms;

/// <summary>
/// A histogram in one line of less than 80 columns: count, mean, p50, p99, p99.9 and the maximum.
/// </summary>
/// <remarks>
/// A percentile is printed as the range that it lies in for certain (<c>p99 1.88-2.01ms</c>). Where that makes the line too long,
/// every percentile is printed as its upper bound alone (<c>p99 &lt;2.01ms</c>), which exceeds it by one sixteenth at most; with more than seven digits of count, the commas go too.
/// A line that begins with words of its own keeps its commas, and the lower percentiles go. A percentile that so few samples do not support
/// (<see cref="Percentile"/>) is left out.
/// </remarks>
public static class HistogramSummary
{
    private const int Columns = 79;

    private static readonly Percentile[] s_shown = [Percentile.P50, Percentile.P99, Percentile.P999];

    /// <summary>The line below a histogram, without its end; empty if the histogram is.</summary>
    public static string Of(Histogram histogram)
    {
        string lead = string.Create(CultureInfo.InvariantCulture, $"count {histogram.Count}");
        string line = Shortest(histogram, lead, [(s_shown, false), (s_shown, true)]);
        return line.Length <= Columns ? line : line.Replace(", ", " ", StringComparison.Ordinal);
    }

    /// <summary>The same behind words of its own, such as <c>held back: 312 waits</c>; empty if the histogram is.</summary>
    /// <param name="histogram">The durations.</param>
    /// <param name="lead">What stands in place of the count.</param>
    public static string Of(Histogram histogram, string lead) =>
        Shortest(histogram, lead, [(s_shown, false), (s_shown, true), (s_shown[1..], false), (s_shown[1..], true), ([Percentile.P99], true)]);

    private static string Shortest(Histogram histogram, string lead, ReadOnlySpan<(Percentile[] Percentiles, bool UpperBoundsOnly)> forms)
    {
        string line = "";
        if (histogram.Count > 0)
        {
            foreach ((Percentile[] percentiles, bool upperBoundsOnly) in forms)
            {
                line = Line(histogram, lead, percentiles, upperBoundsOnly);
                if (line.Length <= Columns)
                {
                    break;
                }
            }
        }

        return line;
    }

    private static string Line(Histogram histogram, string lead, Percentile[] percentiles, bool upperBoundsOnly)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{lead}, mean {DurationText.Exact(histogram.SumNs / histogram.Count)}");
        foreach (Percentile percentile in percentiles)
        {
            if (percentile.Of(histogram) is { } bounds)
            {
                string text = upperBoundsOnly ? DurationText.Below(bounds) : DurationText.Range(bounds);
                line.Append(CultureInfo.InvariantCulture, $", {percentile.Name} {text}");
            }
        }

        Bounds max = histogram.Max;
        line.Append(", max ").Append(max.IsExact || !upperBoundsOnly ? DurationText.Range(max) : DurationText.Below(max));
        return line.ToString();
    }
}
