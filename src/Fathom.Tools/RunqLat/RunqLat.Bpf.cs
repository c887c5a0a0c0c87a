using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Cost;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Histograms;
using Fathom.Tools.Shared.Kernel;
using Fathom.Tools.Shared.Starts;

namespace Fathom.Tools.RunqLat;

/// <summary>What has a histogram of its own.</summary>
internal enum RunqLatKey
{
    /// <summary>Nothing: there is one of all.</summary>
    None,

    /// <summary>Each process.</summary>
    Process,

    /// <summary>Each thread.</summary>
    Thread,

    /// <summary>Each namespace of process numbers.</summary>
    PidNamespace,
}

/// <summary>How long threads that could run wait for a CPU, summed up in the kernel.</summary>
/// <remarks>
/// A thread waits from its wake-up, or from its place on a CPU being given to another while it could go on, until it is switched to. The kernel holds the
/// lock of the queue at each of these, so that those of one thread happen one after another.
/// </remarks>
[BpfObject]
[Includes(typeof(TaskFilter))]
[Includes(typeof(RunCost))]
[Includes(typeof(Latencies))]
[Includes(typeof(ThreadStarts))]
internal static unsafe partial class RunqLatProbe
{
    /// <summary>What has a histogram of its own.</summary>
    [Constant]
    public static readonly RunqLatKey Key;

    [TracepointBtf("sched_switch")]
    private static void Switched(bool preempt, TaskStruct* previous, TaskStruct* next)
    {
        // One that the kernel preempts stays runnable, whatever state it was about to take.
        if (preempt || Tasks.StateOf(previous) == 0)
        {
            Queue(previous);
        }

        uint thread = (uint)next->pid;
        ulong start = thread != 0 ? ThreadStarts.End(thread) : 0;
        if (start != 0)
        {
            ulong ns = Latencies.Since(start);
            uint slot = Latencies.SlotOf(ns);
            Latencies.Add(Latencies.ByKey ? Latencies.Find(new SlotKey { Slot = slot, Low = KeyOf(next) }) : Latencies.Find(slot), ns);
        }
    }

    [TracepointBtf("sched_wakeup")]
    private static void Woken(TaskStruct* task)
    {
        if (!Tasks.IsRunning(task))
        {
            Queue(task);
        }
    }

    [TracepointBtf("sched_wakeup_new")]
    private static void Created(TaskStruct* task) => Queue(task);

    /// <summary>A thread begins to wait, if it is no idle task, which each CPU has one of.</summary>
    private static void Queue(TaskStruct* task)
    {
        uint thread = (uint)task->pid;
        if (thread != 0 && TaskFilter.Wants(task))
        {
            ThreadStarts.Begin(thread);
        }
    }

    private static uint KeyOf(TaskStruct* task) => Key switch
    {
        RunqLatKey.Process => (uint)task->tgid,
        RunqLatKey.Thread => (uint)task->pid,
        _ => Tasks.PidNamespaceOf(task),
    };
}
