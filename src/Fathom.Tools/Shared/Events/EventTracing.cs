using System;
using Fathom.Output.Sinks;
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
    public abstract void Begin(ISink sink);

    /// <inheritdoc/>
    public bool Poll(ISink sink, bool isLast)
    {
        if (isLast)
        {
            source.Detach();
        }

        source.Take(isLast);
        while (source.TryNext(out ReadOnlySpan<byte> record))
        {
            Write(sink, record);

            // The kernel needs its room before anybody needs the rows.
            if (source.IsPressing && !isLast)
            {
                return true;
            }
        }

        sink.EndRows();
        long now = Environment.TickCount64;
        if (isLast || now - _lossesRead >= s_lossPace.TotalMilliseconds)
        {
            _lossesRead = now;
            _losses.Write(sink, source.ReadLosses());
        }

        return source.IsPressing;
    }

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
