using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Histograms;
using Fathom.Tools.Shared.Kernel;

namespace Fathom.Tools.BioLatency;

/// <summary>How long tasks slept because a limit of a cgroup held their I/O back before it reached the disk's queue.</summary>
/// <remarks>
/// A bio that blk-throttle holds back has no request, and no tracepoint of the block layer sees it come. It is seen when it is released: a worker
/// of the workqueue <c>kthrotld</c> submits it then, and does nothing else
/// (https://github.com/torvalds/linux/blob/v6.18/block/blk-throttle.c, blk_throtl_dispatch_work_fn). When its request completes, it wakes who waits
/// for it, at once and on the same CPU. So a task was held back from the beginning of its sleep until the release of the bio whose completion
/// wakes it, whoever submitted that bio: also one who waits for a page that another reads. Bios that nobody sleeps for are only counted.
/// </remarks>
[BpfPart]
internal static unsafe partial class HeldBack
{
    /// <summary>What is asked.</summary>
    [Constant]
    public static readonly HeldBackSettings Held;

    /// <summary><c>block_bio_queue</c> has the queue as its first argument and the bio as its second (before Linux 5.11).</summary>
    [Constant, HasTracepoint("block_bio_queue", Arguments = 2)]
    public static readonly bool HeldQueueIsFirst;

    /// <summary><c>sched_switch</c> tells the state of the task that it takes away (Linux 5.18).</summary>
    [Constant, HasTracepoint("sched_switch", Arguments = 4)]
    public static readonly bool HeldStateIsArgument;

    /// <summary>Bios that a limit held back, counted when they are released.</summary>
    internal static ulong HeldBios;

    /// <summary>Those of them that have completed.</summary>
    internal static ulong HeldCompleted;

    /// <summary>Those of them whose completion ended a wait.</summary>
    internal static ulong HeldWaitedFor;

    /// <summary>Sleeps that found no room in <see cref="HeldSleepers"/>.</summary>
    [Loss("held-unseen", "waits not measured, because more tasks sleep than the map has room for")]
    internal static ulong HeldUnseen;

    /// <summary>Since when tasks sleep without being interruptible, by thread.</summary>
    [Map(MaxEntries = 10_240), LoadIf(nameof(HeldIsAsked))]
    internal static readonly HashMap<uint, ulong> HeldSleepers = new();

    /// <summary>When bios that were held back were released, by address.</summary>
    [Map(MaxEntries = 10_240), LoadIf(nameof(HeldIsAsked))]
    internal static readonly HashMap<ulong, ulong> HeldReleases = new();

    /// <summary>The last completion on each CPU.</summary>
    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<HeldCompletion> HeldCompletions = new();

    /// <summary>How long tasks were held back.</summary>
    [Map(MaxEntries = LatencyScale.SlotCount), LoadIf(nameof(HeldIsAsked))]
    internal static readonly PerCpuArray<SlotTotals> HeldTotals = new();

    /// <summary>What comes before the queue is asked only where the queue is: it costs time at every sleep of the machine.</summary>
    private static bool HeldIsAsked => Held.IsAsked;

    /// <summary>A request has completed; its bios come next on this CPU, and what they wake.</summary>
    [TracepointBtf("block_rq_complete"), LoadIf(nameof(HeldIsAsked))]
    private static void HeldEnded(Request* request)
    {
        HeldCompletion* completion = HeldCompletions.Lookup(0);
        if (completion == null)
        {
            return;
        }

        completion->Released = 0;
        if (HeldBios == HeldCompleted)
        {
            return;
        }

        // Which bio of a request wakes whom is not seen. So all must have been held back, or nobody was for certain.
        ulong first = ulong.MaxValue;
        ulong bios = 0;
        Bio* bio = request->bio;
        for (int i = 0; i < HeldBackSettings.MostBios && bio != null; i++)
        {
            ulong released = Take(bio);
            first = released < first ? released : first;
            bio = bio->bi_next;
            bios++;
        }

        if (bio == null)
        {
            Complete(completion, first, bios);
        }
    }

    /// <summary>
    /// A bio of a device without requests has completed, such as a logical volume: as the last of those of the disks below it does. What held
    /// those back, held it back too.
    /// </summary>
    [TracepointBtf("block_bio_complete"), LoadIf(nameof(HeldIsAsked))]
    private static void HeldBioEnded(RequestQueue* queue, Bio* bio)
    {
        if (HeldBios == HeldCompleted)
        {
            return;
        }

        HeldCompletion* completion = HeldCompletions.Lookup(0);
        ulong released = Take(bio);
        if (completion != null && released != 0)
        {
            // What it was made into for the disks was released with it, and is no other wait.
            bool isWhole = completion->Released != 0 && completion->Waits == 0;
            Complete(completion, released, isWhole ? completion->Bios + 1 : 1);
        }
    }

