using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Fathom.Runtime;
using Fathom.Tools.FuncCount;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Tests.Events;
using Fathom.Workloads;
using Xunit;

namespace Fathom.Tools.Tests.FuncCount;

/// <summary>The end, asked for at any time.</summary>
[Collection("events")]
public sealed class FuncCountStopTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Workload.Folder();
    private readonly string _library;

    public FuncCountStopTests()
    {
        _library = _folder + "/libstop.so";
        TestLibrary.Write(_library, 1000, slow: false);
    }

    public void Dispose() => Workload.Remove(_folder);

    [Fact]
    public void Counting_stops_at_once_and_not_only_when_all_is_detached()
    {
        Programs.NeedRoot();
        using Obedient traced = Obedient.Start(_library, _folder + "/a");
        using var stop = new CancellationTokenSource();
        var request = new ToolRequest { Pid = traced.Id, Stop = stop.Token };
        var attacher = new FuncCountAttacher(Kernel.Running, new(), new TaskFilterSetup(request), static _ => { }, stop.Token);
        Matches matches = new MatchFinder(Kernel.Running).UserFunctions(FuncCountTarget.Parse(_library + ":f10", isRegex: false), traced.Id, out UserFile file);
        using FuncCountProbeSource source = attacher.AttachUserPlaces(matches.Countables, isStatic: false, file.Path, FuncCountScope.Of(request));
        ulong Read() => source.Read().GetValueOrDefault(0UL);

        traced.Do("call 17");
        Assert.Equal(17UL, Read());
        stop.Cancel();
        Assert.True(traced.HasBreakpoint());
        traced.Do("call 19");
        Assert.Equal(17UL, Read());
    }

    [Fact]
    public async Task Who_asks_for_the_end_does_not_wait_for_the_kernel()
    {
        using var stop = new CancellationTokenSource();
        using var began = new ManualResetEventSlim();
        using var kernel = new ManualResetEventSlim();
        CancellationToken over = TestContext.Current.CancellationToken;
        Task<FuncCountStart> run = Task.Run(
            () => FuncCountStart.Run(new ToolRequest { Stop = stop.Token }, _ =>
            {
                began.Set();
                kernel.Wait(over);
                throw new CannotRunException("what nobody wants to know any more");
            }),
            over);
        began.Wait(over);
        Assert.False(run.IsCompleted);
        await stop.CancelAsync();
        FuncCountStart start = await run.WaitAsync(s_patience, over);
        kernel.Set();
        start.Dispose();
    }

    [Fact]
    public void An_error_while_attaching_is_that_of_the_tool()
    {
        var e = Assert.Throws<CannotRunException>(() => FuncCountStart.Run(new ToolRequest(), static _ => throw new CannotRunException("a reason")));
        Assert.Equal("a reason", e.Message);
    }

    [Fact]
    public void What_costs_the_machine_too_much_while_the_rest_is_being_attached_to_is_ended()
    {
        Programs.NeedRoot();
        using RunningProgram busy = RunningProgram.Start(Workload.Program, "many", _library, "2000000000");
        var request = new ToolRequest { Pid = busy.Id };
        var clock = Stopwatch.StartNew();
        using FuncCountStart start = FuncCountStart.Run(request with { Budget = 0.01 }, start =>
        {
            var attacher = new FuncCountAttacher(Kernel.Running, new(), new TaskFilterSetup(request), source => start.Source = source, start.Stop);
            Matches matches = new MatchFinder(Kernel.Running).UserFunctions(FuncCountTarget.Parse(_library + ":f10", isRegex: false), busy.Id, out UserFile file);
            attacher.AttachUserPlaces(matches.Countables, isStatic: false, file.Path, FuncCountScope.Of(request));

            // As long as it takes the kernel to attach to the others.
            start.Stop.WaitHandle.WaitOne(s_patience);
        });
        using FuncCountProbeSource source = start.Source!;
        Assert.Matches("^tracing was ended after [0-9.]+ s, because it took about [0-9.]+ % of this machine's processor time, more than its budget of 1 %: ", start.Excess);
        Assert.True(clock.Elapsed < s_patience);
        ulong count = source.Read().GetValueOrDefault(0UL);
        Assert.NotEqual(0UL, count);
        Thread.Sleep(50);
        Assert.Equal(count, source.Read()[0]);
    }

    [Fact]
    public void Interrupted_while_it_attaches_it_attaches_nothing_more_and_prints_the_table()
    {
        Programs.NeedRoot();
        string strace = Programs.Find("strace", "strace"), log = _folder + "/log";
        using Obedient traced = Obedient.Start(_library, _folder + "/a");

        // Each call of the kernel that loads or attaches takes a third of a second longer, so that the first attempt to attach is not the last. It ends by
        // itself, should this test fail: who ends strace does not end it.
        using RunningProgram tool = RunningProgram.Start(
            strace, "-f", "-o", log, "-e", "trace=bpf", "-e", "inject=bpf:delay_exit=300000", Programs.Direct, "funccount", "--budget", "off", "-d", "20", "-p", $"{traced.Id}", _library + ":*");
        var waited = Stopwatch.StartNew();
        while (!File.Exists(log) || !File.ReadAllText(log).Contains("BPF_LINK_CREATE", StringComparison.Ordinal))
        {
            Assert.True(waited.Elapsed < s_patience, tool.Output + tool.Errors);
            Thread.Sleep(5);
        }

        using (var kill = Process.Start("kill", ["-INT", $"{ChildOf(tool.Id)}"]))
        {
            kill.WaitForExit();
        }

        tool.WaitForExit();
        Assert.Equal(0, tool.ExitCode);
        Assert.Matches("^Tracing 0 functions for .*\n\n\\(no events\\)\n$", tool.Output);
        string[] lines = File.ReadAllLines(log);
        int interrupted = Array.FindIndex(lines, static line => line.Contains("--- SIGINT", StringComparison.Ordinal));
        Assert.True(interrupted >= 0, "The signal is not in the log.");

        // One that was being asked for is finished.
        Assert.InRange(lines[interrupted..].Count(static line => line.Contains("bpf(BPF_LINK_CREATE", StringComparison.Ordinal)), 0, 1);
        Assert.False(traced.HasBreakpoint());
    }

    [Fact]
    public void A_process_that_ends_while_it_is_attached_to_is_said()
    {
        Programs.NeedRoot();
        using RunningProgram ended = RunningProgram.Run("/bin/true");
        var e = Assert.Throws<CannotRunException>(() => new FuncCountTool().Start(new ToolRequest { Pid = ended.Id, Argument = _library + ":*" }));
        Assert.Equal($"process {ended.Id} has ended while it was attached to: there is nothing to count any more", e.Message);
    }


    private static int ChildOf(int process) => int.Parse(File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ')[0]);
}
