using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Fathom.Runtime;
using Fathom.Tools.FuncCount;
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
