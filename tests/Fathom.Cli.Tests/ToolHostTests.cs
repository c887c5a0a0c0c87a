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
        var tool = new FakeTool { CostNs = () => clock.Elapsed < S(0.4) ? 0 : 1e12 };
        var sink = new TextSink(output, Stream.Null, timestamps: true, TimeZoneInfo.Utc);
        var excess = Assert.Throws<BudgetExceededException>(() => ToolHost.Run(tool, new ToolRequest { Budget = 0.5 }, new() { Interval = S(0.25) }, sink, clock));
        Assert.StartsWith("tracing was ended after 0.5 s, because it took about ", excess.Message, StringComparison.Ordinal);
        Assert.Equal((2, 1), (tool.Reports, tool.Disposed));
        Assert.Equal([S(0.1), S(0.2), S(0.25), S(0.35), S(0.45)], clock.Waits);
    }

    [Fact]
    public void What_cost_too_much_while_it_began_reports_and_ends()
    {
        using var clock = new FakeClock();
        var tool = new FakeTool { Excess = "too much" };
        var sink = new TextSink(Stream.Null, Stream.Null, timestamps: true, TimeZoneInfo.Utc);
        Assert.Equal("too much", Assert.Throws<BudgetExceededException>(() => ToolHost.Run(tool, new ToolRequest(), new() { Interval = S(0.7) }, sink, clock)).Message);
        Assert.Equal((1, 1), (tool.Reports, tool.Disposed));
        Assert.Empty(clock.Waits);
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
            using var output = new MemoryStream();
            using var command = TracedCommand.Start(["sh", "-c", "echo $$ > \"$1\"; exit 7", "sh", file]);
            Assert.Equal(EndReason.CommandEnded, ToolHost.Run(tool, new ToolRequest(), new Schedule(), new JsonSink(output, new("fake", "1", 1)), clock, command));
            Assert.Equal([false, true], seen);
            Assert.Equal((tool.Tree, command.Pid), (int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture), tool.Tree));
            Assert.Equal((7, null), (command.WaitForExit(out string? problem), problem));
            Assert.Contains(
                $"\"reason\":\"command-ended\",\"text\":\"the command (process {tool.Tree}) has ended\"}}\n", Encoding.UTF8.GetString(output.ToArray()),
                StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("no-such-command-anywhere", 127, "there is no command 'no-such-command-anywhere' to trace: check its name, or give its path")]
    [InlineData("/no/such/command", 127, "there is no command '/no/such/command' to trace: check its name, or give its path")]
    [InlineData("/etc/passwd", 126, "'/etc/passwd' is not executable: chmod +x it, or name the program that runs it")]
    [InlineData("/etc", 126, "'/etc' is a directory: give the path of a program in it")]
    public void A_command_that_cannot_run_is_said_before_anything_is_attached(string command, int exitCode, string message)
    {
        var e = Assert.Throws<CommandException>(() => TracedCommand.Start([command]));
        Assert.Equal((exitCode, message), (e.ExitCode, e.Message));
    }

    [Fact]
    public void A_command_that_the_kernel_refuses_to_execute()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "#!/no/such/interpreter\n");
            MakeExecutable(file);
            using var command = TracedCommand.Start([file]);
            command.Resume();
            Assert.Equal((127, $"the command '{file}' could not be executed: No such file or directory"), (command.WaitForExit(out string? problem), problem));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_script_without_an_interpreter_is_the_shells()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "exit $(($1 + 40))\n");
            MakeExecutable(file);
            using var command = TracedCommand.Start([file, "2"]);
            command.Resume();
            Assert.Equal((42, null), (command.WaitForExit(out string? problem), problem));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_command_that_a_signal_ends_has_128_more()
    {
        using var command = TracedCommand.Start(["sh", "-c", "kill -9 $$"]);
        Assert.False(command.HasEnded);
        command.Resume();
        Assert.Equal((137, true), (command.WaitForExit(out _), command.HasEnded));
    }

    [Fact]
    public void A_tool_that_fails_leaves_no_command_behind()
    {
        var tool = new FakeTool { Failure = new CannotRunException("no") };
        using var clock = new FakeClock();
        using (var command = TracedCommand.Start(["sleep", "1000"]))
        {
            Assert.Throws<CannotRunException>(() => ToolHost.Run(
                tool, new ToolRequest(), new Schedule(), new TextSink(Stream.Null, Stream.Null, false), clock, command));
            Assert.Equal(command.Pid, tool.Asked!.ProcessTree);
            Assert.False(command.WasResumed);
        }

        Assert.Throws<ArgumentException>(() => Process.GetProcessById(tool.Asked.ProcessTree));
    }

    [Fact]
    public void A_process_that_ends_ends_tracing()
    {
        using var process = Process.Start("sleep", "0.2");
        using var clock = new HostClock();
        using var output = new MemoryStream();
        Assert.Equal(
            EndReason.ProcessEnded,
            ToolHost.Run(new FakeTool(), new ToolRequest { Pid = process.Id }, new Schedule(), new JsonSink(output, new("fake", "1", 1)), clock));
        Assert.EndsWith(
            $"\"reason\":\"process-ended\",\"text\":\"process {process.Id} has ended\"}}\n", Encoding.UTF8.GetString(output.ToArray()), StringComparison.Ordinal);
        process.WaitForExit();
    }

    [Fact]
    public void A_reader_that_leaves_ends_tracing_before_there_is_anything_to_write()
    {
        (Fathom.Runtime.Interop.KernelDescriptor reader, Fathom.Runtime.Interop.KernelDescriptor writer) = Fathom.Runtime.Kernel.Running.Calls.OpenPipe();
        using var clock = new HostClock();
        using (writer)
        {
            var tool = new CommandTool(reader.Dispose);
            Assert.Equal(
                EndReason.OutputClosed,
                ToolHost.Run(tool, new ToolRequest(), new Schedule(), new TextSink(Stream.Null, Stream.Null, false), clock, output: writer.Value));
        }
    }

    private static void MakeExecutable(string file)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException();
        }

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
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
