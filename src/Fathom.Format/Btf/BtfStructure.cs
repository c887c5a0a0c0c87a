using System;
using System.Buffers.Binary;

namespace Fathom.Format.Btf;

/// <summary>
/// Finds where each type starts and checks what the accessors rely on: that a type lies within the data, and that its ids and strings
/// exist. What types mean together (sizes, loops) is checked where it is asked.
/// </summary>
internal static class BtfStructure
{
    /// <summary>The offset of each type. The array may be longer than <paramref name="count"/>.</summary>
    public static int[] Index(ReadOnlySpan<byte> bytes, BtfLayout layout, out int count)
    {
        // No type is shorter than a header, so this suffices; pages beyond the last offset are never touched.
        var offsets = new int[layout.TypesLength / BtfFormat.TypeHeaderSize];
        ReadOnlySpan<byte> types = bytes.Slice(0, layout.TypesStart + layout.TypesLength);
        int position = layout.TypesStart;
        count = 0;
        while (position < types.Length)
        {
            if (types.Length - position < BtfFormat.TypeHeaderSize)
            {
                throw Bad(position, "the types end within a type");
            }

            uint info = Word(types, position + 4);
            int trailing = BtfFormat.TrailingSize(info);
            if (trailing < 0)
            {
                throw Bad(position, $"kind {(byte)BtfFormat.Kind(info)} is unknown");
            }

            offsets[count++] = position;
            position += BtfFormat.TypeHeaderSize;
            if (trailing > types.Length - position)
            {
                throw Bad(position, "the types end within a type");
            }

            position += trailing;
        }

        return offsets;
    }

    /// <summary>Checks the ids and strings of all types.</summary>
    /// <param name="bytes">Header and all.</param>
    /// <param name="offsets">Where the types start.</param>
    /// <param name="typeCount">Ids must be below.</param>
    /// <param name="stringsEnd">Offsets of strings must be below.</param>
    public static void Check(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> offsets, int typeCount, int stringsEnd)
    {
        uint ids = (uint)typeCount;
        uint strings = (uint)stringsEnd;
        foreach (int offset in offsets)
        {
            ReadOnlySpan<byte> header = bytes.Slice(offset, BtfFormat.TypeHeaderSize);
            uint info = Word(header, 4);
            BtfKind kind = BtfFormat.Kind(info);
            bool isGood = Word(header, 0) < strings && Word(header, 8) < (BtfFormat.HasTarget(kind) ? ids : 1u << 31);
            int trailing = BtfFormat.TrailingSize(info);
            if (trailing > 0)
            {
                isGood &= AreGood(bytes.Slice(offset + BtfFormat.TypeHeaderSize, trailing), kind, info, ids, strings);
            }

            if (!isGood)
            {
                throw Bad(offset, $"a type of kind {kind} has an id, a string, an offset or a size out of range");
            }
        }
    }

    private static bool AreGood(ReadOnlySpan<byte> parts, BtfKind kind, uint info, uint ids, uint strings)
    {
        bool isGood = true;
        switch (kind)
        {
            case BtfKind.Array:
                return Word(parts, 0) < ids && Word(parts, 4) < ids;
            case BtfKind.Struct or BtfKind.Union:
                // Without the kind flag the third word is a bit offset of 32 bits, which must fit into an int.
                uint unwanted = (info & BtfFormat.KindFlag) != 0 ? 0 : 1u << 31;
                for (; parts.Length >= 12; parts = parts.Slice(12))
                {
                    isGood &= Word(parts, 0) < strings & Word(parts, 4) < ids & (Word(parts, 8) & unwanted) == 0;
                }

                return isGood;
            case BtfKind.FunctionPrototype:
                for (; parts.Length >= 8; parts = parts.Slice(8))
                {
                    isGood &= Word(parts, 0) < strings & Word(parts, 4) < ids;
                }

                return isGood;
            case BtfKind.Enum or BtfKind.Enum64:
                int size = kind == BtfKind.Enum ? 8 : 12;
                for (; parts.Length >= size; parts = parts.Slice(size))
                {
                    isGood &= Word(parts, 0) < strings;
                }

                return isGood;
            case BtfKind.DataSection:
                for (; parts.Length >= 12; parts = parts.Slice(12))
                {
                    isGood &= Word(parts, 0) < ids & Word(parts, 4) <= int.MaxValue & Word(parts, 8) <= int.MaxValue;
                }

                return isGood;
            default:
                return true;
        }
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(offset));

    private static BadFormatException Bad(int offset, string problem) => new(BtfFormat.Name, offset, problem);
}
