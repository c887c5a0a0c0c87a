using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' runqlat: how long tasks wait for a CPU.</summary>
[BpfObject]
internal static unsafe partial class Runqlat
{
    private const int MaxSlots = 26;
    private const long Running = 0;

    [Constant]
    internal static readonly bool FilterCgroup;

    [Constant]
    internal static readonly bool PerProcess;

    [Constant]
    internal static readonly bool PerThread;

    [Constant]
    internal static readonly bool PerNamespace;

    [Constant]
    internal static readonly bool Milliseconds;

    [Constant]
    internal static readonly uint TargetProcess;

    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray Cgroup = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<uint, ulong> Starts = new();

    private static readonly Histogram Zero;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<uint, Histogram> Histograms = new();

    internal struct Histogram
    {
        public fixed uint Slots[MaxSlots];
        public fixed byte Command[16];
    }

    [TracepointBtf("sched_wakeup")]
    private static void WokenUp(TaskStruct* task)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        Enqueue((uint)task->tgid, (uint)task->pid);
    }

    [TracepointBtf("sched_wakeup_new")]
    private static void WokenUpNew(TaskStruct* task)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        Enqueue((uint)task->tgid, (uint)task->pid);
    }

    [RawTracepoint("sched_switch")]
    private static void Switched(RawTracepointContext* context)
    {
        var previous = (TaskStruct*)context->Arguments[1];
        var next = (TaskStruct*)context->Arguments[2];
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        if (Shared.StateOf(previous) == Running)
        {
            Enqueue((uint)previous->tgid, (uint)previous->pid);
        }

        uint thread = (uint)next->pid;
        ulong* start = Starts.Lookup(thread);
        if (start == null)
        {
            return;
        }

        long delta = (long)(Helpers.KtimeGetNs() - *start);
        if (delta >= 0)
        {
            Count(next, thread, (ulong)delta);
        }

        Starts.Delete(thread);
    }

    private static void Enqueue(uint process, uint thread)
    {
        if (thread == 0)
        {
            return;
        }

        if (TargetProcess != 0 && TargetProcess != process)
        {
            return;
        }

        Starts.Update(thread, Helpers.KtimeGetNs());
    }

    private static void Count(TaskStruct* task, uint thread, ulong delta)
    {
        uint key = PerProcess ? (uint)task->tgid
            : PerThread ? thread
            : PerNamespace ? NamespaceOf((TaskWithPid*)task)
            : uint.MaxValue;
        Histogram* histogram = Shared.LookupOrTryInit(Histograms, key, Zero);
        if (histogram == null)
        {
            return;
        }

        if (histogram->Command[0] == 0)
        {
            Helpers.ProbeReadKernelString(histogram->Command, 16, task->comm);
        }

        delta /= Milliseconds ? 1_000_000u : 1_000u;
        int slot = BitOperations.Log2(delta);
        if (slot >= MaxSlots)
        {
            slot = MaxSlots - 1;
        }

        Interlocked.Increment(ref histogram->Slots[slot]);
    }

    private static uint NamespaceOf(TaskWithPid* task)
    {
        PidInKernel* pid = task->thread_pid;
        return pid->numbers[(int)pid->level].ns->ns.inum;
    }

    [KernelStruct("task_struct___pid")]
    internal struct TaskWithPid
    {
        public PidInKernel* thread_pid;
    }

    [KernelStruct("pid")]
    internal struct PidInKernel
    {
        public uint level;
        public NumberList numbers;
    }

    [InlineArray(1)]
    internal struct NumberList
    {
        private NumberInNamespace _first;
    }

    [KernelStruct("upid")]
    internal struct NumberInNamespace
    {
        public int nr;
        public PidNamespace* ns;
    }

    [KernelStruct("pid_namespace")]
    internal struct PidNamespace
    {
        public CommonNamespace ns;
    }

    [KernelStruct("ns_common")]
    internal struct CommonNamespace
    {
        public uint inum;
    }
}
