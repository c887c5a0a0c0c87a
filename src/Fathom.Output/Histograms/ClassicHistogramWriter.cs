using System;
using System.Globalization;
using System.Text;
using Fathom.Output.Text;

namespace Fathom.Output.Histograms;

/// <summary>The histograms of bcc's Python tools, with bars as wide as the line has room for, in which every count above 0 can be seen.</summary>
/// <remarks>
/// In 80 columns the layout is that of <c>_print_log2_hist</c> and <c>_print_linear_hist</c>
/// (https://github.com/iovisor/bcc/blob/v0.30.0/src/python/bcc/table.py), but for one thing: a bar has floor(width * count / largest count)
/// stars, and where that is none though there is a count, it has a dot. It is computed in whole numbers, so it cannot overflow; bcc's floating
/// point gives the same as long as counts are below 10^14.
/// </remarks>
public static class ClassicHistogramWriter
{
    // Above this row, the bounds no longer fit into ten digits.
    private const int LastNarrowRow = 32;

    // " -> ", " : ", a count of eight digits, and " |", "|" around the bar; bcc leaves a column free in rows of powers of two.
    private const int Frame = 4 + 3 + 8 + 2 + 1 + 1;
    private const int LinearFrame = 39;
    private const int ShortestBar = 10;

    /// <summary>Appends a histogram of powers of two; nothing at all if every row is empty.</summary>
    /// <param name="to">Where to append.</param>
    /// <param name="rows">Row 1 is "0 -> 1", row i > 1 is 2^(i-1) to 2^i - 1. Row 0 is never shown.</param>
    /// <param name="label">What is counted, or its unit.</param>
    /// <param name="layout">How long a line may be.</param>
    /// <param name="stripLeadingZero">Whether empty rows before the first one that is not empty are left out.</param>
    /// <exception cref="ArgumentException">There are more rows than 64-bit values have.</exception>
    public static void AppendPowersOfTwo(StringBuilder to, ReadOnlySpan<ulong> rows, string label, TextLayout layout, bool stripLeadingZero = false)
    {
        int last = rows.LastIndexOfAnyExcept(0UL);
        if (last > 64)
        {
            throw new ArgumentException("a 64-bit value has 64 powers of two", nameof(rows));
        }

        if (last <= 0)
        {
            return;
        }

        // Where twenty digits leave no room for a bar, there are as many as the largest bound has.
        CultureInfo plain = CultureInfo.InvariantCulture;
        bool wide = last > LastNarrowRow;
        int digits = !wide ? 10 : layout.Columns >= TextLayout.Standard ? 20 : (ulong.MaxValue >> (64 - last)).ToString(plain).Length;
        int bar = Math.Max(ShortestBar, layout.LineLength - (2 * digits) - Frame);
        ulong max = Max(rows);
        to.Append(' ', (digits / 2) + (wide ? 5 : 0)).Append(label.PadRight((2 * digits) + 4 - (digits / 2) - (wide ? 5 : 0))).Append(" : count     distribution\n");
        bool skip = stripLeadingZero;
        for (int row = 1; row <= last; row++)
        {
            ulong count = rows[row];
            skip = skip && count == 0;
            if (skip)
            {
                continue;
            }

            ulong low = row == 1 ? 0 : 1UL << (row - 1);
            ulong high = ulong.MaxValue >> (64 - row);
            to.Append(low.ToString(plain).PadLeft(digits)).Append(" -> ").Append(high.ToString(plain).PadRight(digits)).Append(plain, $" : {count,-8} |");
            AppendBar(to, count, max, bar, layout);
        }
    }

    /// <summary>Appends a histogram with one row for each value from 0; nothing at all if every row is empty.</summary>
    /// <param name="to">Where to append.</param>
    /// <param name="rows">The counts by value.</param>
    /// <param name="label">What is counted, or its unit.</param>
    /// <param name="layout">How long a line may be.</param>
    /// <param name="stripLeadingZero">Whether empty rows before the first one that is not empty are left out.</param>
    public static void AppendLinear(StringBuilder to, ReadOnlySpan<ulong> rows, string label, TextLayout layout, bool stripLeadingZero = false)
    {
        int last = rows.LastIndexOfAnyExcept(0UL);
        if (last < 0)
        {
            return;
        }

        ulong max = Max(rows);
        int bar = Math.Max(ShortestBar, layout.LineLength - LinearFrame);
        CultureInfo plain = CultureInfo.InvariantCulture;
        to.Append(plain, $"     {label,-13} : count     distribution\n");
        bool skip = stripLeadingZero;
        for (int row = 0; row <= last; row++)
        {
            skip = skip && rows[row] == 0;
            if (!skip)
            {
                to.Append(plain, $"        {row,-10} : {rows[row],-8} |");
                AppendBar(to, rows[row], max, bar, layout);
            }
        }
    }

    private static void AppendBar(StringBuilder to, ulong count, ulong max, int width, TextLayout layout)
    {
        var stars = (int)((UInt128)count * (uint)width / max);
        bool isDot = stars == 0 && count > 0;
        to.AppendColored(isDot ? "." : new string('*', stars), isDot ? TextColor.Yellow : TextColor.Cyan, layout).Append(' ', width - (isDot ? 1 : stars)).Append("|\n");
    }

    private static ulong Max(ReadOnlySpan<ulong> rows)
    {
        ulong max = 0;
        foreach (ulong count in rows)
        {
            max = Math.Max(max, count);
        }

        return max;
    }
}
