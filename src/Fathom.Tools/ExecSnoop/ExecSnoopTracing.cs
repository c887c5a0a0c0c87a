using System;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Fathom.Output.Rows;
using Fathom.Output.Sinks;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Kernel;

namespace Fathom.Tools.ExecSnoop;

/// <summary>Makes rows of records.</summary>
/// <param name="source">The kernel side.</param>
/// <param name="layout">How rows are shown.</param>
/// <param name="name">What the command's name must match; null for any.</param>
/// <param name="line">What the line of path and arguments must match; null for any.</param>
internal sealed class ExecSnoopTracing(IEventSource source, RowLayout<ExecRow> layout, Regex? name, Regex? line) : EventTracing(source)
{
    private static readonly int s_head = Marshal.SizeOf<ExecRecord>();

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

        ref readonly ExecRecord head = ref MemoryMarshal.AsRef<ExecRecord>(record);
        ReadOnlySpan<byte> rest = record[s_head..];
        ReadOnlySpan<byte> names = Take(ref rest, head.PathBytes);
        ReadOnlySpan<byte> file = Take(ref rest, head.FileBytes);
        ReadOnlySpan<byte> arguments = Take(ref rest, head.ArgumentBytes);
        var row = new ExecRow(
            in head,
            file.IsEmpty ? TextValue.Unreadable : TextValue.Whole(file[..^1]),
            head.Result != 0 ? TextValue.Unreadable : _path.Join(names, head.PathEnd, []),
            head.ArgumentBytes < 0 ? TextValue.Unreadable : TextValue.Beginning(arguments, head.AllArgumentBytes));
        if ((name is null || name.IsMatch(Encoding.UTF8.GetString(row.Command.Bytes))) && (line is null || line.IsMatch(LineOf(row))))
        {
            sink.WriteRow(layout, row);
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, int bytes)
    {
        ReadOnlySpan<byte> taken = rest[..Math.Clamp(bytes, 0, rest.Length)];
        rest = rest[taken.Length..];
        return taken;
    }

    // The path and the arguments with spaces between, as people see them but without escapes.
    private static string LineOf(in ExecRow row) =>
        (Encoding.UTF8.GetString(row.Shown.Bytes) + " " + Encoding.UTF8.GetString(row.ArgumentsOfCaller)).Replace('\0', ' ').TrimEnd(' ');
}
