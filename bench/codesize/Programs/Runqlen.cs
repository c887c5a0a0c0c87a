using System.Runtime.CompilerServices;
using System.Threading;
using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' runqlen: a histogram of the lengths of run queues, by sampling.</summary>
[BpfObject]
internal static unsafe partial class Runqlen
{
    private const int MaxCpus = 128;
    private const int MaxSlots = 32;

    [Constant]
    internal static readonly bool PerCpu;

    [Constant]
    internal static readonly bool Host;

    internal static PerCpuHistograms Histograms;

    internal struct Histogram
    {
        public fixed uint Slots[MaxSlots];
    }

    [InlineArray(MaxCpus)]
    internal struct PerCpuHistograms
    {
        private Histogram _first;
    }

    [KernelStruct("task_struct___se")]
    internal struct TaskWithEntity
    {
        public SchedulingEntity se;
    }

    [KernelStruct("sched_entity")]
    internal struct SchedulingEntity
    {
        public FairQueue* cfs_rq;
    }

    [KernelStruct("cfs_rq")]
    internal struct FairQueue
    {
        public RunQueue* rq;
        public uint nr_queued;
    }

    /// <summary>The queue before Linux 6.14.</summary>
    [KernelStruct("cfs_rq___pre_v614")]
    internal struct FairQueueOld
    {
        public uint nr_running;
    }

    [KernelStruct("rq")]
    internal struct RunQueue
    {
        public uint nr_running;
    }

    [PerfEvent]
    private static void Sampled(PerfEventContext* context)
    {
        var task = (TaskWithEntity*)Helpers.GetCurrentTask();
        ulong slot = Host ? task->se.cfs_rq->rq->nr_running : LengthOf(task->se.cfs_rq);

        // Without the task that runs.
        if (slot > 0)
        {
            slot--;
        }

        ulong cpu = 0;
        if (PerCpu)
        {
            cpu = Helpers.GetSmpProcessorId();
            if (cpu >= MaxCpus)
            {
                return;
            }
        }

        if (slot >= MaxSlots)
        {
            slot = MaxSlots - 1;
        }

        fixed (Histogram* histogram = &Histograms[(int)cpu])
        {
            if (PerCpu)
            {
                histogram->Slots[slot]++;
            }
            else
            {
                Interlocked.Increment(ref histogram->Slots[slot]);
            }
        }
    }

    // A byte, as in the original.
    private static byte LengthOf(FairQueue* queue) =>
        Core.FieldExists(((FairQueueOld*)queue)->nr_running) ? (byte)((FairQueueOld*)queue)->nr_running : (byte)queue->nr_queued;
}
