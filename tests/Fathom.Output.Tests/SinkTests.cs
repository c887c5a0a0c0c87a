using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Pipes;
using System.Linq;
using System.Text;
using System.Text.Json;
using Fathom.Output.Counts;
using Fathom.Output.Histograms;
using Fathom.Output.Rows;
using Fathom.Output.Sinks;
using Xunit;

namespace Fathom.Output.Tests;

public sealed class SinkTests
{
    private static readonly DateTimeOffset s_time = new(2026, 11, 22, 7, 14, 43, 123, 456, TimeSpan.Zero);

    // The same time.
    private const long BootNs = 1_795_331_683_000_000_000, SinceBootNs = 123_456_000;

    private static Histogram Some(params ulong[] ns)
    {
        var histogram = new Histogram(125, LogLinearSlots.All);
        Array.ForEach(ns, histogram.Record);
        return histogram;
    }

    private static string Text(Action<ISink> write, bool timestamps = false) => Text(write, out _, timestamps);

    private static string Text(Action<ISink> write, out string errors, bool timestamps = false)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        write(new TextSink(output, error, timestamps, TimeZoneInfo.Utc));
        errors = Encoding.UTF8.GetString(error.ToArray());
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static List<JsonElement> Json(Action<ISink> write)
    {
        using var output = new MemoryStream();
        write(new JsonSink(output, new("biolatency", "1.2.3", 7), new RowClock(BootNs, read: static () => (SinceBootNs, 0))));
        string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(output.ToArray());
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];
    }

    [Fact]
    public void A_summary_is_a_line_and_a_record_of_its_own_type()
    {
        static void Write(ISink sink) => sink.Write(new SummaryRecord("held", "held back", "waits", Some(2_000, 4_000)));
        Assert.Equal("held back: 2 waits, mean 3.00us, max 4.00us (too few for percentiles)\n", Text(Write));
        Assert.Equal("", Text(static sink => sink.Write(new SummaryRecord("held", "held back", "waits", Some()))));
        JsonElement json = Assert.Single(Json(Write));
        Assert.Equal(("held", 2, 6_000, 4_000), (
            json.GetProperty("type").GetString(), json.GetProperty("count").GetInt32(), json.GetProperty("sum_ns").GetInt32(), json.GetProperty("max_ns").GetInt32()));
        Assert.Equal(2, json.GetProperty("buckets").GetArrayLength());
    }

    [Fact]
    public void A_note_goes_beside_the_result()
    {
        static void Write(ISink sink) => sink.Write(new NoteRecord("io-limit", "limit of a\u001b\nb"));
        Assert.Equal("", Text(Write, out string errors));
        Assert.Equal("limit of a\\x1b\\nb\n", errors);
        JsonElement json = Assert.Single(Json(Write));
        Assert.Equal(("note", "io-limit", "limit of a\u001b\nb"), (
            json.GetProperty("type").GetString(), json.GetProperty("kind").GetString(), json.GetProperty("text").GetString()));
    }

    [Fact]
    public void Counts_are_a_table_as_wide_as_its_names_and_a_record_each()
    {
        static void Write(ISink sink, string name)
        {
            sink.BeginInterval(s_time);
            sink.Write(new CountTable("FUNC", [new("vfs_read", 7, "vfs_read"), new(name, 104_729, "_Z1fv")]));
            sink.EndInterval();
        }

        Assert.Equal(
            $"\n{"FUNC",-36}    COUNT\n{"vfs_read",-36}        7\n{@"f\x1b()",-36}   104729\n", Text(static sink => Write(sink, "f\u001b()")));
        Assert.Equal($"\n{"FUNC",-50}    COUNT\n{"vfs_read",-50}        7\n{new string('f', 50)}   104729\n", Text(static sink => Write(sink, new string('f', 50))));
        string[] tooLong = Text(static sink => Write(sink, new string('f', 90))).Split('\n');
        Assert.Equal((79, 99), (tooLong[2].Length, tooLong[3].Length));

        List<JsonElement> records = Json(static sink => Write(sink, "f()"));
        Assert.Equal(["count", "count"], records.Select(static record => record.GetProperty("type").GetString()));
        Assert.Equal(("f()", "_Z1fv", 104_729UL), (records[1].GetProperty("name").GetString(), records[1].GetProperty("symbol").GetString(), records[1].GetProperty("count").GetUInt64()));
        Assert.False(records[0].TryGetProperty("symbol", out _));
        Assert.Equal("2026-11-22T07:14:43.123456000Z", records[0].GetProperty("time").GetString());
    }

    [Fact]
    public void Counts_of_rows_are_a_table_with_what_it_leaves_out()
    {
        var counts = new RowCounts<string>([s_name, s_length], 2);
        Array.ForEach((string[])["bb", "a\u001b", "bb", "ccc", "dddd"], name => counts.Add(name));
        RowCountTable table = counts.Take();
        Assert.Equal(
            "\n   COUNT NAME  LEN\n       2 bb      2\n       1 a\\x1b   2\n       2 in 2 others\n",
            Text(sink => Report(sink, table)));
        Assert.Equal("\nCOUNT,NAME,LEN\n2,bb,2\n1,a\\x1b,2\n", Text(sink => Report(sink, table with { CommaSeparated = true }), out string errors));
        Assert.Equal("rows in 2 others: 2\n", errors);

        List<JsonElement> records = Json(sink => Report(sink, table));
        Assert.Equal(["count", "count", "rest"], records.Select(static record => record.GetProperty("type").GetString()));
        Assert.Equal("""{"name":"a\u001B","length":2}""", records[1].GetProperty("key").GetRawText());
        Assert.Equal((1, 2, 2, 0, 0), (
            records[1].GetProperty("count").GetInt32(), records[2].GetProperty("groups").GetInt32(), records[2].GetProperty("count").GetInt32(),
            records[2].GetProperty("ungrouped").GetInt32(), records[2].GetProperty("error").GetInt32()));

        // The next report begins at nothing.
        Assert.Equal("\n(no events)\n", Text(sink => Report(sink, counts.Take())));
    }

    [Fact]
    public void Counts_of_more_rows_than_there_is_room_for_add_up_and_know_how_wrong_they_can_be()
    {
        const int Room = 64, Rows = 100_000;
        var counts = new RowCounts<string>([s_name], 10, Room);
        var random = new Random(11);
        var truth = new Dictionary<string, ulong>();
        for (int i = 0; i < Rows; i++)
        {
            // A few that are frequent, the last of them late, among thousands that are not.
            string name = random.Next(20) switch { 0 => "often", 1 => "always", 2 when i > Rows / 2 => "late", _ => $"{random.Next(5000)}" };
            truth[name] = truth.GetValueOrDefault(name) + 1;
            counts.Add(name);
        }

        RowCountTable table = counts.Take();
        Assert.Equal((ulong)Rows, table.Rows.Aggregate(table.OtherRows + table.Forgotten, static (sum, row) => sum + row.Count));
        Assert.True(table.Forgotten > 0 && table.Error > 0 && table.OtherGroups < Room);
        Assert.Equal((string[])["always", "late", "often"], table.Rows.Take(3).Select(static row => Encoding.UTF8.GetString(row.Cells[0])).Order(StringComparer.Ordinal));
        Assert.All(table.Rows, row => Assert.InRange(truth[Encoding.UTF8.GetString(row.Cells[0])] - row.Count, 0UL, table.Error));
        Assert.Contains($"up to {table.Error}): {table.Forgotten}\n", Errors(table), StringComparison.Ordinal);

        // Few, but long ones, are as many as there is room for as well.
        counts = new([s_name], 10, Room, bytes: 10_000);
        Array.ForEach([.. Enumerable.Range(0, 20)], i => counts.Add(new string((char)('a' + i), 1000)));
        table = counts.Take();
        Assert.InRange((ulong)table.Rows.Count + table.OtherGroups, 1UL, 5UL);
        Assert.Equal(20UL, (ulong)table.Rows.Count + table.OtherGroups + table.Forgotten);

        static string Errors(RowCountTable table)
        {
            Text(sink => Report(sink, table), out string errors);
            return errors;
        }
    }

    [Fact]
    public void A_row_that_is_counted_allocates_nothing()
    {
        var counts = new RowCounts<string>([s_name, s_length], 10);
        void Add()
        {
            for (int i = 0; i < 5000; i++)
            {
                counts.Add("name");
            }
        }

        Add();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Add();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private static void Report(ISink sink, RowCountTable table)
    {
        sink.BeginInterval(s_time);
        sink.Write(table);
        sink.EndInterval();
    }

    private static readonly byte[] s_nameBytes = new byte[2000];
    private static readonly TextColumn<string> s_name = new("name", "NAME", -5, "The name", static (in string row) => TextValue.Whole(s_nameBytes.AsSpan(0, Encoding.UTF8.GetBytes(row, s_nameBytes))));
    private static readonly IntegerColumn<string> s_length = new("length", "LEN", 3, "Its length", static (in string row) => row.Length);

    [Fact]
    public void The_classic_layout()
    {
        string text = Text(
            static sink =>
            {
                sink.Begin("Tracing block device I/O... Hit Ctrl-C to end.");
                sink.BeginInterval(s_time);
                Histogram all = Some(1_000, 3_000, 3_500);
                sink.Write(new HistogramRecord(all, TimeUnit.Microseconds, []));
                sink.WriteTotals(all, TimeUnit.Microseconds);
                sink.EndInterval();
            },
            timestamps: true);
        Assert.Equal(
            "Tracing block device I/O... Hit Ctrl-C to end.\n" +
            "\n" +
            "07:14:43\n" +
            "     usecs               : count     distribution\n" +
            "         0 -> 1          : 1        |********************                    |\n" +
            "         2 -> 3          : 2        |****************************************|\n" +
            "count 3, mean 2.50us, max 3.50us (too few for percentiles)\n" +
            "\n" +
            "avg = 2 usecs, total: 7 usecs, count: 3\n" +
            "\n",
            text);
    }

    [Fact]
    public void Keys_stand_above_their_block()
    {
        string text = Text(static sink =>
        {
            sink.BeginInterval(s_time);
            sink.Write(new HistogramRecord(Some(1_000), TimeUnit.Microseconds, [new("disk", "vda")]));
            sink.Write(new HistogramRecord(Some(), TimeUnit.Microseconds, [new("disk", "none")]));
            sink.Write(new HistogramRecord(Some(1_000), TimeUnit.Microseconds, [new("disk", "a\u001b[2J"), new("flags", "Sync-Write")]));
            sink.EndInterval();
        });
        const string Block =
            "     usecs               : count     distribution\n" +
            "         0 -> 1          : 1        |****************************************|\n" +
            "count 1, mean 1.00us, max 1.00us (too few for percentiles)\n";
        Assert.Equal("\n\ndisk = vda\n" + Block + "\ndisk = a\\x1b[2J, flags = Sync-Write\n" + Block, text);
    }

    [Fact]
    public void An_interval_without_anything_says_so() => Assert.Equal("\n(no events)\n", Text(static sink =>
    {
        sink.BeginInterval(s_time);
        sink.Write(new HistogramRecord(Some(), TimeUnit.Microseconds, []));
        sink.WriteTotals(Some(), TimeUnit.Microseconds);
        sink.EndInterval();
    }));

    [Fact]
    public void Where_there_are_many_histograms_rows_before_the_first_are_left_out() => Assert.Equal(
        "\npid = 1\n     usecs               : count     distribution\n"
        + "        64 -> 127        : 1        |****************************************|\n"
        + "count 1, mean 100us, max 100us (too few for percentiles)\n",
        Text(static sink => sink.Write(new HistogramRecord(Some(100_000), TimeUnit.Microseconds, [new("pid", "1")]))));

    [Fact]
    public void On_a_narrow_terminal_the_summary_goes_on_in_another_line()
    {
        using var output = new MemoryStream();
        var histogram = Some();
        for (int i = 0; i < 10_000; i++)
        {
            histogram.Record(100_000);
        }

        new TextSink(output, Stream.Null, timestamps: false, layout: new() { Columns = 60, IsTerminal = true }).Write(new HistogramRecord(histogram, TimeUnit.Microseconds, []));
        string text = Encoding.UTF8.GetString(output.ToArray());
        Assert.EndsWith("|\ncount 10000, mean 100us, p50 <101us, p99 <101us, p99.9\n  <101us, max 100us\n", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n'), static line => Assert.True(line.Length < 60, line));
    }

    [Fact]
    public void An_open_end_is_said()
    {
        var histogram = new Histogram(125, 32);
        histogram.Record(100_000);
        string text = Text(sink => sink.Write(new HistogramRecord(histogram, TimeUnit.Microseconds, [])));
        Assert.EndsWith("max 100us (too few for percentiles)\n1 in the last row may be longer than it says\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Losses_are_a_line_on_the_other_stream()
    {
        string text = Text(static sink => sink.Write(new LossRecord("map-full", 3, "requests not counted, because a map was full")), out string errors);
        Assert.Equal("", text);
        Assert.Equal("requests not counted, because a map was full: 3\n", errors);
    }

    [Fact]
    public void Json_has_everything_in_nanoseconds()
    {
        List<JsonElement> lines = Json(static sink =>
        {
            sink.Begin("Tracing...");
            sink.BeginInterval(s_time);
            sink.Write(new HistogramRecord(Some([.. Enumerable.Repeat(2_001UL, 25)]), TimeUnit.Microseconds, [new("disk", "v\"\u001b\ud83da")]));
            sink.Write(new LossRecord("map-full", 3, "text"));
            sink.EndInterval();
        });
        Assert.Equal(3, lines.Count);
        Assert.Equal(
            """{"tool":"biolatency","type":"start","time":"2026-11-22T07:14:43.123456000Z","since_boot_ns":123456000,"version":"1.2.3","schema":7}""", lines[0].GetRawText());
        Assert.Equal(
            """
            {"tool":"biolatency","type":"histogram","time":"2026-11-22T07:14:43.123456000Z","since_boot_ns":123456000,"unit":"ns","key":{"disk":"v\"\u001B\uFFFDa"},"count":25,"sum_ns":50025,"max_ns":2001,"max_is_exact":true,"percentiles":{"p50":{"low_ns":2000,"high_ns":2001}},"buckets":[{"low_ns":2000,"high_ns":2124,"count":25}]}
            """,
            lines[1].GetRawText());
        Assert.Equal(
            """{"tool":"biolatency","type":"loss","time":"2026-11-22T07:14:43.123456000Z","since_boot_ns":123456000,"kind":"map-full","count":3,"text":"text"}""",
            lines[2].GetRawText());
    }

    [Fact]
    public void Json_of_nothing_is_still_a_record()
    {
        JsonElement line = Assert.Single(Json(static sink => sink.Write(new HistogramRecord(Some(), TimeUnit.Microseconds, []))));
        Assert.Equal(0, line.GetProperty("count").GetInt32());
        Assert.Equal(0, line.GetProperty("buckets").GetArrayLength());
        Assert.False(line.TryGetProperty("max_ns", out _));
    }

    [Fact]
    public void Json_of_an_open_end_is_null()
    {
        var histogram = new Histogram(125, 32);
        histogram.Record(100_000);
        JsonElement line = Assert.Single(Json(sink => sink.Write(new HistogramRecord(histogram, TimeUnit.Microseconds, []))));
        Assert.Equal(JsonValueKind.Null, line.GetProperty("buckets")[0].GetProperty("high_ns").ValueKind);
    }

    [Fact]
    public void A_closed_pipe_is_told_apart_from_failures()
    {
        using var server = new AnonymousPipeServerStream(PipeDirection.In);
        using var client = new AnonymousPipeClientStream(PipeDirection.Out, server.ClientSafePipeHandle);
        using var file = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(client.SafePipeHandle.DangerousGetHandle(), ownsHandle: false), FileAccess.Write, 0);
        var sink = new TextSink(file, Stream.Null, timestamps: false);
        sink.Begin("heard");
        server.Dispose();
        Assert.Throws<OutputClosedException>(() => sink.Begin("not heard"));
    }

    [Fact]
    public void A_full_device_is_a_failure()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full here");
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        Assert.Throws<IOException>(() => new TextSink(full, Stream.Null, timestamps: false).Begin("x"));
    }
}
