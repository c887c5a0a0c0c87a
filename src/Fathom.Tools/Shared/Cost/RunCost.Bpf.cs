using System;
using Fathom.Bpf;

namespace Fathom.Tools.Shared.Cost;

/// <summary>What the programs of a tool cost, measured by themselves: every run is counted, and one of many is timed.</summary>
/// <remarks>
/// The kernel's own statistics time every run of every program of the machine, and are a privilege. Here a run costs an addition, and a look at the
/// clock every so often. What the kernel needs to get to the program, and the program to its counter, is not in the time: where events are rare, that is some
/// tens of nanoseconds for lines of code and memory that are in no cache.
/// </remarks>
[BpfPart]
internal static unsafe partial class RunCost
{
    // Of a power of two runs one is timed: the three looks at the clock then cost a nanosecond or two of each run.
    private const ulong TimedEvery = 64;

    /// <summary>The counters.</summary>
    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<RunMeters> Meters = new();

    /// <summary>
    /// What the kernel does around a program at every system call, in ns, on this machine; 0 where there is none. No program sees it, and user space
    /// measures it when it attaches.
    /// </summary>
    internal static ulong AroundCallNs;

    [BeforeProgram]
    private static RunStart* RunBegins(uint program)
    {
        RunMeters* meters = Meters.Lookup(0);
        if (meters == null)
        {
            return null;
        }

        var run = (RunStart*)((byte*)meters + (program * RunStart.Size));
        if ((run->Runs++ & (TimedEvery - 1)) == 0)
        {
            run->StartNs = Helpers.KtimeGetNs();
        }

        return run;
    }

    [AfterProgram]
    private static void RunEnds(RunStart* run)
    {
        if (run != null && run->StartNs != 0)
        {
            var times = (RunTimes*)((byte*)run + RunMeters.TimesOffset);
            ulong end = Helpers.KtimeGetNs();
            ulong after = Helpers.KtimeGetNs();
            times->Ns += end + end - after - run->StartNs;
            times->Count++;
            run->StartNs = 0;
        }
    }
}

/// <summary>How often a program ran on a CPU, which is touched at each run. Nothing is atomic: a program does not run twice at a time on one.</summary>
internal struct RunStart
{
    /// <summary>Bytes of this struct.</summary>
    public const uint Size = 16;

    /// <summary>How often it ran.</summary>
    public ulong Runs;

    /// <summary>When the run began that is being timed, in ns since boot; 0 if none is.</summary>
    public ulong StartNs;
}

/// <summary>The runs of a program on a CPU that were timed.</summary>
internal struct RunTimes
{
    /// <summary>How long they took, in ns, without a look at the clock each. May wrap around below 0 where they take no longer than that.</summary>
    public ulong Ns;

    /// <summary>How many they were.</summary>
    public ulong Count;

    /// <summary>What one took on average, in ns; 0 if there was none.</summary>
    public readonly double Average => Count > 0 ? Math.Max(0, (double)(long)Ns / Count) : 0;

    /// <summary>Both together.</summary>
    public static RunTimes operator +(RunTimes one, RunTimes other) => new() { Ns = one.Ns + other.Ns, Count = one.Count + other.Count };
}

/// <summary>The counters of all programs of an object on a CPU: what is touched at each run lies together.</summary>
internal unsafe struct RunMeters
{
    /// <summary>How many programs an object may have.</summary>
    public const int Programs = 32;

    /// <summary>Bytes from how often a program ran to the runs of it that were timed.</summary>
    public const int TimesOffset = Programs * (int)RunStart.Size;

    /// <summary>A <see cref="RunStart"/> for each program, then a <see cref="RunTimes"/> for each.</summary>
    public fixed ulong Words[Programs * 4];

    /// <summary>How often a program ran.</summary>
    public readonly ulong RunsOf(int program) => Words[program * 2];

    /// <summary>The runs of a program that were timed.</summary>
    public readonly RunTimes TimesOf(int program) => new() { Ns = Words[(Programs + program) * 2], Count = Words[((Programs + program) * 2) + 1] };
}
