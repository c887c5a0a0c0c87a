using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' llcstat: references to and misses of the last level of cache.</summary>
[BpfObject]
internal static unsafe partial class Llcstat
{
    [Constant]
    internal static readonly bool PerThread;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<Key, Totals> Infos = new();

    internal struct Key
    {
        public uint Cpu;
        public uint ProcessId;
        public uint ThreadId;
    }

    internal struct Totals
    {
        public ulong References;
        public ulong Misses;
        public fixed byte Command[16];
    }

    [PerfEvent]
    private static void Missed(PerfEventContext* context) => Count(context->SamplePeriod, miss: true);

    [PerfEvent]
    private static void Referenced(PerfEventContext* context) => Count(context->SamplePeriod, miss: false);

    private static void Count(ulong period, bool miss)
    {
        Key key = default;
        Totals zero = default;
        ulong id = Helpers.GetCurrentPidTgid();
        key.Cpu = Helpers.GetSmpProcessorId();
        key.ProcessId = (uint)(id >> 32);
        key.ThreadId = PerThread ? (uint)id : key.ProcessId;
        Totals* totals = Shared.LookupOrTryInit(Infos, key, zero);
        if (totals == null)
        {
            return;
        }

        if (miss)
        {
            totals->Misses += period;
        }
        else
        {
            totals->References += period;
        }

        Helpers.GetCurrentComm(totals->Command, 16);
    }
}
