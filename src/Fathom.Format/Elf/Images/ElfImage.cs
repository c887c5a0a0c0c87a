using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;

namespace Fathom.Format.Elf.Images;

/// <summary>
/// A program or a shared library as it lies on the disk: its functions and static probes, by offset in the file, which is how the kernel
/// wants uprobes. Only the headers are read at first, the rest when it is asked for, so that of a large file only a part comes into memory.
/// Every offset, size and index is checked before it is used, and the work is bounded by the size of the file. Not safe for use by several
/// threads at a time.
/// </summary>
public sealed partial class ElfImage
{
    private readonly ImageSource _file;
    private readonly ImageHeaders _headers;
    private readonly ElfImage? _debug;
    private readonly SegmentMap _loaded;
    private readonly SegmentMap _code;
    private List<SymbolTable>? _tables;
    private Dictionary<string, ulong>? _variables;
    private ImmutableArray<ElfFunction> _functions;
    private ImmutableArray<UsdtProbe> _probes;
    private ReadOnlyMemory<byte>? _buildId;

    private ElfImage(ImageSource file, ImageHeaders headers, ElfImage? debug)
    {
        _file = file;
        _headers = headers;
        _debug = debug;
        _loaded = new SegmentMap(headers.Segments, (ulong)file.Length, static _ => true);
        _code = new SegmentMap(headers.Segments, (ulong)file.Length, static segment => segment.IsExecutable);
    }

    /// <summary>The machine that it runs on.</summary>
    public ElfMachine Machine => _headers.Machine;

    /// <summary>Whether its addresses have 64 bits.</summary>
    public bool Is64Bit => _headers.Is64;

    /// <summary>How it is loaded.</summary>
    public ElfImageType Type => _headers.Type;

    /// <summary>Which names of functions it has, with those of its debug file.</summary>
    public ElfSymbolKinds Symbols
    {
        get
        {
            var kinds = ElfSymbolKinds.None;
            foreach (ImageSection section in _headers.Sections)
            {
                kinds = section.Type switch
                {
                    (uint)ElfSectionType.SymbolTable => ElfSymbolKinds.All,
                    ImageHeaders.DynamicSymbols when kinds == ElfSymbolKinds.None => ElfSymbolKinds.DynamicOnly,
                    _ => kinds,
                };
            }

            return _debug is { Symbols: ElfSymbolKinds.All } ? ElfSymbolKinds.All : kinds;
        }
    }

    /// <summary>
    /// The number that its build gave it (<c>NT_GNU_BUILD_ID</c>); empty if it has none, or only a damaged one.
    /// </summary>
    public ReadOnlyMemory<byte> BuildId => _buildId ??= ImageNotes.FindBuildId(_headers);

    /// <summary>
    /// The functions that it defines, of all its symbol tables and of its debug file, ordered by address and then by name. Functions that
    /// do not lie in the file as executable are left out.
    /// </summary>
    /// <exception cref="BadFormatException">A symbol table is damaged.</exception>
    public ImmutableArray<ElfFunction> Functions
    {
        get
        {
            if (_functions.IsDefault)
            {
                List<ElfFunction> functions = [];
                AddFunctions(functions, null);
                _functions = Sorted(functions);
            }

            return _functions;
        }
    }

    /// <summary>Its static probes, in the order of the file. Those that do not lie in the file as executable are left out.</summary>
    /// <exception cref="BadFormatException">The notes that describe them are damaged.</exception>
    public ImmutableArray<UsdtProbe> UsdtProbes
    {
        get
        {
            if (_probes.IsDefault)
            {
                _probes = ImageNotes.ReadProbes(this, _headers);
            }

            return _probes;
        }
    }

    /// <summary>Reads the headers of an image.</summary>
    /// <param name="file">The whole file; must stay unchanged as long as the result is used.</param>
    /// <exception cref="BadFormatException">
    /// It is no executable or shared library of x86-64, i386 or arm64, or a damaged one.
    /// </exception>
    public static ElfImage Parse(ReadOnlyMemory<byte> file) => Open(new ImageSource.InMemory(file));

    /// <summary>Reads the headers of an image; the rest when it is asked for.</summary>
    /// <param name="file">The file, as long as the result is used.</param>
    /// <exception cref="BadFormatException">
    /// It is no executable or shared library of x86-64, i386 or arm64, or a damaged one.
    /// </exception>
    public static ElfImage Open(ImageSource file) => new(file ?? throw new ArgumentNullException(nameof(file)), ImageHeaders.Read(file), null);

    /// <summary>
    /// The same image with the names of a separate debug file, whose addresses are those of this image. Whether they belong together is
    /// for the caller to know: compare <see cref="BuildId"/>.
    /// </summary>
    /// <param name="debug">The debug file.</param>
    public ElfImage WithSymbolsOf(ElfImage debug) => new(_file, _headers, debug);

    /// <summary>The functions with a name, of which there may be several: static ones, or versions. Cheaper than all of them.</summary>
    /// <param name="name">The name as in <see cref="ElfFunction.Name"/>.</param>
    /// <exception cref="BadFormatException">A symbol table is damaged.</exception>
    public ImmutableArray<ElfFunction> FindFunctions(string name)
    {
        List<ElfFunction> functions = [];
        AddFunctions(functions, name);
        return Sorted(functions);
    }

