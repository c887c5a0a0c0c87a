using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' softirqslower: soft interrupts that waited or ran long.</summary>
[BpfObject]
internal static unsafe partial class Softirqslower
{
    private const uint Vectors = 10;
    private const uint RaiseToEntry = 0;
    private const uint EntryToExit = 1;

    [Constant]
    internal static readonly ulong MinimumUs;

    [Constant]
    internal static readonly int TargetCpu = -1;

    [Map(MaxEntries = 10)]
    internal static readonly PerCpuArray<ulong> RaiseTimes = new();

    [Map(MaxEntries = 10)]
    internal static readonly PerCpuArray<ulong> EntryTimes = new();

    [Map]
    internal static readonly PerfEventArray Events = new();

    internal struct SlowEvent
    {
        public ulong DeltaUs;
        public uint Stage;
        public uint Vector;
        public uint Cpu;
        public fixed byte Command[16];
        public uint Filler;
    }

    [RawTracepoint("softirq_raise")]
    private static void Raised(RawTracepointContext* context)
    {
        uint vector = (uint)context->Arguments[0];
        uint cpu = Helpers.GetSmpProcessorId();
        if (!IsAllowed(cpu) || vector >= Vectors)
        {
            return;
        }

        ulong* raised = RaiseTimes.Lookup(vector);
        if (raised == null)
        {
            return;
        }

        // An earlier one that is not handled yet keeps its time.
        if (*raised == 0)
        {
            *raised = Helpers.KtimeGetNs();
        }
    }

    [RawTracepoint("softirq_entry")]
    private static void Entered(RawTracepointContext* context)
    {
        uint vector = (uint)context->Arguments[0];
        uint cpu = Helpers.GetSmpProcessorId();
        if (!IsAllowed(cpu) || vector >= Vectors)
        {
            return;
        }

        ulong now = Helpers.KtimeGetNs();
        ulong* raised = RaiseTimes.Lookup(vector);
        if (raised != null && *raised != 0)
        {
            ulong deltaUs = (now - *raised) / 1000;
            if (deltaUs >= MinimumUs)
            {
                Submit(context, RaiseToEntry, vector, cpu, deltaUs);
            }

            *raised = 0;
        }

        ulong* entered = EntryTimes.Lookup(vector);
        if (entered != null)
        {
            *entered = now;
        }
    }

    [RawTracepoint("softirq_exit")]
    private static void Exited(RawTracepointContext* context)
    {
        uint vector = (uint)context->Arguments[0];
        uint cpu = Helpers.GetSmpProcessorId();
        if (!IsAllowed(cpu) || vector >= Vectors)
        {
            return;
        }

        ulong now = Helpers.KtimeGetNs();
        ulong* entered = EntryTimes.Lookup(vector);
        if (entered == null || *entered == 0)
        {
            return;
        }

        ulong deltaUs = (now - *entered) / 1000;
        *entered = 0;
        if (deltaUs >= MinimumUs)
        {
            Submit(context, EntryToExit, vector, cpu, deltaUs);
        }
    }

    private static bool IsAllowed(uint cpu) => TargetCpu < 0 || (int)cpu == TargetCpu;

    private static void Submit(RawTracepointContext* context, uint stage, uint vector, uint cpu, ulong deltaUs)
    {
        SlowEvent record = default;
        record.Stage = stage;
        record.Vector = vector;
        record.Cpu = cpu;
        record.DeltaUs = deltaUs;
        Helpers.GetCurrentComm(record.Command, 16);
        Events.Output(context, PerfEventArray.CurrentCpu, record);
    }
}
