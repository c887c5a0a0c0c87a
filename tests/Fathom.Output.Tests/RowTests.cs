using System;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using Fathom.Output.Rows;
using Fathom.Output.Sinks;
using Fathom.Output.Text;
using Xunit;

namespace Fathom.Output.Tests;

public sealed class RowTests
{
    // 2026-11-22 07:14:43 UTC.
    private const long BootNs = 1_795_331_683_000_000_000;

    private static readonly JsonSource s_source = new("tool", "1", 1);

    private static readonly IntegerOf<Row> s_time = static (in Row row) => row.Time;

    private static RowLayout<Row> Layout(params Column<Row>[] columns) => new() { Type = "thing", TimeNs = s_time, Text = columns, All = columns };

    private static Column<Row>[] Columns() =>
    [
        new TimeOfDayColumn<Row>(-8, new RowClock(BootNs, TimeZoneInfo.Utc), s_time),
        new SecondsColumn<Row>(-7, "F3", s_time),
        new IntegerColumn<Row>("pid", "PID", 5, "The process", static (in Row row) => row.Number),
        new QuotientColumn<Row>("took_ns", "MS", 7, "The time", 1e6, "F2", static (in Row row) => row.Number * 1_000_000),
        new OctalColumn<Row>("mode", "MODE", -4, "The permissions", static (in Row row) => row.Number),
        new WordColumn<Row>("word", "WORD", -5, "A word", static (in Row row) => row.Number > 0 ? "yes" : null),
        new TextColumn<Row>("name", "NAME", -6, "The name", static (in Row row) => row.Text),
        new TextColumn<Row>("path", "PATH", -1, "The path", static (in Row row) => row.Text),
    ];

    private static string Text(params (long Time, long Number, byte[]? Text, long Length)[] rows) => Text(TextLayout.Plain, rows);

    private static string Text(TextLayout terminal, params (long Time, long Number, byte[]? Text, long Length)[] rows)
    {
        using var output = new MemoryStream();
        var sink = new TextSink(output, Stream.Null, timestamps: false, layout: terminal);
        RowLayout<Row> layout = Layout(Columns());
        sink.BeginRows(layout);
        foreach ((long time, long number, byte[]? text, long length) in rows)
        {
            sink.WriteRow(layout, new Row(time, number, ValueOf(text, length)));
        }

        sink.EndRows();
        return Encoding.UTF8.GetString(output.ToArray());
    }

