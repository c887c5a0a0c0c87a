using System.Runtime.CompilerServices;
using System.Threading;
using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' cpufreq: a histogram of clock frequencies, by sampling.</summary>
[BpfObject]
internal static unsafe partial class Cpufreq
{
    private const uint MaxCpus = 128;
    private const uint MaxSlots = 26;
    private const uint Step = 200;

    internal static Frequencies Mhz;

    internal static Histogram SystemWide;

    // A variable, as in the original.
    internal static bool FilterCgroup;

    private static readonly Histogram Zero;

    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray Cgroup = new();

    [Map(MaxEntries = 1024)]
    internal static readonly HashMap<Key, Histogram> Histograms = new();

    internal struct Key
    {
        public fixed byte Command[16];
    }

    [InlineArray((int)MaxCpus)]
    internal struct Frequencies
    {
        private uint _first;
    }

    internal struct Histogram
    {
        public fixed uint Slots[(int)MaxSlots];
    }

    [TracepointBtf("cpu_frequency")]
    private static void Changed(uint state, uint cpu)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        if (cpu >= MaxCpus)
        {
            return;
        }

        Mhz[(int)cpu] = state / 1000;
    }

    [PerfEvent]
    private static void Sampled(PerfEventContext* context)
    {
        uint thread = (uint)Helpers.GetCurrentPidTgid();
        uint cpu = Helpers.GetSmpProcessorId();
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        if (cpu >= MaxCpus)
        {
            return;
        }

        uint mhz = Mhz[(int)cpu];
        if (mhz == 0)
        {
            return;
        }

        uint slot = mhz / Step;
        if (slot >= MaxSlots)
        {
            slot = MaxSlots - 1;
        }

        fixed (Histogram* all = &SystemWide)
        {
            Interlocked.Increment(ref all->Slots[slot]);
        }

        if (thread == 0)
        {
            return;
        }

        Key key;
        Helpers.GetCurrentComm(key.Command, 16);
        Histogram* histogram = Shared.LookupOrTryInit(Histograms, key, Zero);
        if (histogram != null)
        {
            Interlocked.Increment(ref histogram->Slots[slot]);
        }
    }
}
