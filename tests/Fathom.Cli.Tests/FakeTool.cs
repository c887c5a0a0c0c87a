using System;
using System.Collections.Generic;
using Fathom.Output.Histograms;
using Fathom.Output.Sinks;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Cli.Tests;

/// <summary>A tool that traces nothing, and remembers what it was asked for.</summary>
internal sealed class FakeTool : ITool
{
    public static readonly Option<string> Disk = new("--disk", 'd', Texts.Disk, "Only this disk.");
    public static readonly Flag Flags = new("--flags", 'F', "By flags.");

    public ToolDescription Description { get; init; } = new()
    {
        Name = "fake",
        Summary = "Shows nothing",
        Banner = "Tracing nothing...",
        Options = [Disk, Flags],
        TakesInterval = true,
        Examples = [new("1 10", "every second, ten times")],
        BlindSpots = ["It is blind."],
    };

    public ToolRequest? Asked { get; private set; }

    public int Reports { get; private set; }

    public int Disposed { get; private set; }

    public Exception? Failure { get; init; }

    /// <summary>That it cost too much while it began; null if it did not.</summary>
    public string? Excess { get; init; }

    /// <summary>What it has cost; null if that is not measured.</summary>
    public Func<double>? CostNs { get; init; }

    public Action<FakeTool> OnReport { get; init; } = static _ => { };

    public ITracing Start(ToolRequest request)
    {
        Asked = request;
        return Failure is null ? new Tracing(this) : throw Failure;
    }

    private sealed class Tracing(FakeTool tool) : IReportTracing
    {
        public string? Excess => tool.Excess;

        public IReadOnlyList<ProgramCost>? ReadCost() => tool.CostNs is { } cost ? [new("program", 1, cost())] : null;

        public void Report(ISink sink)
        {
            tool.Reports++;
            var histogram = new Histogram(125, 32);
            histogram.Record(1_000);
            sink.Write(new HistogramRecord(histogram, TimeUnit.Microseconds, []));
            tool.OnReport(tool);
        }

        public void Dispose() => tool.Disposed++;
    }
}

/// <summary>A clock that does not wait: its time is that of the next report.</summary>
internal sealed class FakeClock : HostClock
{
    private TimeSpan _elapsed;

    public List<TimeSpan?> Waits { get; } = [];

    public TimeSpan? StopAt { get; init; }

    public override DateTimeOffset Now => DateTimeOffset.UnixEpoch + _elapsed;

    public override TimeSpan Elapsed => _elapsed;

    public override void Restart() => _elapsed = TimeSpan.Zero;

    public override void WaitUntil(TimeSpan? due)
    {
        Waits.Add(due);
        if (StopAt is { } stop && (due is null || due >= stop))
        {
            _elapsed = stop;
            Stop();
        }
        else
        {
            _elapsed = due ?? throw new InvalidOperationException("this would wait forever");
        }
    }
}
