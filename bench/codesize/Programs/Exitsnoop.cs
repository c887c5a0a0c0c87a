using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' exitsnoop: processes that end, and how.</summary>
[BpfObject]
internal static unsafe partial class Exitsnoop
{
    [Constant]
    internal static readonly bool FilterCgroup;

    [Constant]
    internal static readonly uint TargetProcess;

    [Constant]
    internal static readonly bool OnlyFailed;

    [Constant]
    internal static readonly bool ByProcess = true;

    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray Cgroup = new();

    [Map]
    internal static readonly PerfEventArray Events = new();

    internal struct ExitEvent
    {
        public ulong StartTime;
        public ulong ExitTime;
        public uint ProcessId;
        public uint ThreadId;
        public uint ParentId;
        public uint Signal;
        public int ExitCode;
        public fixed byte Command[16];
        public uint Filler;
    }

    [Tracepoint("sched", "sched_process_exit")]
    private static void Exited(void* context)
    {
        ulong id = Helpers.GetCurrentPidTgid();
        uint process = (uint)(id >> 32);
        uint thread = (uint)id;
        ExitEvent record = default;
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        if (TargetProcess != 0 && TargetProcess != process)
        {
            return;
        }

        if (ByProcess && process != thread)
        {
            return;
        }

        var task = (TaskStruct*)Helpers.GetCurrentTask();
        int code = task->exit_code;
        if (OnlyFailed && code == 0)
        {
            return;
        }

        record.StartTime = task->start_time;
        record.ExitTime = Helpers.KtimeGetNs();
        record.ProcessId = process;
        record.ThreadId = thread;
        record.ParentId = (uint)task->real_parent->tgid;
        record.Signal = (uint)code & 0xff;
        record.ExitCode = code >> 8;
        Helpers.GetCurrentComm(record.Command, 16);
        Events.Output(context, PerfEventArray.CurrentCpu, record);
    }
}
