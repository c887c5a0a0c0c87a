using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Cost;

namespace Fathom.Tools.Shared;

/// <summary>The way from a loaded probe to one at work, which all tools go.</summary>
internal static class ProbeStart
{
    /// <summary>Fills the maps of a probe, then attaches its programs. If that fails, the probe is disposed of and nothing stays attached.</summary>
    /// <param name="probe">What is loaded.</param>
    /// <param name="fill">Fills its maps.</param>
    /// <param name="finish">What makes the tool's side of the attachments.</param>
    /// <exception cref="BpfException">The kernel refuses.</exception>
    public static TResult Run<TProbe, TResult>(TProbe probe, Action<TProbe> fill, Func<LinkSet, TResult> finish)
        where TProbe : LoadedBpf
    {
        LinkSet? links = null;
        try
        {
            fill(probe);
            links = CostMeter.Attach(probe);
            return finish(links);
        }
        catch
        {
            links?.Dispose();
            probe.Dispose();
            throw;
        }
    }

    /// <summary>What is attached.</summary>
    public static IReadOnlyList<TraceSource> SourcesOf(LinkSet links) => [.. links.Links.Select(TraceSource.Of)];
}
