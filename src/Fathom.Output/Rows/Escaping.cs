using System;
using System.Buffers;
using System.Globalization;
using System.Text;

namespace Fathom.Output.Rows;

/// <summary>Makes text from the traced system safe to show: a file name must not be able to drive a terminal.</summary>
/// <remarks>
/// Control characters (C0, DEL, C1), line and paragraph separators, and invisible formatting characters (those that reverse the
/// direction of writing among them) become <c>\n</c>, <c>\t</c>, <c>\r</c>, <c>\x1b</c> or <c>\u202e</c>. A byte that is not UTF-8
/// becomes <c>\xff</c>. A backslash becomes two, so that what is shown can be told from what was there.
/// </remarks>
public static class Escaping
{
    private static readonly SearchValues<byte> s_plainBytes = SearchValues.Create(
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8);

    /// <summary>The text, escaped; the same instance if nothing had to be.</summary>
    public static string Escape(string text)
    {
        StringBuilder? escaped = null;
        int at = 0;
        while (at < text.Length)
        {
            OperationStatus status = Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out int length);
            bool plain = status == OperationStatus.Done && IsPlain(rune);
            if (!plain)
            {
                escaped ??= new StringBuilder(text, 0, at, text.Length + 16);
                if (status == OperationStatus.Done)
                {
                    AppendEscape(escaped, rune.Value);
                }
                else
                {
                    // Half of a surrogate pair has no form in UTF-8.
                    AppendEscape(escaped, text[at]);
                }
            }
            else
            {
                escaped?.Append(text, at, length);
            }

            at += length;
        }

        return escaped?.ToString() ?? text;
    }

    /// <summary>The bytes as text, escaped. A NUL does not end them: cut before.</summary>
    public static string Escape(ReadOnlySpan<byte> utf8)
    {
        var escaped = new Utf8Line();
        Escape(utf8, escaped);
        return Encoding.UTF8.GetString(escaped.Written);
    }

    /// <summary>Appends the bytes, escaped. What is plain, as nearly every name is, is copied as it is.</summary>
    public static void Escape(ReadOnlySpan<byte> utf8, Utf8Line to)
    {
        while (!utf8.IsEmpty)
        {
            int plain = utf8.IndexOfAnyExcept(s_plainBytes);
            if (plain != 0)
            {
                plain = plain < 0 ? utf8.Length : plain;
                to.Append(utf8[..plain]);
                utf8 = utf8[plain..];
                continue;
            }

            OperationStatus status = Rune.DecodeFromUtf8(utf8, out Rune rune, out int length);
            if (status != OperationStatus.Done)
            {
                foreach (byte invalid in utf8[..length])
                {
                    to.Append(@"\x"u8);
                    to.Append(invalid, "x2");
                }
            }
            else if (IsPlain(rune))
            {
                to.Append(utf8[..length]);
            }
            else
            {
                to.Append(AppendEscape(new StringBuilder(), rune.Value).ToString().AsSpan());
            }

            utf8 = utf8[length..];
        }
    }

    private static bool IsPlain(Rune rune) => rune.Value != '\\' && !IsInvisible(rune.Value) && Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse);

    // Letters, marks and symbols that show nothing: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point, and the empty Braille
    // pattern.
    private static bool IsInvisible(int value) => value is 0x34f or 0x115f or 0x1160 or 0x17b4 or 0x17b5 or (>= 0x180b and <= 0x180f) or 0x2800 or 0x3164
        or (>= 0xfe00 and <= 0xfe0f) or 0xffa0 or (>= 0xe0100 and <= 0xe01ef);

    private static StringBuilder AppendEscape(StringBuilder to, int value)
    {
        CultureInfo plain = CultureInfo.InvariantCulture;
        return value switch
        {
            '\\' => to.Append(@"\\"),
            '\n' => to.Append(@"\n"),
            '\r' => to.Append(@"\r"),
            '\t' => to.Append(@"\t"),

            // Two digits are for single bytes: U+0085 in UTF-8 is not the byte 85.
            < 0x80 => to.Append(plain, $@"\x{value:x2}"),
            <= 0xffff => to.Append(plain, $@"\u{value:x4}"),
            _ => to.Append(plain, $@"\U{value:x8}"),
        };
    }
}