    [Fact]
    public void On_a_terminal_a_row_is_cut_where_its_line_ends_and_nowhere_else()
    {
        byte[] path = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("/für", 100)));
        string[] plain = Text((0, 1, path, path.Length), (0, 2, path, path.Length)).Split('\n');
        string[] cut = Text(new TextLayout { Columns = 80, IsTerminal = true }, (0, 1, path, path.Length), (0, 2, path, path.Length)).Split('\n');
        Assert.Equal(plain[0], cut[0]);
        Assert.Equal([plain[1][..78] + "…", plain[2][..78] + "…"], cut[1..3]);
        Assert.EndsWith("/für/für", plain[1], StringComparison.Ordinal);

        // What fits is whole.
        byte[] name = "/für"u8.ToArray();
        Assert.Equal(Text((0, 1, name, name.Length)), Text(new TextLayout { Columns = 60, IsTerminal = true }, (0, 1, name, name.Length)));
    }

    private static JsonElement Json(long number, byte[]? text, long length = 0)
    {
        using var output = new MemoryStream();
        var sink = new JsonSink(output, s_source, new RowClock(BootNs));
        RowLayout<Row> layout = Layout(Columns());
        sink.WriteRow(layout, new Row(1_234_567_890, number, ValueOf(text, length)));
        sink.EndRows();
        string line = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(output.ToArray());
        Assert.Equal(1, line.Count(static character => character == '\n'));
        return JsonDocument.Parse(line).RootElement;
    }

    private static TextValue ValueOf(byte[]? text, long length) =>
        text is null ? TextValue.Unreadable : length > 0 ? TextValue.Beginning(text, length) : TextValue.Whole(text);

    [Fact]
    public void Rows_stand_under_their_headers()
    {
        string text = Text((1_000_000_000, 0x1a4, "a"u8.ToArray(), 0), (2_500_000_000, 0, "äö"u8.ToArray(), 0));
        Assert.Equal(
            "TIME     TIME(s)   PID      MS MODE WORD  NAME   PATH\n" +
            "07:14:44 0.000     420  420.00 0644 yes   a      a\n" +
            "07:14:45 1.500       0    0.00 0000 -     äö     äö\n",
            text);
    }

    [Fact]
    public void What_is_wider_than_its_column_stays_whole() =>
        Assert.EndsWith(" 1234567 1234567.00 3207 yes   long-name long-name\n", Text((0, 1_234_567, "long-name"u8.ToArray(), 0)), StringComparison.Ordinal);

    [Fact]
    public void Unreadable_and_truncated_text_looks_like_no_other()
    {
        Assert.EndsWith(@" \(unreadable)" + "\n", Text((0, 1, null, 0)), StringComparison.Ordinal);
        Assert.EndsWith(@" abc \(first 3 of 70000 bytes)" + "\n", Text((0, 1, "abc"u8.ToArray(), 70_000)), StringComparison.Ordinal);
        Assert.EndsWith(@" \\(unreadable)" + "\n", Text((0, 1, @"\(unreadable)"u8.ToArray(), 0)), StringComparison.Ordinal);
    }

    [Fact]
    public void Programs_get_whole_numbers_and_real_text()
    {
        JsonElement row = Json(7, "a\n\u001b\"b"u8.ToArray());
        Assert.Equal("thing", row.GetProperty("type").GetString());
        Assert.Equal("2026-11-22T07:14:44.234567890Z", row.GetProperty("time").GetString());
        Assert.Equal(1_234_567_890, row.GetProperty("since_boot_ns").GetInt64());
        Assert.Equal(7_000_000, row.GetProperty("took_ns").GetInt64());
        Assert.Equal("a\n\u001b\"b", row.GetProperty("path").GetString());
        Assert.False(row.TryGetProperty("path_base64", out _));
        Assert.False(row.TryGetProperty("path_bytes", out _));
        Assert.False(row.TryGetProperty("seconds", out _));
        Assert.Equal(JsonValueKind.Null, Json(0, null).GetProperty("path").ValueKind);
        Assert.Equal(JsonValueKind.Null, Json(0, null).GetProperty("word").ValueKind);
        Assert.Equal(JsonValueKind.Null, Json(-1, null).GetProperty("took_ns").ValueKind);
        Assert.Equal(5000, Json(1, "abc"u8.ToArray(), 5000).GetProperty("path_bytes").GetInt64());
    }

    [Fact]
    public void A_row_after_a_suspend_has_its_time_of_day_and_one_before_keeps_its_own()
    {
        const long Second = 1_000_000_000;
        long now = 10 * Second, suspended = 3600 * Second;
        int readings = 0;
        var clock = new RowClock(BootNs, TimeZoneInfo.Utc, () =>
        {
            readings++;
            return (now, suspended);
        });
        string At(long timeNs)
        {
            byte[] text = new byte[30];
            clock.WriteTimestamp(timeNs, text);
            var line = new Utf8Line();
            clock.WriteTimeOfDay(timeNs, line);
            string time = Encoding.ASCII.GetString(text);
            Assert.Equal(time[11..19], Encoding.ASCII.GetString(line.Written));
            return time[11..];
        }

        Assert.Equal("07:14:52.000000000Z", At(9 * Second));
        (now, suspended) = (12 * Second, suspended + 5000);
        Assert.Equal("07:14:54.000000000Z", At(11 * Second));

        // Eight hours of sleep between two moments of its clock.
        (now, suspended) = (14 * Second, suspended + 8 * 3600 * Second);
        Assert.Equal("15:14:56.000005000Z", At(13 * Second));
        Assert.Equal("15:14:55.000005001Z", At(12 * Second + 1));
        Assert.Equal("07:14:55.000000000Z", At(12 * Second));
        (now, suspended) = (16 * Second, suspended + Second);
        Assert.Equal("15:14:59.000005000Z", At(15 * Second));
        Assert.Equal("15:14:57.000005000Z", At(14 * Second));
        Assert.Equal("07:14:43.000000000Z", At(0));
        Assert.Equal(4, readings);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_there_as_well()
    {
        JsonElement row = Json(1, [(byte)'a', 0xff, (byte)'b']);
        Assert.Equal("a\ufffdb", row.GetProperty("path").GetString());
        Assert.Equal([(byte)'a', 0xff, (byte)'b'], row.GetProperty("path_base64").GetBytesFromBase64());
    }

    [Fact]
    public void A_row_allocates_nothing()
    {
        byte[] name = "/usr/lib/x86_64-linux-gnu/libc.so.6"u8.ToArray();
        var text = new TextSink(Stream.Null, Stream.Null, timestamps: false);
        var json = new JsonSink(Stream.Null, s_source, new RowClock(BootNs));
        RowLayout<Row> layout = Layout(Columns());
        void Write(int rows)
        {
            for (int i = 0; i < rows; i++)
            {
                var row = new Row(i, i, TextValue.Whole(name));
                text.WriteRow(layout, row);
                json.WriteRow(layout, row);
            }
        }

        // What is made once, and what comes of being compiled while it runs.
        Write(5000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Write(5000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private readonly ref struct Row(long time, long number, TextValue text)
    {
        public long Time { get; } = time;

        public long Number { get; } = number;

        public TextValue Text { get; } = text;
    }
}
