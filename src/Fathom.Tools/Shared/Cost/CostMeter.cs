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
    /// <summary>Reads the counters, without a lock: a run that ends meanwhile counts next time.</summary>
    /// <param name="probe">The object.</param>
    /// <returns>What each program that has run has cost; null if the object does not include <see cref="RunCost"/>.</returns>
    public static IReadOnlyList<ProgramCost>? Read(LoadedBpf probe)
    {
        if (probe is not RunCost.ILoaded meters)
        {
            return null;
        }

        var costs = new List<ProgramCost>();
        var cpus = new RunMeters[meters.Meters.CpuCount];
        meters.Meters.Read(0, cpus);
        for (int program = 0; program < Math.Min(probe.ProgramNames.Count, RunMeters.Programs); program++)
        {
            ulong runs = 0;
            RunTimes timed = default;
            foreach (ref readonly RunMeters cpu in cpus.AsSpan())
            {
                runs += cpu.RunsOf(program);
                timed += cpu.TimesOf(program);
            }

            if (runs > 0)
            {
                string name = probe.ProgramNames[program];
                BpfProgram? loaded = Find(probe, name);
                costs.Add(new(name, runs, timed.Average)
                {
                    AroundNs = IsAtCalls(probe, name) ? meters.AroundCallNs : 0,
                    Target = loaded?.Target ?? "",
                    ReadKernel = loaded is null ? null : () => loaded.GetInfo() is var info ? (info.RunCount, info.RunTimeNs) : default,
                });
            }
        }

        return costs;
    }

    /// <summary>Attaches an object, and measures what the kernel does around its programs: <see cref="Measure"/>.</summary>
    /// <exception cref="BpfException">One cannot be attached: none is.</exception>
    public static LinkSet Attach(LoadedBpf probe)
    {
        LinkSet? links = null;
        Measure(probe, () => links = probe.Attach());
        return links!;
    }

    /// <summary>Measures on our own system calls what the kernel does around programs at each of the machine's.</summary>
    /// <param name="probe">The object.</param>
    /// <param name="attach">Attaches its programs.</param>
    public static void Measure(LoadedBpf probe, Action attach)
    {
        int atCalls = probe.ProgramNames.Count(name => IsAtCalls(probe, name));
        if (atCalls == 0 || probe is not RunCost.ILoaded meters)
        {
            attach();
            return;
        }

        double before = MeasureCall(probe.Object.Kernel.Calls);
        attach();
        double more = MeasureCall(probe.Object.Kernel.Calls) - before;
        double own = Read(probe)!.Where(one => IsAtCalls(probe, one.Name)).Sum(static one => one.NsPerRun);
        meters.AroundCallNs = (ulong)Math.Max(0, (more - own) / atCalls);
    }

    // The first of these that is traced sends every system call of the machine the slow way:
    // https://github.com/torvalds/linux/blob/v6.18/kernel/tracepoint.c (syscall_regfunc)
    private static bool IsAtCalls(LoadedBpf probe, string name) => Find(probe, name)?.Target is "sys_enter" or "sys_exit";

    private static BpfProgram? Find(LoadedBpf probe, string name) => probe.Object.Programs.FirstOrDefault(program => program.Name == name);

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
