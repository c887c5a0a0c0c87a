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
            // One slice for the whole type, so that the reads below need no further range checks of ours.
            uint info = Word(bytes, offset + 4);
            uint sizeOrTarget = Word(bytes, offset + 8);
            BtfKind kind = BtfFormat.Kind(info);
            bool isGood = Word(bytes, offset) < strings
                && (BtfFormat.HasTarget(kind) ? sizeOrTarget < ids : sizeOrTarget <= int.MaxValue);
            ReadOnlySpan<byte> rest = bytes.Slice(offset + BtfFormat.TypeHeaderSize, BtfFormat.TrailingSize(info));
            switch (kind)
            {
                case BtfKind.Array:
                    isGood &= Word(rest, 0) < ids && Word(rest, 4) < ids;
                    break;
                case BtfKind.Struct or BtfKind.Union:
                    // Without the kind flag the third word is a bit offset of 32 bits, which must fit into an int.
                    uint highest = (info & BtfFormat.KindFlag) != 0 ? uint.MaxValue : int.MaxValue;
                    for (int at = 0; at < rest.Length; at += 12)
                    {
                        isGood &= Word(rest, at) < strings && Word(rest, at + 4) < ids && Word(rest, at + 8) <= highest;
                    }

                    break;
                case BtfKind.Enum:
                    for (int at = 0; at < rest.Length; at += 8)
                    {
                        isGood &= Word(rest, at) < strings;
                    }

                    break;
                case BtfKind.Enum64:
                    for (int at = 0; at < rest.Length; at += 12)
                    {
                        isGood &= Word(rest, at) < strings;
                    }

                    break;
                case BtfKind.FunctionPrototype:
                    for (int at = 0; at < rest.Length; at += 8)
                    {
                        isGood &= Word(rest, at) < strings && Word(rest, at + 4) < ids;
                    }

                    break;
                case BtfKind.DataSection:
                    for (int at = 0; at < rest.Length; at += 12)
                    {
                        isGood &= Word(rest, at) < ids && Word(rest, at + 4) <= int.MaxValue && Word(rest, at + 8) <= int.MaxValue;
                    }

                    break;
            }

            if (!isGood)
            {
                throw Bad(offset, $"a type of kind {kind} has an id, a string, an offset or a size out of range");
            }
        }
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(offset));

    private static BadFormatException Bad(int offset, string problem) => new(BtfFormat.Name, offset, problem);
}
