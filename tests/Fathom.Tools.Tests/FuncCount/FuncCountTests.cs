using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Fathom.Tools.Tests.Events;
using Fathom.Workloads;
using Xunit;

namespace Fathom.Tools.Tests.FuncCount;

/// <summary>The tool on a library whose functions are called known prime numbers of times.</summary>
[Collection("events")]
public sealed partial class FuncCountTests : IDisposable
{
    private const int Functions = 1000;
    private const int Threads = 3;

    private readonly string _folder = Workload.Folder();
    private readonly string _library;

    public FuncCountTests()
    {
        _library = _folder + "/libprimes.so";
        TestLibrary.Write(_library, Functions, slow: false);
    }

    public void Dispose() => Workload.Remove(_folder);

    [Fact]
    public void A_thousand_functions_called_by_three_threads_are_counted_exactly()
    {
        Dictionary<string, ulong> counts = Count([$"{_library}:*"], "calls", _library, $"{Functions}", $"{Threads}");
        Assert.Equal(Functions, counts.Count);
        for (int i = 0; i < Functions; i++)
        {
            Assert.Equal((ulong)(Threads * Primes.OfFunction(i)), counts[$"f{i}"]);
        }
    }

    [Fact]
    public void Only_what_matches_is_counted()
    {
        string[] Names(params string[] options) => [.. Count(options, "calls", _library, $"{Functions}", "1").Keys.Order(StringComparer.Ordinal)];
        Assert.Equal(["f7", "f77", "f777"], Names("-r", _library + ":f7+$"));
        Assert.Equal(["f420", "f421", "f422"], Names(_library + ":f42[0-2]"));
        Assert.Equal(["f99"], Names($"p:{_library}:f99"));
    }

    [Fact]
    public void Static_probes_are_counted_exactly_with_and_without_a_semaphore()
    {
        Dictionary<string, ulong> counts = Count([$"u:{_library}:probe*"], "calls", _library, $"{Functions}", $"{Threads}");
        Assert.Equal(TestLibrary.Probes, counts.Count);
        for (int i = 0; i < TestLibrary.Probes; i++)
        {
            Assert.Equal((ulong)(Threads * Primes.OfFunction(i)), counts[$"test:probe{i}"]);
        }

        Assert.Equal(["test:probe3"], Count([$"u:{_library}:test:probe3"], "calls", _library, "9", "1").Keys);
    }

