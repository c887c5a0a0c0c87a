using System.Numerics;
using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' biolatency: a histogram of the latency of block requests.</summary>
[BpfObject]
internal static unsafe partial class Biolatency
{
    private const int MaxSlots = 27;

    [Constant]
    internal static readonly bool FilterCgroup;

    [Constant]
    internal static readonly bool PerDisk;

    [Constant]
    internal static readonly bool PerFlag;

    [Constant]
    internal static readonly bool Queued;

    [Constant]
    internal static readonly bool Milliseconds;

    [Constant]
    internal static readonly bool FilterDevice;

    [Constant]
    internal static readonly uint TargetDevice;

    [Constant]
    internal static readonly bool SingleArgument = true;

    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray Cgroup = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ulong, ulong> Starts = new();

    private static readonly Histogram InitialHistogram;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<HistogramKey, Histogram> Histograms = new();

    internal struct HistogramKey
    {
        public uint CommandFlags;
        public uint Device;
    }

    internal struct Histogram
    {
        public fixed uint Slots[MaxSlots];
    }

    [RawTracepoint("block_rq_insert")]
    private static void Inserted(RawTracepointContext* context) =>
        Start((Request*)(SingleArgument ? context->Arguments[0] : context->Arguments[1]), issue: false);

    [RawTracepoint("block_rq_issue")]
    private static void Issued(RawTracepointContext* context) =>
        Start((Request*)(SingleArgument ? context->Arguments[0] : context->Arguments[1]), issue: true);

    [RawTracepoint("block_rq_complete")]
    private static void Completed(RawTracepointContext* context)
    {
        var request = (Request*)context->Arguments[0];
        ulong now = Helpers.KtimeGetNs();
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        ulong* start = Starts.Lookup((ulong)request);
        if (start == null)
        {
            return;
        }

        long delta = (long)(now - *start);
        if (delta >= 0)
        {
            Count(request, (ulong)delta);
        }

        Starts.Delete((ulong)request);
    }

    private static void Start(Request* request, bool issue)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        if (issue && Queued && ((RequestQueueWithElevator*)request->q)->elevator != null)
        {
            return;
        }

        ulong now = Helpers.KtimeGetNs();
        if (FilterDevice && TargetDevice != Shared.DeviceOf(request))
        {
            return;
        }

        Starts.Update((ulong)request, now);
    }

    private static void Count(Request* request, ulong delta)
    {
        HistogramKey key = default;
        if (PerDisk)
        {
            key.Device = Shared.DeviceOf(request);
        }

        if (PerFlag)
        {
            key.CommandFlags = request->cmd_flags;
        }

        Histogram* histogram = Histograms.Lookup(key);
        if (histogram == null)
        {
            Histograms.Update(key, InitialHistogram);
            histogram = Histograms.Lookup(key);
            if (histogram == null)
            {
                return;
            }
        }

        delta /= Milliseconds ? 1_000_000u : 1_000u;
        int slot = BitOperations.Log2(delta);
        if (slot >= MaxSlots)
        {
            slot = MaxSlots - 1;
        }

        Interlocked.Increment(ref histogram->Slots[slot]);
    }
}
