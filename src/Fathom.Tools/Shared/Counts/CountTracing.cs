using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Output.Counts;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.Shared.Counts;

/// <summary>How counts are shown.</summary>
/// <param name="Table">The table, without rows.</param>
/// <param name="Row">The row of a thing, by its number or key, with its count.</param>
/// <param name="HighestFirst">Whether the highest count comes first, and not the lowest.</param>
internal sealed record CountView(CountTable Table, Func<ulong, ulong, CountRow> Row, bool HighestFirst = true);

/// <summary>Reports what has been counted since the report before.</summary>
/// <param name="source">The kernel side; this disposes it.</param>
/// <param name="view">How it is shown.</param>
internal class CountTracing(IReportSource<ulong> source, CountView view) : IReportTracing
{
    private readonly LossReport _losses = new();
    private Dictionary<ulong, ulong> _before = [];

    /// <inheritdoc/>
    public virtual string? Banner => null;

    /// <inheritdoc/>
    public virtual string? Excess => null;

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => source.Sources;

    /// <inheritdoc/>
    public IReadOnlyList<ProgramCost>? ReadCost() => source.ReadCost();

    /// <inheritdoc/>
    public void Report(ISink sink)
    {
        Dictionary<ulong, ulong> now = source.Read();
        var rows = new List<CountRow>();
        foreach ((ulong thing, ulong total) in now)
        {
            ulong count = total - _before.GetValueOrDefault(thing);
            if (count > 0)
            {
                rows.Add(view.Row(thing, count));
            }
        }

        _before = now;
        IOrderedEnumerable<CountRow> ordered = view.HighestFirst ? rows.OrderByDescending(static row => row.Count) : rows.OrderBy(static row => row.Count);
        sink.Write(view.Table with { Rows = [.. ordered.ThenBy(static row => row.Name, StringComparer.Ordinal)] });
        _losses.Write(sink, source.ReadLosses());
    }

    /// <inheritdoc/>
    public virtual void ReportEnd(ISink sink) => _losses.Write(sink, source.ReadLosses());

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what it holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }
    }
}

/// <summary>A probe in the kernel that includes <see cref="Occurrences"/>, attached.</summary>
/// <typeparam name="TProbe">The object.</typeparam>
/// <param name="probe">What is loaded; this disposes it.</param>
/// <param name="constants">What it was loaded with.</param>
/// <param name="links">Its attachments.</param>
internal sealed class CountProbe<TProbe>(TProbe probe, Occurrences.IConstants constants, LinkSet links)
    : ReportProbe<TProbe, ulong>(probe, links, Reader(constants.CountsByKey))
    where TProbe : LoadedBpf, Occurrences.ILoaded
{
    private static Func<TProbe, Dictionary<ulong, ulong>> Reader(bool byKey)
    {
        var reader = new CountReader();
        return probe => reader.Read(probe, byKey);
    }
}
