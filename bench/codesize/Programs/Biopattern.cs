using System.Threading;
using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' biopattern: requests that continue where the last one ended, and others.</summary>
[BpfObject]
internal static unsafe partial class Biopattern
{
    [Constant]
    internal static readonly bool FilterDevice;

    [Constant]
    internal static readonly uint TargetDevice;

    [Map(MaxEntries = 64)]
    internal static readonly HashMap<uint, Counter> Counters = new();

    internal struct Counter
    {
        public ulong LastSector;
        public ulong Bytes;
        public uint Sequential;
        public uint Random;
    }

    /// <summary>The record since Linux 5.16.</summary>
    [KernelStruct("trace_event_raw_block_rq_completion")]
    internal struct Completion
    {
        public uint dev;
        public ulong sector;
        public uint nr_sector;
    }

    /// <summary>The record before.</summary>
    [KernelStruct("trace_event_raw_block_rq_complete")]
    internal struct CompletionOld
    {
        public uint dev;
        public ulong sector;
        public uint nr_sector;
    }

    // The original reads the record by BPF_CORE_READ, which is bpf_probe_read_kernel: so does this, through a pointer that is made of a number.
    [Tracepoint("block", "block_rq_complete")]
    private static void Completed(void* context)
    {
        ulong sector;
        uint sectors, device;
        if (Core.TypeExists<Completion>())
        {
            var record = (Completion*)(ulong)context;
            sector = record->sector;
            sectors = record->nr_sector;
            device = record->dev;
        }
        else
        {
            var record = (CompletionOld*)(ulong)context;
            sector = record->sector;
            sectors = record->nr_sector;
            device = record->dev;
        }

        if (FilterDevice && TargetDevice != device)
        {
            return;
        }

        Counter zero = default;
        Counter* counter = Shared.LookupOrTryInit(Counters, device, zero);
        if (counter == null)
        {
            return;
        }

        if (counter->LastSector != 0)
        {
            if (counter->LastSector == sector)
            {
                Interlocked.Increment(ref counter->Sequential);
            }
            else
            {
                Interlocked.Increment(ref counter->Random);
            }

            Interlocked.Add(ref counter->Bytes, sectors * 512);
        }

        counter->LastSector = sector + sectors;
    }
}
