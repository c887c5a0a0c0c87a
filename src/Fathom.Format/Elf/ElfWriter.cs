using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Fathom.Format.Elf;

/// <summary>
/// Writes a relocatable ELF file for BPF: sections and symbols in the order of their adding (local symbols first, as the format demands),
/// then the symbol table, the string table and the section table. The same calls give the same bytes.
/// </summary>
public sealed class ElfWriter
{
    private const int Alignment = 8;
    private readonly List<Section> sections = [];
    private readonly List<ElfSymbol> symbols = [];
    private readonly List<byte> strings = [0];
    private readonly Dictionary<string, int> stringOffsets = new(StringComparer.Ordinal) { [""] = 0 };

    /// <summary>Adds a section with bytes.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="flags">Its flags.</param>
    /// <param name="data">Its bytes.</param>
    /// <returns>Its index.</returns>
    public int AddSection(string name, ElfSectionFlags flags, ReadOnlyMemory<byte> data) =>
        Add(new Section(name, ElfSectionType.ProgramBits, flags, data, data.Length, 0, 0));

    /// <summary>Adds a section of zeros that takes no room in the file.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="flags">Its flags.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <returns>Its index.</returns>
    public int AddZeros(string name, ElfSectionFlags flags, long size) =>
        Add(new Section(name, ElfSectionType.NoBits, flags, default, size, 0, 0));

    /// <summary>Adds the relocations of a section. Their symbols are numbers that <see cref="AddSymbol"/> gave.</summary>
    /// <param name="section">Index of the section that they apply to.</param>
    /// <param name="relocations">The relocations.</param>
    public void AddRelocations(int section, IReadOnlyList<ElfRelocation> relocations)
    {
        Add(new Section(".rel" + sections[section - 1].Name, ElfSectionType.Relocations, ElfSectionFlags.InfoLink, default, (long)relocations.Count * ElfFile.RelocationSize, section, 0)
        {
            Relocations = relocations,
        });
    }

    /// <summary>Adds a symbol.</summary>
    /// <returns>A number for relocations; not the index in the file, where local symbols come first.</returns>
    public int AddSymbol(ElfSymbol symbol)
    {
        symbols.Add(symbol);
        return symbols.Count - 1;
    }

    /// <summary>The file.</summary>
    public byte[] ToArray()
    {
        int[] symbolIndexes = NumberSymbols(out int locals);
        int symbolTable = sections.Count + 1;
        List<Section> all = [.. sections];
        all.Add(new Section(".symtab", ElfSectionType.SymbolTable, ElfSectionFlags.None, EncodeSymbols(symbolIndexes), (symbols.Count + 1L) * ElfFile.SymbolSize, locals, symbolTable + 1));
        int[] names = new int[all.Count + 1];
        for (int i = 0; i < all.Count; i++)
        {
            names[i] = AddString(all[i].Name);
        }

        names[all.Count] = AddString(".strtab");
        all.Add(new Section(".strtab", ElfSectionType.StringTable, ElfSectionFlags.None, strings.ToArray(), strings.Count, 0, 0));
        return Layout(all, names, symbolIndexes, symbolTable);
    }

    private static byte[] Layout(List<Section> all, int[] names, int[] symbolIndexes, int symbolTable)
    {
        long[] offsets = new long[all.Count];
        long end = ElfFile.HeaderSize;
        for (int i = 0; i < all.Count; i++)
        {
            end = Align(end);
            offsets[i] = end;
            end += all[i].Type == ElfSectionType.NoBits ? 0 : all[i].Size;
        }

        end = Align(end);
        byte[] file = new byte[checked((int)(end + ((all.Count + 1L) * ElfFile.SectionHeaderSize)))];
        WriteHeader(file, end, all.Count);
        for (int i = 0; i < all.Count; i++)
        {
            Section section = all[i];
            if (section.Relocations is { } relocations)
            {
                WriteRelocations(file.AsSpan((int)offsets[i]), relocations, symbolIndexes);
            }
            else
            {
                section.Data.Span.CopyTo(file.AsSpan((int)offsets[i]));
            }

            int link = section.Relocations is null ? section.Link : symbolTable;
            WriteSectionHeader(file.AsSpan((int)end + ((i + 1) * ElfFile.SectionHeaderSize)), section, names[i], offsets[i], link);
        }

        return file;
    }

