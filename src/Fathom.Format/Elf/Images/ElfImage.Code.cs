using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;

namespace Fathom.Format.Elf.Images;

// What tells whether a place in the file is one of code, and whose code it is.
public sealed partial class ElfImage
{
    private ImmutableArray<ElfRange> _functionRanges;
    private SegmentMap? _writable;

    /// <summary>
    /// Where functions lie, of all its symbol tables and of its debug file, ordered by address, each beginning once with the most bytes that any of
    /// its names claims. Cheaper than <see cref="Functions"/>, since no name is made.
    /// </summary>
    /// <exception cref="BadFormatException">A symbol table is damaged.</exception>
    public ImmutableArray<ElfRange> FunctionRanges
    {
        get
        {
            if (_functionRanges.IsDefault)
            {
                _functionRanges = ReadRanges();
            }

            return _functionRanges;
        }
    }

    /// <summary>Bytes of the file that are loaded as instructions; what executable segments share counts for each.</summary>
    public long CodeSize
    {
        get
        {
            ulong size = 0;
            foreach (ImageSegment segment in _headers.Segments)
            {
                size += segment.Type == ImageHeaders.LoadSegment && segment.IsExecutable ? Math.Min(segment.FileSize, (ulong)_file.Length) : 0;
            }

            return (long)Math.Min(size, int.MaxValue);
        }
    }

    /// <summary>The address of a byte of the file where it is loaded as instructions.</summary>
    /// <param name="fileOffset">Bytes from the start of the file.</param>
    /// <param name="address">Its address in the image.</param>
    /// <returns>False if no executable segment holds it.</returns>
    public bool TryGetCodeAddress(ulong fileOffset, out ulong address)
    {
        foreach (ImageSegment segment in _headers.Segments)
        {
            if (segment.Type == ImageHeaders.LoadSegment && segment.IsExecutable && fileOffset >= segment.Offset && fileOffset - segment.Offset < segment.FileSize)
            {
                address = segment.Address + (fileOffset - segment.Offset);
                return true;
            }
        }

        address = 0;
        return false;
    }

    /// <summary>Whether an address lies in code that the program may write to, since its segment is both.</summary>
    /// <param name="address">An address in the image.</param>
    public bool IsWritableCode(ulong address) =>
        (_writable ??= new SegmentMap(_headers.Segments, (ulong)_file.Length, static segment => segment.IsExecutable && segment.IsWritable)).TryFind(address, out _);

    /// <summary>Where the section of a name is loaded; null if there is none.</summary>
    public ElfRange? SectionRange(string name) => FindSection(Encoding.ASCII.GetBytes(name)) is { } section ? new(section.Address, section.Size) : null;

    /// <summary>Whether it has a section of a name. False for an image without sections.</summary>
    public bool HasSection(string name) => ImageNotes.HasSection(_headers, Encoding.ASCII.GetBytes(name));

    /// <summary>Whether one of its own symbol tables names a symbol, its own or one that it wants from elsewhere, or one whose name ends so.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isLinked">Whether only what the loader links is looked at, if it is linked at all: not what it has for itself.</param>
    /// <exception cref="BadFormatException">A symbol table is damaged.</exception>
    public bool MentionsSymbol(string name, bool isLinked = false)
    {
        byte[] wanted = Encoding.ASCII.GetBytes(name + "\0");
        bool isDynamic = false;
        foreach (ImageSection section in _headers.Sections)
        {
            isDynamic |= section.Type == ImageHeaders.DynamicSymbols;
        }

        foreach (ImageSection section in _headers.Sections)
        {
            if ((section.Type == ImageHeaders.DynamicSymbols || (section.Type == (uint)ElfSectionType.SymbolTable && !(isLinked && isDynamic)))
                && new SymbolTable(_headers, section).Names.Span.IndexOf(wanted) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private ImmutableArray<ElfRange> ReadRanges()
    {
        var ranges = new List<ElfRange>();
        foreach (SymbolTable table in Tables())
        {
            long budget = table.NewBudget();
            for (int i = 0; i < table.Count; i++)
            {
                if (table.TryRead(i, ref budget, out RawSymbol symbol) && symbol.Type == SymbolTable.FunctionType && TryGetFileOffset(symbol.Address, executable: true, out _))
                {
                    ranges.Add(new(symbol.Address, symbol.Size));
                }
            }
        }

        ranges.Sort(static (a, b) => a.Address != b.Address ? a.Address.CompareTo(b.Address) : b.Size.CompareTo(a.Size));
        ImmutableArray<ElfRange>.Builder result = ImmutableArray.CreateBuilder<ElfRange>(ranges.Count);
        foreach (ElfRange range in ranges)
        {
            if (result.Count == 0 || result[result.Count - 1].Address != range.Address)
            {
                result.Add(range);
            }
        }

        return result.ToImmutable();
    }
}
