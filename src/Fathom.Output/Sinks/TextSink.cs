using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Output.Counts;
using Fathom.Output.Histograms;
using Fathom.Output.Rows;
using Fathom.Output.Text;

namespace Fathom.Output.Sinks;

/// <summary>Results for people, in the classic layout. Losses go to the second stream, as one line each.</summary>
/// <param name="output">Standard output. It is written to when a line or a whole block is complete, and never buffers after that.</param>
/// <param name="errors">Standard error.</param>
/// <param name="timestamps">Whether an interval begins with its local time.</param>
/// <param name="zone">The time zone to show; the local one by default.</param>
/// <param name="layout">What the text is laid out for; a file by default.</param>
public sealed class TextSink(Stream output, Stream errors, bool timestamps, TimeZoneInfo? zone = null, TextLayout? layout = null) : ISink
{
    // A pipe takes as much at a time.
    private const int FullBuffer = 64 * 1024;
    private const int CountWidth = 8;
    private const int ContinuationIndent = 2;

    private readonly OutputStream _output = new(output);
    private readonly OutputStream _errors = new(errors);
    private readonly StringBuilder _block = new();
    private readonly Utf8Line _rows = new();
    private readonly TextLayout _layout = layout ?? TextLayout.Plain;
    private int _lineStart;
    private bool _isQuiet;

    /// <inheritdoc/>
    public void Begin(string banner)
    {
        if (banner.Length > 0)
        {
            _block.Append(banner).Append('\n');
            Flush();
        }
    }

    /// <inheritdoc/>
    public void BeginInterval(DateTimeOffset time)
    {
        _isQuiet = true;
        _block.Append('\n');
        if (timestamps)
        {
            DateTimeOffset local = TimeZoneInfo.ConvertTime(time, zone ?? TimeZoneInfo.Local);
            _block.Append(local.ToString("HH:mm:ss", CultureInfo.InvariantCulture)).Append('\n');
        }
    }

    /// <inheritdoc/>
    public void Write(HistogramRecord record)
    {
        if (record.Histogram.Count == 0)
        {
            return;
        }

        _isQuiet = false;
        for (int key = 0; key < record.Keys.Count; key++)
        {
            _block.Append(key == 0 ? "\n" : ", ").Append(record.Keys[key].Name).Append(" = ").Append(Escaping.Escape(record.Keys[key].Value));
        }

        if (record.Keys.Count > 0)
        {
            _block.Append('\n');
        }

        // Where there are many, each has to be short.
        ClassicHistogramWriter.AppendPowersOfTwo(_block, record.Histogram.Fold(record.Unit), record.Unit.Label, _layout, stripLeadingZero: record.Keys.Count > 0);
        _block.AppendWrapped(HistogramSummary.Of(record.Histogram), 0, ContinuationIndent, _layout);
        if (record.Histogram.CountInOpenEnd > 0)
        {
            _block.Append(CultureInfo.InvariantCulture, $"{record.Histogram.CountInOpenEnd} in the last row may be longer than it says\n");
        }

        Flush();
    }

    /// <inheritdoc/>
    public void Write(SummaryRecord record)
    {
        Histogram histogram = record.Histogram;
        if (histogram.Count > 0)
        {
            string lead = string.Create(CultureInfo.InvariantCulture, $"{record.Title}: {histogram.Count} {record.Things}");
            _isQuiet = false;
            _block.AppendWrapped(HistogramSummary.Of(histogram, lead), 0, ContinuationIndent, _layout);
            Flush();
        }
    }

    /// <inheritdoc/>
    public void WriteTotals(Histogram all, TimeUnit unit)
    {
        if (all.Count > 0)
        {
            ulong total = all.SumNs / unit.Nanoseconds;
            _block.Append(
                CultureInfo.InvariantCulture,
                $"\navg = {total / all.Count} {unit.Label}, total: {total} {unit.Label}, count: {all.Count}\n\n");
        }
    }

    /// <inheritdoc/>
    public void Write(CountTable table)
    {
        // Longer names get more room, as far as 80 columns go.
        CountRow[] shown = [.. table.Rows.Take(table.Top ?? int.MaxValue)];
        string[] names = [.. shown.Select(static row => NameOf(row.Name, row.Pid))];
        int width = WidthOf(names, table.NameWidth);
        if (names.Length > 0)
        {
            _isQuiet = false;
            AppendHeader(string.Create(CultureInfo.InvariantCulture, $"{table.Header.PadRight(width)} {"COUNT",8}"));
        }

        for (int i = 0; i < names.Length; i++)
        {
            _block.Append(names[i].PadRight(width)).Append(CultureInfo.InvariantCulture, $" {shown[i].Count,8}\n");
        }

        if (table.Top is not null && names.Length > 0)
        {
            AppendRest(table.Rows.Select(static row => row.Count), shown.Length);
        }

        Flush();
    }

