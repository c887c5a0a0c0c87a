using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using Fathom.Output.Rows;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Kernel;

namespace Fathom.Tools.OpenSnoop;

/// <summary>Makes rows of records.</summary>
/// <param name="source">The kernel side.</param>
/// <param name="view">How rows are shown.</param>
/// <param name="name">What the name of a process must contain; null for any.</param>
/// <param name="onlyFailed">Whether only what failed is shown.</param>
/// <param name="flags">Flags of which one must be there; empty for any.</param>
internal sealed class OpenSnoopTracing(IEventSource source, EventView<OpenRow> view, string? name, bool onlyFailed, IReadOnlyList<ulong> flags)
    : EventTracing<OpenRecord, OpenRow>(source, view)
{
    // Of requests that were submitted and have not completed: more than a machine has in flight.
    private const int MostPendingBytes = 16 * 1024 * 1024;

    // Requests that say nothing if they succeed have succeeded if they have not failed until then; a failure that comes later is counted.
    private const long SilenceNs = 1_000_000_000;
    private const int MostSucceeded = 16_384;

    private readonly Dictionary<ulong, byte[]> _pending = [];
    private readonly Queue<(ulong Request, ulong TimeNs)> _silent = [];
    private readonly HashSet<ulong> _succeeded = [];
    private ulong _failedLate;
    private int _pendingBytes;
    private ulong _forgotten;
    private readonly byte[]? _name = name is null ? null : Encoding.UTF8.GetBytes(name);
    private readonly PathText _path = new();

    /// <inheritdoc/>
    protected override void Write(ISink sink, ref readonly OpenRecord head, ReadOnlySpan<byte> rest)
    {
        switch (head.Kind)
        {
            case OpenRecordKind.Call:
                WriteRow(sink, in head, rest);
                break;
            case OpenRecordKind.Submitted:
                Keep(sink, in head, rest);
                break;
            case OpenRecordKind.Silent:
                if (Keep(sink, in head, rest))
                {
                    _silent.Enqueue((head.Request, head.TimeNs));
                }

                break;
            case OpenRecordKind.Completed when _succeeded.Remove(head.Request):
                _failedLate++;
                break;
            case OpenRecordKind.Completed when TryForget(head.Request, out byte[]? submitted):
                ref OpenRecord whole = ref MemoryMarshal.AsRef<OpenRecord>(submitted.AsSpan());
                whole.TimeNs = head.TimeNs;
                whole.Result = head.Result;
                WriteRow(sink, in whole, submitted.AsSpan(Head));
                break;
        }
    }

    /// <inheritdoc/>
    protected override void WriteDue(ISink sink, bool isLast)
    {
        while (_silent.TryPeek(out (ulong Request, ulong TimeNs) first)
            && (isLast || Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency) - (long)first.TimeNs > SilenceNs))
        {
            _silent.Dequeue();
            if (_pending.TryGetValue(first.Request, out byte[]? submitted) && MemoryMarshal.AsRef<OpenRecord>(submitted.AsSpan()).TimeNs == first.TimeNs)
            {
                _ = TryForget(first.Request, out _);
                WriteSucceeded(sink, submitted);
                if (_succeeded.Count < MostSucceeded)
                {
                    _succeeded.Add(first.Request);
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<Loss> ReadLosses(bool isLast) =>
    [
        new("unfinished", _forgotten + (isLast ? (ulong)_pending.Count : 0), "requests of io_uring not shown, because their end was not seen"),
        new("failed-late", _failedLate, "requests of io_uring that say nothing if they succeed are shown without an error, but failed more than a second later"),
    ];

    // False if there is no room.
    private bool Keep(ISink sink, ref readonly OpenRecord head, ReadOnlySpan<byte> rest)
    {
        ulong request = head.Request;
        int bytes = Head + rest.Length;

        // A request whose completion was not seen leaves its address to the next one.
        _succeeded.Remove(request);
        if (TryForget(request, out byte[]? old))
        {
            if (MemoryMarshal.AsRef<OpenRecord>(old.AsSpan()).Kind == OpenRecordKind.Silent)
            {
                WriteSucceeded(sink, old);
            }
            else
            {
                _forgotten++;
            }
        }

        if (_pendingBytes + bytes > MostPendingBytes)
        {
            _forgotten++;
            return false;
        }

        _pendingBytes += bytes;
        _pending.Add(request, [.. MemoryMarshal.AsBytes(new ReadOnlySpan<OpenRecord>(in head)), .. rest]);
        return true;
    }

    private bool TryForget(ulong request, [NotNullWhen(true)] out byte[]? record)
    {
        bool isKnown = _pending.Remove(request, out record);
        _pendingBytes -= record?.Length ?? 0;
        return isKnown;
    }

    private void WriteSucceeded(ISink sink, byte[] record) =>
        WriteRow(sink, in MemoryMarshal.AsRef<OpenRecord>(record.AsSpan()), record.AsSpan(Head));

    private void WriteRow(ISink sink, ref readonly OpenRecord head, ReadOnlySpan<byte> text)
    {
        if ((onlyFailed && head.Result >= 0) || !OpenFlags.Match(flags, head.Flags))
        {
            return;
        }

        var row = new OpenRow(in head, PathOf(in head, text));
        if (_name is null || row.Command.Bytes.IndexOf(_name) >= 0)
        {
            Show(sink, row);
        }
    }

    private TextValue PathOf(ref readonly OpenRecord head, ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> names = text[..Math.Min(head.DirectoryBytes, text.Length)];
        ReadOnlySpan<byte> path = text[names.Length..];
        if (path.IsEmpty && (head.Call != OpenCall.ByHandle || names.IsEmpty))
        {
            return TextValue.Unreadable;
        }

        path = path.IsEmpty ? path : path[..^1];
        return head.Directory is OpenDirectory.None or OpenDirectory.Unsuitable
            ? TextValue.Whole(path)
            : _path.Join(names, head.Directory == OpenDirectory.Partial ? PathEnd.Below : PathEnd.Root, path);
    }
}
