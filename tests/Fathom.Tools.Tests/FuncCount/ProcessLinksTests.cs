using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using Fathom.Attachments;
using Fathom.Runtime;
using Fathom.Tools.FuncCount;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Filters;
using Xunit;

namespace Fathom.Tools.Tests.FuncCount;

/// <summary>For whom attachments are kept, and what is said of the others.</summary>
public sealed class ProcessLinksTests
{
    [Fact]
    public void A_process_lives_or_has_ended_or_is_not_known()
    {
        Assert.Equal(ProcessLife.Lives, ProcessTable.LifeOf(Environment.ProcessId, out ulong identity));
        Assert.NotEqual(0UL, identity);
        using var ended = RunningProgram.Run("/bin/true");
        Assert.Equal(ProcessLife.Ended, ProcessTable.LifeOf(ended.Id, out _));
        Assert.True(ProcessTable.HasEnded(ended.Id));
    }

    [Fact]
    public void Processes_that_live_stay_and_those_that_have_ended_make_room()
    {
        using Process first = Sleep(), second = Sleep();
        try
        {
            using var links = new ProcessLinks(Attach, byThread: false, most: 1);
            Assert.Equal(AttachOutcome.Attached, links.TryAttach(first.Id, anew: false, out _));
            Assert.Equal(AttachOutcome.Already, links.TryAttach(first.Id, anew: false, out _));
            Assert.Equal(AttachOutcome.Refused, links.TryAttach(second.Id, anew: false, out BpfException? error));
            Assert.Equal("there are 1 already, which is as many as can be attached to at a time.", error?.Advice);
            Assert.True(links.Has(first.Id));
            first.Kill();
            first.WaitForExit();
            Assert.Equal(AttachOutcome.Refused, links.TryAttach(first.Id, anew: true, out error));
            Assert.Null(error);
            Assert.True(SpinWait.SpinUntil(() => links.TryAttach(second.Id, anew: false, out _) == AttachOutcome.Attached, TimeSpan.FromSeconds(30)));
            Assert.False(links.Has(first.Id));
        }
        finally
        {
            first.Kill();
            second.Kill();
        }
    }

    [Fact]
    public void A_thread_that_lives_and_cannot_be_attached_to_is_missed()
    {
        using var over = new ManualResetEventSlim();
        var thread = new Thread(over.Wait);
        thread.Start();
        using var links = new ProcessLinks(AttachToFirst, byThread: true, most: 1000);
        Assert.Equal(AttachOutcome.Attached, links.TryAttach(Environment.ProcessId, anew: false, out _));
        Assert.True(links.Missed >= 1);
        Assert.Equal("a reason", links.Reason);
        over.Set();
        thread.Join();
    }

    [Fact]
    public void Links_are_closed_several_at_a_time_and_all_of_them()
    {
        Programs.NeedRoot();
        const int Count = 11;
        int closing = 0, closed = 0, most = 0;
        bool isWatched = false;
        var kernel = new Kernel(new SelectiveCalls
        {
            Closing = _ =>
            {
                if (!isWatched)
                {
                    return;
                }

                InterlockedMax(ref most, Interlocked.Increment(ref closing));
                Thread.Sleep(100);
                Interlocked.Decrement(ref closing);
                Interlocked.Increment(ref closed);
            },
        });
        using var source = new FuncCountProbeSource(kernel, new(), new TaskFilterSetup(new ToolRequest()), [new Countable("exit", "exit")], CancellationToken.None);
        BpfProgram program = source.Load(1, FuncCountProbe.Programs.Tracepoint).Object.GetProgram(FuncCountProbe.Programs.Tracepoint);
        IReadOnlyList<BpfLink>? Attach(int task, out BpfException? error)
        {
            error = null;
            return [.. Enumerable.Range(0, Count).Select(_ => program.AttachTracepoint("sched_process_exit", 0))];
        }

        using (var links = new ProcessLinks(Attach, byThread: false, most: 1))
        {
            Assert.Equal(AttachOutcome.Attached, links.TryAttach(Environment.ProcessId, anew: false, out _));
            isWatched = true;
        }

        isWatched = false;
        Assert.Equal(Count, closed);
        Assert.True(most > 1, "One after the other.");
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (int known = most; known < value; known = most)
        {
            Interlocked.CompareExchange(ref most, value, known);
        }
    }

    private static Process Sleep() => Process.Start("/bin/sleep", "60");

    private static IReadOnlyList<BpfLink>? Attach(int task, out BpfException? error)
    {
        error = null;
        return [];
    }

    private static IReadOnlyList<BpfLink>? AttachToFirst(int task, out BpfException? error)
    {
        error = task == Environment.ProcessId ? null : new BpfException("attach to", "a thread", 0, "a reason.");
        return error is null ? [] : null;
    }
}
