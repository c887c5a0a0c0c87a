using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;
using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' softirqs: time in soft interrupts.</summary>
[BpfObject]
internal static unsafe partial class Softirqs
{
    private const int MaxSlots = 20;
    private const int Vectors = 10;

    [Constant]
    internal static readonly bool Distribution;

    [Constant]
    internal static readonly bool Nanoseconds;

    [Constant]
    internal static readonly int TargetCpu = -1;

    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<ulong> Starts = new();

    internal static PerVector<ulong> Counts;

    internal static PerVector<ulong> Times;

    internal static PerVector<Histogram> Histograms;

    [InlineArray(Vectors)]
    internal struct PerVector<T>
        where T : unmanaged
    {
        private T _first;
    }

    internal struct Histogram
    {
        public fixed uint Slots[MaxSlots];
    }

    [TracepointBtf("softirq_entry")]
    private static void Entered(uint vector)
    {
        if (!IsTargetCpu())
        {
            return;
        }

        Starts.Update(0, Helpers.KtimeGetNs());
    }

    [TracepointBtf("softirq_exit")]
    private static void Exited(uint vector)
    {
        if (!IsTargetCpu())
        {
            return;
        }

        if (vector >= Vectors)
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

        if (!Distribution)
        {
            Interlocked.Increment(ref Counts[(int)vector]);
            Interlocked.Add(ref Times[(int)vector], delta);
        }
        else
        {
            int slot = BitOperations.Log2(delta);
            if (slot >= MaxSlots)
            {
                slot = MaxSlots - 1;
            }

            fixed (Histogram* histogram = &Histograms[(int)vector])
            {
                Interlocked.Increment(ref histogram->Slots[slot]);
            }
        }
    }

    private static bool IsTargetCpu() => TargetCpu < 0 || TargetCpu == (int)Helpers.GetSmpProcessorId();
}
