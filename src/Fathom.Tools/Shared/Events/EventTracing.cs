using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Shared.Events;

/// <summary>Shows the events of a source, and says what was lost: once a second, and at the end.</summary>
/// <param name="source">The kernel side; this disposes it.</param>
internal abstract class EventTracing(IEventSource source) : IEventTracing
{
    private static readonly TimeSpan s_lossPace = TimeSpan.FromSeconds(1);

    private readonly LossReport _losses = new();
    private long _lossesRead = Environment.TickCount64;

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => source.Sources;

    /// <inheritdoc/>
    public IReadOnlyList<ProgramCost>? ReadCost() => source.ReadCost();

    /// <inheritdoc/>
    public virtual bool IsAboutToShow => false;

    /// <inheritdoc/>
    public abstract void Begin(ISink sink);

    /// <inheritdoc/>
    public bool Poll(ISink sink, bool isLast)
    {
        if (isLast)
        {
            source.Detach();
        }

        int taken;
        do
        {
            taken = source.Take(isLast);
            while (source.TryNext(out ReadOnlySpan<byte> record))
            {
                Write(sink, record);
            }
        }
        while (isLast && taken > 0); // What is taken at a time is bounded.

        WriteDue(sink, isLast);
        sink.EndRows();
        long now = Environment.TickCount64;
        if (isLast || now - _lossesRead >= s_lossPace.TotalMilliseconds)
        {
            _lossesRead = now;
            _losses.Write(sink, [.. source.ReadLosses(), .. ReadLosses(isLast)]);
        }

        return source.IsPressing;
    }

    /// <summary>Writes rows that no record brings, but time.</summary>
    /// <param name="sink">Where they go.</param>
    /// <param name="isLast">Whether it is the end.</param>
    protected virtual void WriteDue(ISink sink, bool isLast)
    {
    }

    /// <summary>What was lost on this side since the start.</summary>
    /// <param name="isLast">Whether it is the end.</param>
    protected virtual IEnumerable<Loss> ReadLosses(bool isLast) => [];

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes the row of a record, if it is one to be shown.</summary>
    protected abstract void Write(ISink sink, ReadOnlySpan<byte> record);

    /// <summary>Releases what it holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }
    }
}