    /// <inheritdoc/>
    public void Write(HistogramTable table)
    {
        HistogramRecord[] shown = [.. table.Records.Take(table.Top ?? int.MaxValue)];
        string[] names = [.. shown.Select(static record => record.Keys is [var number, var name] ? NameOf(name.Value, number.Value) : NameOf(record.Keys[0].Value, null))];
        int width = WidthOf(names, 22);
        string unit = table.Unit.Nanoseconds >= TimeUnit.Milliseconds.Nanoseconds ? "ms" : "us";
        if (names.Length > 0)
        {
            _isQuiet = false;
            AppendHeader(string.Create(CultureInfo.InvariantCulture, $"{table.Header.PadRight(width)} {"COUNT",8} {$"TIME ({unit})",16} {"P50",9} {"P99",9} {"MAX",8}"));
        }

        for (int i = 0; i < names.Length; i++)
        {
            Histogram histogram = shown[i].Histogram;
            string time = ((decimal)histogram.SumNs / table.Unit.Nanoseconds).ToString(unit == "ms" ? "F6" : "F3", CultureInfo.InvariantCulture);
            _block.Append(names[i].PadRight(width)).Append(CultureInfo.InvariantCulture,
                $" {histogram.Count,8} {time,16} {Short(Percentile.P50, histogram),9} {Short(Percentile.P99, histogram),9} {DurationText.Range(histogram.Max),8}\n");
        }

        if (table.Top is not null && names.Length > 0)
        {
            AppendRest(table.Records.Select(static record => record.Histogram.Count), shown.Length);
        }

        Flush();
    }

