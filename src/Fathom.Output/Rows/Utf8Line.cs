using System;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Fathom.Output.Rows;

/// <summary>Text in UTF-8 that rows are written into. It grows as needed and is used again, so that a row allocates nothing.</summary>
public sealed class Utf8Line
{
    private byte[] _bytes = new byte[4096];

    /// <summary>Bytes so far.</summary>
    public int Length { get; private set; }

    /// <summary>What has been written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Begins anew.</summary>
    public void Clear() => Length = 0;

    /// <summary>Bytes as they are.</summary>
    public void Append(ReadOnlySpan<byte> utf8)
    {
        utf8.CopyTo(Room(utf8.Length));
        Length += utf8.Length;
    }

    /// <summary>Text of our own: it is not escaped.</summary>
    public void Append(ReadOnlySpan<char> text)
    {
        Span<byte> room = Room(Encoding.UTF8.GetMaxByteCount(text.Length));
        Length += Encoding.UTF8.GetBytes(text, room);
    }

    /// <summary>One byte.</summary>
    public void Append(byte value)
    {
        Room(1)[0] = value;
        Length++;
    }

    /// <summary>A number.</summary>
    public void Append(long value)
    {
        _ = Utf8Formatter.TryFormat(value, Room(20), out int written);
        Length += written;
    }

    /// <summary>A number in a format, such as <c>F2</c>.</summary>
    public void Append<T>(T value, ReadOnlySpan<char> format)
        where T : IUtf8SpanFormattable
    {
        int room = 64, written;
        while (!value.TryFormat(Room(room), out written, format, CultureInfo.InvariantCulture))
        {
            room *= 2;
        }

        Length += written;
    }

    /// <summary>Text from the traced system, as <see cref="Escaping"/> shows it.</summary>
    public void AppendEscaped(ReadOnlySpan<byte> utf8) => Escaping.Escape(utf8, this);

    /// <summary>Spaces.</summary>
    public void AppendSpaces(int count)
    {
        if (count > 0)
        {
            Room(count)[..count].Fill((byte)' ');
            Length += count;
        }
    }

    /// <summary>Makes what was written since <paramref name="start"/> as wide as a column, with spaces before or behind it. What is wider stays whole.</summary>
    /// <param name="start">An earlier <see cref="Length"/>.</param>
    /// <param name="width">Characters; negative to have the spaces behind.</param>
    public void Align(int start, int width)
    {
        int missing = Math.Abs(width) - CountCharacters(_bytes.AsSpan(start, Length - start));
        if (missing <= 0)
        {
            return;
        }

        if (width > 0)
        {
            _ = Room(missing);
            _bytes.AsSpan(start, Length - start).CopyTo(_bytes.AsSpan(start + missing));
            _bytes.AsSpan(start, missing).Fill((byte)' ');
            Length += missing;
        }
        else
        {
            AppendSpaces(missing);
        }
    }

    /// <summary>Cuts what was written since <paramref name="start"/> to so many characters, the last of which then is an ellipsis. What is shorter stays whole.</summary>
    /// <param name="start">An earlier <see cref="Length"/>.</param>
    /// <param name="length">Characters.</param>
    public void Cut(int start, int length)
    {
        int characters = 0, end = start;
        for (int at = start; at < Length; at++)
        {
            if ((_bytes[at] & 0xc0) != 0x80 && characters++ == length - 1)
            {
                end = at;
            }
        }

        if (characters > length)
        {
            Length = end;
            Append("\u2026"u8);
        }
    }

    /// <summary>
    /// Quotes what was written since <paramref name="start"/>, where a comma or a quote would be taken for more (RFC 4180). What a spreadsheet would
    /// take for a formula begins with an escape: <c>=1</c> is <c>\x3d1</c>.
    /// </summary>
    /// <param name="start">An earlier <see cref="Length"/>.</param>
    public void QuoteForCsv(int start)
    {
        if (IsFormula(Written[start..]))
        {
            byte[] rest = Written[(start + 1)..].ToArray();
            byte first = Written[start];
            Length = start;
            Append(@"\x"u8);
            Append("0123456789abcdef"u8[first >> 4]);
            Append("0123456789abcdef"u8[first & 15]);
            Append(rest);
        }

        if (Written[start..].IndexOfAny((byte)',', (byte)'"') < 0)
        {
            return;
        }

        byte[] plain = Written[start..].ToArray();
        Length = start;
        Append((byte)'"');
        foreach (byte value in plain)
        {
            if (value == (byte)'"')
            {
                Append(value);
            }

            Append(value);
        }

        Append((byte)'"');
    }

    // A sign before a digit is a number's, and a dash alone is what is not known.
    private static bool IsFormula(ReadOnlySpan<byte> cell) => cell.Length > 1
        && (cell[0] is (byte)'=' or (byte)'@' || (cell[0] is (byte)'+' or (byte)'-' && !char.IsAsciiDigit((char)cell[1])));

    private static int CountCharacters(ReadOnlySpan<byte> utf8)
    {
        int count = 0;
        foreach (byte value in utf8)
        {
            // Every byte but those that continue a character.
            count += (value & 0xc0) != 0x80 ? 1 : 0;
        }

        return count;
    }

    private Span<byte> Room(int bytes)
    {
        if (_bytes.Length - Length < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + bytes));
        }

        return _bytes.AsSpan(Length);
    }
}
