using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using Fathom.Attachments;
using Fathom.Format.Linux;
using Fathom.Runtime;
using Fathom.Runtime.Interop;
using Fathom.Tools.FuncCount;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Tests.Events;
using Fathom.Workloads;
using Xunit;

namespace Fathom.Tools.Tests.FuncCount;

/// <summary>In whose memory breakpoints are, and that the calls of those are counted exactly.</summary>
[Collection("events")]
public sealed class FuncCountReachTests : IDisposable
{
    private const int Calls = 17, ThreadCalls = 19, ChildCalls = 23;

    private readonly string _folder = Workload.Folder();
    private readonly string _library;

    public FuncCountReachTests()
    {
        Programs.NeedRoot();
        _library = _folder + "/libreach.so";
        TestLibrary.Write(_library, 20, slow: false);
    }

    private string Pattern => _library + ":f10";

    public void Dispose() => Workload.Remove(_folder);

    [Fact]
    public void With_a_process_the_breakpoints_are_in_it_alone()
    {
        using Obedient traced = Obedient.Start(_library, _folder + "/a"), bystander = Obedient.Start(_library, _folder + "/b");
        Assert.Equal((false, false), (traced.HasBreakpoint(), bystander.HasBreakpoint()));
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, "funccount", "--budget", "off", "-p", $"{traced.Id}", Pattern);
        tool.WaitFor("Tracing 1 function");
        Assert.Equal((true, false), (traced.HasBreakpoint(), bystander.HasBreakpoint()));
        traced.Do($"call {Calls}");
        traced.Do($"thread {ThreadCalls}");
        bystander.Do($"call {Calls}");

