using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;
using Fathom.Runtime;

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
                costs.Add(new(probe.ProgramNames[program], runs, timed > 0 ? Math.Max(0, (double)ns / timed) : 0));
            }
        }

        return costs;
    }
}
