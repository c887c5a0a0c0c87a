using System;
using System.Globalization;
using System.Text;

namespace Fathom.Output.Histograms;

/// <summary>The histograms that bcc's Python tools print, byte for byte.</summary>
/// <remarks>
/// The layout is that of <c>_print_log2_hist</c> and <c>_print_linear_hist</c>
/// (https://github.com/iovisor/bcc/blob/v0.30.0/src/python/bcc/table.py). A bar has floor(width * count / largest count) stars. It is
/// computed in whole numbers, so it cannot overflow; bcc's floating point gives the same as long as counts are below 10^14.
/// </remarks>
public static class ClassicHistogramWriter
{
    private const int NarrowBar = 40;
    private const int WideBar = 20;

    // Above this row, the bounds no longer fit into ten digits.
    private const int LastNarrowRow = 32;

    /// <summary>Appends a histogram of powers of two; nothing at all if every row is empty.</summary>
    /// <param name="to">Where to append.</param>
    /// <param name="rows">Row 1 is "0 -> 1", row i > 1 is 2^(i-1) to 2^i - 1. Row 0 is never shown.</param>
    /// <param name="label">What is counted, or its unit.</param>
    /// <param name="stripLeadingZero">Whether empty rows before the first one that is not empty are left out.</param>
    /// <exception cref="ArgumentException">There are more rows than 64-bit values have.</exception>
    public static void AppendPowersOfTwo(StringBuilder to, ReadOnlySpan<ulong> rows, string label, bool stripLeadingZero = false)
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

        bool wide = last > LastNarrowRow;
        ulong max = Max(rows);
        CultureInfo plain = CultureInfo.InvariantCulture;
        to.Append(plain, $"{(wide ? "               " : "     ")}{label.PadRight(wide ? 29 : 19)} : count     distribution\n");
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
            if (wide)
            {
                to.Append(plain, $"{low,20} -> {high,-20} : {count,-8} |");
            }
            else
            {
                to.Append(plain, $"{low,10} -> {high,-10} : {count,-8} |");
            }

            AppendBar(to, count, max, wide ? WideBar : NarrowBar);
        }
    }

    /// <summary>Appends a histogram with one row for each value from 0; nothing at all if every row is empty.</summary>
    /// <param name="to">Where to append.</param>
    /// <param name="rows">The counts by value.</param>
    /// <param name="label">What is counted, or its unit.</param>
    /// <param name="stripLeadingZero">Whether empty rows before the first one that is not empty are left out.</param>
    public static void AppendLinear(StringBuilder to, ReadOnlySpan<ulong> rows, string label, bool stripLeadingZero = false)
    {
        int last = rows.LastIndexOfAnyExcept(0UL);
        if (last < 0)
        {
            return;
        }

        ulong max = Max(rows);
        CultureInfo plain = CultureInfo.InvariantCulture;
        to.Append(plain, $"     {label,-13} : count     distribution\n");
        bool skip = stripLeadingZero;
        for (int row = 0; row <= last; row++)
        {
            skip = skip && rows[row] == 0;
            if (!skip)
            {
                to.Append(plain, $"        {row,-10} : {rows[row],-8} |");
                AppendBar(to, rows[row], max, NarrowBar);
            }
        }
    }

    private static void AppendBar(StringBuilder to, ulong count, ulong max, int width)
    {
        var stars = (int)((UInt128)count * (uint)width / max);
        to.Append('*', stars).Append(' ', width - stars).Append("|\n");
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
