using System;
using System.Collections.Generic;
using System.Text;

namespace Fathom.Format.Elf;

/// <summary>
/// Strings of a table of zero-terminated strings, by offset. Each is made once; overlapping strings in a hostile table cannot make more
/// text than a few times the table, because what they add up to is bounded.
/// </summary>
internal sealed class StringTable
{
    private readonly string format;
    private readonly ReadOnlyMemory<byte> bytes;
    private readonly long position;
    private readonly Dictionary<int, string> known = [];
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

    internal string this[uint offset]
    {
        get
        {
            if (offset >= (uint)bytes.Length)
            {
                throw offset == 0 ? Bad(0, "the string table is empty") : Bad(offset, "a string lies outside the string table");
            }

            if (known.TryGetValue((int)offset, out string? text))
            {
                return text;
            }

            ReadOnlySpan<byte> rest = bytes.Span.Slice((int)offset);
            int length = rest.IndexOf((byte)0);
            if (length < 0)
            {
                throw Bad(offset, "a string has no end");
            }

            budget -= length;
            if (budget < 0)
            {
                throw Bad(offset, "too many strings overlap");
            }

            text = Decode(rest.Slice(0, length));
            known.Add((int)offset, text);
            return text;
        }
    }

    private static unsafe string Decode(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
        {
            return "";
        }

        // SAFETY: the span is not empty and pinned for the call; netstandard2.0 has no overload for spans.
        fixed (byte* start = utf8)
        {
            return Encoding.UTF8.GetString(start, utf8.Length);
        }
    }

    private BadFormatException Bad(uint offset, string problem) => new(format, position + offset, problem);
}
