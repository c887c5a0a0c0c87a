using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Fathom.Format.Elf.Images;

/// <summary>One symbol with the bytes of its name.</summary>
internal readonly ref struct RawSymbol(ReadOnlySpan<byte> name, uint nameOffset, int type, ulong address, ulong size)
{
    /// <summary>Without a version.</summary>
    public ReadOnlySpan<byte> Name { get; } = name;

    public uint NameOffset { get; } = nameOffset;

    public int Type { get; } = type;

    public ulong Address { get; } = address;

    public ulong Size { get; } = size;
}

/// <summary>
/// A table of symbols, read in place. Only defined functions and variables are given. The work is bounded by the size of the file although
/// names may overlap: what they add up to is bounded.
/// </summary>
internal sealed class SymbolTable
{
    public const int ObjectType = 1;
    public const int FunctionType = 2;
    public const int IndirectFunctionType = 10;

    private const ushort FirstReservedSection = 0xff00;
    private const ushort ManySections = 0xffff;

    private readonly bool _is64;
    private readonly ReadOnlyMemory<byte> _symbols;
    private readonly ReadOnlyMemory<byte> _names;
    private readonly long _position;
    private readonly Dictionary<uint, string> _known = [];
    private long _textBudget;

    public SymbolTable(ImageHeaders headers, ImageSection section)
    {
        _is64 = headers.Is64;
        _position = (long)section.Offset;
        _symbols = headers.Bytes(section);
        if (_symbols.Length % Size != 0)
        {
            throw new BadFormatException(ElfFile.Format, _position, "the symbol table does not hold whole symbols");
        }

        if (section.Link >= (uint)headers.Sections.Length || headers.Sections[(int)section.Link].Type != (uint)ElfSectionType.StringTable)
        {
            throw new BadFormatException(ElfFile.Format, _position, "the symbols' names do not lie in a string table");
        }

        _names = headers.Bytes(headers.Sections[(int)section.Link]);

        // The linker puts a name that is the end of another one into it, so that honest names overlap a little.
        _textBudget = (2L * _names.Length) + 4096;
    }

    public int Count => _symbols.Length / Size;

    /// <summary>All its names, each ended by a zero; the linker may have put one that is the end of another into that.</summary>
    public ReadOnlyMemory<byte> Names => _names;

    private int Size => _is64 ? ElfFile.SymbolSize : 16;

    /// <summary>A symbol; false if it is of no use here: undefined, without a name, neither function nor variable.</summary>
    /// <param name="index">Its index.</param>
    /// <param name="budget">Bytes of names that may still be read; see <see cref="NewBudget"/>.</param>
    /// <param name="symbol">The symbol.</param>
    public bool TryRead(int index, ref long budget, out RawSymbol symbol) => TryRead(index, isImport: false, ref budget, out symbol);

    /// <summary>A function that is called and defined elsewhere; false if the symbol is anything else. Some linkers leave its type out.</summary>
    /// <param name="index">Its index.</param>
    /// <param name="budget">Bytes of names that may still be read; see <see cref="NewBudget"/>.</param>
    /// <param name="symbol">The symbol.</param>
    public bool TryReadImport(int index, ref long budget, out RawSymbol symbol) => TryRead(index, isImport: true, ref budget, out symbol);

    private bool TryRead(int index, bool isImport, ref long budget, out RawSymbol symbol)
    {
        symbol = default;
        ReadOnlySpan<byte> bytes = _symbols.Span.Slice(index * Size, Size);
        int info = bytes[_is64 ? 4 : 12];
        int type = info & 0x0f;
        ushort section = BinaryPrimitives.ReadUInt16LittleEndian(bytes.Slice(_is64 ? 6 : 14));
        uint name = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        bool isWanted = isImport
            ? section == 0 && type is 0 or FunctionType
            : section != 0 && (section < FirstReservedSection || section == ManySections) && type is ObjectType or FunctionType or IndirectFunctionType;
        if (!isWanted || name == 0)
        {
            return false;
        }

        if (name >= (uint)_names.Length)
        {
            throw new BadFormatException(ElfFile.Format, _position + (index * Size), "a symbol's name lies outside the string table");
        }

        ReadOnlySpan<byte> text = _names.Span.Slice((int)name);
        int length = text.IndexOf((byte)0);
        budget -= length < 0 ? text.Length : length;
        if (length < 0 || budget < 0)
        {
            throw new BadFormatException(
                ElfFile.Format,
                _position + (index * Size),
                length < 0 ? "a symbol's name has no end" : "the symbols' names overlap too much");
        }

        text = text.Slice(0, length);

        // The linker writes the version of an exported name into .symtab; .dynsym has it elsewhere.
        int version = text.IndexOf((byte)'@');
        text = version > 0 ? text.Slice(0, version) : text;
        ulong address = _is64 ? BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(8)) : BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(4));
        ulong size = _is64 ? BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(16)) : BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(8));
        symbol = new RawSymbol(text, name, type, address, size);
        return !text.IsEmpty;
    }

    /// <summary>
    /// How many bytes of names one walk through the table may read. Symbols share a name where static functions are called alike, so that
    /// honest tables read some bytes more than once; a table in which all names overlap would read their square.
    /// </summary>
    public long NewBudget() => (16L * _names.Length) + (64L * Count) + 4096;

    /// <summary>A symbol's name as text. Each is made once.</summary>
    /// <exception cref="BadFormatException">The names overlap, so that they would be much more text than the table.</exception>
    public string NameOf(in RawSymbol symbol)
    {
        if (!_known.TryGetValue(symbol.NameOffset, out string? name))
        {
            _textBudget -= symbol.Name.Length;
            name = _textBudget >= 0
                ? SymbolText.Decode(symbol.Name)
                : throw new BadFormatException(ElfFile.Format, _position, "the symbols' names overlap too much");
            _known.Add(symbol.NameOffset, name);
        }

        return name;
    }
}
