using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Doctor;

/// <summary>What works on this machine, for this process, and why not.</summary>
/// <param name="Tools">Each tool, tried.</param>
/// <param name="Facts">What decides what can be traced.</param>
/// <param name="Features">Each feature of the kernel that tools can have a use for, tried.</param>
public sealed record DoctorReport(
    IReadOnlyList<ToolFinding> Tools, IReadOnlyList<MachineFact> Facts, IReadOnlyList<FeatureFinding> Features)
{
    /// <summary>Whether every tool runs, at least in part.</summary>
    public bool EveryToolRuns => Tools.All(static tool => tool.Examination.Runs);

    /// <summary>What could be tried with more privileges, by the capabilities that it takes: those first that the tools take.</summary>
    public IReadOnlyList<PrivilegeFinding> Privileges =>
    [
        .. Tools.SelectMany(static tool => tool.Examination.Parts.Select(part => (Missing: part.Obstacle?.Missing ?? default, Tool: tool.Name, Feature: "")))
            .Concat(Features.Select(static feature => (feature.Answer.Missing, Tool: "", Feature: feature.Feature.Name)))
            .Where(static entry => !entry.Missing.IsEmpty)
            .GroupBy(static entry => entry.Missing)
            .Select(static group => new PrivilegeFinding(
                group.Key,
                [.. group.Select(static entry => entry.Tool).Where(static name => name.Length > 0).Distinct()],
                [.. group.Select(static entry => entry.Feature).Where(static name => name.Length > 0)])),
    ];
}

/// <summary>A tool and what was found.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Examination">What it would do here.</param>
public sealed record ToolFinding(string Name, ToolExamination Examination);

/// <summary>A feature of the kernel and what was found.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Answer">Whether the kernel has it.</param>
public sealed record FeatureFinding(KernelFeature Feature, FeatureAnswer Answer);

/// <summary>What could be tried with more privileges.</summary>
/// <param name="Missing">The capabilities that the process lacks.</param>
/// <param name="Tools">Tools that lack exactly them.</param>
/// <param name="Features">Features that lack exactly them.</param>
public sealed record PrivilegeFinding(CapabilitySet Missing, IReadOnlyList<string> Tools, IReadOnlyList<string> Features);
