using System;
using System.Diagnostics;
using System.Linq;
using System.Text.Json;
using Fathom.Tools.Tests.Events;
using Xunit;

namespace Fathom.Tools.Tests.Hosting;

/// <summary>What ends a tool, besides its own schedule.</summary>
public sealed class EndTests
{
    [Theory]
    [InlineData("biolatency")]
    [InlineData("execsnoop")]
    [InlineData("funccount", "t:sched:sched_process_exit")]
    [InlineData("opensnoop")]
    [InlineData("tcplife")]
    public void The_end_of_the_process(params string[] tool)
    {
        Programs.NeedRoot();
        using Process process = Process.Start("/bin/sleep", "1000");
        using var program = RunningProgram.Start(Programs.Direct, [.. tool, "-p", $"{process.Id}"]);
        program.WaitFor("\n");
        process.Kill();
        program.WaitForExit();
        Assert.Equal(0, program.ExitCode);
        Assert.EndsWith($"fathom: process {process.Id} has ended\n", program.Errors, StringComparison.Ordinal);
        process.WaitForExit();

        BadInputTests.Refused(
            1, $"there is no process {process.Id}: give the number of one that runs, such as ps shows it", Programs.Direct, [.. tool, "-p", $"{process.Id}"]);
    }

    [Fact]
    public void The_end_of_the_process_is_the_last_record()
    {
        Programs.NeedRoot();
        using Process process = Process.Start("/bin/sleep", "0.3");
        using var program = RunningProgram.Run(Programs.Direct, "opensnoop", "--json", "-p", $"{process.Id}");
        JsonElement last = Workload.End(program.Output);
        Assert.Equal(("process-ended", $"process {process.Id} has ended"), (last.Text("reason"), last.Text("text")));
        process.WaitForExit();
    }

    [Theory]
    [InlineData("trap '' INT; exec \"$@\"", "INT", 0)]
    [InlineData("trap '' INT HUP; exec \"$@\"", "INT", 0)]
    [InlineData("exec \"$@\"", "HUP", 0)]
    public void A_signal_that_was_ignored(string start, string signal, int exitCode)
    {
        Programs.NeedRoot();
        Assert.SkipUnless(Programs.IsNative, "The process that is started is a script's.");
        using var program = RunningProgram.Start("/bin/sh", "-c", start, "sh", Programs.Direct, "biolatency");
        program.WaitFor("Tracing");
        if (start.Contains("HUP", StringComparison.Ordinal))
        {
            // As nohup wants it.
            RunningProgram.Run("/bin/sh", "-c", $"kill -HUP {program.Id}; grep SigIgn /proc/{program.Id}/status | grep -q 1$").Dispose();
        }

        RunningProgram.Run("/bin/sh", "-c", $"kill -{signal} {program.Id}").Dispose();
        program.WaitForExit();
        Assert.Equal(exitCode, program.ExitCode);
    }

    [Theory]
    [InlineData("{ \"$0\" opensnoop --comm no-such; echo \"exit $?\" >&2; } | head -n 1", "exit 0\n")]
    [InlineData("{ \"$0\" biolatency; echo \"exit $?\" >&2; } | head -n 1", "exit 0\n")]
    [InlineData("{ \"$0\" opensnoop --comm no-such -- sh -c 'sleep 1; exit 3'; echo \"exit $?\" >&2; } | head -n 1", "is waited for\nexit 3\n")]
    public void A_reader_that_leaves(string command, string errors)
    {
        Programs.NeedRoot();
        using var program = RunningProgram.Run("/bin/sh", "-c", command, Programs.Direct);
        Assert.Equal(1, program.Output.Count(static character => character == '\n'));
        Assert.EndsWith(errors, program.Errors, StringComparison.Ordinal);
        LoadedPrograms.MustAllHaveAnOwner();
    }
}
