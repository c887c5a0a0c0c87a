using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Collections.Immutable;

namespace Fathom.Format.Elf;

/// <summary>
/// A relocatable ELF file for BPF: 64-bit, little-endian. Reading checks every offset, size and index before it is used, and that no two
/// sections share bytes, so that what is made of a file is bounded by its size.
/// </summary>
public sealed class ElfFile
{
    internal const string Format = "ELF";
    internal const int HeaderSize = 64;
    internal const int SectionHeaderSize = 64;
    internal const int SymbolSize = 24;
    internal const int RelocationSize = 16;
    internal const ushort BpfMachine = 247;
    internal const ushort RelocatableType = 1;

    private readonly Dictionary<string, ElfSection> byName = new(StringComparer.Ordinal);

    private ElfFile(ImmutableArray<ElfSection> sections, ImmutableArray<ElfSymbol> symbols)
    {
        Sections = sections;
        Symbols = symbols;
        foreach (ElfSection section in sections)
        {
            if (section.Type != ElfSectionType.Null && !byName.ContainsKey(section.Name))
            {
                byName.Add(section.Name, section);
            }
        }
    }

    /// <summary>The sections, by index; the first is none.</summary>
    public ImmutableArray<ElfSection> Sections { get; }

    /// <summary>The symbols, by index; the first is none. Empty if the file has no symbol table.</summary>
    public ImmutableArray<ElfSymbol> Symbols { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="file">The whole file; must stay unchanged as long as the result is used.</param>
    /// <exception cref="BadFormatException">It is no such file, or a damaged one.</exception>
    public static ElfFile Parse(ReadOnlyMemory<byte> file)
    {
        CheckHeader(file.Span);
        ImmutableArray<ElfSection> sections = ReadSections(file);
        CheckOverlaps(sections);
        return new ElfFile(sections, ReadSymbols(sections));
    }

    /// <summary>The first section with a name; null if there is none.</summary>
    public ElfSection? Find(string name) => byName.TryGetValue(name, out ElfSection? section) ? section : null;

    /// <summary>The relocations that a section of relocations holds, in the order of the file.</summary>
    /// <exception cref="BadFormatException">Their number is not whole, or one names no symbol.</exception>
    public ImmutableArray<ElfRelocation> ReadRelocations(ElfSection section)
    {
        if (section.Type != ElfSectionType.Relocations || section.Size % RelocationSize != 0)
        {
            throw new BadFormatException(Format, section.Offset, $"section {section.Name} does not hold whole relocations without addends");
        }

        ReadOnlySpan<byte> bytes = section.Data.Span;
        ImmutableArray<ElfRelocation>.Builder relocations = ImmutableArray.CreateBuilder<ElfRelocation>(bytes.Length / RelocationSize);
        for (int at = 0; at < bytes.Length; at += RelocationSize)
        {
            ulong info = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(at + 8));
            uint symbol = (uint)(info >> 32);
            relocations.Add(symbol < (uint)Symbols.Length
                ? new ElfRelocation(BinaryPrimitives.ReadInt64LittleEndian(bytes.Slice(at)), (BpfRelocationType)(uint)info, (int)symbol)
                : throw new BadFormatException(Format, section.Offset + at, $"a relocation names symbol {symbol} of {Symbols.Length}"));
        }

        return relocations.MoveToImmutable();
    }

    private static void CheckHeader(ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderSize)
        {
            throw new BadFormatException(Format, 0, "the file is shorter than an ELF header");
        }

        if (file[0] != 0x7f || file[1] != (byte)'E' || file[2] != (byte)'L' || file[3] != (byte)'F')
        {
            throw new BadFormatException(Format, 0, "this is no ELF file");
        }

