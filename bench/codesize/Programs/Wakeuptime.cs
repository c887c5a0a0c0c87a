using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' wakeuptime: time that tasks sleep, by who wakes them.</summary>
[BpfObject]
internal static unsafe partial class Wakeuptime
{
    private const uint KernelThread = 0x0020_0000;

    [Constant]
    internal static readonly uint TargetProcess;

    [Constant]
    internal static readonly ulong MaximumNs = ulong.MaxValue;

    [Constant]
    internal static readonly ulong MinimumNs = 1;

    [Constant]
    internal static readonly bool UserThreadsOnly;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<Key, ulong> Counts = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<uint, ulong> Starts = new();

    // Entries: the original's loader sets them.
    [Map(MaxEntries = 1024)]
    internal static readonly StackTraces Stacks = new();

    private static readonly ulong Zero;

    internal struct Key
    {
        public fixed byte Waker[16];
        public fixed byte Target[16];
        public int WakerStack;
    }

    [TracepointBtf("sched_switch")]
    private static void Switched(bool preempted, TaskStruct* previous, TaskStruct* next)
    {
        ulong id = Helpers.GetCurrentPidTgid();
        uint process = (uint)(id >> 32);
        uint thread = (uint)id;
        if (TargetProcess != 0 && TargetProcess != process)
        {
            return;
        }

        if (UserThreadsOnly && (previous->flags & KernelThread) != 0)
        {
            return;
        }

        Starts.Update(thread, Helpers.KtimeGetNs());
    }

    [TracepointBtf("sched_wakeup")]
    private static void WokenUp(TaskStruct* task)
    {
        uint process = (uint)task->tgid;
        uint thread = (uint)task->pid;
        Key key = default;
        if (TargetProcess != 0 && TargetProcess != process)
        {
            return;
        }

        ulong* start = Starts.Lookup(thread);
        if (start == null)
        {
            return;
        }

        Starts.Delete(thread);
        ulong delta = Helpers.KtimeGetNs() - *start;
        if (delta < MinimumNs || delta > MaximumNs)
        {
            return;
        }

        key.WakerStack = (int)Stacks.GetId(Helpers.Context());
        Helpers.ProbeReadKernel(key.Target, 16, task->comm);
        Helpers.GetCurrentComm(key.Waker, 16);
        ulong* count = Shared.LookupOrTryInit(Counts, key, Zero);
        if (count != null)
        {
            Interlocked.Add(ref *count, delta);
        }
    }
}
