using System;
using System.Collections.Generic;
using System.Text.Json;
using System.Text.Unicode;
using Fathom.Output.Json;
using Fathom.Output.Rows;

namespace Fathom.Tools.ExecSnoop;

/// <summary>How people see arguments.</summary>
/// <param name="Quotes">Each in quotation marks.</param>
/// <param name="Most">How many at most.</param>
/// <param name="Executable">Behind the executable's real path.</param>
internal sealed record ArgumentStyle(bool Quotes, int Most, bool Executable);

/// <summary>
/// The command line: the path, then the arguments but the first, which is the path again or what the program is to take for it; of a script
/// those that its caller gave. Programs see all arguments as they are, in an array.
/// </summary>
internal sealed class ArgumentsColumn() : Column<ExecRow>("args", "ARGS", -1, "The path and the arguments behind the first; in JSON a list of all")
{
    /// <inheritdoc/>
    public override IReadOnlyList<JsonField> Fields =>
    [
        new(Name, JsonKind.Texts, "All arguments, as far as they are known") { IsNullable = true },
        new("args_base64", JsonKind.Base64, "The bytes of the arguments, each with its NUL, where they are no UTF-8") { IsOptional = true },
        new("args_truncated", JsonKind.Flag, "Whether there are more arguments than these") { IsOptional = true },
        new("args_bytes", JsonKind.Integer, "How many bytes all arguments have, where that is known") { IsOptional = true },
    ];

    /// <inheritdoc/>
    public override void WriteText(in ExecRow row, Utf8Line to)
    {
        Write(row.Style.Executable ? row.Executable : row.Shown, row.Style, to);
        TextValue arguments = row.Arguments;
        if (arguments.IsUnreadable)
        {
            to.Append(@" \(unreadable)"u8);
            return;
        }

        ReadOnlySpan<byte> rest = row.ArgumentsOfCaller;
        for (int shown = 1; !rest.IsEmpty; shown++)
        {
            if (shown >= row.Style.Most)
            {
                to.Append(" ..."u8);
                return;
            }

            to.Append((byte)' ');
            Write(TextValue.Whole(ExecRow.Next(ref rest)), row.Style, to);
        }

        if (row.Record.HasMore != 0)
        {
            to.Append(@" \(first "u8);
            to.Append(arguments.Bytes.Length);
            if (arguments.IsTruncated)
            {
                to.Append(" of "u8);
                to.Append(arguments.TrueLength);
            }

            to.Append(" bytes)"u8);
        }
    }

    /// <inheritdoc/>
    public override void WriteJson(in ExecRow row, Utf8JsonWriter to)
    {
        TextValue arguments = row.Arguments;
        if (arguments.IsUnreadable)
        {
            to.WriteNull(Name);
            return;
        }

        to.WriteStartArray(Name);
        ReadOnlySpan<byte> rest = arguments.Bytes;
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<byte> argument = ExecRow.Next(ref rest);
            if (Utf8.IsValid(argument))
            {
                to.WriteStringValue(argument);
            }
            else
            {
                to.WriteStringValue(System.Text.Encoding.UTF8.GetString(argument));
            }
        }

        to.WriteEndArray();
        if (!Utf8.IsValid(arguments.Bytes))
        {
            to.WriteBase64String("args_base64", arguments.Bytes);
        }

        to.WriteBoolean("args_truncated", row.Record.HasMore != 0);
        if (row.Record.AllArgumentBytes > 0)
        {
            to.WriteNumber("args_bytes", row.Record.AllArgumentBytes);
        }
    }

    private static void Write(TextValue text, ArgumentStyle style, Utf8Line to)
    {
        if (text.IsUnreadable)
        {
            to.Append(@"\(unreadable)"u8);
            return;
        }

        if (!style.Quotes)
        {
            to.AppendEscaped(text.Bytes);
            return;
        }

        to.Append((byte)'"');
        ReadOnlySpan<byte> rest = text.Bytes;
        while (rest.IndexOf((byte)'"') is var mark && mark >= 0)
        {
            to.AppendEscaped(rest[..mark]);
            to.Append("\\\""u8);
            rest = rest[(mark + 1)..];
        }

        to.AppendEscaped(rest);
        to.Append((byte)'"');
    }
}
