using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Cost;

namespace Fathom.Tools.Shared;

/// <summary>Where reports come from: a kernel side at work that sums up.</summary>
/// <typeparam name="T">What it sums up for each key.</typeparam>
internal interface IReportSource<T> : IDisposable
{
    /// <summary>What is attached.</summary>
    IReadOnlyList<TraceSource> Sources => [];

    /// <summary>What each of its programs has cost since the start; null if that is not measured.</summary>
    IReadOnlyList<ProgramCost>? ReadCost() => null;

    /// <summary>Everything since the start, by key.</summary>
    Dictionary<ulong, T> Read();

    /// <summary>What was lost since the start.</summary>
    IEnumerable<Loss> ReadLosses();
}

/// <summary>A probe in the kernel that sums up, attached.</summary>
/// <typeparam name="TProbe">The object.</typeparam>
/// <typeparam name="T">What it sums up for each key.</typeparam>
/// <param name="probe">What is loaded; this disposes it.</param>
/// <param name="links">Its attachments.</param>
/// <param name="read">Reads it.</param>
internal class ReportProbe<TProbe, T>(TProbe probe, LinkSet links, Func<TProbe, Dictionary<ulong, T>> read) : IReportSource<T>
    where TProbe : LoadedBpf
{
    /// <summary>The object.</summary>
    protected TProbe Probe => probe;

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => ProbeStart.SourcesOf(links);

    /// <inheritdoc/>
    public IReadOnlyList<ProgramCost>? ReadCost() => CostMeter.Read(probe);

    /// <inheritdoc/>
    public Dictionary<ulong, T> Read() => read(probe);

    /// <inheritdoc/>
    public virtual IEnumerable<Loss> ReadLosses() => probe.ReadLosses();

    /// <inheritdoc/>
    public void Dispose()
    {
        links.Dispose();
        probe.Dispose();
    }
}
