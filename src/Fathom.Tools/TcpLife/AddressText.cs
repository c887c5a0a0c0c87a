using System;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace Fathom.Tools.TcpLife;

/// <summary>Addresses as people write them; IPv6 in the canonical form of RFC 5952.</summary>
internal static class AddressText
{
    /// <summary>Bytes that the longest address takes.</summary>
    public const int Longest = 39;

    private const int Groups = 8;

    /// <summary>Writes an address.</summary>
    /// <returns>The bytes written.</returns>
    public static int Write(in TcpAddress address, Span<byte> to)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<TcpAddress>(in address));
        return address.IsIPv4 ? WriteIPv4(bytes[12..], to) : WriteIPv6(bytes, to);
    }

    private static int WriteIPv4(ReadOnlySpan<byte> bytes, Span<byte> to)
    {
        int used = 0;
        foreach (byte part in bytes)
        {
            if (used > 0)
            {
                to[used++] = (byte)'.';
            }

            _ = Utf8Formatter.TryFormat(part, to[used..], out int written);
            used += written;
        }

        return used;
    }

    private static int WriteIPv6(ReadOnlySpan<byte> bytes, Span<byte> to)
    {
        (int gap, int gapLength) = LongestZeros(bytes);
        int used = 0;
        for (int i = 0; i < Groups; i++)
        {
            if (i == gap)
            {
                to[used++] = (byte)':';
                to[used++] = (byte)':';
                i += gapLength - 1;
                continue;
            }

            if (used > 0 && to[used - 1] != (byte)':')
            {
                to[used++] = (byte)':';
            }

            _ = Group(bytes, i).TryFormat(to[used..], out int written, "x", System.Globalization.CultureInfo.InvariantCulture);
            used += written;
        }

        return used;
    }

    // Of runs of equal length the first; a single zero is not left out.
    private static (int Start, int Length) LongestZeros(ReadOnlySpan<byte> bytes)
    {
        (int start, int length) = (-1, 1);
        for (int i = 0; i < Groups; i++)
        {
            int end = i;
            while (end < Groups && Group(bytes, end) == 0)
            {
                end++;
            }

            if (end - i > length)
            {
                (start, length) = (i, end - i);
            }

            i = Math.Max(i, end - 1);
        }

        return (start, length);
    }

    private static ushort Group(ReadOnlySpan<byte> bytes, int index) => BinaryPrimitives.ReadUInt16BigEndian(bytes[(2 * index)..]);
}
