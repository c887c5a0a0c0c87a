using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' offcputime: time off the CPU, by stack.</summary>
[BpfObject]
internal static unsafe partial class Offcputime
{
    private const uint KernelThread = 0x0020_0000;
    private const long AnyState = -1;

    [Constant]
    internal static readonly bool KernelThreadsOnly;

    [Constant]
    internal static readonly bool UserThreadsOnly;

    [Constant]
    internal static readonly ulong MaximumUs = ulong.MaxValue;

    [Constant]
    internal static readonly ulong MinimumUs = 1;

    [Constant]
    internal static readonly bool FilterByProcess;

    [Constant]
    internal static readonly bool FilterByThread;

    [Constant]
    internal static readonly long State = AnyState;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<uint, Start> Starts = new();

    // Entries: the original's loader sets them.
    [Map(MaxEntries = 1024)]
    internal static readonly StackTraces Stacks = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<StackKey, Totals> Infos = new();

    [Map(MaxEntries = 30)]
    internal static readonly HashMap<uint, byte> Processes = new();

    [Map(MaxEntries = 30)]
    internal static readonly HashMap<uint, byte> Threads = new();

    internal struct StackKey
    {
        public uint ThreadId;
        public uint ProcessId;
        public int UserStack;
        public int KernelStack;
    }

    internal struct Start
    {
        public ulong Time;
        public StackKey Key;
    }

    internal struct Totals
    {
        public ulong Delta;
        public fixed byte Command[16];
    }

    [RawTracepoint("sched_switch")]
    private static void Switched(RawTracepointContext* context)
    {
        var previous = (TaskStruct*)context->Arguments[1];
        var next = (TaskStruct*)context->Arguments[2];
        if (IsAllowed(previous))
        {
            Begin(context, previous);
        }

        uint thread = (uint)next->pid;
        Start* start = Starts.Lookup(thread);
        if (start == null)
        {
            return;
        }

        long delta = (long)(Helpers.KtimeGetNs() - start->Time);
        if (delta >= 0)
        {
            ulong microseconds = (ulong)delta / 1000;
            if (microseconds >= MinimumUs && microseconds <= MaximumUs)
            {
                Totals* totals = Infos.Lookup(start->Key);
                if (totals != null)
                {
                    Interlocked.Add(ref totals->Delta, microseconds);
                }
            }
        }

        Starts.Delete(thread);
    }

    private static bool IsAllowed(TaskStruct* task)
    {
        uint process = (uint)task->tgid;
        uint thread = (uint)task->pid;
        if (FilterByProcess && Processes.Lookup(process) == null)
        {
            return false;
        }

        if (FilterByThread && Threads.Lookup(thread) == null)
        {
            return false;
        }

        if (UserThreadsOnly && (task->flags & KernelThread) != 0)
        {
            return false;
        }

        if (!UserThreadsOnly && KernelThreadsOnly && (task->flags & KernelThread) == 0)
        {
            return false;
        }

        return State == AnyState || Shared.StateOf(task) == State;
    }

    private static void Begin(RawTracepointContext* context, TaskStruct* task)
    {
        uint thread = (uint)task->pid;
        if (thread == 0)
        {
            // To tell the idle threads of the CPUs apart.
            thread = Helpers.GetSmpProcessorId();
        }

        Start start;
        start.Key.ThreadId = thread;
        start.Key.ProcessId = (uint)task->tgid;
        start.Time = Helpers.KtimeGetNs();
        start.Key.UserStack = (task->flags & KernelThread) != 0 ? -1 : (int)Stacks.GetId(context, StackFlags.User);
        start.Key.KernelStack = (int)Stacks.GetId(context);
        Starts.Update(thread, start);

        // Twice: what BPF_CORE_READ gives of an array is a copy on the stack, which the original copies again.
        byte* copy = stackalloc byte[16];
        Helpers.ProbeReadKernel(copy, 16, task->comm);
        Totals totals = default;
        Helpers.ProbeReadKernelString(totals.Command, 16, copy);
        Infos.Update(start.Key, totals, UpdateMode.MustBeNew);
    }
}
