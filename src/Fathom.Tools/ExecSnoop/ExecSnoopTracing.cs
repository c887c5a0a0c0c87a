using System;
using System.Text;
using System.Text.RegularExpressions;
using Fathom.Output.Rows;
using Fathom.Output.Sinks;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Kernel;

namespace Fathom.Tools.ExecSnoop;

/// <summary>Makes rows of records.</summary>
/// <param name="source">The kernel side.</param>
/// <param name="view">How rows are shown.</param>
/// <param name="style">How arguments are.</param>
/// <param name="name">What the command's name must match; null for any.</param>
/// <param name="line">What the line of path and arguments must match; null for any.</param>
internal sealed class ExecSnoopTracing(IEventSource source, EventView<ExecRow> view, ArgumentStyle style, Regex? name, Regex? line)
    : EventTracing<ExecRecord, ExecRow>(source, view)
{
    private readonly PathText _path = new();

    /// <inheritdoc/>
    protected override void Write(ISink sink, ref readonly ExecRecord head, ReadOnlySpan<byte> rest)
    {
        ReadOnlySpan<byte> names = Take(ref rest, head.PathBytes);
        ReadOnlySpan<byte> file = Take(ref rest, head.FileBytes);
        ReadOnlySpan<byte> arguments = Take(ref rest, head.ArgumentBytes);
        var row = new ExecRow(
            in head,
            file.IsEmpty ? TextValue.Unreadable : TextValue.Whole(file[..^1]),
            head.Result != 0 ? TextValue.Unreadable : _path.Join(names, head.PathEnd, []),
            head.ArgumentBytes < 0 ? TextValue.Unreadable : TextValue.Beginning(arguments, head.AllArgumentBytes),
            style);
        if ((name is null || name.IsMatch(Encoding.UTF8.GetString(row.Command.Bytes))) && (line is null || line.IsMatch(LineOf(row))))
        {
            Show(sink, row);
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
