using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;

namespace Fathom.Tools.Tests;

/// <summary>The power-of-two histograms in a tool's output, ours or a peer's.</summary>
internal static partial class HistogramText
{
    /// <summary>All histograms of an output, each as count by the low end of its rows.</summary>
    public static IReadOnlyList<SortedDictionary<long, long>> Parse(string output)
    {
        var all = new List<SortedDictionary<long, long>>();
        foreach (var line in output.Split('\n'))
        {
            if (line.Contains(": count", StringComparison.Ordinal))
            {
                all.Add([]);
            }
            else if (Row().Match(line) is { Success: true } row && all.Count > 0)
            {
                all[^1][Number(row, "low")] = Number(row, "count");
            }
        }

        return all;
    }

    /// <summary>One histogram: the sum of all of an output.</summary>
    public static SortedDictionary<long, long> Sum(string output)
    {
        var sum = new SortedDictionary<long, long>();
        foreach (var (low, count) in Parse(output).SelectMany(static histogram => histogram))
        {
            sum[low] = sum.GetValueOrDefault(low) + count;
        }

        return sum;
    }

    private static long Number(Match row, string group) => long.Parse(row.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s*(?<low>\d+) -> (?<high>\d+)\s*: (?<count>\d+)\s*\|")]
    private static partial Regex Row();
}
