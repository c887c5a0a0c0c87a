using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Fathom.Format.Btf;

namespace Fathom.Format.Objects;

/// <summary>
/// Adds strings to BTF: <c>.BTF.ext</c> refers to strings of <c>.BTF</c>. A string that is there already is used; others come at the end,
/// so that all offsets in the BTF stay true.
/// </summary>
internal sealed class BtfStringAppender
{
    private readonly ReadOnlyMemory<byte> btf;
    private readonly BtfLayout layout;
    private readonly Dictionary<string, int> offsets = new(StringComparer.Ordinal);
    private readonly List<byte> added = [];

    /// <param name="btf">BTF that was parsed without complaint.</param>
    internal BtfStringAppender(ReadOnlyMemory<byte> btf)
    {
        this.btf = btf;
        layout = BtfLayout.Read(btf.Span, isSplit: false);
        byte[] strings = btf.Slice(layout.StringsStart, layout.StringsLength).ToArray();
        for (int start = 0; start < strings.Length;)
        {
            int end = Array.IndexOf(strings, (byte)0, start);
            offsets[Encoding.UTF8.GetString(strings, start, end - start)] = start;
            start = end + 1;
        }
    }

    /// <summary>The offset of a string.</summary>
    internal int Add(string text)
    {
        if (!offsets.TryGetValue(text, out int offset))
        {
            offset = layout.StringsLength + added.Count;
            added.AddRange(Encoding.UTF8.GetBytes(text));
            added.Add(0);
            offsets.Add(text, offset);
        }

        return offset;
    }

    /// <summary>The BTF with the added strings: header, types, strings.</summary>
    internal ReadOnlyMemory<byte> Finish()
    {
        if (added.Count == 0)
        {
            return btf;
        }

        ReadOnlySpan<byte> old = btf.Span;
        int header = BinaryPrimitives.ReadInt32LittleEndian(old.Slice(4));
        int strings = header + layout.TypesLength;
        byte[] result = new byte[strings + layout.StringsLength + added.Count];
        old.Slice(0, header).CopyTo(result);
        old.Slice(layout.TypesStart, layout.TypesLength).CopyTo(result.AsSpan(header));
        old.Slice(layout.StringsStart, layout.StringsLength).CopyTo(result.AsSpan(strings));
        added.CopyTo(result, strings + layout.StringsLength);
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(8), 0);
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(16), layout.TypesLength);
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(20), layout.StringsLength + added.Count);
        return result;
    }
}