    [Fact]
    public void A_semaphore_is_up_while_somebody_counts()
    {
        Programs.NeedRoot();

        // The probes with one look at it themselves nowhere: the counter in the process's own memory is what says it.
        using RunningProgram holder = RunningProgram.Start(Workload.Program, "semaphores", _library, "1");
        holder.WaitFor("ready");
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, "funccount", "--budget", "off", $"u:{_library}:probe1");
        tool.WaitFor("Tracing 1 static probe");
        holder.WaitFor("up");
        tool.Stop();
        holder.WaitFor("down");
    }

    [Fact]
    public void A_function_that_must_be_single_stepped_is_told_before()
    {
        string slow = _folder + "/libslow.so";
        TestLibrary.Write(slow, Functions, slow: true);
        using RunningProgram traced = Workload.Trace(["funccount", slow + ":*"], "calls", slow, $"{Functions}", "1");
        Assert.Matches("^fathom: 10 of 1000 functions begin with an instruction that the kernel must run one step at a time.*several times", traced.Errors);
        Assert.Contains($"f97 {Primes.OfFunction(97),40}\n".Replace(" ", "", StringComparison.Ordinal), traced.Output.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--comm no-such-name")]
    [InlineData("-p SELF")]
    public void A_filter_that_lets_nothing_through_shows_nothing(string filter)
    {
        Programs.NeedRoot();
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, ["funccount", "--budget", "off", .. filter.Replace("SELF", $"{Environment.ProcessId}", StringComparison.Ordinal).Split(' '), _library + ":*"]);
        tool.WaitFor("Tracing");
        RunningProgram.Run(Workload.Program, "calls", _library, "100", "1").Dispose();
        tool.Stop();
        Assert.Equal(0, tool.ExitCode);
        Assert.Equal([], TextRows(tool.Output));
    }

    [Fact]
    public void Of_one_process_every_thread_counts_and_no_other_process()
    {
        Programs.NeedRoot();
        using RunningProgram waiting = RunningProgram.Start("/bin/sh", "-c", $"read go < {Fifo()}; exec {Workload.Program} calls {_library} 100 2");
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, "funccount", "--budget", "off", "-p", $"{waiting.Id}", _library + ":*");
        tool.WaitFor("Tracing");
        RunningProgram.Run(Workload.Program, "calls", _library, "100", "1").Dispose();
        File.WriteAllText(Fifo(), "go\n");
        waiting.WaitForExit();
        tool.Stop();
        Dictionary<string, ulong> counts = TextRows(tool.Output);
        Assert.Equal(100, counts.Count);
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal((ulong)(2 * Primes.OfFunction(i)), counts[$"f{i}"]));
    }

    [Fact]
    public void Intervals_add_up_to_the_whole()
    {
        Programs.NeedRoot();
        using RunningProgram traced = Workload.Trace(["funccount", "--json", "-i", "0.02", _library + ":*"], "calls", _library, $"{Functions}", $"{Threads}");
        (string, ulong)[] rows = [.. Rows(traced.Output)];
        Assert.Equal(Threads * Enumerable.Range(0, Functions).Sum(Primes.OfFunction), rows.Sum(static row => (long)row.Item2));
        Assert.Equal(Functions, rows.Select(static row => row.Item1).Distinct().Count());
    }

    [Fact]
    public void Names_of_one_function_are_one_row()
    {
        Assert.Equal(["f0"], Count(["-r", _library + ":_?f0$"], "calls", _library, "1", "1").Keys);
        Assert.Equal(["_f0"], Count([_library + ":_f0"], "calls", _library, "1", "1").Keys);
    }

    [Fact]
    public void What_costs_the_machine_too_much_is_ended_with_what_was_counted()
    {
        Programs.NeedRoot();
        using RunningProgram busy = RunningProgram.Start(Workload.Program, "many", _library, "2000000000");
        using RunningProgram tool = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "1%", "-d", "30", _library + ":f10");
        Assert.Equal(3, tool.ExitCode);
        Assert.Matches(@"(?m)^fathom: tracing was ended after [0-9.]+ s, because it took about [0-9.]+ % of this machine's processor time, more than its budget of 1 %: ", tool.Errors);
        Assert.NotEmpty(TextRows(tool.Output));
    }

    [Theory]
    [InlineData(1, "no function matches '*:f1000'*; near to it are *", "LIB:f1000")]
    [InlineData(1, "the kernel has no function malloc, but the C library does: count it with 'c:malloc'", "malloc")]
    [InlineData(1, "no static probe matches 'u:*:probe9'; near to it are probe0, *", "u:LIB:probe9")]
    [InlineData(1, "1000 functions match *, more than 5: *", "-m", "5", "LIB:*")]
    [InlineData(1, "1000 functions match *every process that uses *-p, or fewer *--all-processes that it is meant", "LIB:*")]
    [InlineData(1, "read *: it is no program or library*", "/etc/passwd:f")]
    [InlineData(1, "read *: EISDIR: it is a directory.", "/etc:f")]
    [InlineData(1, "find /no/such: ENOENT: there is no such file.", "/no/such:f")]
    [InlineData(1, "find no-such-library: there is no library and no program of this name*", "no-such-library:f")]
    [InlineData(1, "no category of tracepoints matches 'scheb'; near to it are sched", "t:scheb:*")]
    [InlineData(1, "no tracepoint matches 't:sched:sched_swotch'; near to it are *sched_switch*", "t:sched:sched_swotch")]
    [InlineData(1, "there is no process 2147483647: *", "-p", "2147483647", "LIB:f1")]
    [InlineData(2, "\"(\" is not a valid regular expression: *; see fathom funccount --help", "-r", "LIB:(")]
    [InlineData(1, "there is no CPU 9999: *", "-c", "9999", "LIB:f1")]
    [InlineData(2, "funccount needs PATTERN: *", "-T")]
    public void Whatever_is_wrong_is_one_sentence(int exit, string sentence, params string[] arguments)
    {
        Programs.NeedRoot();
        using RunningProgram tool = RunningProgram.Run(Programs.Direct, ["funccount", "--budget", "off", "-d", "0.1", .. arguments.Select(word => word.Replace("LIB", _library, StringComparison.Ordinal))]);
        Assert.Matches("^fathom: " + Regex.Escape(sentence).Replace("\\*", ".*", StringComparison.Ordinal) + "\n$", tool.Errors);
        Assert.Equal((exit, ""), (tool.ExitCode, tool.Output));
    }

    [Fact]
    public void A_library_that_was_cut_short_is_refused()
    {
        Programs.NeedRoot();
        byte[] whole = File.ReadAllBytes(_library);
        foreach (int length in (int[])[0, 63, 100, 5000, 30_000, whole.Length - 100])
        {
            File.WriteAllBytes(_folder + "/cut.so", whole[..length]);
            using RunningProgram tool = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", "-d", "0.1", _folder + "/cut.so:*");
            Assert.Equal(1, tool.ExitCode);
            Assert.StartsWith("fathom: ", tool.Errors, StringComparison.Ordinal);
            Assert.Equal(1, tool.Errors.Count(static letter => letter == '\n'));
        }
    }

    [Fact]
    public void Tracepoints_are_counted_exactly()
    {
        Programs.NeedRoot();
        const int Children = 17;
        using RunningProgram traced = RunningProgram.Run(
            Programs.Direct, "funccount", "--budget", "off", "--json", "-o", "-", "t:sched:sched_process_*", "--", "/bin/sh", "-c", $"i=0; while [ $i -lt {Children} ]; do /bin/true; i=$((i+1)); done");
        Dictionary<string, ulong> counts = Parse(traced.Output);
        Assert.Equal((ulong)Children, counts["sched:sched_process_fork"]);
        Assert.Equal((ulong)(Children + 1), counts["sched:sched_process_exec"]);

        // What a process's end sets off is its own, too.
        Assert.Equal((ulong)(Children + 1), counts["sched:sched_process_exit"]);
    }

    [Fact]
    public void Tracepoints_need_no_tracefs_that_is_mounted()
    {
        Programs.NeedRoot();
        string unshare = Programs.Find("unshare", "util-linux");
        using RunningProgram traced = RunningProgram.Run(
            unshare, "--mount", "sh", "-c", $"umount /sys/kernel/tracing /sys/kernel/debug 2>/dev/null; exec {Programs.Direct} funccount 't:sched:sched_process_fork' -- /bin/true");
        Assert.True(traced.ExitCode == 0, traced.Errors);
        Assert.Contains("Tracing 1 tracepoint for", traced.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void System_calls_are_those_that_strace_counts()
    {
        Programs.NeedRoot();
        string strace = Programs.Find("strace", "strace");
        string big = _folder + "/big", summary = _folder + "/strace";
        File.WriteAllLines(big, Enumerable.Range(0, 150_000).Select(static i => $"{i * 7919 % 1_000_003}"));

        // Both look at the same run. Its own name tells the program from strace, but not yet when it begins.
        using RunningProgram traced = RunningProgram.Run(
            Programs.Direct, "funccount", "--budget", "off", "--json", "-o", "-", "--comm", "sort", "t:syscalls:sys_enter_*", "--", strace, "-f", "-c", "-U", "name,calls", "-o", summary,
            "/usr/bin/sort", "--parallel=3", "-o", "/dev/null", big);
        Assert.True(traced.ExitCode == 0, traced.Errors);
        Dictionary<string, ulong> ours = Parse(traced.Output).ToDictionary(static pair => pair.Key["syscalls:sys_enter_".Length..], static pair => pair.Value);
        Dictionary<string, ulong> theirs = StraceLine().Matches(File.ReadAllText(summary)).Where(static match => match.Groups["name"].Value != "total")
            .ToDictionary(static match => NameOfTracepoint(match.Groups["name"].Value), static match => ulong.Parse(match.Groups["calls"].Value));

        // Calls that do not return have no end that strace could count, and the first one is still strace's own.
        ours.Remove("exit_group");
        ours.Remove("exit");
        theirs.Remove("execve");
        Assert.True(theirs.ContainsKey("clone3") || theirs.ContainsKey("clone"), "sort has no threads here");
        Assert.Equal(theirs.OrderBy(static pair => pair.Key), ours.OrderBy(static pair => pair.Key));
    }

    [Fact]
    public void The_numbers_of_system_calls_are_those_of_this_kernel()
    {
        Programs.NeedRoot();
        using RunningProgram listed = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", "t:syscalls:*", "-d", "0.01");
        Assert.Equal(0, listed.ExitCode);
        Assert.DoesNotContain("not known", listed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_what_runs_on_a_cpu_is_counted_with_c()
    {
        Programs.NeedRoot();
        string taskset = Programs.Find("taskset", "util-linux");
        Dictionary<string, ulong> On(string cpu)
        {
            using RunningProgram traced = RunningProgram.Run(
                Programs.Direct, "funccount", "--budget", "off", "--json", "-o", "-", "-c", "0", _library + ":*", "--", taskset, "-c", cpu, Workload.Program, "calls", _library, "100", "1");
            Assert.True(traced.ExitCode == 0, traced.Errors);
            return Parse(traced.Output);
        }

        Assert.Equal(100, On("0").Count);
        Assert.SkipUnless(Environment.ProcessorCount > 1, "This machine has one CPU.");
        Assert.Empty(On("1"));
    }

    [Fact]
    public void What_it_prints_is_the_classic_table()
    {
        using RunningProgram traced = Workload.Trace(["funccount", _library + ":f[0-4]"], "calls", _library, "5", "1");
        Assert.Equal(
            $"""
            Tracing 5 functions for "{_library}:f[0-4]"... Hit Ctrl-C to end.

            FUNC                                    COUNT
            f0                                          2
            f1                                          3
            f2                                          5
            f3                                          7
            f4                                         11

            """, traced.Output);
        Assert.Matches(@"^fathom: each hit costs about [0-9.]+ u?n?s \((measured on this machine|an estimate)\), in the processes of the command(; the budget of 5 % is used up by [0-9,]+ a second)?\n$", traced.Errors);
    }

    [Fact]
    public void Nothing_stays_in_the_kernel()
    {
        Programs.NeedRoot();
        Count([_library + ":*"], "calls", _library, "100", "1");
        Count(["t:sched:*"], "calls", _library, "1", "1");
        LoadedPrograms.MustAllHaveAnOwner();
    }

    private static Dictionary<string, ulong> Count(string[] options, params string[] workload)
    {
        using RunningProgram traced = Workload.Trace(["funccount", "--json", .. options], workload);
        return Parse(traced.Output);
    }

    private static Dictionary<string, ulong> Parse(string output) => Rows(output).ToDictionary();

    private static IEnumerable<(string, ulong)> Rows(string output) => Workload.Parse(output)
        .Where(static record => record.Text("type") == "count").Select(static record => (record.Text("name")!, record.GetProperty("count").GetUInt64()));

    private static string NameOfTracepoint(string call) => call switch
    {
        "stat" or "fstat" or "lstat" or "uname" => "new" + call,
        "umount2" => "umount",
        "sendfile" => "sendfile64",
        _ => call,
    };

    private static Dictionary<string, ulong> TextRows(string output) => TextRow().Matches(output)
        .ToDictionary(static match => match.Groups["name"].Value, static match => ulong.Parse(match.Groups["count"].Value));

    private string Fifo()
    {
        string fifo = _folder + "/go";
        if (!File.Exists(fifo))
        {
            RunningProgram.Run("/usr/bin/mkfifo", fifo).Dispose();
        }

        return fifo;
    }

    [GeneratedRegex(@"^(?<name>f[0-9]+) +(?<count>[0-9]+)$", RegexOptions.Multiline)]
    private static partial Regex TextRow();

    [GeneratedRegex(@"^\s*(?<name>[a-z_0-9]+)\s+(?<calls>[0-9]+)\s*$", RegexOptions.Multiline)]
    private static partial Regex StraceLine();
}
