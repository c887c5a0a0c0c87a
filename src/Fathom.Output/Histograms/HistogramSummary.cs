using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Fathom.Output.Histograms;

/// <summary>A histogram in one line: count, mean, p50, p99, p99.9 and the maximum.</summary>
/// <remarks>
/// A percentile is printed as its upper bound (<c>p99 &lt;2.01ms</c>), which exceeds it by one sixteenth at most. One that so few samples do not support
/// (<see cref="Percentile"/>) is named at the end.
/// </remarks>
public static class HistogramSummary
{
    private static readonly Percentile[] s_shown = [Percentile.P50, Percentile.P99, Percentile.P999];

    /// <summary>The line below a histogram, without its end; empty if the histogram is.</summary>
    /// <param name="histogram">The durations.</param>
    public static string Of(Histogram histogram)
    {
        ArgumentNullException.ThrowIfNull(histogram);
        return Of(histogram, string.Create(CultureInfo.InvariantCulture, $"count {histogram.Count}"));
    }

    /// <summary>The same behind words of its own, such as <c>held back: 312 waits</c>; empty if the histogram is.</summary>
    /// <param name="histogram">The durations.</param>
    /// <param name="lead">What stands in place of the count.</param>
    public static string Of(Histogram histogram, string lead)
    {
        ArgumentNullException.ThrowIfNull(histogram);
        if (histogram.Count == 0)
        {
            return "";
        }

        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{lead}, mean {DurationText.Exact(histogram.SumNs / histogram.Count)}");
        foreach (Percentile percentile in s_shown)
        {
            if (percentile.Of(histogram) is { } bounds)
            {
                line.Append(CultureInfo.InvariantCulture, $", {percentile.Name} {DurationText.Below(bounds)}");
            }
        }

        line.Append(", max ").Append(DurationText.Range(histogram.Max));
        Percentile[] unsupported = [.. s_shown.Where(percentile => !percentile.IsSupportedBy(histogram.Count))];
        if (unsupported.Length > 0)
        {
            IEnumerable<string> names = unsupported.Length == s_shown.Length ? ["percentiles"] : unsupported.Select(static percentile => percentile.Name);
            line.Append(CultureInfo.InvariantCulture, $" (too few for {string.Join(" and ", names)})");
        }

        return line.ToString();
    }
}
