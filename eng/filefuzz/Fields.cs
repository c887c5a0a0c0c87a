using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Fathom.FileFuzzing;

/// <summary>
/// The fields of binary files (counts, offsets, sizes, indexes, types, names), found by walking the headers of a good file, so that mutations change
/// what decides and not only bytes.
/// </summary>
internal static class Fields
{
    /// <summary>Places and widths of the fields of an ELF file, and those of the BTF in it.</summary>
    public static List<(int At, int Width)> OfElf(byte[] file)
    {
        bool is64 = file[4] == 2;
        List<(int, int)> fields = [];
        Add(fields, 0, is64 ? [4, 1, 1, 1, 1, 8, 2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2] : [4, 1, 1, 1, 1, 8, 2, 2, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2]);
        int table = (int)(is64 ? BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(40)) : BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(32)));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(is64 ? 60 : 48));
        int size = is64 ? 64 : 40;
        for (int i = 0; i < count; i++)
        {
            int at = table + (i * size);
            Add(fields, at, is64 ? [4, 4, 8, 8, 8, 8, 4, 4, 8, 8] : [4, 4, 4, 4, 4, 4, 4, 4, 4, 4]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 4));
            int start = (int)(is64 ? BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at + 24)) : BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 16)));
            int length = (int)(is64 ? BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at + 32)) : BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 20)));
            int[] record = type switch
            {
                2 or 11 => is64 ? [4, 1, 1, 2, 8, 8] : [4, 4, 4, 1, 1, 2],
                9 => [8, 4, 4],
                7 => [4],
                1 when length >= 24 && file[start] == 0x9f && file[start + 1] == 0xeb => [4],
                _ => [],
            };
            for (int at2 = start; record.Length > 0 && at2 + Sum(record) <= start + length; at2 += Sum(record))
            {
                Add(fields, at2, record);
            }
        }

        int segments = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(is64 ? 56 : 44));
        for (int i = 0; i < segments; i++)
        {
            Add(fields, (is64 ? 64 : 52) + (i * (is64 ? 56 : 32)), is64 ? [4, 4, 8, 8, 8, 8, 8, 8] : [4, 4, 4, 4, 4, 4, 4, 4]);
        }

        return fields;
    }

    /// <summary>The words before the strings of a file that is made of words.</summary>
    public static List<(int At, int Width)> OfWords(int length)
    {
        List<(int, int)> fields = [];
        for (int at = 0; at + 4 <= length; at += 4)
        {
            fields.Add((at, 4));
        }

        return fields;
    }

    private static void Add(List<(int, int)> fields, int at, ReadOnlySpan<int> widths)
    {
        foreach (int width in widths)
        {
            fields.Add((at, width));
            at += width;
        }
    }

    private static int Sum(int[] widths)
    {
        int sum = 0;
        foreach (int width in widths)
        {
            sum += width;
        }

        return sum;
    }
}
