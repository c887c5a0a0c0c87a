using System;
using System.Buffers.Binary;
using System.Linq;
using Fathom.Format.Elf;
using Xunit;

namespace Fathom.Format.Tests.Elf;

/// <summary>What is written is read; offsets, sizes and indexes that point elsewhere are refused where they stand.</summary>
public sealed class ElfFileTests
{
    [Fact]
    public void Sections_symbols_and_relocations_survive()
    {
        ElfFile file = ElfFile.Parse(Write());
        ElfSection code = file.Find("code")!;
        Assert.True(code.IsCode);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], code.Data.ToArray());
        Assert.Equal((ElfSectionType.NoBits, 1L << 40, true), (file.Find("zeros")!.Type, file.Find("zeros")!.Size, file.Find("zeros")!.Data.IsEmpty));
        Assert.Null(file.Find("other"));

        // Local symbols come first, whatever the order of their adding; relocations follow them.
        Assert.Equal(["", "hidden", "seen"], file.Symbols.Select(static s => s.Name));
        Assert.Equal(new ElfSymbol("seen", ElfSymbolType.Function, ElfSymbolBinding.Global, code.Index, 0, 8), file.Symbols[2]);
        Assert.Equal(
            [new ElfRelocation(0, BpfRelocationType.Call32, 2), new ElfRelocation(4, BpfRelocationType.Immediate64, 1)],
            file.ReadRelocations(file.Find(".relcode")!).AsEnumerable());
    }

    [Fact]
    public void The_same_calls_give_the_same_bytes() => Assert.Equal(Write(), Write());

    [Theory]
    [InlineData("code", 24, long.MaxValue, "lies outside the file")]
    [InlineData("code", 32, long.MaxValue, "lies outside the file")]
    [InlineData("code", 32, -1, "lies outside the file")]
    [InlineData("code", 32, 64, "shares bytes with another")]
    [InlineData("zeros", 32, -1, "is too large")]
    [InlineData("code", 0, 0x7fff_0000_0000_0000 | 0x0000_0001_ffff_ffff, "outside the string table")]
    [InlineData(".symtab", 32, 25, "whole symbols")]
    [InlineData(".symtab", 40, 99, "string table")]
    [InlineData(".strtab", 32, 0, "string table is empty")]
    public void A_field_of_a_section_header_that_lies_is_refused(string section, int field, long value, string problem)
    {
        byte[] file = Write();
        int table = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(40));
        int index = ElfFile.Parse(file).Find(section)!.Index;
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(table + (index * 64) + field), value);
        Assert.Contains(problem, Assert.Throws<BadFormatException>(() => ElfFile.Parse(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_relocation_of_a_symbol_that_does_not_exist_is_refused_where_it_stands()
    {
        byte[] file = Write();
        ElfSection relocations = ElfFile.Parse(file).Find(".relcode")!;
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan((int)relocations.Offset + 16 + 12), 3);
        ElfFile damaged = ElfFile.Parse(file);
        BadFormatException exception = Assert.Throws<BadFormatException>(() => damaged.ReadRelocations(damaged.Find(".relcode")!));
        Assert.Equal(relocations.Offset + 16, exception.Offset);
    }

    [Fact]
    public void A_symbol_in_a_section_that_does_not_exist_is_refused_where_it_stands()
    {
        byte[] file = Write();
        ElfSection symbols = ElfFile.Parse(file).Find(".symtab")!;
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan((int)symbols.Offset + 24 + 6), 50);
        Assert.Equal(symbols.Offset + 24, Assert.Throws<BadFormatException>(() => ElfFile.Parse(file)).Offset);
    }

    private static byte[] Write()
    {
        ElfWriter writer = new();
        int code = writer.AddSection("code", ElfSectionFlags.Allocate | ElfSectionFlags.Execute, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 });
        writer.AddZeros("zeros", ElfSectionFlags.Allocate | ElfSectionFlags.Write, 1L << 40);
        int seen = writer.AddSymbol(new ElfSymbol("seen", ElfSymbolType.Function, ElfSymbolBinding.Global, code, 0, 8));
        int hidden = writer.AddSymbol(new ElfSymbol("hidden", ElfSymbolType.Object, ElfSymbolBinding.Local, code, 4, 4));
        writer.AddRelocations(code, [new ElfRelocation(0, BpfRelocationType.Call32, seen), new ElfRelocation(4, BpfRelocationType.Immediate64, hidden)]);
        return writer.ToArray();
    }
}
