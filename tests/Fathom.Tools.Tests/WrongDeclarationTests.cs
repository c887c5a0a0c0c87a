using System;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Runtime;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>Programs as the compiler makes them that declare what the running kernel does not pass, or do not say to what they are attached.</summary>
public sealed class WrongDeclarationTests
{
    [Fact]
    public void A_first_parameter_that_is_left_out_is_refused()
    {
        Programs.NeedRoot();
        var e = Assert.Throws<ArgumentMismatchException>(static () => SwitchWithoutPreempt.Load(Kernel.Running).Dispose());
        Assert.Equal(("previous", "sched_switch"), (e.Parameter, e.Target));
        Assert.Contains("is declared as struct task_struct *, but tracepoint sched_switch of this kernel passes ", e.Message, StringComparison.Ordinal);
        Assert.Contains("struct task_struct *, struct task_struct *", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_struct_is_refused()
    {
        Programs.NeedRoot();
        Assert.Contains(
            "'parent', is declared as struct sock *, but tracepoint sched_process_fork of this kernel passes struct task_struct * there",
            Assert.Throws<ArgumentMismatchException>(static () => ForkOfSocket.Load(Kernel.Running).Dispose()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_function_of_the_kernel_that_is_iterated_is_compared_too()
    {
        Programs.NeedRoot();
        Assert.Contains(
            "'meta', is declared as struct task_struct *, but iter task of this kernel passes struct bpf_iter_meta * there",
            Assert.Throws<ArgumentMismatchException>(static () => IteratorWithoutMeta.Load(Kernel.Running).Dispose()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_record_of_another_event_is_refused()
    {
        Programs.NeedRoot();
        using var probe = CallEnd.Load(Kernel.Running);
        BpfProgram program = probe.Object.GetProgram(CallEnd.Programs.Ended);
        Assert.Contains(
            "takes its context for struct trace_event_raw_sys_exit, but gets the record of syscalls/sys_enter_openat, which is struct trace_event_raw_sys_enter",
            Assert.Throws<ArgumentMismatchException>(() => program.AttachTracepoint("syscalls/sys_enter_openat")).Message,
            StringComparison.Ordinal);
        program.AttachTracepoint("syscalls/sys_exit_openat").Dispose();
    }

    [Fact]
    public void Half_of_the_programs_are_not_attached_in_silence()
    {
        Programs.NeedRoot();
        using var probe = TwoKinds.Load(Kernel.Running);
        Assert.Contains(
            $"{TwoKinds.Programs.Passed} (xdp): say to which network interface, with AttachXdp.",
            Assert.Throws<BpfException>(() => probe.Attach()).Message,
            StringComparison.Ordinal);
        using var xdp = probe.Object.GetProgram(TwoKinds.Programs.Passed).AttachXdp("lo");
        using var links = probe.Attach();
        Assert.Single(links.Links);
    }
}

[BpfObject]
internal static unsafe partial class SwitchWithoutPreempt
{
    internal static int Last;

    [TracepointBtf("sched_switch")]
    private static void Switched(TaskStruct* previous, TaskStruct* next) => Last = previous->pid;
}

[BpfObject]
internal static unsafe partial class ForkOfSocket
{
    internal static int Last;

    [TracepointBtf("sched_process_fork")]
    private static void Forked(Sock* parent) => Last = parent->__sk_common.skc_num;
}

[BpfObject]
internal static unsafe partial class IteratorWithoutMeta
{
    internal static int Last;

    [Iterator("task")]
    private static int Each(TaskStruct* meta)
    {
        Last = meta->pid;
        return 0;
    }
}

[BpfObject]
internal static unsafe partial class CallEnd
{
    internal static long Last;

    [Tracepoint]
    private static void Ended(SyscallExitContext* context) => Last = context->Result;
}

[BpfObject]
internal static unsafe partial class TwoKinds
{
    internal static int Last;

    [TracepointBtf("sched_process_exit")]
    private static void Exited(TaskStruct* task) => Last = task->pid;

    [Xdp]
    private static XdpAction Passed(XdpContext* packet) => XdpAction.Pass;
}
