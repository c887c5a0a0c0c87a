using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Collections.Immutable;

namespace Fathom.Format.Elf.Images;

// Which words of an image hold addresses of its code. Those of an image that is loaded anywhere are relocated, and the relocations say where they are:
// https://gitlab.com/x86-psABIs/x86-64-ABI (R_X86_64_RELATIVE), https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.reloc.html,
// https://groups.google.com/g/generic-abi/c/bX460iggiKg (SHT_RELR)
public sealed partial class ElfImage
{
    private const uint RelocationsWithAddends = 4;
    private const uint Relocations = 9;
    private const uint RelativeRelocations = 19;

    // What the loader is told of the global offset table, and of relocations: where they are, and behind it their bytes.
    private const ulong GlobalOffsetTable = 3;
    private const ulong LoadedWithAddends = 7, LoadedWithAddendsSize = 8;
    private const ulong Loaded = 17, LoadedSize = 18;
    private const ulong LoadedRelative = 36, LoadedRelativeSize = 35;

    private ImmutableArray<ElfPointer> _pointers;

    /// <summary>
    /// The words of its memory that hold an address in its code once it is loaded, ordered by location: where relocations say so, or, in an image that is
    /// loaded where it says, where a word of the file is one.
    /// </summary>
    /// <exception cref="BadFormatException">The relocations are damaged.</exception>
    public ImmutableArray<ElfPointer> CodePointers
    {
        get
        {
            if (_pointers.IsDefault)
            {
                _pointers = ReadPointers();
            }

            return _pointers;
        }
    }

    /// <summary>Where its global offset table begins, which position-independent code of i386 counts distances from; null if it has none.</summary>
    public ulong? GotAddress => (FindSection(".got.plt"u8) ?? FindSection(".got"u8))?.Address ?? (_headers.Sections.IsEmpty ? DynamicEntry(DynamicEntries, GlobalOffsetTable) : null);

    /// <summary>Where the loader puts addresses of functions that it links, which calls and jumps of them read: by its sections.</summary>
    public ImmutableArray<ElfRange> LinkedRanges
    {
        get
        {
            ImmutableArray<ElfRange>.Builder ranges = ImmutableArray.CreateBuilder<ElfRange>();
            foreach (ImageSection? found in new[] { FindSection(".got"u8), FindSection(".got.plt"u8) })
            {
                if (found is { } section)
                {
                    ranges.Add(new(section.Address, section.Size));
                }
            }

            return ranges.ToImmutable();
        }
    }

    private int WordSize => Is64Bit ? sizeof(ulong) : sizeof(uint);

    private ImmutableArray<ElfPointer> ReadPointers()
    {
        var found = new PointerList(this);
        if (Type == ElfImageType.Executable)
        {
            foreach (ImageSegment segment in _headers.Segments)
            {
                if (segment.Type == ImageHeaders.LoadSegment)
                {
                    found.AddWords(segment.Address + (ulong)(-(long)segment.Address & (WordSize - 1)), segment.Address + Math.Min(segment.FileSize, (ulong)_file.Length));
                }
            }
        }
        else
        {
            foreach (ImageSection section in _headers.Sections)
            {
                switch (section.Type)
                {
                    case RelocationsWithAddends or Relocations:
                        found.AddRelocations(_headers.Bytes(section).Span, section.Type == RelocationsWithAddends);
                        break;
                    case RelativeRelocations:
                        found.AddRelative(_headers.Bytes(section).Span);
                        break;
                }
            }

            if (_headers.Sections.IsEmpty)
            {
                found.AddRelocations(LoadedTable(LoadedWithAddends, LoadedWithAddendsSize), true);
                found.AddRelocations(LoadedTable(Loaded, LoadedSize), false);
                found.AddRelative(LoadedTable(LoadedRelative, LoadedRelativeSize));
            }
        }

        return found.ToSorted();
    }

