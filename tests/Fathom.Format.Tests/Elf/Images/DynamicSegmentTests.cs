using System;
using System.Buffers.Binary;
using Fathom.Format.Elf.Images;
using Xunit;

namespace Fathom.Format.Tests.Elf.Images;

/// <summary>Files without section headers: the loader runs them, since it asks what the program headers name (<c>PT_DYNAMIC</c>).</summary>
public sealed class DynamicSegmentTests
{
    private const ulong Entries = ImageBuilder.DataAddress;
    private const ulong Table = ImageBuilder.DataAddress + 0x100;
    private const ulong Slot = ImageBuilder.DataAddress + 0x200;

    [Theory]
    [InlineData(22, 0, true)] // DT_TEXTREL
    [InlineData(30, 4, true)] // DT_FLAGS: DF_TEXTREL
    [InlineData(30, 8, false)]
    [InlineData(0, 22, false)]
    public void Text_relocations(ulong tag, ulong value, bool are)
    {
        foreach (bool is64 in new[] { true, false })
        {
            Assert.Equal(are, Parse(is64, tag, value, 0, 0).HasTextRelocations);
            Assert.False(Parse(is64, 0, 0, tag, value).HasTextRelocations);
        }
    }

    [Theory]
    [InlineData(7, 8)] // DT_RELA
    [InlineData(17, 18)] // DT_REL
    [InlineData(36, 35)] // DT_RELR
    public void Pointers_to_code(ulong tag, ulong sizeTag)
    {
        foreach (bool is64 in new[] { true, false })
        {
            ulong word = is64 ? 8u : 4u, words = tag == 7 ? 3u : tag == 17 ? 2u : 1u;
            ElfPointer pointer = Assert.Single(Parse(is64, tag, Table, sizeTag, words * word).CodePointers);
            Assert.Equal(new ElfPointer(Slot, ImageBuilder.CodeAddress), pointer);
            Assert.Empty(Parse(is64, tag, Table, sizeTag, (words * word) - 1).CodePointers);
            Assert.Empty(Parse(is64, tag, Table << 8, sizeTag, words * word).CodePointers);
        }
    }

    [Fact]
    public void The_global_offset_table() => Assert.Equal(Slot, Parse(false, 3, Slot, 0, 0).GotAddress);

    private static ElfImage Parse(bool is64, params ulong[] entries)
    {
        var builder = new ImageBuilder(is64, (ushort)(is64 ? 62 : 3));
        builder.Data(0, entries).Data(0x100, Slot, 8, ImageBuilder.CodeAddress).Data(0x200, ImageBuilder.CodeAddress);
        byte[] file = builder.Build();

        // No table of sections, and a third program header.
        file.AsSpan(is64 ? 40 : 32, is64 ? 8 : 4).Clear();
        file.AsSpan(is64 ? 60 : 48, 4).Clear();
        file[is64 ? 56 : 44] = 3;
        int size = is64 ? 56 : 32, header = is64 ? 64 : 52;
        Span<byte> segment = file.AsSpan(header + (2 * size), size);
        file.AsSpan(header + size, size).CopyTo(segment);
        BinaryPrimitives.WriteInt32LittleEndian(segment, 2);
        BinaryPrimitives.WriteInt32LittleEndian(segment[(is64 ? 32 : 16)..], entries.Length * builder.Word);
        Assert.Equal(Entries, (ulong)BinaryPrimitives.ReadUInt32LittleEndian(segment[(is64 ? 16 : 8)..]));
        return ElfImage.Parse(file);
    }
}
