using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Cost;

namespace Fathom.Tools.Shared.Events;

/// <summary>A probe in the kernel that hands over its events in a ring buffer.</summary>
/// <param name="probe">What is loaded; this disposes it.</param>
/// <param name="ring">Its ring buffer.</param>
/// <param name="links">Its attachments.</param>
/// <param name="lossesAtEnd">Reads what is a loss only once nothing is traced any more.</param>
internal sealed class ProbeSource(
    LoadedBpf probe, BpfRingBuffer ring, LinkSet links, Func<IEnumerable<Loss>>? lossesAtEnd = null) : IEventSource
{
    private readonly (OrderedRecords Records, RingWatch Watch) _reader = Read(ring);
    private bool _isDetached;

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => ProbeStart.SourcesOf(links);

    /// <inheritdoc/>
    public IReadOnlyList<ProgramCost>? ReadCost() => CostMeter.Read(probe);

    /// <inheritdoc/>
    public bool IsPressing => _reader.Records.IsPressing;

    /// <inheritdoc/>
    public void Detach()
    {
        links.Dispose();
        _isDetached = true;
    }

    /// <inheritdoc/>
    public int Take(bool isLast) => _reader.Records.Take(isLast);

    /// <inheritdoc/>
    public bool TryNext(out ReadOnlySpan<byte> record) => _reader.Records.TryNext(out record);

    /// <inheritdoc/>
    public IEnumerable<Loss> ReadLosses() => [.. probe.ReadLosses(), .. _isDetached ? lossesAtEnd?.Invoke() ?? [] : []];

    /// <inheritdoc/>
    public void Dispose()
    {
        links.Dispose();
        _reader.Watch.Dispose();
        probe.Dispose();
    }

    private static (OrderedRecords Records, RingWatch Watch) Read(BpfRingBuffer ring)
    {
        var records = new OrderedRecords(ring);
        return (records, new(ring, records));
    }
}