    // All of it, although large segments are read in parts.
    private ReadOnlySpan<byte> LoadedTable(ulong tag, ulong sizeTag)
    {
        ReadOnlySpan<byte> entries = DynamicEntries;
        return DynamicEntry(entries, tag) is { } address && DynamicEntry(entries, sizeTag) is { } size && TryGetFileOffset(address, executable: false, out ulong offset)
            ? _headers.SliceUpTo(offset, size).Span : default;
    }

    private ulong WordAt(ReadOnlySpan<byte> bytes) => Is64Bit ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private sealed class PointerList(ElfImage image)
    {
        private readonly List<ElfPointer> _found = [];
        private readonly int _word = image.WordSize;
        private readonly List<ulong> _inPlace = [];
        private long _left = 2 * ((image._file.Length / image.WordSize) + 1);
        private ReadOnlyMemory<byte> _bytes;
        private ulong _bytesAt;

        public void AddRelocations(ReadOnlySpan<byte> entries, bool hasAddends)
        {
            uint relative = image.Machine == ElfMachine.Arm64 ? 1027u : 8u;
            int size = (hasAddends ? 3 : 2) * _word;
            for (; entries.Length >= size; entries = entries.Slice(size))
            {
                ulong info = image.WordAt(entries.Slice(_word));
                if ((image.Is64Bit ? (uint)info : (byte)info) == relative)
                {
                    ulong location = image.WordAt(entries);
                    Add(location, hasAddends ? image.WordAt(entries.Slice(2 * _word)) : null);
                }
            }
        }

        // An even entry is the address of a word; the bits of an odd one stand for the words behind.
        public void AddRelative(ReadOnlySpan<byte> entries)
        {
            ulong next = 0;
            for (; entries.Length >= _word; entries = entries.Slice(_word))
            {
                ulong entry = image.WordAt(entries);
                if ((entry & 1) == 0)
                {
                    Add(entry, null);
                    next = entry + (ulong)_word;
                    continue;
                }

                for (ulong bits = entry >> 1, location = next; bits != 0; bits >>= 1, location += (ulong)_word)
                {
                    if ((bits & 1) != 0)
                    {
                        Add(location, null);
                    }
                }

                next += (ulong)(((8 * _word) - 1) * _word);
            }
        }

        public void AddWords(ulong begin, ulong end)
        {
            for (ulong location = begin; location < end && end - location >= (ulong)_word; location += (ulong)_word)
            {
                Add(location, WordAt(location));
            }
        }

        public ImmutableArray<ElfPointer> ToSorted()
        {
            // In order, since the file is read part by part.
            _inPlace.Sort();
            foreach (ulong location in _inPlace)
            {
                AddIfCode(location, WordAt(location));
            }

            _found.Sort(static (a, b) => a.Location.CompareTo(b.Location));
            return _found.ToImmutableArray();
        }

        private void Add(ulong location, ulong? target)
        {
            if (--_left < 0)
            {
                throw new BadFormatException(ElfFile.Format, 0, "there are more relocations than words in the file");
            }

            if (target is { } known)
            {
                AddIfCode(location, known);
            }
            else
            {
                _inPlace.Add(location);
            }
        }

        private void AddIfCode(ulong location, ulong target)
        {
            if (image._code.TryFind(target, out _))
            {
                _found.Add(new(location, target));
            }
        }

        private ulong WordAt(ulong location)
        {
            ulong at = location - _bytesAt;
            if (at > (ulong)_bytes.Length || (ulong)_bytes.Length - at < (ulong)_word)
            {
                (_bytes, _bytesAt, at) = (image.ReadLoaded(location), location, 0);
            }

            return _bytes.Length - (int)at < _word ? 0 : image.WordAt(_bytes.Span.Slice((int)at));
        }
    }
}

/// <summary>A word that holds an address.</summary>
/// <param name="Location">Where the word is, in the image before it is moved to where it is loaded.</param>
/// <param name="Target">The address that it holds, also before.</param>
public readonly record struct ElfPointer(ulong Location, ulong Target);
