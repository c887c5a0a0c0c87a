using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' syscount: system calls, counted by number or by process.</summary>
[BpfObject]
internal static unsafe partial class Syscount
{
    [Constant]
    internal static readonly bool FilterCgroup;

    [Constant]
    internal static readonly bool CountByProcess;

    [Constant]
    internal static readonly bool MeasureLatency;

    [Constant]
    internal static readonly bool FilterFailed;

    [Constant]
    internal static readonly int FilterError;

    [Constant]
    internal static readonly uint FilterProcess;

    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray Cgroup = new();

    [Map(MaxEntries = 8192)]
    internal static readonly HashMap<uint, ulong> Starts = new();

    [Map(MaxEntries = 8192)]
    internal static readonly HashMap<uint, Totals> Data = new();

    private static readonly Totals Zero;

    internal struct Totals
    {
        public ulong Count;
        public ulong TotalNs;
        public fixed byte Command[16];
    }

    [Tracepoint("raw_syscalls", "sys_enter")]
    private static void Entered(SyscallEnterContext* context)
    {
        ulong id = Helpers.GetCurrentPidTgid();
        uint process = (uint)(id >> 32);
        uint thread = (uint)id;
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        if (FilterProcess != 0 && process != FilterProcess)
        {
            return;
        }

        Starts.Update(thread, Helpers.KtimeGetNs());
    }

    [Tracepoint("raw_syscalls", "sys_exit")]
    private static void Exited(SyscallExitContext* context)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        ulong id = Helpers.GetCurrentPidTgid();
        uint process = (uint)(id >> 32);
        uint thread = (uint)id;

        // This is so in an interrupted call.
        if (context->Number == -1)
        {
            return;
        }

        if (FilterProcess != 0 && process != FilterProcess)
        {
            return;
        }

        if (FilterFailed && context->Result >= 0)
        {
            return;
        }

        if (FilterError != 0 && context->Result != -FilterError)
        {
            return;
        }

        ulong latency = 0;
        if (MeasureLatency)
        {
            ulong* start = Starts.Lookup(thread);
            if (start == null)
            {
                return;
            }

            latency = Helpers.KtimeGetNs() - *start;
        }

        uint key = CountByProcess ? process : (uint)context->Number;
        Totals* totals = Shared.LookupOrTryInit(Data, key, Zero);
        if (totals == null)
        {
            return;
        }

        Interlocked.Increment(ref totals->Count);
        if (CountByProcess)
        {
            SaveCommand(totals);
        }

        if (MeasureLatency)
        {
            Interlocked.Add(ref totals->TotalNs, latency);
        }
    }

    private static void SaveCommand(Totals* totals)
    {
        var task = (TaskStruct*)Helpers.GetCurrentTask();
        Helpers.ProbeReadKernelString(totals->Command, 16, task->group_leader->comm);
    }
}
