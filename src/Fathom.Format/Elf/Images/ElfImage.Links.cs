using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Collections.Immutable;

namespace Fathom.Format.Elf.Images;

// What an image says of other files: https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html,
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Separate-Debug-Files.html, https://sourceware.org/gdb/current/onlinedocs/gdb.html/MiniDebugInfo.html
public sealed partial class ElfImage
{
    private const uint DynamicSection = 6;
    private const int MostNeeded = 256;
    private const int LongestName = 4096;

    /// <summary>
    /// Whether the file has been made of another one to keep its names: what is code there takes no room here, and no process runs it.
    /// </summary>
    public bool IsDebugFile => FindSection(".text"u8) is { Type: (uint)ElfSectionType.NoBits };

    /// <summary>The names of the libraries that it wants to be loaded with it (<c>DT_NEEDED</c>), in its order; of more than 256, the first ones.</summary>
    /// <exception cref="BadFormatException">The table is damaged.</exception>
    public ImmutableArray<string> Needed
    {
        get
        {
            ImmutableArray<string>.Builder names = ImmutableArray.CreateBuilder<string>();
            foreach (ImageSection section in _headers.Sections)
            {
                if (section.Type == DynamicSection && section.Link < (uint)_headers.Sections.Length)
                {
                    AddNeeded(_headers.Bytes(section).Span, _headers.Bytes(_headers.Sections[(int)section.Link]).Span, names);
                    break;
                }
            }

            return names.ToImmutable();
        }
    }

    /// <summary>Whether the loader changes its code (<c>DT_TEXTREL</c>, <c>DF_TEXTREL</c>): what runs is not what the file has then.</summary>
    public bool HasTextRelocations
    {
        get
        {
            const ulong TextRelocations = 22, Flags = 30, TextFlag = 4;
            bool IsSaidIn(ReadOnlySpan<byte> entries) => DynamicEntry(entries, TextRelocations) is not null || (DynamicEntry(entries, Flags) & TextFlag) is > 0;
            foreach (ImageSection section in _headers.Sections)
            {
                if (section.Type == DynamicSection && IsSaidIn(_headers.Bytes(section).Span))
                {
                    return true;
                }
            }

            // The loader knows nothing of sections, and runs a file without any.
            return IsSaidIn(DynamicEntries);
        }
    }

    // What the loader is told.
    private ReadOnlySpan<byte> DynamicEntries
    {
        get
        {
            foreach (ImageSegment segment in _headers.Segments)
            {
                if (segment.Type == ImageHeaders.DynamicSegment)
                {
                    ReadOnlySpan<byte> bytes = ReadLoaded(segment.Address).Span;
                    return bytes.Slice(0, (int)Math.Min((ulong)bytes.Length, segment.FileSize));
                }
            }

            return default;
        }
    }

    /// <summary>The names of the functions that it calls and another file must define.</summary>
    /// <exception cref="BadFormatException">A symbol table is damaged.</exception>
    public IEnumerable<string> Imports
    {
        get
        {
            List<string> imports = [];
            foreach (SymbolTable table in Tables())
            {
                long budget = table.NewBudget();
                for (int i = 0; i < table.Count; i++)
                {
                    if (table.TryReadImport(i, ref budget, out RawSymbol symbol))
                    {
                        imports.Add(table.NameOf(symbol));
                    }
                }
            }

            return imports;
        }
    }

    /// <summary>The name of its separate debug file, without a folder (<c>.gnu_debuglink</c>), and the CRC-32 of that whole file; null if it names none.</summary>
    public (string Name, uint Checksum)? DebugLink
    {
        get
        {
            ReadOnlySpan<byte> bytes = FindSection(".gnu_debuglink"u8) is { Size: > 4 and < LongestName } section ? _headers.Bytes(section).Span : default;
            int end = bytes.IndexOf((byte)0);

            // The checksum stands at the next multiple of four. A name with a folder would lead who follows it anywhere.
            int checksum = (end + 4) & ~3;
            return end > 0 && checksum + 4 <= bytes.Length && bytes.Slice(0, end).IndexOf((byte)'/') < 0
                ? (SymbolText.Decode(bytes.Slice(0, end)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(checksum)))
                : null;
        }
    }

    /// <summary>A debug file that it carries with it, compressed by xz (<c>.gnu_debugdata</c>); empty if there is none.</summary>
    public ReadOnlyMemory<byte> DebugData => FindSection(".gnu_debugdata"u8) is { } section ? _headers.Bytes(section) : default;

    // The first value of a tag: https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html
    private ulong? DynamicEntry(ReadOnlySpan<byte> entries, ulong wanted)
    {
        for (; entries.Length >= 2 * WordSize && WordAt(entries) is var tag and not 0; entries = entries.Slice(2 * WordSize))
        {
            if (tag == wanted)
            {
                return WordAt(entries.Slice(WordSize));
            }
        }

        return null;
    }

    private void AddNeeded(ReadOnlySpan<byte> entries, ReadOnlySpan<byte> texts, ImmutableArray<string>.Builder names)
    {
        const ulong End = 0, Needed = 1;
        int word = Is64Bit ? 8 : 4;
        for (; entries.Length >= 2 * word && names.Count < MostNeeded; entries = entries.Slice(2 * word))
        {
            ulong tag = Is64Bit ? BinaryPrimitives.ReadUInt64LittleEndian(entries) : BinaryPrimitives.ReadUInt32LittleEndian(entries);
            ulong value = Is64Bit ? BinaryPrimitives.ReadUInt64LittleEndian(entries.Slice(word)) : BinaryPrimitives.ReadUInt32LittleEndian(entries.Slice(word));
            if (tag == End)
            {
                return;
            }

            if (tag == Needed && value < (ulong)texts.Length)
            {
                ReadOnlySpan<byte> text = texts.Slice((int)value);
                int end = text.Slice(0, Math.Min(text.Length, LongestName)).IndexOf((byte)0);
                if (end > 0)
                {
                    names.Add(SymbolText.Decode(text.Slice(0, end)));
                }
            }
        }
    }

    private ImageSection? FindSection(ReadOnlySpan<byte> name) =>
        _headers.SectionNames == 0 ? null : ImageNotes.FindSection(_headers, _headers.Bytes(_headers.Sections[_headers.SectionNames]).Span, name);
}
