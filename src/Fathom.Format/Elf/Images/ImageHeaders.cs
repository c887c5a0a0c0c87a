using System;
using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Fathom.Format.Elf.Images;

/// <summary>A part of the file that is loaded (<c>PT_LOAD</c>), notes (<c>PT_NOTE</c>), or what the loader is told (<c>PT_DYNAMIC</c>).</summary>
internal readonly record struct ImageSegment(uint Type, bool IsExecutable, bool IsWritable, ulong Offset, ulong Address, ulong FileSize);

/// <summary>A section as its header describes it. Whether it lies in the file is checked where its bytes are asked for.</summary>
internal readonly record struct ImageSection(int Index, uint NameOffset, uint Type, ulong Address, ulong Offset, ulong Size, uint Link, ulong EntrySize);

/// <summary>
/// The headers of an image, of both widths. Tables are checked to lie in the file, so that what is read is bounded by its size.
/// https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/elf.h (Elf32_Ehdr, Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr)
/// </summary>
internal sealed class ImageHeaders
{
    public const uint LoadSegment = 1;
    public const uint DynamicSegment = 2;
    public const uint NoteSegment = 4;
    public const uint NoteSection = 7;
    public const uint DynamicSymbols = 11;

    // Where a count does not fit its field, it is in the first section's header (PN_XNUM, SHN_XINDEX).
    private const int Overflow = 0xffff;

    // The kernel takes no more bytes of them: https://github.com/torvalds/linux/blob/v6.18/fs/binfmt_elf.c (load_elf_phdrs)
    private const int MostSegmentBytes = 65_536;

    private readonly ImageSource _file;
    private readonly ReadOnlyMemory<byte> _header;

    private ImageHeaders(ImageSource file, ReadOnlyMemory<byte> header, bool is64, ElfMachine machine, ElfImageType type)
    {
        _file = file;
        _header = header;
        Is64 = is64;
        Machine = machine;
        Type = type;
        Sections = ReadSections(out int names, out int segments);
        SectionNames = names;
        Segments = ReadSegments(segments);
    }

    public bool Is64 { get; }

    public ElfMachine Machine { get; }

    public ElfImageType Type { get; }

    public ImmutableArray<ImageSection> Sections { get; }

    /// <summary>Index of the section with the names of sections; 0 if there is none.</summary>
    public int SectionNames { get; }

    public ImmutableArray<ImageSegment> Segments { get; }

    public static ImageHeaders Read(ImageSource file)
    {
        ReadOnlyMemory<byte> header = file.Take(0, (ulong)Math.Min(64, file.Length), "");
        ReadOnlySpan<byte> bytes = header.Span;
        Require(bytes.Length >= 20, 0, bytes.IsEmpty ? "the file is empty" : "the file is shorter than an ELF header");
        Require(bytes[0] == 0x7f && bytes[1] == (byte)'E' && bytes[2] == (byte)'L' && bytes[3] == (byte)'F', 0, "this is no ELF file");
        Require(bytes[4] is 1 or 2, 4, "the file is neither of 32 nor of 64 bits");
        Require(bytes[5] == 1, 5, "only little-endian files are read");
        bool is64 = bytes[4] == 2;
        Require(bytes.Length >= (is64 ? 64 : 52), 0, "the file is shorter than an ELF header");

        ushort type = BinaryPrimitives.ReadUInt16LittleEndian(bytes.Slice(16));
        Require(type is 2 or 3, 16, type switch
        {
            1 => "this is an object file, which no process runs as it is",
            4 => "this is a core dump",
            _ => "this is neither a program nor a shared library",
        });
        ushort machine = BinaryPrimitives.ReadUInt16LittleEndian(bytes.Slice(18));
        Require(
            machine == (ushort)ElfMachine.X64 || (machine == (ushort)ElfMachine.Arm64 && is64) || (machine == (ushort)ElfMachine.X86 && !is64),
            18,
            $"the file is for machine {machine} in {(is64 ? 64 : 32)} bits; x86-64, i386 and arm64 are read");
        return new ImageHeaders(file, header.ToArray(), is64, (ElfMachine)machine, (ElfImageType)type);
    }

    /// <summary>A section's bytes; empty for one that takes no room in the file.</summary>
    public ReadOnlyMemory<byte> Bytes(ImageSection section)
    {
        if ((ElfSectionType)section.Type is ElfSectionType.Null or ElfSectionType.NoBits)
        {
            return default;
        }

        return Slice(section.Offset, section.Size, $"section {section.Index} lies outside the file");
    }

    /// <summary>Bytes that must lie in the file.</summary>
    public ReadOnlyMemory<byte> Slice(ulong offset, ulong size, string problem) => _file.Take(offset, size, problem);

