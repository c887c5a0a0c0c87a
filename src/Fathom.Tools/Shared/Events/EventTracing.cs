using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Shared.Events;

/// <summary>Shows the events of a source as rows, or counts them, and says what was lost: once a second, and at the end.</summary>
/// <typeparam name="TRecord">What each record of the source begins with.</typeparam>
/// <typeparam name="TRow">The row that a tool makes of one.</typeparam>
/// <param name="source">The kernel side; this disposes it.</param>
/// <param name="view">How rows are shown.</param>
internal abstract class EventTracing<TRecord, TRow>(IEventSource source, EventView<TRow> view) : IEventTracing
    where TRecord : unmanaged
    where TRow : allows ref struct
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

    /// <summary>Bytes of what each record begins with.</summary>
    protected static int Head => Unsafe.SizeOf<TRecord>();

    /// <inheritdoc/>
    public void Begin(ISink sink) => view.Begin(sink);

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
                if (record.Length >= Head)
                {
                    Write(sink, in MemoryMarshal.AsRef<TRecord>(record), record[Head..]);
                }
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

    /// <inheritdoc/>
    public void Report(ISink sink) => view.Report(sink);

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();

    /// <summary>Writes the row of a record, if it is one to be shown (<see cref="Show"/>).</summary>
    /// <param name="sink">Where it goes.</param>
    /// <param name="record">What the record begins with.</param>
    /// <param name="rest">What follows in it.</param>
    protected abstract void Write(ISink sink, ref readonly TRecord record, ReadOnlySpan<byte> rest);

    /// <summary>Writes rows that no record brings, but time.</summary>
    /// <param name="sink">Where they go.</param>
    /// <param name="isLast">Whether it is the end.</param>
    protected virtual void WriteDue(ISink sink, bool isLast)
    {
    }

    /// <summary>What was lost on this side since the start.</summary>
    /// <param name="isLast">Whether it is the end.</param>
    protected virtual IEnumerable<Loss> ReadLosses(bool isLast) => [];

    /// <summary>Writes a row, or counts it.</summary>
    protected void Show(ISink sink, in TRow row) => view.Write(sink, row);
}
