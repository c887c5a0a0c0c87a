using System.Collections.Generic;
using System.Text.Json;
using System.Text.Unicode;
using Fathom.Output.Json;

namespace Fathom.Output.Rows;

/// <summary>A text of a row that came from the traced system.</summary>
/// <typeparam name="T">The row.</typeparam>
public delegate TextValue TextOf<T>(in T row)
    where T : allows ref struct;

/// <summary>
/// Text from the traced system. People see it escaped; a text that could not be read is <c>\(unreadable)</c>, which no real one looks like,
/// because a backslash of its own is doubled. Programs see a string, null if it could not be read; where it is no UTF-8, the bytes follow as
/// <c>NAME_base64</c>, and where its end is missing, the number of bytes that it really has as <c>NAME_bytes</c>.
/// </summary>
/// <inheritdoc cref="Column{T}"/>
public sealed class TextColumn<T>(string name, string header, int width, string help, TextOf<T> value) : Column<T>(name, header, width, help)
    where T : allows ref struct
{
    private readonly string _base64 = name + "_base64";
    private readonly string _bytes = name + "_bytes";

    /// <inheritdoc/>
    public override IReadOnlyList<JsonField> Fields =>
    [
        new(Name, JsonKind.Text, Help) { IsNullable = true },
        new(_base64, JsonKind.Base64, $"The bytes of {Name}, where they are no UTF-8") { IsOptional = true },
        new(_bytes, JsonKind.Integer, $"How many bytes {Name} really has, where its end is missing") { IsOptional = true },
    ];

    /// <inheritdoc/>
    public override void WriteText(in T row, Utf8Line to)
    {
        TextValue text = value(row);
        if (text.IsUnreadable)
        {
            to.Append(@"\(unreadable)"u8);
            return;
        }

        to.AppendEscaped(text.Bytes);
        AppendTruncation(text, to);
    }

    /// <inheritdoc/>
    public override void WriteJson(in T row, Utf8JsonWriter to)
    {
        TextValue text = value(row);
        if (text.IsUnreadable)
        {
            to.WriteNull(Name);
            return;
        }

        if (Utf8.IsValid(text.Bytes))
        {
            to.WriteString(Name, text.Bytes);
        }
        else
        {
            to.WriteString(Name, System.Text.Encoding.UTF8.GetString(text.Bytes));
            to.WriteBase64String(_base64, text.Bytes);
        }

        if (text.IsTruncated)
        {
            to.WriteNumber(_bytes, text.TrueLength);
        }
    }

    /// <summary>Says how much of a text is missing, in a form that no text has itself.</summary>
    internal static void AppendTruncation(TextValue text, Utf8Line to)
    {
        if (text.IsTruncated)
        {
            to.Append(@" \(first "u8);
            to.Append(text.Bytes.Length);
            to.Append(" of "u8);
            to.Append(text.TrueLength);
            to.Append(" bytes)"u8);
        }
    }
}