    /// <summary>The address of a variable (<c>STT_OBJECT</c>).</summary>
    /// <param name="name">Its name.</param>
    /// <param name="address">Its address in the image.</param>
    /// <returns>False if there is none of this name.</returns>
    /// <exception cref="BadFormatException">A symbol table is damaged.</exception>
    public bool TryFindVariable(string name, out ulong address)
    {
        if (_variables is null)
        {
            Dictionary<string, ulong> variables = new(StringComparer.Ordinal);
            foreach (SymbolTable table in Tables())
            {
                long budget = table.NewBudget();
                for (int i = 0; i < table.Count; i++)
                {
                    if (table.TryRead(i, ref budget, out RawSymbol symbol) && symbol.Type == SymbolTable.ObjectType
                        && table.NameOf(symbol) is var text && !variables.ContainsKey(text))
                    {
                        variables.Add(text, symbol.Address);
                    }
                }
            }

            _variables = variables;
        }

        return _variables.TryGetValue(name, out address);
    }

    /// <summary>Where the byte at an address lies in the file.</summary>
    /// <param name="address">An address in the image.</param>
    /// <param name="executable">Whether it must lie where instructions are loaded.</param>
    /// <param name="fileOffset">Bytes from the start of the file.</param>
    /// <returns>False if nothing of the file is loaded at this address.</returns>
    public bool TryGetFileOffset(ulong address, bool executable, out ulong fileOffset)
    {
        bool isFound = (executable ? _code : _loaded).TryFind(address, out ImageSegment segment);
        fileOffset = isFound ? segment.Offset + (address - segment.Address) : 0;
        return isFound;
    }

    /// <summary>Bytes of the file, for example the first ones of a function.</summary>
    /// <param name="fileOffset">Bytes from the start of the file.</param>
    /// <param name="count">How many bytes at most.</param>
    /// <returns>The bytes; fewer where the file ends.</returns>
    /// <exception cref="BadFormatException">The file cannot be read.</exception>
    public ReadOnlyMemory<byte> ReadBytes(ulong fileOffset, int count) => _file.Peek(fileOffset, (ulong)Math.Max(count, 0));

    /// <summary>The bytes that are loaded at an address.</summary>
    /// <param name="address">An address in the image.</param>
    /// <returns>
    /// Bytes from the address on, to the end of the segment, but of large ones not always more than 1 MB; empty if nothing of the file is loaded there.
    /// </returns>
    /// <exception cref="BadFormatException">The file cannot be read.</exception>
    public ReadOnlyMemory<byte> ReadLoaded(ulong address) =>
        _loaded.TryFind(address, out ImageSegment segment) ? _file.Peek(segment.Offset + (address - segment.Address), segment.FileSize - (address - segment.Address)) : default;

    private static ImmutableArray<ElfFunction> Sorted(List<ElfFunction> functions)
    {
        functions.Sort(static (a, b) =>
        {
            int order = a.Address.CompareTo(b.Address);
            return order != 0 ? order : string.CompareOrdinal(a.Name, b.Name);
        });
        ImmutableArray<ElfFunction>.Builder result = ImmutableArray.CreateBuilder<ElfFunction>(functions.Count);
        foreach (ElfFunction function in functions)
        {
            if (result.Count == 0 || result[result.Count - 1].Address != function.Address || result[result.Count - 1].Name != function.Name)
            {
                result.Add(function);
            }
        }

        return result.ToImmutable();
    }

    private void AddFunctions(List<ElfFunction> functions, string? name)
    {
        // A name with escapes is not the text of its bytes, so that all have to be decoded.
        byte[]? wanted = name is null || name.AsSpan().IndexOf('\\') >= 0 ? null : Encoding.UTF8.GetBytes(name);
        foreach (SymbolTable table in Tables())
        {
            long budget = table.NewBudget();
            for (int i = 0; i < table.Count; i++)
            {
                if (table.TryRead(i, ref budget, out RawSymbol symbol)
                    && symbol.Type != SymbolTable.ObjectType
                    && (wanted is null || symbol.Name.SequenceEqual(wanted))
                    && TryGetFileOffset(symbol.Address, executable: true, out ulong offset))
                {
                    string text = table.NameOf(symbol);
                    if (name is null || text == name)
                    {
                        functions.Add(new ElfFunction(text, symbol.Address, symbol.Size, offset, symbol.Type == SymbolTable.IndirectFunctionType));
                    }
                }
            }
        }
    }

    // One of each kind, as the format has it: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.sheader.html (SHT_SYMTAB, SHT_DYNSYM)
    private List<SymbolTable> Tables()
    {
        if (_tables is not null)
        {
            return _tables;
        }

        List<SymbolTable> tables = [];
        bool hasAll = false;
        bool hasDynamic = false;
        foreach (ImageSection section in _headers.Sections)
        {
            if (section.Type is (uint)ElfSectionType.SymbolTable or ImageHeaders.DynamicSymbols)
            {
                ref bool known = ref section.Type == ImageHeaders.DynamicSymbols ? ref hasDynamic : ref hasAll;
                if (known)
                {
                    throw new BadFormatException(ElfFile.Format, (long)Math.Min(section.Offset, long.MaxValue), "the file has several symbol tables of one kind");
                }

                known = true;
                tables.Add(new SymbolTable(_headers, section));
            }
        }

        tables.AddRange(_debug?.Tables() ?? []);
        return _tables = tables;
    }
}
