using System;
using System.Collections.Generic;
using System.Linq;

namespace Fathom.Output.Sinks;

/// <summary>What a program has cost by the kernel's own statistics, beside the tool's figure.</summary>
/// <param name="Name">The program.</param>
/// <param name="Runs">How often it ran.</param>
/// <param name="KernelNs">What the kernel measured, in ns, with what measuring takes.</param>
/// <param name="StatisticsNs">What measuring takes of each run, in ns: the kernel's figure for an empty program.</param>
/// <param name="ShownNsPerRun">The tool's figure for a run meanwhile, in ns, without what the kernel does around it.</param>
public readonly record struct ExactProgramCost(string Name, long Runs, long KernelNs, double StatisticsNs, double ShownNsPerRun)
{
    /// <summary>What the program itself has cost by the kernel's statistics, in ns.</summary>
    public double Nanoseconds => Math.Max(0, KernelNs - (Runs * StatisticsNs));

    /// <summary>The same by the tool.</summary>
    public double Shown => Runs * ShownNsPerRun;
}

/// <summary>What the programs cost by the kernel's own statistics, for some time.</summary>
/// <param name="Programs">Those that ran.</param>
/// <param name="Elapsed">For how long.</param>
public sealed record ExactCostRecord(IReadOnlyList<ExactProgramCost> Programs, TimeSpan Elapsed)
{
    /// <summary>How often the programs ran.</summary>
    public long Runs => Programs.Sum(static one => one.Runs);

    /// <summary>What they have cost, in ns.</summary>
    public double Nanoseconds => Programs.Sum(static one => one.Nanoseconds);

    /// <summary>The same by the tool.</summary>
    public double Shown => Programs.Sum(static one => one.Shown);

    /// <summary>What measuring has taken, in ns.</summary>
    public double Statistics => Programs.Sum(static one => one.Runs * one.StatisticsNs);
}
