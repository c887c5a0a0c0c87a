using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using Fathom.Tools.Tests.Events;
using Xunit;

namespace Fathom.Tools.Tests.SysCount;

/// <summary>fathom syscount beside strace, and beside what a program knows of its own calls.</summary>
public sealed class SysCountTests
{
    private const int Changes = 211, Failures = 53, Children = 31, Signals = 17;

    private static readonly string s_script = $"""
        i=0; while [ $i -lt {Changes} ]; do cd .; i=$((i + 1)); done
        i=0; while [ $i -lt {Failures} ]; do cd /missing; i=$((i + 1)); done 2>/dev/null
        i=0; while [ $i -lt {Children} ]; do (exit 0); i=$((i + 1)); done
        trap : USR1
        i=0; while [ $i -lt {Signals} ]; do kill -USR1 $$; i=$((i + 1)); done
        /bin/true
        """;

    // Three calls that a handler ends; one that goes on after a handler, and one that a signal kills, of another kind.
    private const string Interrupted = """
        import os, signal, socket, time
        a, b = socket.socketpair()
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        for _ in range(3): signal.pause()
        signal.siginterrupt(signal.SIGALRM, False)
        writer = os.fork()
        if writer == 0:
            time.sleep(0.2)
            b.send(b"x")
            os._exit(0)
        a.recv(1)
        signal.setitimer(signal.ITIMER_REAL, 0)
        reader = os.fork()
        if reader == 0: a.recv(1)
        while open(f"/proc/{reader}/syscall").read().split()[0] != "45": time.sleep(0.01)
        os.kill(reader, signal.SIGKILL)
        for child in writer, reader: os.waitpid(child, 0)
        """;

    [Fact]
    public void Calls_are_those_that_strace_counts()
    {
        Programs.NeedRoot();
        string table = Path.GetTempFileName();
        using var strace = RunningProgram.Run(Programs.Find("strace", "strace"), "-f", "-c", "-o", table, "/bin/sh", "-c", s_script);
        Assert.Equal(0, strace.ExitCode);

        // "% time, seconds, usecs/call, calls, errors, syscall", of which the errors are empty where there are none.
        var theirs = File.ReadLines(table).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(static fields => fields is [var share, _, _, _, .., not "total"] && char.IsAsciiDigit(share[0]))
            .ToDictionary(static fields => fields[^1], static fields => (long.Parse(fields[3]), fields.Length > 5 ? long.Parse(fields[4]) : 0));
        File.Delete(table);
        Dictionary<string, long> ours = Counts(), timed = Counts("-L"), failed = Counts("-x");
        Assert.Equal(ours, timed);

        // It does not show a call that does not return. What it counts as failed is what the kernel began anew, too; there is none here.
        Assert.Equal(Children + 2, ours["exit_group"]);
        ours.Remove("exit_group");
        Assert.Equal(theirs.OrderBy(static one => one.Key).Select(static one => (one.Key, one.Value.Item1)), ours.OrderBy(static one => one.Key).Select(static one => (one.Key, one.Value)));

        // To strace rt_sigreturn fails with what it puts back into the register of the result.
        theirs.Remove("rt_sigreturn");
        Assert.Equal(theirs.Where(static one => one.Value.Item2 > 0).OrderBy(static one => one.Key).Select(static one => (one.Key, one.Value.Item2)),
            failed.OrderBy(static one => one.Key).Select(static one => (one.Key, one.Value)));

        // The shell has a handler for the end of a child, too.
        Assert.Equal((Changes + Failures, (long)Failures), (ours["chdir"], failed["chdir"]));
        Assert.InRange(ours["rt_sigreturn"], Signals, Signals + Children + 1);
    }

    [Theory]
    [InlineData]
    [InlineData("-L")]
    public void Interrupted_calls_end_once(params string[] options)
    {
        Programs.NeedRoot();
        string[] command = [Programs.Find("python3", "python3-minimal"), "-c", Interrupted];
        Dictionary<string, long> all = Counts(command, options), failed = Counts(command, [.. options, "-e", "EINTR"]);
        Assert.Equal((3L, 2L), (all["pause"], all["recvfrom"]));
        Assert.Equal([KeyValuePair.Create("pause", 3L)], failed);
    }

