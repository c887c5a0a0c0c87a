using System.Numerics;
using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' hardirqs: time in interrupt handlers.</summary>
[BpfObject]
internal static unsafe partial class Hardirqs
{
    private const int MaxSlots = 20;

    [Constant]
    internal static readonly bool FilterCgroup;

    [Constant]
    internal static readonly bool Distribution;

    [Constant]
    internal static readonly bool Nanoseconds;

    [Constant]
    internal static readonly bool PerCpu;

    [Constant]
    internal static readonly int TargetCpu = -1;

    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray Cgroup = new();

    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<ulong> Starts = new();

    [Map(MaxEntries = 256)]
    internal static readonly HashMap<InterruptKey, Totals> Infos = new();

    private static readonly Totals Zero;

    internal struct InterruptKey
    {
        public fixed byte Name[32];
        public uint Cpu;
    }

    internal struct Totals
    {
        public ulong Count;
        public ulong TotalTime;
        public ulong MaxTime;
        public fixed uint Slots[MaxSlots];
    }

    [KernelStruct("irqaction")]
    internal struct InterruptAction
    {
        public byte* name;
    }

    [RawTracepoint("irq_handler_entry")]
    private static void Entered(RawTracepointContext* context)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        if (!IsTargetCpu())
        {
            return;
        }

        Starts.Update(0, Helpers.KtimeGetNs());
    }

    [RawTracepoint("irq_handler_exit")]
    private static void Exited(RawTracepointContext* context)
    {
        var action = (InterruptAction*)context->Arguments[1];
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        if (!IsTargetCpu())
        {
            return;
        }

        ulong* start = Starts.Lookup(0);
        if (start == null)
        {
            return;
        }

        ulong delta = Helpers.KtimeGetNs() - *start;
        if (!Nanoseconds)
        {
            delta /= 1000;
        }

        InterruptKey key = default;
        Helpers.ProbeReadKernelString(key.Name, 32, action->name);
        if (PerCpu)
        {
            key.Cpu = Helpers.GetSmpProcessorId();
        }

        Totals* totals = Shared.LookupOrTryInit(Infos, key, Zero);
        if (totals == null)
        {
            return;
        }

        totals->Count++;
        if (!Distribution)
        {
            totals->TotalTime += delta;
            if (delta > totals->MaxTime)
            {
                totals->MaxTime = delta;
            }
        }
        else
        {
            int slot = BitOperations.Log2(delta);
            if (slot >= MaxSlots)
            {
                slot = MaxSlots - 1;
            }

            totals->Slots[slot]++;
        }
    }

    private static bool IsTargetCpu() => TargetCpu < 0 || TargetCpu == (int)Helpers.GetSmpProcessorId();
}
