using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' runqslower: each task that waited long for a CPU.</summary>
[BpfObject]
internal static unsafe partial class Runqslower
{
    private const long Running = 0;

    [Constant]
    internal static readonly CommandName TargetCommand;

    [Constant]
    internal static readonly bool FilterCommand;

    [Constant]
    internal static readonly ulong MinimumUs;

    [Constant]
    internal static readonly uint TargetThread;

    [Constant]
    internal static readonly uint TargetProcess;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<uint, ulong> Starts = new();

    [Map]
    internal static readonly PerfEventArray Events = new();

    internal struct WaitEvent
    {
        public fixed byte Command[16];
        public fixed byte PreviousCommand[16];
        public ulong DeltaUs;
        public int ThreadId;
        public int PreviousThreadId;
    }

    [RawTracepoint("sched_wakeup")]
    private static void WokenUp(RawTracepointContext* context)
    {
        var task = (TaskStruct*)context->Arguments[0];
        byte* command = stackalloc byte[16];
        if (FilterCommand)
        {
            Helpers.ProbeReadKernelString(command, 16, task->comm);
        }

        Enqueue((uint)task->tgid, (uint)task->pid, command);
    }

    [RawTracepoint("sched_wakeup_new")]
    private static void WokenUpNew(RawTracepointContext* context)
    {
        var task = (TaskStruct*)context->Arguments[0];
        byte* command = stackalloc byte[16];
        if (FilterCommand)
        {
            Helpers.ProbeReadKernelString(command, 16, task->comm);
        }

        Enqueue((uint)task->tgid, (uint)task->pid, command);
    }

    [RawTracepoint("sched_switch")]
    private static void Switched(RawTracepointContext* context)
    {
        var previous = (TaskStruct*)context->Arguments[1];
        var next = (TaskStruct*)context->Arguments[2];
        WaitEvent record = default;
        byte* command = stackalloc byte[16];

        // One that is switched away although it runs is as one that is woken up.
        if (Shared.StateOf(previous) == Running)
        {
            if (FilterCommand)
            {
                Helpers.ProbeReadKernelString(command, 16, previous->comm);
            }

            Enqueue((uint)previous->tgid, (uint)previous->pid, command);
        }

        uint thread = (uint)next->pid;
        ulong* start = Starts.Lookup(thread);
        if (start == null)
        {
            return;
        }

        ulong deltaUs = (Helpers.KtimeGetNs() - *start) / 1000;
        if (MinimumUs != 0 && deltaUs <= MinimumUs)
        {
            return;
        }

        record.ThreadId = (int)thread;
        record.PreviousThreadId = previous->pid;
        record.DeltaUs = deltaUs;
        Helpers.ProbeReadKernelString(record.Command, 16, next->comm);
        Helpers.ProbeReadKernelString(record.PreviousCommand, 16, previous->comm);
        Events.Output(context, PerfEventArray.CurrentCpu, record);
        Starts.Delete(thread);
    }

    private static void Enqueue(uint process, uint thread, byte* command)
    {
        if (thread == 0)
        {
            return;
        }

        if (TargetProcess != 0 && TargetProcess != process)
        {
            return;
        }

        if (TargetThread != 0 && TargetThread != thread)
        {
            return;
        }

        if (FilterCommand && !Shared.CommandAllowed(command, TargetCommand))
        {
            return;
        }

        Starts.Update(thread, Helpers.KtimeGetNs());
    }
}
