using System;
using System.Text;

namespace Fathom.Format.Elf.Images;

/// <summary>
/// Text of bytes that should be UTF-8 and need not be. Different bytes give different text: what is no UTF-8, and the backslash, is written
/// as <c>\x</c> and two digits.
/// </summary>
internal static class SymbolText
{
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        bool plain = true;
        foreach (byte value in bytes)
        {
            if (value is >= 0x80 or (byte)'\\')
            {
                plain = false;
                break;
            }
        }

        return plain ? Ascii(bytes) : Escape(bytes);
    }

    private static unsafe string Ascii(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return "";
        }

        // SAFETY: the span is not empty and pinned for the call; netstandard2.0 has no overload for spans.
        fixed (byte* start = bytes)
        {
            return Encoding.ASCII.GetString(start, bytes.Length);
        }
    }

    private static string Escape(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new(EscapedLength(bytes));
        while (!bytes.IsEmpty)
        {
            int length = SequenceLength(bytes, out int rune);
            if (length == 0 || bytes[0] == (byte)'\\')
            {
                text.Append("\\x").Append(bytes[0].ToString("x2"));
                length = 1;
            }
            else if (rune < 0x10000)
            {
                text.Append((char)rune);
            }
            else
            {
                text.Append(char.ConvertFromUtf32(rune));
            }

            bytes = bytes.Slice(length);
        }

        return text.ToString();
    }

    private static int EscapedLength(ReadOnlySpan<byte> bytes)
    {
        int characters = 0;
        for (int at = 0; at < bytes.Length;)
        {
            int length = SequenceLength(bytes.Slice(at), out int rune);
            characters += length == 0 || bytes[at] == (byte)'\\' ? 4 : rune < 0x10000 ? 1 : 2;
            at += Math.Max(length, 1);
        }

        return characters;
    }

    // The shortest form only, and no surrogates: https://www.rfc-editor.org/rfc/rfc3629 (section 4). 0 if the bytes are no sequence.
    private static int SequenceLength(ReadOnlySpan<byte> bytes, out int rune)
    {
        byte first = bytes[0];
        int length = first < 0x80 ? 1 : first is >= 0xc2 and < 0xe0 ? 2 : first is >= 0xe0 and < 0xf0 ? 3 : first is >= 0xf0 and < 0xf5 ? 4 : 0;
        rune = length switch { 1 => first, 2 => first & 0x1f, 3 => first & 0x0f, _ => first & 0x07 };
        if (length == 0 || length > bytes.Length)
        {
            return 0;
        }

        for (int i = 1; i < length; i++)
        {
            if ((bytes[i] & 0xc0) != 0x80)
            {
                return 0;
            }

            rune = (rune << 6) | (bytes[i] & 0x3f);
        }

        int least = length switch { 3 => 0x800, 4 => 0x10000, _ => 0 };
        return rune < least || rune is >= 0xd800 and < 0xe000 or > 0x10ffff ? 0 : length;
    }
}
