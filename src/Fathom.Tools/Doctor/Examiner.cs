using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Doctor;

/// <summary>Asks the machine; how the answers look is not its matter.</summary>
public static class Examiner
{
    /// <summary>Tries every tool and every feature on the running kernel. Nothing stays attached or loaded.</summary>
    /// <param name="tools">The tools.</param>
    public static DoctorReport Examine(IReadOnlyList<ITool> tools) => Examine(Kernel.Running, tools);

    /// <summary>Tries every tool and every feature. Nothing stays attached or loaded.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="tools">The tools.</param>
    public static DoctorReport Examine(Kernel kernel, IReadOnlyList<ITool> tools)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(tools);
        return new(
            [.. tools.Select(static tool => new ToolFinding(tool.Description.Name, tool.Examine()))],
            MachineFacts.Read(kernel),
            [.. KernelFeatures.All.Select(feature => new FeatureFinding(feature, kernel.Probe(feature)))]);
    }
}
