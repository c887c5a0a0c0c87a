using System;
using System.Collections.Generic;
using System.Text.Json;
using Fathom.Output.Json;
using Fathom.Output.Rows;

namespace Fathom.Tools.OpenSnoop;

/// <summary>
/// The path. What people see of it besides is between <c>\(</c> and <c>)</c>, which no name looks like: a descriptor that the path is relative to
/// although it is that of no directory, that there is no path, and that its end is missing.
/// </summary>
internal sealed class PathColumn() : Column<OpenRow>("path", "PATH", -1, PathHelp)
{
    private const string PathHelp = "The path as the caller gave it; with -F, a relative one with its directory";

    private readonly TextColumn<OpenRow> _text = new("path", "PATH", -1, PathHelp, static (in row) => row.Path);

    /// <inheritdoc/>
    public override IReadOnlyList<JsonField> Fields =>
    [
        .. _text.Fields,
        new("path_truncated", JsonKind.Flag, "True where the path is longer than a path may be (ENAMETOOLONG), and only its beginning is here") { IsOptional = true },
    ];

    /// <inheritdoc/>
    public override void WriteText(in OpenRow row, Utf8Line to)
    {
        if (row.Record.Directory == OpenDirectory.Unsuitable && !row.Path.IsUnreadable)
        {
            to.Append(@"\(fd "u8);
            to.Append(row.Record.DirectoryDescriptor);
            to.Append(row.Path.Bytes.StartsWith("/"u8) ? ")"u8 : ")/"u8);
        }

        if (row.Path is { IsUnreadable: false, Bytes.IsEmpty: true })
        {
            to.Append(@"\(empty)"u8);
            return;
        }

        _text.WriteText(row, to);
        if (row.IsCut)
        {
            to.Append(@" \(first "u8);
            to.Append(row.Record.PathBytes - 1);
            to.Append(" bytes)"u8);
        }
    }

    /// <inheritdoc/>
    public override void WriteJson(in OpenRow row, Utf8JsonWriter to)
    {
        _text.WriteJson(row, to);
        if (row.IsCut)
        {
            to.WriteBoolean("path_truncated", true);
        }
    }
}
