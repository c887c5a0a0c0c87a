using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Output.Histograms;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.BioLatency;
using Fathom.Tools.Shared.Histograms;
using Xunit;

namespace Fathom.Tools.Tests.BioLatency;

public sealed class BioLatencyTracingTests
{
    [Fact]
    public void A_report_is_what_was_added_since_the_one_before()
    {
        string text = Report(
            new HistogramView(TimeUnit.Microseconds, null),
            Reading.Of((0, 1_000)),
            Reading.Of((0, 1_000), (0, 3_000), (0, 3_500)),
            Reading.Of((0, 1_000), (0, 3_000), (0, 3_500)));
        Assert.Equal(
            """

                 usecs               : count     distribution
                     0 -> 1          : 1        |****************************************|
            count 1, mean 1.00us, max 1.00us (too few for percentiles)

                 usecs               : count     distribution
                     0 -> 1          : 0        |                                        |
                     2 -> 3          : 2        |****************************************|
            count 2, mean 3.25us, max 3.50us (too few for percentiles)

            (no events)

            """.ReplaceLineEndings("\n"),
            text);
    }

    [Fact]
    public void Keys_are_named_and_the_worst_comes_first()
    {
        string text = Report(
            new HistogramView(TimeUnit.Microseconds, DiskAndFlags, true),
            Reading.Of((Key(2, 1), 2_500), (Key(1, 1), 2_000), (Key(1, 0), 2_000), (Key(1, 0), 4_000)));
        Assert.Equal(
            """


            disk = d1, flags = f0
                 usecs               : count     distribution
                     2 -> 3          : 1        |****************************************|
                     4 -> 7          : 1        |****************************************|
            count 2, mean 3.00us, max 4.00us (too few for percentiles)

            disk = d2, flags = f1
                 usecs               : count     distribution
                     2 -> 3          : 1        |****************************************|
            count 1, mean 2.50us, max 2.50us (too few for percentiles)

            disk = d1, flags = f1
                 usecs               : count     distribution
                     2 -> 3          : 1        |****************************************|
            count 1, mean 2.00us, max 2.00us (too few for percentiles)

            avg = 2 usecs, total: 10 usecs, count: 4


            """.ReplaceLineEndings("\n"),
            text);
    }

