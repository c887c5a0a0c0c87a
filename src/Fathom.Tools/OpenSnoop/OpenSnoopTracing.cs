using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using Fathom.Output.Rows;
using Fathom.Output.Sinks;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Kernel;

namespace Fathom.Tools.OpenSnoop;

/// <summary>Makes rows of records.</summary>
/// <param name="source">The kernel side.</param>
/// <param name="layout">How rows are shown.</param>
/// <param name="name">What the name of a process must contain; null for any.</param>
/// <param name="onlyFailed">Whether only what failed is shown.</param>
internal sealed class OpenSnoopTracing(IEventSource source, RowLayout<OpenRow> layout, string? name, bool onlyFailed) : EventTracing(source)
{
    // Requests that were submitted and have not completed: more than a machine has in flight.
    private const int MostPending = 100_000;

    private static readonly int s_head = Marshal.SizeOf<OpenRecord>();

    private readonly Dictionary<ulong, byte[]> _pending = [];
    private readonly byte[]? _name = name is null ? null : Encoding.UTF8.GetBytes(name);
    private readonly PathText _path = new();

    /// <inheritdoc/>
    public override void Begin(ISink sink) => sink.BeginRows(layout);

    /// <inheritdoc/>
    protected override void Write(ISink sink, ReadOnlySpan<byte> record)
    {
        if (record.Length < s_head)
        {
            return;
        }

        ref readonly OpenRecord head = ref MemoryMarshal.AsRef<OpenRecord>(record);
        switch (head.Kind)
        {
            case OpenRecordKind.Call:
                WriteRow(sink, in head, record[s_head..]);
                break;
            case OpenRecordKind.Submitted when _pending.Count < MostPending:
                // A request whose completion was not seen leaves its address to the next one.
                _pending[head.Request] = record.ToArray();
                break;
            case OpenRecordKind.Completed when _pending.Remove(head.Request, out byte[]? submitted):
                ref OpenRecord whole = ref MemoryMarshal.AsRef<OpenRecord>(submitted.AsSpan());
                whole.TimeNs = head.TimeNs;
                whole.Result = head.Result;
                WriteRow(sink, in whole, submitted.AsSpan(s_head));
                break;
        }
    }

    private void WriteRow(ISink sink, ref readonly OpenRecord head, ReadOnlySpan<byte> text)
    {
        if (onlyFailed && head.Result >= 0)
        {
            return;
        }

        var row = new OpenRow(in head, PathOf(in head, text));
        if (_name is null || row.Command.Bytes.IndexOf(_name) >= 0)
        {
            sink.WriteRow(layout, row);
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
        if (names.IsEmpty && head.DirectoryIsPartial == 0)
        {
            // Absolute, or relative to the root itself.
            return TextValue.Whole(path);
        }

        return _path.Join(names, head.DirectoryIsPartial != 0, path);
    }
}
