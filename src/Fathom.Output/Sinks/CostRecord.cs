using System;
using System.Collections.Generic;
using System.Linq;

namespace Fathom.Output.Sinks;

/// <summary>What a program in the kernel has cost.</summary>
/// <param name="Name">The program.</param>
/// <param name="Runs">How often it ran.</param>
/// <param name="NsPerRun">How long a run took on average, in ns: an estimate.</param>
public readonly record struct ProgramCost(string Name, ulong Runs, double NsPerRun)
{
    /// <summary>What the kernel does around each run, in ns, as far as it is known: 0 if it is not.</summary>
    public double AroundNs { get; init; }

    /// <summary>What it is attached to, if that is one thing that has a name; otherwise empty.</summary>
    public string Target { get; init; } = "";

    /// <summary>Asks for its runs and their ns in the kernel's own statistics, which count while somebody has them on; null if nobody can be asked.</summary>
    public Func<(long Runs, long Ns)>? ReadKernel { get; init; }

    /// <summary>What it has cost, in ns of processor time, with what the kernel does around it.</summary>
    public double Nanoseconds => Runs * (NsPerRun + AroundNs);
}

/// <summary>What tracing has cost the machine, all of it.</summary>
/// <param name="Programs">What each program has cost; those that did not run are left out.</param>
/// <param name="Elapsed">The time that was traced.</param>
/// <param name="Cpus">How many CPUs the machine has.</param>
public sealed record CostRecord(IReadOnlyList<ProgramCost> Programs, TimeSpan Elapsed, int Cpus)
{
    /// <summary>The kernel's own statistics for a part of the time; null if they were not asked for.</summary>
    public ExactCostRecord? Exact { get; init; }

    /// <summary>How often the programs ran.</summary>
    public ulong Runs => Programs.Aggregate(0UL, static (sum, one) => sum + one.Runs);

    /// <summary>What they have cost, in ns of processor time on all CPUs together.</summary>
    public double Nanoseconds => Programs.Sum(static one => one.Nanoseconds);

    /// <summary>The share of the machine's processor time, 1 for all of it.</summary>
    public double Share => Elapsed > TimeSpan.Zero ? Nanoseconds / (Elapsed.TotalNanoseconds * Cpus) : 0;
}
