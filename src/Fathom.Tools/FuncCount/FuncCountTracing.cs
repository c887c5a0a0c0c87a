using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Counts;

namespace Fathom.Tools.FuncCount;

/// <summary>Reports what has been counted since the report before.</summary>
/// <param name="start">What attaches, and may still be at it if the end was asked for meanwhile.</param>
/// <param name="banner">What is printed when tracing has begun.</param>
/// <param name="request">What was asked for, and where to say how it goes.</param>
internal sealed class FuncCountTracing(FuncCountStart start, Func<string> banner, ToolRequest request)
    : CountTracing((IReportSource<ulong>?)start.Source ?? new NotBegun(), ViewOf(start))
{
    /// <inheritdoc/>
    public override string? Banner => banner();

    /// <inheritdoc/>
    public override string? Excess => start.Excess;

    /// <inheritdoc/>
    public override void ReportEnd(ISink sink)
    {
        start.Source?.EndFollowing();
        base.ReportEnd(sink);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        start.Dispose();
        if (start.Source is { } source)
        {
            source.Detaching = TellLeft;
        }

        base.Dispose(disposing);
    }

    private static CountView ViewOf(FuncCountStart start) => new(
        new("FUNC", []),
        (place, count) =>
        {
            Countable one = start.Source!.Countables[(int)place];
            return new(one.Name, count, one.Symbol);
        },
        HighestFirst: false);

    // Whoever waits for the end sees how far it is.
    private void TellLeft(int left)
    {
        if (left % 10 == 0)
        {
            request.Status?.Invoke(left > 0 ? $"detaching, {left} to go; Ctrl-C leaves them to the kernel" : "");
        }
    }

    // The end was asked for before anything was found.
    private sealed class NotBegun : IReportSource<ulong>
    {
        public Dictionary<ulong, ulong> Read() => [];

        public IEnumerable<Loss> ReadLosses() => [];

        public void Dispose()
        {
        }
    }
}
