using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Fathom.Format.Objects;

/// <summary>Writes <c>.BTF.ext</c>, the counterpart of <see cref="BtfExtReader"/>.</summary>
internal sealed class BtfExtWriter
{
    private const int HeaderSize = 32;
    private readonly Table functions = new(8);
    private readonly Table lines = new(16);
    private readonly Table coreRelocations = new(16);
    private readonly BtfStringAppender strings;

    internal BtfExtWriter(BtfStringAppender strings) => this.strings = strings;

    /// <summary>Starts a section of code; what is added after belongs to it.</summary>
    internal void StartSection(string name)
    {
        functions.StartSection(name);
        lines.StartSection(name);
        coreRelocations.StartSection(name);
    }

    /// <summary>Adds what is known of a function.</summary>
    /// <param name="function">The function.</param>
    /// <param name="offsets">For each instruction, its offset in the section in bytes.</param>
    internal void Add(BpfFunction function, int[] offsets)
    {
        if (function.TypeId != 0)
        {
            functions.Add(strings, offsets[0], function.TypeId);
        }

        for (int i = 0; i < function.Lines.Length; i++)
        {
            LineInfo line = function.Lines[i];
            if (i > 0 && line.IsSamePlace(function.Lines[i - 1]))
            {
                continue;
            }

            if (line.Line is < 0 or >= 1 << 22 || line.Column is < 0 or >= 1 << 10)
            {
                throw new ArgumentException($"line {line.Line}, column {line.Column} of {function.Name} cannot be said in BTF");
            }

            lines.Add(strings, Offset(function, offsets, line.Instruction), strings.Add(line.File), strings.Add(line.Text), (line.Line << 10) | line.Column);
        }

        foreach (CoreRelocation relocation in function.CoreRelocations)
        {
            coreRelocations.Add(strings, Offset(function, offsets, relocation.Instruction), relocation.TypeId, strings.Add(relocation.Access), (int)relocation.Kind);
        }
    }

    /// <summary>The section; null if there is nothing to say.</summary>
    internal byte[]? Finish()
    {
        byte[] first = functions.ToArray();
        byte[] second = lines.ToArray();
        byte[] third = coreRelocations.ToArray();
        if (first.Length + second.Length + third.Length == 0)
        {
            return null;
        }

        byte[] result = new byte[HeaderSize + first.Length + second.Length + third.Length];
        Span<byte> header = result;
        BinaryPrimitives.WriteUInt16LittleEndian(header, 0xeb9f);
        header[2] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(header.Slice(4), HeaderSize);
        int offset = 0;
        Place(first, 8);
        Place(second, 16);
        Place(third, 24);
        return result;

        void Place(byte[] table, int field)
        {
            BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(field), offset);
            BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(field + 4), table.Length);
            table.CopyTo(result, HeaderSize + offset);
            offset += table.Length;
        }
    }

    private static int Offset(BpfFunction function, int[] offsets, int instruction) => (uint)instruction < (uint)offsets.Length
        ? offsets[instruction]
        : throw new ArgumentException($"{function.Name} has no instruction {instruction}");

    /// <summary>One table: the size of a record, then sections that have records.</summary>
    private sealed class Table(int recordSize)
    {
        private readonly List<int> words = [];
        private string? section;
        private int count = -1;

        internal void StartSection(string name)
        {
            section = name;
            count = -1;
        }

        internal void Add(BtfStringAppender strings, params ReadOnlySpan<int> record)
        {
            if (words.Count == 0)
            {
                words.Add(recordSize);
            }

            if (count < 0)
            {
                words.Add(strings.Add(section ?? ""));
                count = words.Count;
                words.Add(0);
            }

            words[count]++;
            foreach (int word in record)
            {
                words.Add(word);
            }
        }

        internal byte[] ToArray()
        {
            byte[] bytes = new byte[words.Count * sizeof(int)];
            for (int i = 0; i < words.Count; i++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), words[i]);
            }

            return bytes;
        }
    }
}
