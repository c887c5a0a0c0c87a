using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Threading;
using Fathom.Tools.Tests.Events;
using Fathom.Tools.Tests.EveryTool;
using Xunit;

namespace Fathom.Tools.Tests.Hosting;

/// <summary>What ends a tool, besides its own schedule.</summary>
public sealed class EndTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [MemberData(nameof(Tool.Names), MemberType = typeof(Tool))]
    public void The_end_of_the_process(string name)
    {
        Programs.NeedRoot();
        string[] tool = Tool.Command(name);
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
        using Process process = Process.Start("/bin/sh", ["-c", "while : </dev/null; do :; done"]);
        using var program = RunningProgram.Start(Programs.Direct, "opensnoop", "--json", "-p", $"{process.Id}");
        program.WaitFor("/dev/null");
        process.Kill();
        program.WaitForExit();
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

    [Fact]
    public void The_second_interrupt_ends_at_once_what_the_first_one_began_to_end()
    {
        // What a pipe holds; whoever writes to a full one that somebody may still read waits for ever.
        const int PipeBytes = 65_536;
        Programs.NeedRoot();
        Assert.SkipUnless(Programs.IsNative, "The process that is started is a script's.");
        string folder = Workload.Folder(), fifo = folder + "/fifo";
        RunningProgram.Run("/usr/bin/mkfifo", fifo).Dispose();
        using (var pipe = new FileStream(fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0))
        {
            using var program = RunningProgram.Start("/bin/sh", "-c", "exec \"$0\" biolatency >\"$1\"", Programs.Direct, fifo);
            byte[] banner = new byte[PipeBytes];
            int read = 0;
            while (!banner.AsSpan(0, read).Contains((byte)'\n'))
            {
                read += pipe.Read(banner, read, banner.Length - read);
            }

            pipe.Write(banner, 0, PipeBytes);
            using (var kill = Process.Start("kill", ["-INT", $"{program.Id}"]))
            {
                kill.WaitForExit();
            }

            // Until it writes the table, which is what the first interrupt asks for: write(2) to standard output.
            string write = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "1 0x1 " : "64 0x1 ";
            Assert.True(SpinWait.SpinUntil(() => ThreadsOf(program.Id).Any(thread => SystemCallOf(thread).StartsWith(write, StringComparison.Ordinal)), s_patience), program.Errors);
            Assert.False(program.HasEnded);
            program.Stop();
            Assert.Equal(128 + 2, program.ExitCode);
        }

        Workload.Remove(folder);
        LoadedPrograms.MustAllHaveAnOwner();
    }

    private static string[] ThreadsOf(int process) => Directory.GetDirectories($"/proc/{process}/task");

    private static string SystemCallOf(string thread)
    {
        try
        {
            return File.ReadAllText(thread + "/syscall");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
            return "";
        }
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
