using System;
using System.Text.Json;
using System.Text.Unicode;
using Fathom.Output.Rows;

namespace Fathom.Tools.ExecSnoop;

/// <summary>
/// The command line: the path, then the arguments but the first, which is the path again or what the program is to take for it; of a script
/// those that its caller gave. Programs see all arguments as they are, in an array.
/// </summary>
/// <param name="quotes">Whether people see each in quotation marks.</param>
/// <param name="most">How many people see at most.</param>
/// <param name="executable">Whether people see the executable's real path.</param>
internal sealed class ArgumentsColumn(bool quotes, int most, bool executable) : Column<ExecRow>("args", "ARGS", -1)
{
    /// <inheritdoc/>
    public override void WriteText(in ExecRow row, Utf8Line to)
    {
        Write(executable ? row.Executable : row.Shown, to);
        TextValue arguments = row.Arguments;
        if (arguments.IsUnreadable)
        {
            to.Append(@" \(unreadable)"u8);
            return;
        }

        ReadOnlySpan<byte> rest = row.ArgumentsOfCaller;
        for (int shown = 1; !rest.IsEmpty; shown++)
        {
            if (shown >= most)
            {
                to.Append(" ..."u8);
                return;
            }

            to.Append((byte)' ');
            Write(TextValue.Whole(ExecRow.Next(ref rest)), to);
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

    private void Write(TextValue text, Utf8Line to)
    {
        if (text.IsUnreadable)
        {
            to.Append(@"\(unreadable)"u8);
            return;
        }

        if (!quotes)
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