        Require(file[4] == 2, 4, "only 64-bit files are read");
        Require(file[5] == 1, 5, "only little-endian files are read");
        Require(file[6] == 1, 6, "the version of the format is unknown");
        Require(file[7] == 0, 7, "the operating system's format is unknown");
        Require(BinaryPrimitives.ReadUInt16LittleEndian(file.Slice(16)) == RelocatableType, 16, "only relocatable files are read");
        Require(BinaryPrimitives.ReadUInt16LittleEndian(file.Slice(18)) == BpfMachine, 18, "the file is not for BPF");
        Require(BinaryPrimitives.ReadUInt32LittleEndian(file.Slice(20)) == 1, 20, "the version of the format is unknown");
        Require(BinaryPrimitives.ReadUInt16LittleEndian(file.Slice(58)) == SectionHeaderSize, 58, "section headers have an unknown size");
    }

    private static void Require(bool condition, long offset, string problem)
    {
        if (!condition)
        {
            throw new BadFormatException(Format, offset, problem);
        }
    }

    private static ImmutableArray<ElfSection> ReadSections(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(40));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.Slice(60));
        int names = BinaryPrimitives.ReadUInt16LittleEndian(bytes.Slice(62));
        Require(count > 0, 60, "the file has no sections");
        Require(table <= (ulong)bytes.Length && (ulong)count * SectionHeaderSize <= (ulong)bytes.Length - table, 40, "the section table lies outside the file");
        Require(names > 0 && names < count, 62, "the section of section names does not exist");

        int start = (int)table;
        StringTable strings = ReadSection(file, start, names, null) is { Type: ElfSectionType.StringTable } section
            ? new StringTable(Format, section.Data, section.Offset)
            : throw new BadFormatException(Format, 62, "the section names lie in a section that is no string table");
        ImmutableArray<ElfSection>.Builder sections = ImmutableArray.CreateBuilder<ElfSection>(count);
        for (int i = 0; i < count; i++)
        {
            sections.Add(ReadSection(file, start, i, strings));
        }

        return sections.MoveToImmutable();
    }

    private static ElfSection ReadSection(ReadOnlyMemory<byte> file, int table, int index, StringTable? names)
    {
        int at = table + (index * SectionHeaderSize);
        ReadOnlySpan<byte> header = file.Span.Slice(at, SectionHeaderSize);
        ElfSectionType type = (ElfSectionType)BinaryPrimitives.ReadUInt32LittleEndian(header.Slice(4));
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header.Slice(24));
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(header.Slice(32));
        bool hasBytes = type is not (ElfSectionType.Null or ElfSectionType.NoBits);
        Require(!hasBytes || (offset <= (ulong)file.Length && size <= (ulong)file.Length - offset), at + 24, $"section {index} lies outside the file");
        Require(size <= long.MaxValue && offset <= long.MaxValue, at + 24, $"section {index} is too large");
        return new ElfSection(
            index,
            names?[BinaryPrimitives.ReadUInt32LittleEndian(header)] ?? "",
            type,
            (ElfSectionFlags)BinaryPrimitives.ReadUInt64LittleEndian(header.Slice(8)),
            (long)offset,
            (long)size,
            BinaryPrimitives.ReadInt32LittleEndian(header.Slice(40)),
            BinaryPrimitives.ReadInt32LittleEndian(header.Slice(44)),
            hasBytes ? file.Slice((int)offset, (int)size) : default);
    }

    private static void CheckOverlaps(ImmutableArray<ElfSection> sections)
    {
        ImmutableArray<ElfSection> sorted = sections.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        long end = 0;
        foreach (ElfSection section in sorted)
        {
            if (!section.Data.IsEmpty)
            {
                Require(section.Offset >= end, section.Offset, $"section {section.Name} shares bytes with another");
                end = section.Offset + section.Size;
            }
        }
    }

    private static ImmutableArray<ElfSymbol> ReadSymbols(ImmutableArray<ElfSection> sections)
    {
        ElfSection? table = null;
        foreach (ElfSection section in sections)
        {
            if (section.Type == ElfSectionType.SymbolTable)
            {
                Require(table is null, section.Offset, "the file has several symbol tables");
                table = section;
            }
        }

        if (table is null)
        {
            return [];
        }

        Require(table.Size % SymbolSize == 0, table.Offset, "the symbol table does not hold whole symbols");
        Require((uint)table.Link < (uint)sections.Length && sections[table.Link].Type == ElfSectionType.StringTable, table.Offset, "the symbols' names do not lie in a string table");
        ElfSection strings = sections[table.Link];
        StringTable names = new(Format, strings.Data, strings.Offset);
        ReadOnlySpan<byte> bytes = table.Data.Span;
        ImmutableArray<ElfSymbol>.Builder symbols = ImmutableArray.CreateBuilder<ElfSymbol>(bytes.Length / SymbolSize);
        for (int at = 0; at < bytes.Length; at += SymbolSize)
        {
            ReadOnlySpan<byte> symbol = bytes.Slice(at, SymbolSize);
            int section = BinaryPrimitives.ReadUInt16LittleEndian(symbol.Slice(6));
            Require(section < sections.Length || section >= 0xff00, table.Offset + at, "a symbol lies in a section that does not exist");
            symbols.Add(new ElfSymbol(
                names[BinaryPrimitives.ReadUInt32LittleEndian(symbol)],
                (ElfSymbolType)(symbol[4] & 0x0f),
                (ElfSymbolBinding)(symbol[4] >> 4),
                section,
                BinaryPrimitives.ReadInt64LittleEndian(symbol.Slice(8)),
                BinaryPrimitives.ReadInt64LittleEndian(symbol.Slice(16))));
        }

        return symbols.MoveToImmutable();
    }
}