    [Fact]
    public void Numbers_of_the_same_name_are_taken_together_without_spoiling_the_next_report()
    {
        var view = new HistogramView(TimeUnit.Microseconds, static key => [new("flags", $"f{(key >> 32) % 10}")]);
        Reading reading = Reading.Of((Key(0, 0), 2_000), (Key(0, 10), 2_000));
        string text = Report(view, reading, reading);
        Assert.Contains("flags = f0\n", text, StringComparison.Ordinal);
        Assert.Contains("count 2, mean", text, StringComparison.Ordinal);
        Assert.EndsWith("max 2.00us (too few for percentiles)\n\n(no events)\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Losses_are_told_once()
    {
        using var errors = new MemoryStream();
        var view = new HistogramView(TimeUnit.Microseconds, null);
        Reading first = Reading.Of();
        first.Losses.Add(new("requeued", 3, "requests requeued"));
        Reading second = Reading.Of();
        second.Losses.Add(new("requeued", 5, "requests requeued"));
        using BioLatencyTracing tracing = Tracing(view, first, second, second);
        var sink = new TextSink(Stream.Null, errors, timestamps: false);
        tracing.Report(sink);
        tracing.Report(sink);
        tracing.Report(sink);
        tracing.ReportEnd(sink);
        const string Expected =
            "requests requeued: 3\n" +
            "requests requeued: 2\n" +
            "requests not counted, because their completion was not seen before tracing ended: 7\n";
        Assert.Equal(Expected, Encoding.UTF8.GetString(errors.ToArray()));
    }

    [Fact]
    public void What_was_held_back_before_the_disk_is_a_line_of_its_own()
    {
        Reading first = Reading.Of((0, 1_000));
        first.Held.Record(20_000_000);
        Reading second = Reading.Of((0, 1_000), (0, 1_000));
        second.Held.Record(20_000_000);
        for (int i = 0; i < 30; i++)
        {
            second.Held.Record(410_000_000);
        }

        string text = Report(new HistogramView(TimeUnit.Microseconds, null), first, second, second);
        string[] lines = [.. text.Split('\n').Where(static line => line.Contains("held", StringComparison.Ordinal))];
        Assert.Equal(
            ["held back before the disk: 1 wait, mean 20.0ms, max 20.0ms (too few for", "held back before the disk: 30 waits, mean 410ms, p50 <411ms, max 410ms (too few"], lines);
    }

    [Fact]
    public void Notes_are_told_at_the_end()
    {
        using var errors = new MemoryStream();
        using var tracing = new BioLatencyTracing(
            new FakeSource([]), new(TimeUnit.Microseconds, null), new IoLimitWatch(new(false, false, 0, static _ => "sd\u001ba"), static () => [new("io.max", "/a", new(8, 0), "riops=1")]));
        tracing.ReportEnd(new TextSink(Stream.Null, errors, timestamps: false));
        Assert.EndsWith(": 7\nnot in the histogram: how long these limits hold I/O back (-Q tells it apart): io.max of cgroup /a for sd\\x1ba: riops=1\n", Encoding.UTF8.GetString(errors.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_source_is_disposed_of()
    {
        var source = new FakeSource([]);
        BioLatencyTracing tracing = Tracing(new(TimeUnit.Milliseconds, null), source);
        tracing.Dispose();
        Assert.True(source.IsDisposed);
    }

    private static ulong Key(uint disk, ulong flags) => (flags << 32) | disk;

    private static IReadOnlyList<RecordKey> DiskAndFlags(ulong key) => [new("disk", $"d{(uint)key}"), new("flags", $"f{key >> 32}")];

    private static string Report(HistogramView view, params Reading[] readings)
    {
        using var output = new MemoryStream();
        var sink = new TextSink(output, Stream.Null, timestamps: false);
        using BioLatencyTracing tracing = Tracing(view, readings);
        foreach (Reading _ in readings)
        {
            sink.BeginInterval(DateTimeOffset.UnixEpoch);
            tracing.Report(sink);
            sink.EndInterval();
        }

        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static BioLatencyTracing Tracing(HistogramView view, params Reading[] readings) => Tracing(view, new FakeSource(readings));

    private static BioLatencyTracing Tracing(HistogramView view, FakeSource source) => new(source, view, new IoLimitWatch(new(false, false, 0, static _ => ""), static () => []));

    private sealed class Reading
    {
        public Dictionary<ulong, Histogram> Histograms { get; } = [];

        public Histogram Held { get; } = new(125, LatencyScale.SlotCount);

        public List<Loss> Losses { get; } = [];

        public static Reading Of(params (ulong Key, ulong Ns)[] latencies)
        {
            var reading = new Reading();
            foreach ((ulong key, ulong ns) in latencies)
            {
                if (!reading.Histograms.TryGetValue(key, out Histogram? histogram))
                {
                    reading.Histograms.Add(key, histogram = new(125, LatencyScale.SlotCount));
                }

                histogram.Record(ns);
            }

            return reading;
        }
    }

    private sealed class FakeSource(Reading[] readings) : IBioLatencySource
    {
        private readonly Queue<Reading> _readings = new(readings.AsEnumerable());
        private Reading _now = new();

        public bool IsDisposed { get; private set; }

        public Dictionary<ulong, Histogram> Read() => (_now = _readings.Dequeue()).Histograms;

        public Histogram ReadHeld() => _now.Held;

        public ulong HeldBios => 0;

        public IEnumerable<Loss> ReadLosses() => _now.Losses;

        public ulong CountUnfinished() => 7;

        public void Dispose() => IsDisposed = true;
    }
}
