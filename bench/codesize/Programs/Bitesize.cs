using System.Numerics;
using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' bitesize: a histogram of the sizes of block requests for each command.</summary>
[BpfObject]
internal static unsafe partial class Bitesize
{
    private const int MaxSlots = 20;
    private const uint QueueIsNoArgumentSince = (5 << 16) + (10 << 8) + 137;

    [Constant]
    internal static readonly CommandName TargetCommand;

    [Constant]
    internal static readonly bool FilterDevice;

    [Constant]
    internal static readonly uint TargetDevice;

    [Constant]
    internal static readonly uint KernelVersion = uint.MaxValue;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<HistogramKey, Histogram> Histograms = new();

    private static readonly Histogram InitialHistogram;

    internal struct HistogramKey
    {
        public fixed byte Command[16];
    }

    internal struct Histogram
    {
        public fixed uint Slots[MaxSlots];
    }

    [TracepointBtf("block_rq_issue")]
    private static void Issued(void* first, Request* second) =>
        Count(KernelVersion >= QueueIsNoArgumentSince ? (Request*)first : second);

    private static void Count(Request* request)
    {
        // The original reads the disk by BPF_CORE_READ, which is bpf_probe_read_kernel: so does this, through a pointer made of a number.
        if (FilterDevice && TargetDevice != Shared.DeviceOf((Request*)(ulong)request))
        {
            return;
        }

        HistogramKey key;
        Helpers.GetCurrentComm(key.Command, 16);
        if (!Shared.CommandAllowed(key.Command, TargetCommand))
        {
            return;
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

        int slot = BitOperations.Log2((ulong)(request->__data_len / 1024));
        if (slot >= MaxSlots)
        {
            slot = MaxSlots - 1;
        }

        Interlocked.Increment(ref histogram->Slots[slot]);
    }
}