    [TracepointBtf("sched_waking"), LoadIf(nameof(HeldIsAsked))]
    private static void HeldWoken(TaskStruct* task)
    {
        if (!IsSleep(Tasks.StateOf(task)))
        {
            return;
        }

        uint thread = (uint)task->pid;
        ulong* since = HeldSleepers.Lookup(thread);
        if (since == null)
        {
            return;
        }

        ulong slept = *since;
        HeldSleepers.Delete(thread);
        HeldCompletion* completion = HeldCompletions.Lookup(0);
        if (completion == null || completion->Released <= slept || completion->Task != Helpers.GetCurrentPidTgid()
            || Helpers.KtimeGetNs() - completion->Time > HeldBackSettings.LongestCompletionNs)
        {
            return;
        }

        if (completion->Waits++ == 0)
        {
            Interlocked.Add(ref HeldWaitedFor, completion->Bios);
        }

        ulong ns = completion->Released - slept;
        Latencies.Add(HeldTotals.Lookup(Latencies.SlotOf(ns)), ns);
    }

    [TracepointBtf("sched_switch"), LoadIf(nameof(HeldIsAsked))]
    private static void HeldSlept(bool preempt, TaskStruct* previous, TaskStruct* next, uint state)
    {
        // The argument, where there is one: the task's own state may say already that another CPU wakes it.
        if (preempt || !IsSleep(HeldStateIsArgument ? state : Tasks.StateOf(previous)) || !TaskFilter.WantsCurrentProcess())
        {
            return;
        }

        uint thread = (uint)previous->pid;
        if (HeldSleepers.Update(thread, Helpers.KtimeGetNs()) != 0)
        {
            Interlocked.Increment(ref HeldUnseen);
        }
    }

    [TracepointBtf("block_bio_queue"), LoadIf(nameof(HeldIsAsked))]
    private static void HeldReleased(void* first, Bio* second)
    {
        if (!IsThrottleWorker((TaskStruct*)Helpers.GetCurrentTask()))
        {
            return;
        }

        Bio* bio = HeldQueueIsFirst ? second : (Bio*)first;
        if (Held.OneDisk && DeviceOf(bio) != Held.Disk)
        {
            return;
        }

        Interlocked.Increment(ref HeldBios);
        if (HeldReleases.Update((ulong)bio, Helpers.KtimeGetNs()) != 0)
        {
            Interlocked.Increment(ref HeldCompleted);
        }
    }

    /// <summary>Takes a bio from those that were held back.</summary>
    /// <returns>When it was released; 0 if it was not held back.</returns>
    private static ulong Take(Bio* bio)
    {
        ulong id = (ulong)bio;
        ulong* found = HeldReleases.Lookup(id);
        if (found == null)
        {
            return 0;
        }

        ulong released = *found;
        HeldReleases.Delete(id);
        Interlocked.Increment(ref HeldCompleted);
        return released;
    }

    private static void Complete(HeldCompletion* completion, ulong released, ulong bios)
    {
        completion->Released = released;
        completion->Bios = bios;
        completion->Time = Helpers.KtimeGetNs();
        completion->Task = Helpers.GetCurrentPidTgid();
        completion->Waits = 0;
    }

    private static bool IsSleep(uint state) => (state & HeldBackSettings.SleepBits) == HeldBackSettings.Uninterruptible;

    private static uint DeviceOf(Bio* bio)
    {
        GenDisk* disk = Core.FieldExists(((BioOld*)bio)->bi_disk) ? ((BioOld*)bio)->bi_disk : bio->bi_bdev->bd_disk;
        return ((uint)disk->major << 20) | (uint)disk->first_minor;
    }

    /// <summary>Whether a task works off the workqueue that submits what a limit held back.</summary>
    private static bool IsThrottleWorker(TaskStruct* task)
    {
        if ((task->flags & HeldBackSettings.WorkerFlag) == 0)
        {
            return false;
        }

        // Before Linux 5.17 a kernel thread keeps this where others have the address of their id.
        // https://github.com/torvalds/linux/blob/v5.10/kernel/kthread.c#L73
        var thread = (Kthread*)(Core.FieldExists(task->worker_private) ? task->worker_private : ((TaskStructOld*)task)->set_child_tid);
        var worker = (Worker*)thread->data;
        var words = (ulong*)worker->current_pwq->wq->name;
        return words[0] == HeldBackSettings.ThrottleQueue && (byte)words[1] == 0;
    }
}