    /// <summary>As many bytes as there are, at most so many; empty behind the end of the file.</summary>
    public ReadOnlyMemory<byte> SliceUpTo(ulong offset, ulong size)
    {
        ulong rest = offset < (ulong)_file.Length ? (ulong)_file.Length - offset : 0;
        return rest == 0 ? default : _file.Take(offset, Math.Min(size, rest), "the file ends too early");
    }

    private static void Require(bool condition, long offset, string problem)
    {
        if (!condition)
        {
            throw new BadFormatException(ElfFile.Format, offset, problem);
        }
    }

    private ImmutableArray<ImageSection> ReadSections(out int names, out int segments)
    {
        ReadOnlySpan<byte> header = _header.Span;
        int counts = Is64 ? 56 : 44;
        int size = Is64 ? 64 : 40;
        ulong table = Word(header, Is64 ? 40 : 32);
        segments = Half(header, counts);
        int count = Half(header, counts + 4);
        names = Half(header, counts + 6);
        if (table == 0)
        {
            Require(segments != Overflow, counts, "the number of segments is missing");
            names = 0;
            return [];
        }

        const string Outside = "the section table lies outside the file";
        Require(Half(header, counts + 2) == size, counts + 2, "section headers have an unknown size");
        ReadOnlySpan<byte> firstBytes = _file.Take(table, (ulong)size, Outside).Span;
        ImageSection first = ReadSection(firstBytes, 0);
        ulong wanted = count != 0 ? (ulong)count : first.Size;
        Require(wanted <= ((ulong)_file.Length - table) / (ulong)size, Is64 ? 40 : 32, Outside);
        ReadOnlySpan<byte> bytes = _file.Take(table, wanted * (ulong)size, Outside).Span;
        count = (int)wanted;
        names = names == Overflow ? (int)Math.Min(first.Link, int.MaxValue) : names;
        Require(names < Math.Max(count, 1), counts + 6, "the section of section names does not exist");
        if (segments == Overflow)
        {
            segments = BinaryPrimitives.ReadInt32LittleEndian(firstBytes.Slice(Is64 ? 44 : 28));
            Require(segments >= 0, counts, "the number of segments is too large");
        }

        ImmutableArray<ImageSection>.Builder sections = ImmutableArray.CreateBuilder<ImageSection>(count);
        for (int i = 0; i < count; i++)
        {
            sections.Add(ReadSection(bytes.Slice(i * size, size), i));
        }

        return sections.MoveToImmutable();
    }

    private ImageSection ReadSection(ReadOnlySpan<byte> bytes, int index) => Is64
        ? new ImageSection(index, Int(bytes, 0), Int(bytes, 4), Word(bytes, 16), Word(bytes, 24), Word(bytes, 32), Int(bytes, 40), Word(bytes, 56))
        : new ImageSection(index, Int(bytes, 0), Int(bytes, 4), Word(bytes, 12), Word(bytes, 16), Word(bytes, 20), Int(bytes, 24), Word(bytes, 36));

    private ImmutableArray<ImageSegment> ReadSegments(int count)
    {
        if (count == 0)
        {
            return [];
        }

        ulong table = Word(_header.Span, Is64 ? 32 : 28);
        int size = Is64 ? 56 : 32;
        Require(Half(_header.Span, Is64 ? 54 : 42) == size, Is64 ? 54 : 42, "program headers have an unknown size");
        Require(count <= MostSegmentBytes / size, Is64 ? 56 : 44, "there are more segments than the kernel takes");
        ReadOnlySpan<byte> bytes = _file.Take(table, (ulong)(count * size), "the table of segments lies outside the file").Span;
        ImmutableArray<ImageSegment>.Builder segments = ImmutableArray.CreateBuilder<ImageSegment>();
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = bytes.Slice(i * size, size);
            uint type = Int(entry, 0);
            if (type is LoadSegment or DynamicSegment or NoteSegment)
            {
                uint flags = Int(entry, Is64 ? 4 : 24);
                bool executes = (flags & 1) != 0, isWritten = (flags & 2) != 0;
                segments.Add(Is64
                    ? new ImageSegment(type, executes, isWritten, Word(entry, 8), Word(entry, 16), Word(entry, 32))
                    : new ImageSegment(type, executes, isWritten, Word(entry, 4), Word(entry, 8), Word(entry, 16)));
            }
        }

        return segments.ToImmutable();
    }

    private static ushort Half(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.Slice(at));

    private static uint Int(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(at));

    private ulong Word(ReadOnlySpan<byte> bytes, int at) => Is64 ? BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(at)) : Int(bytes, at);
}
