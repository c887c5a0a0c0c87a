using System;
using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Fathom.Format.Elf.Images;

/// <summary>
/// What an image has written down about itself in notes: its build's number and its static probes.
/// https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/elf.h (Elf64_Nhdr),
/// https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
/// </summary>
internal static class ImageNotes
{
    private const int HeaderSize = 12;
    private const uint BuildIdType = 3;
    private const uint ProbeType = 3;

    // The note is in one of the first, and those are a few hundred bytes; those of static probes may be some hundred kilobytes.
    private const long MostNoteBytes = 4 << 20;

    /// <summary>The number of the build; empty without one. The loader never looks at it, so that a damaged one harms nobody.</summary>
    public static ReadOnlyMemory<byte> FindBuildId(ImageHeaders headers)
    {
        // For all headers together, which may claim the same bytes again and again.
        long budget = MostNoteBytes;
        foreach (ImageSegment segment in headers.Segments)
        {
            if (segment.Type == ImageHeaders.NoteSegment && TryFindBuildId(headers, segment.Offset, segment.FileSize, ref budget, out ReadOnlyMemory<byte> id))
            {
                return id;
            }
        }

        // A separate debug file has segments as the image has, but not their bytes.
        foreach (ImageSection section in headers.Sections)
        {
            if (section.Type == ImageHeaders.NoteSection && TryFindBuildId(headers, section.Offset, section.Size, ref budget, out ReadOnlyMemory<byte> id))
            {
                return id;
            }
        }

        return default;
    }

    /// <summary>The static probes of the notes of section <c>.note.stapsdt</c>.</summary>
    public static ImmutableArray<UsdtProbe> ReadProbes(ElfImage image, ImageHeaders headers)
    {
        ReadOnlyMemory<byte> names = headers.SectionNames == 0 ? default : headers.Bytes(headers.Sections[headers.SectionNames]);
        if (FindSection(headers, names.Span, ".note.stapsdt"u8) is not { Type: ImageHeaders.NoteSection } section)
        {
            return [];
        }

        ulong? movedBase = FindSection(headers, names.Span, ".stapsdt.base"u8)?.Address;
        ImmutableArray<UsdtProbe>.Builder probes = ImmutableArray.CreateBuilder<UsdtProbe>();
        ReadOnlySpan<byte> notes = headers.Bytes(section).Span;
        int at = 0;
        while (at < notes.Length)
        {
            if (!TryReadNote(notes, ref at, out uint type, out ReadOnlySpan<byte> name, out int start, out int length))
            {
                throw new BadFormatException(ElfFile.Format, (long)section.Offset + at, "a note about a static probe ends outside of its section");
            }

            if (type == ProbeType && name.SequenceEqual("stapsdt\0"u8))
            {
                AddProbe(image, notes.Slice(start, length), (long)section.Offset + start, movedBase, probes);
            }
        }

        return probes.ToImmutable();
    }

    private static void AddProbe(
        ElfImage image,
        ReadOnlySpan<byte> note,
        long position,
        ulong? movedBase,
        ImmutableArray<UsdtProbe>.Builder probes)
    {
        int word = image.Is64Bit ? 8 : 4;
        if (note.Length < word * 3)
        {
            throw new BadFormatException(ElfFile.Format, position, "a note about a static probe is too short");
        }

        ulong address = Word(note, word);
        ulong linkedBase = Word(note.Slice(word), word);
        ulong semaphore = Word(note.Slice(2 * word), word);
        note = note.Slice(3 * word);
        if (!TryTakeText(ref note, out string provider) || !TryTakeText(ref note, out string name) || !TryTakeText(ref note, out string arguments))
        {
            throw new BadFormatException(ElfFile.Format, position, "a note about a static probe has a text without an end");
        }

        // What moves an image on the disk (prelink) leaves the notes as they are; the section's address tells how far it went.
        ulong moved = movedBase is { } now && linkedBase != 0 ? now - linkedBase : 0;
        ulong mask = image.Is64Bit ? ulong.MaxValue : uint.MaxValue;
        address = (address + moved) & mask;
        semaphore = semaphore == 0 ? 0 : (semaphore + moved) & mask;
        ulong semaphoreOffset = 0;
        if (image.TryGetFileOffset(address, executable: true, out ulong offset)
            && (semaphore == 0 || image.TryGetFileOffset(semaphore, executable: false, out semaphoreOffset)))
        {
            probes.Add(new UsdtProbe(provider, name, address, offset, semaphoreOffset, arguments));
        }
    }

    private static bool TryFindBuildId(ImageHeaders headers, ulong offset, ulong size, ref long budget, out ReadOnlyMemory<byte> id)
    {
        id = default;
        if (size > (ulong)budget)
        {
            return false;
        }

        ReadOnlyMemory<byte> notes = headers.SliceUpTo(offset, size);
        budget -= notes.Length;
        int at = 0;
        while (TryReadNote(notes.Span, ref at, out uint type, out ReadOnlySpan<byte> name, out int start, out int length))
        {
            if (type == BuildIdType && length > 0 && name.SequenceEqual("GNU\0"u8))
            {
                id = notes.Slice(start, length);
                return true;
            }
        }

        return false;
    }

    // Name and contents are padded to 4 bytes, in 64-bit files too.
    private static bool TryReadNote(ReadOnlySpan<byte> notes, ref int at, out uint type, out ReadOnlySpan<byte> name, out int start, out int length)
    {
        type = 0;
        name = default;
        start = length = 0;
        if (notes.Length - at < HeaderSize)
        {
            return false;
        }

        uint nameSize = BinaryPrimitives.ReadUInt32LittleEndian(notes.Slice(at));
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(notes.Slice(at + 4));
        type = BinaryPrimitives.ReadUInt32LittleEndian(notes.Slice(at + 8));
        long contents = at + HeaderSize + (((long)nameSize + 3) & ~3L);
        if (contents > notes.Length || size > notes.Length - contents)
        {
            return false;
        }

        name = notes.Slice(at + HeaderSize, (int)nameSize);
        start = (int)contents;
        length = (int)size;
        at = (int)Math.Min(notes.Length, contents + (((long)size + 3) & ~3L));
        return true;
    }

    /// <summary>Whether there is a section of a name.</summary>
    public static bool HasSection(ImageHeaders headers, ReadOnlySpan<byte> name) =>
        headers.SectionNames != 0 && FindSection(headers, headers.Bytes(headers.Sections[headers.SectionNames]).Span, name) is not null;

    /// <summary>A section by name.</summary>
    public static ImageSection? FindSection(ImageHeaders headers, ReadOnlySpan<byte> names, ReadOnlySpan<byte> name)
    {
        foreach (ImageSection section in headers.Sections)
        {
            if (section.NameOffset < (uint)names.Length)
            {
                ReadOnlySpan<byte> text = names.Slice((int)section.NameOffset);
                if (text.StartsWith(name) && text.Length > name.Length && text[name.Length] == 0)
                {
                    return section;
                }
            }
        }

        return null;
    }

    private static ulong Word(ReadOnlySpan<byte> bytes, int size) =>
        size == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static bool TryTakeText(ref ReadOnlySpan<byte> bytes, out string text)
    {
        int end = bytes.IndexOf((byte)0);
        text = end < 0 ? "" : SymbolText.Decode(bytes.Slice(0, end));
        bytes = bytes.Slice(end + 1);
        return end >= 0;
    }
}
