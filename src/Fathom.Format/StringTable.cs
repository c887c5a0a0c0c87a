using System;
using System.Collections.Generic;

namespace Fathom.Format;

/// <summary>
/// Strings of a table of zero-terminated strings, by offset. Each is made once, names have a longest length, and what all strings add up to is
/// bounded: overlapping strings in a hostile table cannot make more text than a few times the table, nor names that are dear to compare.
/// </summary>
internal sealed class StringTable
{
    /// <summary>Bytes of the longest name: a section's may hold a path (<c>PATH_MAX</c>). Symbols of the kernel have at most 512.</summary>
    internal const int LongestName = 4096;

    private readonly string format;
    private readonly ReadOnlyMemory<byte> bytes;
    private readonly long position;
    private readonly Dictionary<uint, string> names = [];
    private readonly Dictionary<uint, string> texts = [];
    private long budget;

    /// <param name="format">What the table is part of, for messages.</param>
    /// <param name="bytes">The table.</param>
    /// <param name="position">Where the table lies in what is being read, for messages.</param>
    internal StringTable(string format, ReadOnlyMemory<byte> bytes, long position)
    {
        this.format = format;
        this.bytes = bytes;
        this.position = position;
        budget = (4L * bytes.Length) + 4096;
    }

    /// <summary>The name at an offset.</summary>
    /// <exception cref="BadFormatException">There is none, it is longer than <see cref="LongestName"/>, or too many overlap.</exception>
    internal string this[uint offset]
    {
        get
        {
            if (!names.TryGetValue(offset, out string? name))
            {
                name = Decode(offset, Find(bytes.Span, offset) ?? throw Bad(offset, $"a name is longer than {LongestName} bytes"));
                names.Add(offset, name);
            }

            return name;
        }
    }

    /// <summary>The text at an offset, such as a line of source; of a long one the first <see cref="LongestName"/> bytes.</summary>
    /// <exception cref="BadFormatException">There is none, or too many overlap.</exception>
    internal string Text(uint offset)
    {
        if (!texts.TryGetValue(offset, out string? text))
        {
            text = Decode(offset, Find(bytes.Span, offset) ?? LongestName);
            texts.Add(offset, text);
        }

        return text;
    }

    /// <summary>Bytes of the string at an offset; null if they are more than <see cref="LongestName"/>.</summary>
    private int? Find(ReadOnlySpan<byte> table, uint offset)
    {
        if (offset >= (uint)table.Length)
        {
            throw offset == 0 ? Bad(0, "the string table is empty") : Bad(offset, "a string lies outside the string table");
        }

        ReadOnlySpan<byte> rest = table.Slice((int)offset);
        int length = rest.Slice(0, Math.Min(rest.Length, LongestName + 1)).IndexOf((byte)0);
        return length >= 0 ? length : rest.Length <= LongestName ? throw Bad(offset, "a string has no end") : null;
    }

    private string Decode(uint offset, int length)
    {
        budget -= length;
        return budget >= 0 ? Utf8Text.Decode(bytes.Span.Slice((int)offset, length)) : throw Bad(offset, "too many strings overlap");
    }

    private BadFormatException Bad(uint offset, string problem) => new(format, position + offset, problem);
}