    /// <inheritdoc/>
    public void Write(RowCountTable table)
    {
        Flush();
        if (table.Rows.Count > 0)
        {
            _isQuiet = false;
            BeginHeader();
            WriteLine("COUNT"u8, i => Encoding.UTF8.GetBytes(table.Columns[i].Header));
            EndHeader();
        }

        foreach (RowCount row in table.Rows)
        {
            WriteLine(Number(row.Count), i => row.Cells[i]);
        }

        if (table.OtherGroups > 0)
        {
            string others = string.Create(CultureInfo.InvariantCulture, $"in {table.OtherGroups} other{(table.OtherGroups == 1 ? "" : "s")}");
            if (table.CommaSeparated)
            {
                Say(string.Create(CultureInfo.InvariantCulture, $"rows {others}: {table.OtherRows}\n"));
            }
            else
            {
                _block.Append(CultureInfo.InvariantCulture, $"{table.OtherRows,CountWidth} {others}\n");
            }
        }

        if (table.Forgotten > 0)
        {
            Say(string.Create(
                CultureInfo.InvariantCulture,
                $"rows in no count, because there are more different ones than there is room for (a count may be too low by up to {table.Error}): {table.Forgotten}\n"));
        }

        Flush();

        static byte[] Number(ulong number) => Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));

        void WriteLine(ReadOnlySpan<byte> count, Func<int, byte[]> cell)
        {
            int start = _rows.Length;
            _rows.Append(count);
            EndCell(table.CommaSeparated, CountWidth, isLast: false, start);
            for (int i = 0; i < table.Columns.Count; i++)
            {
                start = _rows.Length;
                _rows.Append(cell(i));
                EndCell(table.CommaSeparated, table.Columns[i].Width, i == table.Columns.Count - 1, start);
            }
        }
    }

    /// <inheritdoc/>
    public void Write(LossRecord record)
    {
        EndQuiet();
        Say(string.Create(CultureInfo.InvariantCulture, $"{record.Text}: {record.Count}\n"));
    }

    /// <inheritdoc/>
    public void Write(CostRecord record)
    {
        // A share that rounds to nothing would say that there was none.
        string share = record.Share is > 0 and < 0.0001 ? "less than 0.01" : string.Create(CultureInfo.InvariantCulture, $"{record.Share * 100:0.##}");
        Say(record.Runs == 0
            ? "cost: none (no program ran)\n"
            : string.Create(CultureInfo.InvariantCulture, $"cost: {share} % of this machine's processor time ({record.Runs} runs of {record.Nanoseconds / record.Runs:0} ns on average)\n"));
        if (record.Exact is { } exact)
        {
            Say(exact.Runs == 0
                ? "cost by the kernel's own statistics: none (no program ran meanwhile)\n"
                : string.Create(CultureInfo.InvariantCulture,
                    $"cost by the kernel's own statistics, {exact.Elapsed.TotalSeconds:0.0} s: {exact.Runs} runs of {exact.Nanoseconds / exact.Runs:0} ns on average in the programs, "
                    + $"without the {exact.Statistics / exact.Runs:0} ns that these take themselves; measured by the programs: {exact.Shown / exact.Runs:0} ns\n"));
        }
    }

    /// <inheritdoc/>
    public void Write(NoteRecord record) => Say(Escaping.Escape(record.Text) + "\n");

    /// <inheritdoc/>
    public void Write(EndRecord record)
    {
    }

    /// <inheritdoc/>
    public void EndInterval()
    {
        EndQuiet();
        Flush();
    }

    /// <inheritdoc/>
    public void BeginRows<T>(RowLayout<T> layout)
        where T : allows ref struct
    {
        BeginHeader();
        for (int i = 0; i < layout.Text.Count; i++)
        {
            int start = _rows.Length;
            _rows.Append(layout.Text[i].Header.AsSpan());
            EndCell(layout.CommaSeparated, layout.IsWide ? layout.Text[i].WideWidth : layout.Text[i].Width, i == layout.Text.Count - 1, start);
        }

        EndHeader();
        Flush();
    }

    /// <inheritdoc/>
    public void WriteRow<T>(RowLayout<T> layout, in T row)
        where T : allows ref struct
    {
        for (int i = 0; i < layout.Text.Count; i++)
        {
            int start = _rows.Length;
            layout.Text[i].WriteText(row, _rows);
            EndCell(layout.CommaSeparated, layout.IsWide ? layout.Text[i].WideWidth : layout.Text[i].Width, i == layout.Text.Count - 1, start);
        }

        if (_rows.Length >= FullBuffer)
        {
            Flush();
        }
    }

    /// <inheritdoc/>
    public void EndRows() => Flush();

    // Numbers of columns that stand at the right may still need their spaces when they are the last.
    private void EndCell(bool commaSeparated, int width, bool isLast, int start)
    {
        if (commaSeparated)
        {
            _rows.QuoteForCsv(start);
        }
        else if (!isLast || width > 0)
        {
            _rows.Align(start, width);
        }

        if (isLast && _layout.IsTerminal && !commaSeparated)
        {
            _rows.Cut(_lineStart, _layout.LineLength);
        }

        _rows.Append(isLast ? (byte)'\n' : commaSeparated ? (byte)',' : (byte)' ');
        _lineStart = isLast ? _rows.Length : _lineStart;
    }

    private void EndQuiet()
    {
        if (_isQuiet)
        {
            _block.Append("(no events)\n");
            _isQuiet = false;
        }
    }

    private void AppendHeader(string header) => _block.AppendColored(header, TextColor.Bold, _layout).Append('\n');

    private void BeginHeader()
    {
        _rows.Append(ColoredText.Begin(TextColor.Bold, _layout));
        _lineStart = _rows.Length;
    }

    private void EndHeader()
    {
        _rows.Append(ColoredText.End(_layout));
        _lineStart = _rows.Length;
    }

    private static string NameOf(string name, object? number) =>
        number is null ? Escaping.Escape(name) : string.Create(CultureInfo.InvariantCulture, $"{number,-6} {Escaping.Escape(name)}");

    private int WidthOf(string[] names, int least) =>
        Math.Clamp(names.Select(static name => name.Length).DefaultIfEmpty().Max(), least, Math.Max(least, _layout.LineLength - CountWidth - 1));

    // A column has no room for both bounds.
    private static string Short(Percentile percentile, Histogram histogram) => percentile.Of(histogram) is { } bounds ? DurationText.Below(bounds) : "-";

    // What the rows do not add up to.
    private void AppendRest(IEnumerable<ulong> counts, int shown)
    {
        ulong[] all = [.. counts];
        ulong total = 0, rest = 0;
        for (int i = 0; i < all.Length; i++)
        {
            total += all[i];
            rest += i < shown ? 0 : all[i];
        }

        _block.Append(CultureInfo.InvariantCulture, $"total {total}");
        if (all.Length > shown)
        {
            _block.Append(CultureInfo.InvariantCulture, $", {rest} of it in {all.Length - shown} more rows that are not shown");
        }

        _block.Append('\n');
    }

    private void Say(string line)
    {
        // What is on its way to the terminal comes before what is said about it.
        Flush();
        try
        {
            _errors.Write(new StringBuilder(line));
        }
        catch (Exception e) when (e is OutputClosedException or IOException)
        {
            // Nobody listens there, which is no reason to end what somebody reads.
        }
    }

    private void Flush()
    {
        if (_rows.Length > 0)
        {
            _output.Write(_rows.Written);
            _rows.Clear();
            _lineStart = 0;
        }

        if (_block.Length > 0)
        {
            _output.Write(_block);
            _block.Clear();
        }
    }
}
