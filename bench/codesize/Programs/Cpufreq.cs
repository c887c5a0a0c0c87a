using System.Runtime.CompilerServices;
using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>
/// libbpf-tools' cpufreq: the clock frequencies of the CPUs. Without the program that samples them: the verifier refuses clang's at
/// -mcpu=v3, so that there is nothing to compare with.
/// </summary>
[BpfObject]
internal static unsafe partial class Cpufreq
{
    private const uint MaxCpus = 128;

    internal static Frequencies Mhz;

    // A variable, as in the original.
    internal static bool FilterCgroup;

    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray Cgroup = new();

    [InlineArray((int)MaxCpus)]
    internal struct Frequencies
    {
        private uint _first;
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
}
