using System;
using System.Collections.Generic;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Shared.Events;

/// <summary>A probe in the kernel that hands over its events in a ring buffer.</summary>
/// <param name="probe">What is loaded; this disposes it.</param>
/// <param name="programs">Its programs, for what the kernel says of them.</param>
/// <param name="ring">Its ring buffer.</param>
/// <param name="links">Its attachments.</param>
/// <param name="losses">Reads its own counters.</param>
/// <param name="lossesAtEnd">Reads what is a loss only once nothing is traced any more.</param>
internal sealed class ProbeSource(
    IDisposable probe,
    IReadOnlyList<BpfProgram> programs,
    BpfRingBuffer ring,
    LinkSet links,
    Func<IEnumerable<Loss>> losses,
    Func<IEnumerable<Loss>>? lossesAtEnd = null) : IEventSource
{
    private readonly (OrderedRecords Records, RingWatch Watch) _reader = Read(ring);
    private bool _isDetached;

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => ProbeStart.SourcesOf(links);

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
    public IEnumerable<Loss> ReadLosses()
    {
        foreach (Loss loss in losses())
        {
            yield return loss;
        }

        if (_isDetached && lossesAtEnd is not null)
        {
            foreach (Loss loss in lossesAtEnd())
            {
                yield return loss;
            }
        }

        // The kernel does not run a program on a CPU where it is running already:
        // https://github.com/torvalds/linux/blob/v6.18/kernel/trace/bpf_trace.c (__bpf_trace_run)
        ulong missed = 0;
        foreach (BpfProgram program in programs)
        {
            missed += (ulong)program.GetInfo().RecursionMisses;
        }

        yield return new("missed", missed, "events missed, because the kernel does not run a program twice at a time on one CPU");
    }

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
