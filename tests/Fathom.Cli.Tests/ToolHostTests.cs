using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;
using Fathom.Output.Sinks;
using Fathom.Tools.Hosting;
using Xunit;

namespace Fathom.Cli.Tests;

public sealed class ToolHostTests
{
    private static string Run(FakeTool tool, Schedule schedule, FakeClock clock)
    {
        using var output = new MemoryStream();
        ToolHost.Run(tool, new ToolRequest(), schedule, new TextSink(output, Stream.Null, timestamps: true, TimeZoneInfo.Utc), clock);
        Assert.Equal(1, tool.Disposed);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static TimeSpan S(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void Reports_come_on_the_grid_of_the_interval()
    {
        using var clock = new FakeClock();
        var tool = new FakeTool();
        string text = Run(tool, new() { Interval = S(2), Count = 3 }, clock);
        Assert.Equal([S(2), S(4), S(6)], clock.Waits);
        Assert.StartsWith("Tracing nothing...\n\n00:00:02\n     usecs ", text, StringComparison.Ordinal);
        Assert.Contains("\n\n00:00:06\n     usecs ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_costs_too_much_ends_with_what_it_found()
    {
        using var clock = new FakeClock();
        using var output = new MemoryStream();
        var tool = new FakeTool { Excess = "too dear" };
        var sink = new TextSink(output, Stream.Null, timestamps: true, TimeZoneInfo.Utc);
        Assert.Equal("too dear", Assert.Throws<BudgetExceededException>(() => ToolHost.Run(tool, new ToolRequest(), new() { Interval = S(0.7) }, sink, clock)).Message);
        Assert.Equal((2, 1), (tool.Reports, tool.Disposed));
        Assert.Equal([S(0.25), S(0.5), S(0.7), S(0.95), S(1.2)], clock.Waits);
    }

    [Fact]
    public void A_duration_ends_with_what_is_due()
    {
        using var clock = new FakeClock();
        var tool = new FakeTool();
        Run(tool, new() { Interval = S(2), Duration = S(5) }, clock);
        Assert.Equal([S(2), S(4), S(5)], clock.Waits);
    }

    [Fact]
    public void A_duration_that_the_interval_divides_has_no_empty_end()
    {
        using var clock = new FakeClock();
        var tool = new FakeTool();
        Run(tool, new() { Interval = S(1), Duration = S(3) }, clock);
        Assert.Equal(3, tool.Reports);
    }

    [Fact]
    public void Without_anything_there_is_one_report_at_the_end()
    {
        using var clock = new FakeClock { StopAt = S(7) };
        var tool = new FakeTool();
        Run(tool, new(), clock);
        Assert.Equal([null], clock.Waits);
        Assert.Equal(1, tool.Reports);
    }

    [Fact]
    public void The_end_within_an_interval_brings_what_is_due()
    {
        using var clock = new FakeClock { StopAt = S(2.5) };
        var tool = new FakeTool();
        Run(tool, new() { Interval = S(1), Count = 100 }, clock);
        Assert.Equal(3, tool.Reports);
    }

    [Fact]
    public void A_long_interval_does_not_overflow()
    {
        using var clock = new FakeClock { StopAt = S(1e9) };
        Run(new FakeTool(), new() { Interval = S(99_999_999) }, clock);
        Assert.Equal(11, clock.Waits.Count);
    }

    [Fact]
    public void The_real_clock_waits_and_can_be_stopped()
    {
        using var clock = new HostClock();
        clock.WaitUntil(TimeSpan.FromMilliseconds(30));
        Assert.True(clock.Elapsed >= TimeSpan.FromMilliseconds(30));
        var thread = new Thread(() => clock.WaitUntil(null));
        thread.Start();
        clock.Stop();
        Assert.True(thread.Join(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void A_command_runs_only_once_the_tool_is_attached_and_ends_it()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.Delete(file);
            var seen = new List<bool>();
            var tool = new CommandTool(() => seen.Add(File.Exists(file)));
            using var clock = new HostClock();
            ToolHost.Run(
                tool, new ToolRequest(), new Schedule(), new TextSink(Stream.Null, Stream.Null, false), clock, ["sh", "-c", "echo $$ > \"$1\"", "sh", file]);
            Assert.Equal([false, true], seen);
            Assert.Equal(tool.Tree.ToString(CultureInfo.InvariantCulture), File.ReadAllText(file).Trim());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("no-such-command-anywhere", "there is no command 'no-such-command-anywhere' to trace: check its name, or give its path")]
    [InlineData("/no/such/command", "there is no command '/no/such/command' to trace: check its name, or give its path")]
    [InlineData("/etc/passwd", "'/etc/passwd' is not executable: chmod +x it, or name the program that runs it")]
    [InlineData("/etc", "there is no command '/etc' to trace: check its name, or give its path")]
    public void A_command_that_cannot_run_is_said_before_anything_is_attached(string command, string message)
    {
        var tool = new FakeTool();
        using var clock = new FakeClock();
        var e = Assert.Throws<CannotRunException>(() => ToolHost.Run(
            tool, new ToolRequest(), new Schedule(), new TextSink(Stream.Null, Stream.Null, false), clock, [command]));
        Assert.Equal(message, e.Message);
        Assert.Null(tool.Asked);
    }

    [Fact]
    public void A_tool_that_fails_leaves_no_command_behind()
    {
        var tool = new FakeTool { Failure = new CannotRunException("no") };
        using var clock = new FakeClock();
        Assert.Throws<CannotRunException>(() => ToolHost.Run(
            tool, new ToolRequest(), new Schedule(), new TextSink(Stream.Null, Stream.Null, false), clock, ["sleep", "1000"]));
        Assert.NotEqual(0, tool.Asked!.ProcessTree);
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(tool.Asked.ProcessTree));
    }

    private sealed class CommandTool(Action see) : ITool
    {
        public ToolDescription Description { get; } = new FakeTool().Description;

        public int Tree { get; private set; }

        public ITracing Start(ToolRequest request)
        {
            Tree = request.ProcessTree;
            Thread.Sleep(50);
            see();
            return new Tracing(see);
        }

        private sealed class Tracing(Action see) : IReportTracing
        {
            public void Report(ISink sink) => see();

            public void Dispose()
            {
            }
        }
    }
}