    [Theory]
    [InlineData]
    [InlineData("-L")]
    public void A_call_that_is_stopped_and_goes_on_keeps_its_name(params string[] options)
    {
        Programs.NeedRoot();
        const string Script = "sleep 0.5 & s=$!; state() { until read -r _ c t _ </proc/$s/stat && [ \"$c $t\" = \"(sleep) $1\" ]; do :; done; }; "
            + "for i in 1 2 3; do state S; kill -STOP $s; state T; kill -CONT $s; done; wait";
        Dictionary<string, long> counts = Counts(["/bin/sh", "-c", Script], options);
        Assert.Equal((1L, false), (counts["clock_nanosleep"], counts.ContainsKey("restart_syscall")));
    }

    [Fact]
    public void Times_are_those_that_a_program_sleeps()
    {
        Programs.NeedRoot();
        using var traced = Trace(["/bin/sh", "-c", "for i in 1 2 3; do sleep 0.05; done"], ["-L", "--syscall", "clock_nanosleep"]);
        JsonElement record = Assert.Single(Workload.Parse(traced.Output), static record => record.Text("type") == "histogram");
        Assert.Equal((3L, "clock_nanosleep"), (record.GetProperty("count").GetInt64(), record.GetProperty("key").Text("syscall")));
        Assert.InRange(record.GetProperty("sum_ns").GetInt64(), 150_000_000, 30_000_000_000);
    }

    [Fact]
    public void Processes_keep_their_names_when_they_have_ended()
    {
        Programs.NeedRoot();
        using var traced = Trace(["/bin/sh", "-c", s_script], ["-P"]);
        JsonElement[] counts = [.. Workload.Parse(traced.Output).Where(static record => record.Text("type") == "count")];
        Assert.Equal(Children + 2, counts.Length);
        Assert.Equal(["sh", "true"], counts.Select(static count => count.Text("name")).Distinct().Order());
        Assert.All(counts, static count => Assert.True(count.Number("pid") > 1));
        Assert.Equal(Counts().Values.Sum(), counts.Sum(static count => count.GetProperty("count").GetInt64()));
    }

    [Theory]
    [InlineData("-p", true)]
    [InlineData("-t", true)]
    [InlineData("--ppid", true)]
    [InlineData("-p", false)]
    [InlineData("--ppid", false)]
    public void Only_what_was_asked_for(string option, bool itself)
    {
        Programs.NeedRoot();
        const int Lines = 17;
        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "while read -r line; do cd .; done"]) { RedirectStandardInput = true })!;
        using Process other = Process.Start("/bin/sleep", "1000");
        int chosen = (option, itself) switch { ("--ppid", true) => Environment.ProcessId, (_, true) => shell.Id, _ => other.Id };
        using var tool = RunningProgram.Start(Programs.Direct, "syscount", option, $"{chosen}", "--syscall", "chdir", "--budget", "off");
        tool.WaitFor("Tracing");
        for (int i = 0; i < Lines; i++)
        {
            shell.StandardInput.Write('\n');
        }

        shell.StandardInput.Close();
        shell.WaitForExit();
        if (option == "-p" && itself)
        {
            // Its end is that of the tool.
            tool.WaitForExit();
        }
        else
        {
            tool.Stop();
        }

        Assert.Contains(itself ? $"total {Lines}\n" : "\n(no events)\n", tool.Output, StringComparison.Ordinal);
        other.Kill();
        other.WaitForExit();
    }

    [Fact]
    public void The_list_needs_no_privileges()
    {
        using var list = RunningProgram.Run(Programs.Direct, "syscount", "-l");
        Assert.Equal((0, ""), (list.ExitCode, list.Errors));
        Assert.Superset(new HashSet<string>(["read", "fstat", "exit_group", "waitpid"]), new HashSet<string>(list.Output.Split('\n')));
    }

    private static Dictionary<string, long> Counts(params string[] options) => Counts(["/bin/sh", "-c", s_script], options);

    private static Dictionary<string, long> Counts(string[] command, string[] options)
    {
        using RunningProgram traced = Trace(command, options);
        return Workload.Parse(traced.Output).Where(static record => record.Text("type") is "count" or "histogram").ToDictionary(
            static record => (record.Text("type") == "count" ? record.Text("name") : record.GetProperty("key").Text("syscall"))!,
            static record => record.GetProperty("count").GetInt64());
    }

    private static RunningProgram Trace(string[] command, string[] options)
    {
        RunningProgram traced = RunningProgram.Run(Programs.Direct, ["syscount", "--json", "-o", "-", "--budget", "off", .. options, "--", .. command]);
        Assert.True(traced.ExitCode == 0, traced.Output + traced.Errors);
        return traced;
    }
}
