using System.Runtime.CompilerServices;
using Fathom.Bpf;

namespace Fathom.Tools.Shared.Cost;

/// <summary>What the programs of a tool cost, measured by themselves: every run is counted, and one of many is timed.</summary>
/// <remarks>
/// The kernel's own statistics time every run of every program of the machine, and are a privilege. Here a run costs an addition, and a look at the
/// clock every so often. The counters are in memory that user space reads without a system call.
/// </remarks>
[BpfPart]
internal static unsafe partial class RunCost
{
    // Of a power of two runs one is timed: the two or three looks at the clock then cost a nanosecond of each run.
    private const ulong TimedEvery = 64;

    /// <summary>The counters of each program on each CPU.</summary>
    internal static RunMeters Meters;

    /// <summary>
    /// What the kernel does around a program at every system call, in ns, on this machine; 0 where there is none. No program sees it, and user space
    /// measures it when it attaches.
    /// </summary>
    internal static ulong AroundCallNs;

    [BeforeProgram]
    private static RunMeter* RunBegins(uint program)
    {
        fixed (RunMeters* meters = &Meters)
        {
            // The program's number is a constant; the mask tells the verifier that the CPU's is in bounds.
            var meter = (RunMeter*)((byte*)meters + (((ulong)Helpers.GetSmpProcessorId() & (RunMeters.Cpus - 1)) * RunMeters.CpuSize) + (program * RunMeter.Size));
            if ((meter->Runs++ & (TimedEvery - 1)) == 0)
            {
                ulong before = Helpers.KtimeGetNs();
                ulong start = Helpers.KtimeGetNs();
                uint clock = (uint)(start - before);
                if (meter->ClockNs == 0 || clock < meter->ClockNs)
                {
                    meter->ClockNs = clock;
                }

                meter->StartNs = start;
            }

            return meter;
        }
    }

    [AfterProgram]
    private static void RunEnds(RunMeter* meter)
    {
        if (meter->StartNs != 0)
        {
            meter->TimedNs += Helpers.KtimeGetNs() - meter->StartNs - meter->ClockNs;
            meter->StartNs = 0;
            meter->Timed++;
        }
    }
}

/// <summary>The counters of a program on a CPU. Nothing is atomic: a program does not run twice at a time on one.</summary>
internal struct RunMeter
{
    /// <summary>Bytes of this struct.</summary>
    public const uint Size = 32;

    /// <summary>How often it ran.</summary>
    public ulong Runs;

    /// <summary>When the run began that is being timed, in ns since boot; 0 for none.</summary>
    public ulong StartNs;

    /// <summary>How long the runs took that were timed, in ns. May wrap around below 0 where they take no longer than a look at the clock.</summary>
    public ulong TimedNs;

    /// <summary>How many were timed.</summary>
    public uint Timed;

    /// <summary>The least that a look at the clock took, in ns: an interrupt in between makes it look longer.</summary>
    public uint ClockNs;
}

/// <summary>The counters of all programs of an object.</summary>
[InlineArray((int)(Cpus * Programs))]
internal struct RunMeters
{
    /// <summary>How many CPUs have counters of their own; of a larger machine several share them, and a few runs are missed.</summary>
    public const uint Cpus = 512;

    /// <summary>How many programs an object may have.</summary>
    public const uint Programs = 32;

    /// <summary>Bytes of the counters of one CPU: it shares no cache line with another.</summary>
    public const uint CpuSize = Programs * RunMeter.Size;

    private RunMeter _first;
}
