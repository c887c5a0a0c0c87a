using System;
using System.Globalization;
using System.Text;

namespace Fathom.Output.Histograms;

/// <summary>
/// The line below a histogram: count, mean, p50, p99, p99.9 and the maximum, in less than 80 columns.
/// </summary>
/// <remarks>
/// A percentile is printed as the range that it lies in for certain (<c>p99 1.88-2.01ms</c>). Where that makes the line too long,
/// every percentile is printed as its upper bound alone (<c>p99 &lt;2.01ms</c>), which exceeds it by one sixteenth at most; with more than seven digits of count, the commas go too. A percentile that
/// so few samples do not support (<see cref="Percentile"/>) is left out.
/// </remarks>
public static class HistogramSummary
{
    private const int Columns = 79;

    private static readonly Percentile[] s_shown = [Percentile.P50, Percentile.P99, Percentile.P999];

    /// <summary>The line, without its end; empty if the histogram is.</summary>
    public static string Of(Histogram histogram)
    {
        if (histogram.Count == 0)
        {
            return "";
        }

        string full = Line(histogram, upperBoundsOnly: false);
        if (full.Length <= Columns)
        {
            return full;
        }

        string shorter = Line(histogram, upperBoundsOnly: true);
        return shorter.Length <= Columns ? shorter : shorter.Replace(", ", " ", StringComparison.Ordinal);
    }

    private static string Line(Histogram histogram, bool upperBoundsOnly)
    {
        ulong count = histogram.Count;
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"count {count}, mean {DurationText.Exact(histogram.SumNs / count)}");
        foreach (Percentile percentile in s_shown)
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
