using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Runtime.Interop;

namespace Fathom.Tools.Shared.Cost;

/// <summary>The user side of <see cref="RunCost"/>: what the programs of a tool have cost since they were loaded.</summary>
internal static class CostMeter
{
    /// <summary>Reads the counters. Without a system call, and without a lock: a run that ends meanwhile counts next time.</summary>
    /// <param name="probe">The object.</param>
    /// <returns>What each program that has run has cost; null if the object does not include <see cref="RunCost"/>.</returns>
    public static IReadOnlyList<ProgramCost>? Read(LoadedBpf probe)
    {
        if (probe is not RunCost.ILoaded meters)
        {
            return null;
        }

        var costs = new List<ProgramCost>();
        ReadOnlySpan<RunMeter> all = meters.Meters;
        int cpus = Math.Min(Math.Max(probe.Object.Kernel.PossibleCpus, 1), (int)RunMeters.Cpus);
        for (int program = 0; program < Math.Min(probe.ProgramNames.Count, (int)RunMeters.Programs); program++)
        {
            ulong runs = 0, timed = 0;
            long ns = 0;
            for (int cpu = 0; cpu < cpus; cpu++)
            {
                ref readonly RunMeter meter = ref all[(cpu * (int)RunMeters.Programs) + program];
                runs += meter.Runs;
                timed += meter.Timed;
                ns += (long)meter.TimedNs;
            }

            if (runs > 0)
            {
                string name = probe.ProgramNames[program];
                costs.Add(new(name, runs, timed > 0 ? Math.Max(0, (double)ns / timed) : 0) { AroundNs = IsAtCalls(probe, name) ? meters.AroundCallNs : 0 });
            }
        }

        return costs;
    }

    /// <summary>Attaches an object, and measures on our own system calls what the kernel then does around its programs at each of the machine's.</summary>
    /// <exception cref="BpfException">One cannot be attached: none is.</exception>
    public static LinkSet Attach(LoadedBpf probe)
    {
        int atCalls = probe.ProgramNames.Count(name => IsAtCalls(probe, name));
        if (atCalls == 0 || probe is not RunCost.ILoaded meters)
        {
            return probe.Attach();
        }

        double before = MeasureCall(probe.Object.Kernel.Calls);
        LinkSet links = probe.Attach();
        double more = MeasureCall(probe.Object.Kernel.Calls) - before;
        double own = Read(probe)!.Where(one => IsAtCalls(probe, one.Name)).Sum(static one => one.NsPerRun);
        meters.AroundCallNs = (ulong)Math.Max(0, (more - own) / atCalls);
        return links;
    }

    // The first of these that is traced sends every system call of the machine the slow way:
    // https://github.com/torvalds/linux/blob/v6.18/kernel/tracepoint.c (syscall_regfunc)
    private static bool IsAtCalls(LoadedBpf probe, string name)
    {
        foreach (BpfProgram program in probe.Object.Programs)
        {
            if (program.Name == name)
            {
                return program.Target is "sys_enter" or "sys_exit";
            }
        }

        return false;
    }

    // The fastest of some batches: whatever comes in between makes them slower.
    private static double MeasureCall(KernelCalls calls)
    {
        const int Batches = 64, Calls = 16;
        double best = double.MaxValue;
        for (int batch = 0; batch < Batches; batch++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Calls; i++)
            {
                calls.Poll([], 0);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Calls);
        }

        return best;
    }
}