        // A child has the breakpoints of its parent in its copy of the memory; it is another process all the same.
        Assert.True(traced.HasBreakpoint(traced.Fork(ChildCalls)));
        traced.Do("go");
        tool.Stop();
        Assert.Equal((ulong)(Calls + ThreadCalls), CountOf(tool));
        Assert.Equal((false, false), (traced.HasBreakpoint(), bystander.HasBreakpoint()));
        Assert.Matches(@"^fathom: each hit costs about [0-9.]+ u?n?s \((measured on this machine|an estimate)\), in process [0-9]+\n$", tool.Errors);
    }

    [Fact]
    public void With_a_command_the_breakpoints_are_in_its_processes_alone()
    {
        using Obedient bystander = Obedient.Start(_library, _folder + "/b");
        string fifo = _folder + "/a";
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, ["funccount", "--budget", "off", "--json", "-o", "-", "-i", "0.05", Pattern, "--", .. Obedient.Command(_library, fifo)]);
        using Obedient traced = Obedient.Of(tool, fifo, () => FindByArgument(fifo));
        Assert.Equal((true, false), (traced.HasBreakpoint(), bystander.HasBreakpoint()));
        traced.Do($"call {Calls}");
        traced.Do($"thread {ThreadCalls}");
        bystander.Do($"call {Calls}");

        // Once it is attached to, nothing of a child is missed.
        traced.Fork(ChildCalls);
        tool.WaitFor("\"late\"");
        traced.Do("go");
        Assert.False(bystander.HasBreakpoint());
        traced.End();
        Assert.Equal((ulong)(Calls + ThreadCalls + ChildCalls), CountOf(tool));
        Assert.DoesNotContain("unattached", tool.Output, StringComparison.Ordinal);
        Assert.False(bystander.HasBreakpoint());
    }

    [Fact]
    public void A_program_that_the_command_starts_is_counted_too()
    {
        // The shell is the command; the program is a child that is forked and executed.
        string fifo = _folder + "/a";
        string[] program = Obedient.Command(_library, fifo);
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, ["funccount", "--budget", "off", "--json", "-o", "-", Pattern, "--", "/bin/sh", "-c", $"{string.Join(' ', program)}; exit 3"]);
        using Obedient traced = Obedient.Of(tool, fifo, () => FindByArgument(fifo));
        WaitUntil(traced.HasBreakpoint);
        traced.Do($"call {Calls}");
        traced.End();
        Assert.Equal((ulong)Calls, CountOf(tool));
        Assert.Contains("\"late\"", tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void With_all_processes_nothing_of_a_child_is_missed()
    {
        using RunningProgram tool = RunningProgram.Run(
            Programs.Direct, "funccount", "--budget", "off", "--json", "-o", "-", "--all-processes", Pattern, "--", "/bin/sh", "-c",
            $"{Workload.Program} calls {_library} 11 3; {Workload.Program} calls {_library} 11 4");
        Assert.Equal((ulong)(7 * Primes.OfFunction(10)), CountOf(tool));
        Assert.DoesNotContain("\"late\"", tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void With_a_command_name_the_breakpoints_are_in_the_processes_that_have_it()
    {
        using Obedient first = Obedient.Start(_library, _folder + "/a"), later = Obedient.Start(_library, _folder + "/c"), bystander = Obedient.Start(_library, _folder + "/b");
        first.Do("name fathom-named");
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, "funccount", "--budget", "off", "--comm", "fathom-named", Pattern);
        tool.WaitFor("Tracing 1 function");
        Assert.Equal((true, false, false), (first.HasBreakpoint(), later.HasBreakpoint(), bystander.HasBreakpoint()));
        first.Do($"call {Calls}");
        bystander.Do($"call {Calls}");
        later.Do($"call {Calls}");

        // It gets the name only now.
        later.Do("name fathom-named");
        WaitUntil(later.HasBreakpoint);
        later.Do($"call {ThreadCalls}");
        Assert.False(bystander.HasBreakpoint());
        tool.Stop();
        Assert.Equal((ulong)(Calls + ThreadCalls), CountOf(tool));
    }

    [Fact]
    public void With_a_cgroup_the_breakpoints_are_in_its_processes()
    {
        string? mount = new Fathom.Tools.Shared.Cgroups().Mount();
        Assert.SkipWhen(mount is null, "No cgroup2 is mounted.");
        string cgroup = $"{mount}/fathom-test-{Environment.ProcessId}";
        Directory.CreateDirectory(cgroup);
        try
        {
            using Obedient first = Obedient.Start(_library, _folder + "/a"), later = Obedient.Start(_library, _folder + "/c"), bystander = Obedient.Start(_library, _folder + "/b");
            File.WriteAllText(cgroup + "/cgroup.procs", $"{first.Id}");
            using RunningProgram tool = RunningProgram.Start(Programs.Direct, "funccount", "--budget", "off", "--cgroup", cgroup, Pattern);
            tool.WaitFor("Tracing 1 function");
            Assert.Equal((true, false, false), (first.HasBreakpoint(), later.HasBreakpoint(), bystander.HasBreakpoint()));
            first.Do($"call {Calls}");
            bystander.Do($"call {Calls}");
            File.WriteAllText(cgroup + "/cgroup.procs", $"{later.Id}");
            WaitUntil(later.HasBreakpoint);
            later.Do($"call {ThreadCalls}");
            Assert.False(bystander.HasBreakpoint());
            tool.Stop();
            Assert.Equal((ulong)(Calls + ThreadCalls), CountOf(tool));
        }
        finally
        {
            WaitUntil(() => File.ReadAllText(cgroup + "/cgroup.procs").Length == 0);
            Directory.Delete(cgroup);
        }
    }

    [Fact]
    public void A_process_in_which_another_thread_begins_a_program_is_counted_once()
    {
        string fifo = _folder + "/a";
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, ["funccount", "--budget", "off", "--json", "-o", "-", "-i", "0.05", Pattern, "--", .. Obedient.Command(_library, fifo)]);
        using Obedient traced = Obedient.Of(tool, fifo, () => FindByArgument(fifo));
        traced.Do($"call {Calls}");
        traced.Execute();
        tool.WaitFor("\"late\"");
        traced.Do($"thread {ThreadCalls}");
        traced.End();
        Assert.Equal((ulong)(Calls + ThreadCalls), CountOf(tool));
    }

    [Theory]
    [InlineData("--comm")]
    [InlineData("--")]
    public void A_move_into_the_cgroup_that_is_asked_for_beside_something_else_attaches_only_to_who_meets_both(string beside)
    {
        string? mount = new Fathom.Tools.Shared.Cgroups().Mount();
        Assert.SkipWhen(mount is null, "No cgroup2 is mounted.");
        string cgroup = $"{mount}/fathom-test-both-{Environment.ProcessId}", fifo = _folder + "/a";
        Directory.CreateDirectory(cgroup);
        try
        {
            string[] command = Obedient.Command(_library, fifo);
            using RunningProgram? own = beside == "--comm" ? RunningProgram.Start(command[0], command[1..]) : null;
            using Obedient? named = own is null ? null : Obedient.Of(own, fifo, () => own.Id);
            named?.Do("name fathom-both");
            using RunningProgram tool = RunningProgram.Start(
                Programs.Direct, ["funccount", "--budget", "off", "--cgroup", cgroup, Pattern, .. own is null ? (string[])["--", .. command] : ["--comm", "fathom-both"]]);
            using Obedient? commanded = own is null ? Obedient.Of(tool, fifo, () => FindByArgument(fifo)) : null;
            Obedient traced = named ?? commanded!;
            tool.WaitFor("Tracing 1 function");
            using Obedient other = Obedient.Start(_library, _folder + "/o");
            traced.Do($"call {Calls}");

            // Told in the order of the moves: when the second is attached to, the first has been seen.
            File.WriteAllText(cgroup + "/cgroup.procs", $"{other.Id}");
            File.WriteAllText(cgroup + "/cgroup.procs", $"{traced.Id}");
            WaitUntil(traced.HasBreakpoint);
            Assert.False(other.HasBreakpoint());
            traced.Do($"call {ThreadCalls}");
            if (commanded is not null)
            {
                commanded.End();
            }
            else
            {
                tool.Stop();
            }

            Assert.Equal((ulong)ThreadCalls, CountOf(tool));
            Assert.Equal(0, tool.ExitCode);
            named?.End();
        }
        finally
        {
            WaitUntil(() => File.ReadAllText(cgroup + "/cgroup.procs").Length == 0);
            Directory.Delete(cgroup);
        }
    }

    [Fact]
    public void The_first_of_all_cgroups_is_everywhere_and_said_to_be()
    {
        using RunningProgram tool = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", "--cgroup", "/", "-d", "0.1", Pattern);
        Assert.Contains("in every process that uses", tool.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void More_processes_than_may_be_open_are_said_and_end_nothing()
    {
        // 72 descriptors leave room for a few links; the children need none of the library to be attached to.
        Assert.SkipUnless(Programs.IsNative, "The .NET runtime needs more before the program begins.");
        using RunningProgram tool = RunningProgram.Run(
            Programs.Find("prlimit", "util-linux"), "--nofile=72", Programs.Direct, "funccount", "--budget", "off", Pattern, "--", "/bin/sh", "-c",
            "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do sleep 1 & done; wait; exit 3");
        Assert.True(tool.ExitCode == 3, tool.Output + tool.Errors);
        Assert.Contains("were not attached to", tool.Output + tool.Errors, StringComparison.Ordinal);
        Assert.Contains("as many as can be attached to at a time", tool.Output + tool.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_that_no_file_could_be_opened_for_is_said_and_the_next_one_is_attached_to()
    {
        bool isFull = false;
        var kernel = new Kernel(new SelectiveCalls { Refuses = (command, _) => Volatile.Read(ref isFull) && command == BpfCommand.LinkCreate ? Errno.EMFILE : 0 });
        using Obedient traced = Obedient.Start(_library, _folder + "/a");
        var request = new ToolRequest { ProcessTree = traced.Id };
        Matches matches = new MatchFinder(kernel).UserFunctions(FuncCountTarget.Parse(Pattern, isRegex: false), traced.Id, out UserFile file);
        var attacher = new FuncCountAttacher(kernel, new(), new TaskFilterSetup(request), static _ => { }, CancellationToken.None);
        using FuncCountProbeSource source = attacher.AttachUserPlaces(matches.Countables, isStatic: false, file.Path, FuncCountScope.Of(request));
        Dictionary<string, Loss> Losses() => source.ReadLosses().ToDictionary(static loss => loss.Kind);

        traced.Do($"call {Calls}");
        Volatile.Write(ref isFull, true);
        traced.Fork(ChildCalls);
        WaitUntil(() => Losses()["unattached"].Count == 1);
        Assert.Contains("EMFILE", Losses()["unattached"].Text, StringComparison.Ordinal);
        traced.Do("go");
        Volatile.Write(ref isFull, false);
        traced.Fork(ChildCalls);
        WaitUntil(() => Losses()["late"].Count == 1);
        traced.Do("go");
        source.EndFollowing();
        Assert.Equal(((ulong)(Calls + ChildCalls), 1UL, 1UL), (source.Read().GetValueOrDefault(0UL), Losses()["late"].Count, Losses()["unattached"].Count));
    }

    [Fact]
    public void A_process_whose_first_thread_has_ended_is_said_to_be_and_counted_with_all_processes()
    {
        using Obedient traced = Obedient.Start(_library, _folder + "/a");
        traced.Do("leave");
        using RunningProgram refused = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", "-d", "0.1", "-p", $"{traced.Id}", Pattern);
        Assert.Equal(1, refused.ExitCode);
        Assert.StartsWith($"fathom: the first thread of process {traced.Id} has ended while others run", refused.Errors, StringComparison.Ordinal);
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, "funccount", "--budget", "off", "--all-processes", "-p", $"{traced.Id}", Pattern);
        tool.WaitFor("Tracing 1 function");
        traced.Do($"call {Calls}");
        tool.Stop();
        Assert.Equal((ulong)Calls, CountOf(tool));
    }

    [Fact]
    public void Who_pays_is_told_before()
    {
        using Obedient one = Obedient.Start(_library, _folder + "/a"), other = Obedient.Start(_library, _folder + "/b");
        using RunningProgram tool = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", "-d", "0.1", Pattern);
        Assert.StartsWith(
            $"fathom: attaching to 1 function in every process that uses {_library} (at least 2 use it now): each call there takes longer, whoever is counted; "
            + "-p PID keeps it to one process\nfathom: each hit costs about ", tool.Errors, StringComparison.Ordinal);
        using RunningProgram kept = RunningProgram.Run(Programs.Direct, "funccount", "--budget", "off", "-d", "0.1", "-p", $"{one.Id}", "--all-processes", Pattern);
        Assert.Contains("whoever is counted\nfathom: each hit costs about ", kept.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void What_prices_are_measured_with_costs_nobody()
    {
        using Obedient traced = Obedient.Start(_library, _folder + "/a");
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, "funccount", "--budget", "off", "--json", "-p", $"{traced.Id}", Pattern);
        tool.WaitForError("each hit costs about");
        Assert.True(SpinWait.SpinUntil(() => traced.HasBreakpoint(), 30_000));
        traced.Do($"call {Calls}");
        tool.Stop();
        JsonElement cost = tool.Output.Split('\n').Where(static line => line.StartsWith('{')).Select(static line => JsonDocument.Parse(line).RootElement).Single(static record => record.Text("type") == "cost");
        Assert.Equal((ulong)Calls, cost.GetProperty("programs").EnumerateArray().Aggregate(0UL, static (sum, one) => sum + one.GetProperty("runs").GetUInt64()));
    }

    private static ulong CountOf(RunningProgram tool)
    {
        tool.WaitForExit();
        ulong sum = 0;
        foreach (string line in tool.Output.Split('\n').Where(static line => line.StartsWith("f10 ", StringComparison.Ordinal)))
        {
            sum += ulong.Parse(line.AsSpan(4));
        }

        foreach (JsonElement record in Workload.Parse(tool.Output).Where(static record => record.Text("type") == "count"))
        {
            Assert.Equal("f10", record.Text("name"));
            sum += record.GetProperty("count").GetUInt64();
        }

        return sum;
    }

    private static int FindByArgument(string argument) => Directory.EnumerateDirectories("/proc")
        .Select(static path => int.TryParse(Path.GetFileName(path), out int process) ? process : 0)
        .Where(static process => process != 0)
        .Single(process => IsObedient(process, argument));

    private static bool IsObedient(int process, string argument)
    {
        try
        {
            string[] words = File.ReadAllText($"/proc/{process}/cmdline").Split('\0');
            return words.Length > 3 && words[1] == "obey" && words[3] == argument;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void WaitUntil(Func<bool> condition)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), "It did not come to that within 30 s.");
            Thread.Sleep(5);
        }
    }
}
