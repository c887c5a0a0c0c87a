using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Output.Counts;
using Fathom.Output.Sinks;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.FuncCount;

/// <summary>Where counts come from.</summary>
internal interface IFuncCountSource : IDisposable
{
    /// <summary>What is counted.</summary>
    IReadOnlyList<Countable> Countables { get; }

    /// <summary>What is attached.</summary>
    IReadOnlyList<TraceSource> Sources { get; }

    /// <summary>What was not counted, since the start.</summary>
    IEnumerable<Loss> Losses { get; }

    /// <summary>How often each was passed since the start.</summary>
    /// <param name="counts">Where to: one for each.</param>
    void Read(Span<ulong> counts);
}

/// <summary>Reports what has been counted since the report before.</summary>
/// <param name="source">The kernel side.</param>
/// <param name="banner">What is printed when tracing has begun.</param>
internal sealed class FuncCountTracing(IFuncCountSource source, string banner) : IReportTracing
{
    private readonly LossReport _losses = new();
    private readonly ulong[] _before = new ulong[source.Countables.Count];
    private readonly ulong[] _now = new ulong[source.Countables.Count];

    /// <inheritdoc/>
    public string Banner => banner;

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => source.Sources;

    /// <inheritdoc/>
    public void Report(ISink sink)
    {
        source.Read(_now);
        var rows = new List<CountRow>();
        for (int i = 0; i < _now.Length; i++)
        {
            if (_now[i] > _before[i])
            {
                rows.Add(new(source.Countables[i].Name, _now[i] - _before[i], source.Countables[i].Symbol));
            }
        }

        _now.CopyTo(_before, 0);
        sink.Write(new CountTable("FUNC", [.. rows.OrderBy(static row => row.Count).ThenBy(static row => row.Name, StringComparer.Ordinal)]));
        _losses.Write(sink, source.Losses);
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();
}
