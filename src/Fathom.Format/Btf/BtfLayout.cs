using System;
using System.Buffers.Binary;

namespace Fathom.Format.Btf;

/// <summary>Where the sections lie, by the header; checked against the bytes.</summary>
/// <param name="TypesStart">Offset of the first type from the start of the bytes.</param>
/// <param name="TypesLength">Bytes of all types.</param>
/// <param name="StringsStart">Offset of the first string from the start of the bytes.</param>
/// <param name="StringsLength">Bytes of all strings, with the last one's NUL.</param>
internal readonly record struct BtfLayout(int TypesStart, int TypesLength, int StringsStart, int StringsLength)
{
    public static BtfLayout Read(ReadOnlySpan<byte> bytes, bool isSplit)
    {
        if (bytes.Length < BtfFormat.HeaderSize)
        {
            throw Bad(0, $"{bytes.Length} bytes are too few for a header");
        }

        ushort magic = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        if (magic != BtfFormat.Magic)
        {
            throw Bad(0, magic == BinaryPrimitives.ReverseEndianness(BtfFormat.Magic)
                ? "big-endian BTF is not supported"
                : $"the magic number is 0x{magic:x4}, not 0x{BtfFormat.Magic:x4}");
        }

        if (bytes[2] != 1)
        {
            throw Bad(2, $"version {bytes[2]} is not supported");
        }

        // Newer headers may be longer: what they add can be passed over.
        long headerLength = Word(bytes, 4);
        if (headerLength < BtfFormat.HeaderSize || headerLength > bytes.Length)
        {
            throw Bad(4, $"the header claims {headerLength} bytes");
        }

        long typesStart = headerLength + Word(bytes, 8);
        long typesLength = Word(bytes, 12);
        long stringsStart = headerLength + Word(bytes, 16);
        long stringsLength = Word(bytes, 20);
        if (typesStart + typesLength > bytes.Length || (typesStart - headerLength) % sizeof(uint) != 0)
        {
            throw Bad(8, "the types lie outside of the data, or are not aligned");
        }

        if (stringsStart + stringsLength > bytes.Length)
        {
            throw Bad(16, "the strings lie outside of the data");
        }

        // A split BTF may add no strings; otherwise the first string is the empty one, and all end with NUL.
        if (stringsLength == 0 ? !isSplit : bytes[(int)(stringsStart + stringsLength - 1)] != 0 || (!isSplit && bytes[(int)stringsStart] != 0))
        {
            throw Bad(16, "the strings do not start with an empty one, or do not end with NUL");
        }

        return new BtfLayout((int)typesStart, (int)typesLength, (int)stringsStart, (int)stringsLength);
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(offset));

    private static BadFormatException Bad(int offset, string problem) => new(BtfFormat.Name, offset, problem);
}
