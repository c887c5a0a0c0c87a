using System;
using Fathom.Bpf;

namespace Fathom.Tools.Shared.Cost;

/// <summary>What the programs of a tool cost, measured by themselves: every run is counted, and some are timed.</summary>
/// <remarks>
/// The kernel's own statistics time every run of every program of the machine, and are a privilege. Here a run costs an addition, and a look at the
/// clock every so often. What all programs of a tool count on a CPU lies together: where events are rare, each line of the cache that a program touches
/// costs more than everything that it computes. So does the line that the counters lie in, and to have it in the time the clock must be looked at before
/// it is known how many runs there were: in one of some ticks of the kernel's. Until the first of these, one of many runs is timed from there on.
/// </remarks>
[BpfPart]
internal static unsafe partial class RunCost
{
    // In one of so many ticks one of so many runs is timed; before, one of so many runs. All the looks at the clock then cost about two nanoseconds of
    // each run.
    private const ulong Ticks = 32, RunsOfTick = 4, RunsBefore = 64;

    // Longer than any look at the clock: an interrupt came in between.
    private const ulong LongestClockNs = 20_000;

    /// <summary>The counters, one element for each CPU: a per-CPU map would have each run read an address first.</summary>
    [Map]
    internal static readonly ArrayMap<RunMeters> Meters = new();

    /// <summary>
    /// What the kernel does around a program at every system call, in ns, on this machine; 0 where there is none. No program sees it, and user space
    /// measures it when it attaches.
    /// </summary>
    internal static ulong AroundCallNs;

    /// <summary>Counts a run.</summary>
    /// <returns>If it is timed: when it would have begun if to time it took nothing, above its kind and the program's number; otherwise 0.</returns>
    [BeforeProgram]
    private static ulong RunBegins(uint program)
    {
        ulong begin = 0;
        if ((Helpers.Jiffies64() & (Ticks - 1)) == 0)
        {
            begin = Helpers.KtimeGetNs();
        }

        RunMeters* meters = Meters.Lookup((uint)Helpers.GetSmpProcessorId());
        if (meters == null)
        {
            return 0;
        }

        ulong run = meters->Runs[(int)program]++;
        if ((run & (begin != 0 ? RunsOfTick - 1 : RunsBefore - 1)) != 0)
        {
            return 0;
        }

        ulong first = Helpers.KtimeGetNs();
        ulong second = Helpers.KtimeGetNs();
        ulong clock = second - first;
        if (clock > LongestClockNs)
        {
            return 0;
        }

        // From one look to the next there is as much of them as one takes; what they cost all runs together is theirs, too.
        return begin != 0
            ? ((begin + (3 * clock) - (2 * clock / Ticks)) << RunMeters.KindBits) | RunMeters.InTick | program
            : ((second + clock) << RunMeters.KindBits) | program;
    }

    [AfterProgram]
    private static void RunEnds(ulong run)
    {
        if (run == 0)
        {
            return;
        }

        ulong end = Helpers.KtimeGetNs();
        RunMeters* meters = Meters.Lookup((uint)Helpers.GetSmpProcessorId());
        if (meters != null)
        {
            RunTimes* times = (RunTimes*)meters->Times + (run & ((RunMeters.Programs * 2) - 1));
            times->Ns += end - (run >> RunMeters.KindBits);
            times->Count++;
        }
    }
}

/// <summary>The runs of a program on a CPU that were timed.</summary>
internal struct RunTimes
{
    /// <summary>How long they took, in ns. May wrap around below 0 where they take no longer than a look at the clock.</summary>
    public ulong Ns;

    /// <summary>How many they were.</summary>
    public ulong Count;

    /// <summary>What one took on average, in ns; 0 if there was none.</summary>
    public readonly double Average => Count > 0 ? Math.Max(0, (double)(long)Ns / Count) : 0;

    /// <summary>Both together.</summary>
    public static RunTimes operator +(RunTimes one, RunTimes other) => new() { Ns = one.Ns + other.Ns, Count = one.Count + other.Count };
}

/// <summary>The counters of all programs of an object on a CPU. Nothing is atomic: a program does not run twice at a time on one.</summary>
internal unsafe struct RunMeters
{
    /// <summary>How many programs an object may have.</summary>
    public const int Programs = 32;

    /// <summary>In what runs that are timed carry, set for those of a tick.</summary>
    public const ulong InTick = Programs;

    /// <summary>The bits of a program's number and of <see cref="InTick"/>.</summary>
    public const int KindBits = 6;

    /// <summary>How often each ran.</summary>
    public fixed ulong Runs[Programs];

    /// <summary>Those of the runs that were timed: a <see cref="RunTimes"/> for each program before a tick, then for each in one.</summary>
    public fixed ulong Times[Programs * 4];

    /// <summary>How often a program ran.</summary>
    public readonly ulong RunsOf(int program) => Runs[program];

    /// <summary>The runs of a program that were timed.</summary>
    /// <param name="program">The program.</param>
    /// <param name="inTick">Those that were timed from their beginning, or the others.</param>
    public readonly RunTimes TimesOf(int program, bool inTick)
    {
        int at = (program + (inTick ? Programs : 0)) * 2;
        return new() { Ns = Times[at], Count = Times[at + 1] };
    }
}
