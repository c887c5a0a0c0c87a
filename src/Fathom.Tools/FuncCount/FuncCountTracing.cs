using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Output.Counts;
using Fathom.Output.Sinks;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.FuncCount;

/// <summary>Reports what has been counted since the report before.</summary>
/// <param name="start">What attaches, and may still be at it if the end was asked for meanwhile.</param>
/// <param name="banner">What is printed when tracing has begun.</param>
/// <param name="request">What was asked for, and where to say how it goes.</param>
internal sealed class FuncCountTracing(FuncCountStart start, Func<string> banner, ToolRequest request) : IReportTracing
{
    private readonly LossReport _losses = new();
    private readonly FuncCountProbeSource? _source = start.Source;
    private readonly ulong[] _before = new ulong[start.Source?.Countables.Count ?? 0];
    private readonly ulong[] _now = new ulong[start.Source?.Countables.Count ?? 0];

    /// <inheritdoc/>
    public string Banner => banner();

    /// <inheritdoc/>
    public string? Excess => start.Excess;

    /// <inheritdoc/>
    public IReadOnlyList<ProgramCost>? ReadCost() => _source?.ReadCost();

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => _source?.Sources ?? [];

    /// <inheritdoc/>
    public void Report(ISink sink)
    {
        _source?.Read(_now);
        var rows = new List<CountRow>();
        for (int i = 0; i < _now.Length; i++)
        {
            if (_now[i] > _before[i])
            {
                rows.Add(new(_source!.Countables[i].Name, _now[i] - _before[i], _source.Countables[i].Symbol));
            }
        }

        _now.CopyTo(_before, 0);
        sink.Write(new CountTable("FUNC", [.. rows.OrderBy(static row => row.Count).ThenBy(static row => row.Name, StringComparer.Ordinal)]));
        _losses.Write(sink, _source?.Losses ?? []);
    }

    /// <inheritdoc/>
    public void ReportEnd(ISink sink)
    {
        _source?.EndFollowing();
        _losses.Write(sink, _source?.Losses ?? []);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        start.Dispose();
        if (start.Source is { } source)
        {
            source.Detaching = TellLeft;
            source.Dispose();
        }
    }

    // Whoever waits for the end sees how far it is.
    private void TellLeft(int left)
    {
        if (left % 10 == 0)
        {
            request.Status?.Invoke(left > 0 ? $"detaching, {left} to go; Ctrl-C leaves them to the kernel" : "");
        }
    }
}