    private static void WriteHeader(Span<byte> file, long sectionTable, int sectionCount)
    {
        ReadOnlySpan<byte> identity = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identity.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.Slice(16), ElfFile.RelocatableType);
        BinaryPrimitives.WriteUInt16LittleEndian(file.Slice(18), ElfFile.BpfMachine);
        BinaryPrimitives.WriteUInt32LittleEndian(file.Slice(20), 1);
        BinaryPrimitives.WriteInt64LittleEndian(file.Slice(40), sectionTable);
        BinaryPrimitives.WriteUInt16LittleEndian(file.Slice(52), ElfFile.HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file.Slice(58), ElfFile.SectionHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file.Slice(60), checked((ushort)(sectionCount + 1)));
        BinaryPrimitives.WriteUInt16LittleEndian(file.Slice(62), checked((ushort)sectionCount));
    }

    private static void WriteSectionHeader(Span<byte> header, Section section, int name, long offset, int link)
    {
        BinaryPrimitives.WriteInt32LittleEndian(header, name);
        BinaryPrimitives.WriteUInt32LittleEndian(header.Slice(4), (uint)section.Type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.Slice(8), (ulong)section.Flags);
        BinaryPrimitives.WriteInt64LittleEndian(header.Slice(24), offset);
        BinaryPrimitives.WriteInt64LittleEndian(header.Slice(32), section.Size);
        BinaryPrimitives.WriteInt32LittleEndian(header.Slice(40), link);
        BinaryPrimitives.WriteInt32LittleEndian(header.Slice(44), section.Info);
        BinaryPrimitives.WriteInt64LittleEndian(header.Slice(48), section.Type == ElfSectionType.StringTable ? 1 : Alignment);
        BinaryPrimitives.WriteInt64LittleEndian(header.Slice(56), section.Type switch
        {
            ElfSectionType.SymbolTable => ElfFile.SymbolSize,
            ElfSectionType.Relocations => ElfFile.RelocationSize,
            _ => 0,
        });
    }

    private static void WriteRelocations(Span<byte> destination, IReadOnlyList<ElfRelocation> relocations, int[] symbolIndexes)
    {
        for (int i = 0; i < relocations.Count; i++)
        {
            Span<byte> record = destination.Slice(i * ElfFile.RelocationSize);
            BinaryPrimitives.WriteInt64LittleEndian(record, relocations[i].Offset);
            BinaryPrimitives.WriteUInt64LittleEndian(record.Slice(8), ((ulong)(uint)symbolIndexes[relocations[i].Symbol] << 32) | (uint)relocations[i].Type);
        }
    }

    private static long Align(long value) => (value + Alignment - 1) & -Alignment;

    private int Add(Section section)
    {
        sections.Add(section);
        return sections.Count;
    }

    private int[] NumberSymbols(out int locals)
    {
        int[] indexes = new int[symbols.Count];
        int next = 1;
        for (int i = 0; i < symbols.Count; i++)
        {
            if (symbols[i].Binding == ElfSymbolBinding.Local)
            {
                indexes[i] = next++;
            }
        }

        locals = next;
        for (int i = 0; i < symbols.Count; i++)
        {
            if (symbols[i].Binding != ElfSymbolBinding.Local)
            {
                indexes[i] = next++;
            }
        }

        return indexes;
    }

    private byte[] EncodeSymbols(int[] indexes)
    {
        byte[] table = new byte[(symbols.Count + 1) * ElfFile.SymbolSize];
        for (int i = 0; i < symbols.Count; i++)
        {
            ElfSymbol symbol = symbols[i];
            Span<byte> record = table.AsSpan(indexes[i] * ElfFile.SymbolSize);
            BinaryPrimitives.WriteInt32LittleEndian(record, AddString(symbol.Name));
            record[4] = (byte)((byte)symbol.Type | ((byte)symbol.Binding << 4));
            BinaryPrimitives.WriteUInt16LittleEndian(record.Slice(6), checked((ushort)symbol.Section));
            BinaryPrimitives.WriteInt64LittleEndian(record.Slice(8), symbol.Value);
            BinaryPrimitives.WriteInt64LittleEndian(record.Slice(16), symbol.Size);
        }

        return table;
    }

    private int AddString(string text)
    {
        if (!stringOffsets.TryGetValue(text, out int offset))
        {
            offset = strings.Count;
            strings.AddRange(Encoding.UTF8.GetBytes(text));
            strings.Add(0);
            stringOffsets.Add(text, offset);
        }

        return offset;
    }

    private sealed record Section(string Name, ElfSectionType Type, ElfSectionFlags Flags, ReadOnlyMemory<byte> Data, long Size, int Info, int Link)
    {
        public IReadOnlyList<ElfRelocation>? Relocations { get; init; }
    }
}
