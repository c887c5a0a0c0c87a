using System.Numerics;
using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' cpudist: how long tasks run, or do not run.</summary>
[BpfObject]
internal static unsafe partial class Cpudist
{
    private const int MaxSlots = 36;
    private const long Running = 0;
    private const uint AllProcesses = uint.MaxValue;

    [Constant]
    internal static readonly bool FilterCgroup;

    [Constant]
    internal static readonly bool PerProcess;

    [Constant]
    internal static readonly bool PerThread;

    [Constant]
    internal static readonly bool OffCpu;

    [Constant]
    internal static readonly bool Milliseconds;

    [Constant]
    internal static readonly uint TargetProcess = AllProcesses;

    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray Cgroup = new();

    // Entries: the original's loader sets both to the greatest process id.
    [Map(MaxEntries = 32_768)]
    internal static readonly HashMap<uint, ulong> Starts = new();

    private static readonly Histogram InitialHistogram;

    [Map(MaxEntries = 32_768)]
    internal static readonly HashMap<uint, Histogram> Histograms = new();

    internal struct Histogram
    {
        public fixed uint Slots[MaxSlots];
        public fixed byte Command[16];
    }

    [RawTracepoint("sched_switch")]
    private static void Switched(RawTracepointContext* context)
    {
        var previous = (TaskStruct*)context->Arguments[1];
        var next = (TaskStruct*)context->Arguments[2];
        uint previousProcess = (uint)previous->tgid, previousThread = (uint)previous->pid;
        uint process = (uint)next->tgid, thread = (uint)next->pid;
        ulong now = Helpers.KtimeGetNs();
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        if (OffCpu)
        {
            StoreStart(previousProcess, previousThread, now);
            UpdateHistogram(next, process, thread, now);
        }
        else
        {
            if (Shared.StateOf(previous) == Running)
            {
                UpdateHistogram(previous, previousProcess, previousThread, now);
            }

            StoreStart(process, thread, now);
        }
    }

    private static void StoreStart(uint process, uint thread, ulong now)
    {
        if (TargetProcess != AllProcesses && TargetProcess != process)
        {
            return;
        }

        Starts.Update(thread, now);
    }

    private static void UpdateHistogram(TaskStruct* task, uint process, uint thread, ulong now)
    {
        if (TargetProcess != AllProcesses && TargetProcess != process)
        {
            return;
        }

        ulong* start = Starts.Lookup(thread);
        if (start == null || now < *start)
        {
            return;
        }

        uint id = PerProcess ? process : PerThread ? thread : uint.MaxValue;
        Histogram* histogram = Histograms.Lookup(id);
        if (histogram == null)
        {
            Histograms.Update(id, InitialHistogram);
            histogram = Histograms.Lookup(id);
            if (histogram == null)
            {
                return;
            }

            Helpers.ProbeReadKernelString(histogram->Command, 16, task->comm);
        }

        ulong delta = now - *start;
        delta /= Milliseconds ? 1_000_000u : 1_000u;
        int slot = BitOperations.Log2(delta);
        if (slot >= MaxSlots)
        {
            slot = MaxSlots - 1;
        }

        Interlocked.Increment(ref histogram->Slots[slot]);
    }
}
