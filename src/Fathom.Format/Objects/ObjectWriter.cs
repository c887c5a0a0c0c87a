using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Format.Elf;
using Fathom.Format.Instructions;

namespace Fathom.Format.Objects;

/// <summary>From a <see cref="BpfObject"/> to an ELF file.</summary>
internal sealed class ObjectWriter
{
    private const ElfSectionFlags ReadOnly = ElfSectionFlags.Allocate;
    private const ElfSectionFlags Writable = ElfSectionFlags.Allocate | ElfSectionFlags.Write;
    private const ElfSectionFlags Code = ElfSectionFlags.Allocate | ElfSectionFlags.Execute;
    private readonly BpfObject value;
    private readonly BtfData? btf;
    private readonly ElfWriter elf = new();
    private readonly List<KeyValuePair<string, List<BpfFunction>>> sections;
    private readonly Dictionary<string, int> functionSymbols = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> mapSymbols = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> dataSymbols = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, bool IsWeak), int> externalSymbols = [];
    private readonly HashSet<string> globalNames = new(StringComparer.Ordinal);

    private ObjectWriter(BpfObject value)
    {
        this.value = value;
        btf = value.Btf.IsEmpty ? null : BtfData.Parse(value.Btf);
        sections = GroupBySection(value.Functions);
    }

    internal static byte[] Write(BpfObject value) => new ObjectWriter(value).Write();

    private static List<KeyValuePair<string, List<BpfFunction>>> GroupBySection(ImmutableArray<BpfFunction> functions)
    {
        List<KeyValuePair<string, List<BpfFunction>>> groups = [];
        Dictionary<string, List<BpfFunction>> byName = new(StringComparer.Ordinal);
        foreach (BpfFunction function in functions)
        {
            if (!byName.TryGetValue(function.Section, out List<BpfFunction>? group))
            {
                byName.Add(function.Section, group = []);
                groups.Add(new(function.Section, group));
            }

            group.Add(function);
        }

        return groups;
    }

    private byte[] Write()
    {
        byte[][] code = new byte[sections.Count][];
        int[] indexes = new int[sections.Count];
        BtfStringAppender? strings = btf is null ? null : new BtfStringAppender(value.Btf);
        BtfExtWriter? extension = strings is null ? null : new BtfExtWriter(strings);
        for (int i = 0; i < sections.Count; i++)
        {
            code[i] = AddCode(sections[i].Key, sections[i].Value, extension, out indexes[i]);
        }

        AddVariables(elf.AddSection(SectionNames.License, Writable, Encoding.UTF8.GetBytes(value.License + "\0")), SectionNames.License);
        AddMaps();
        AddData();
        for (int i = 0; i < sections.Count; i++)
        {
            List<ElfRelocation> relocations = Relocate(sections[i].Value, code[i]);
            if (relocations.Count > 0)
            {
                elf.AddRelocations(indexes[i], relocations);
            }
        }

        if (strings is not null)
        {
            byte[]? described = extension!.Finish();
            byte[]? lines = LinesWriter.Write(value.Functions);
            elf.AddSection(SectionNames.Btf, ElfSectionFlags.None, strings.Finish());
            if (described is not null)
            {
                elf.AddSection(SectionNames.BtfExt, ElfSectionFlags.None, described);
            }

            if (lines is not null)
            {
                elf.AddSection(SectionNames.Lines, ElfSectionFlags.None, lines);
            }
        }

        return elf.ToArray();
    }

    private byte[] AddCode(string name, List<BpfFunction> functions, BtfExtWriter? extension, out int section)
    {
        extension?.StartSection(name);
        int size = 0;
        List<(BpfFunction Function, int Start, int Size)> places = [];
        foreach (BpfFunction function in functions)
        {
            int[] offsets = new int[function.Instructions.Length];
            int start = size;
            for (int i = 0; i < offsets.Length; i++)
            {
                offsets[i] = size;
                size += function.Instructions[i].SlotCount * Instruction.SlotSize;
            }

            if (size == start)
            {
                throw new ArgumentException($"{function.Name} has no instructions");
            }

            places.Add((function, start, size - start));
            if (extension is not null)
            {
                extension.Add(function, offsets);
            }
            else if (function.TypeId != 0 || function.Lines.Length + function.CoreRelocations.Length > 0)
            {
                throw new ArgumentException($"{function.Name} has lines, relocations or a type, but the object has no BTF");
            }
        }

        byte[] code = new byte[size];
        section = elf.AddSection(name, Code, code);
        foreach ((BpfFunction function, int start, int length) in places)
        {
            InstructionEncoder.Encode(function.Instructions.AsSpan(), code.AsSpan(start, length));
            if (functionSymbols.ContainsKey(function.Name))
            {
                throw new ArgumentException($"two functions are named {function.Name}");
            }

            functionSymbols.Add(function.Name, AddGlobal(new ElfSymbol(function.Name, ElfSymbolType.Function, ElfSymbolBinding.Global, section, start, length)));
        }

        return code;
    }

    private void AddMaps()
    {
        Dictionary<string, BtfSectionVariable> places = new(StringComparer.Ordinal);
        int size = 0;
        if (FindDataSection(SectionNames.Maps) is { } definitions)
        {
            size = definitions.Size <= MapTypes.MaxDataSize ? definitions.Size : throw new ArgumentException($"the definitions of the maps take {definitions.Size} bytes");
            for (int i = 0; i < definitions.Count; i++)
            {
                BtfSectionVariable place = definitions.GetSectionVariable(i);
                places[btf!.GetType(place.TypeId).Name] = place;
            }
        }

        int section = 0;
        foreach (MapDefinition map in value.Maps)
        {
            if (map.InitialValue is not null)
            {
                continue;
            }

            if (!places.TryGetValue(map.Name, out BtfSectionVariable place))
            {
                throw new ArgumentException($"the BTF does not define the map {map.Name}: see {nameof(MapTypes)}");
            }

            section = section == 0 ? elf.AddSection(SectionNames.Maps, Writable, new byte[size]) : section;
            mapSymbols[map.Name] = AddGlobal(new ElfSymbol(map.Name, ElfSymbolType.Object, ElfSymbolBinding.Global, section, place.Offset, place.Size));
        }
    }

    private void AddData()
    {
        foreach (MapDefinition map in value.Maps)
        {
            if (map.InitialValue is not { } bytes || map.Name == SectionNames.Configuration)
            {
                continue;
            }

            if (!SectionNames.IsData(map.Name))
            {
                throw new ArgumentException($"the data section {map.Name} is none of .rodata, .data and .bss");
            }

            if (bytes.Length > map.ValueSize || map.ValueSize == 0)
            {
                throw new ArgumentException($"the data section {map.Name} has {map.ValueSize} bytes, but an initial value of {bytes.Length}");
            }

            int section = SectionNames.IsZeroData(map.Name) && IsZero(bytes.Span) ? elf.AddZeros(map.Name, Writable, map.ValueSize)
                : elf.AddSection(map.Name, map.IsReadOnlyData ? ReadOnly : Writable, Whole(bytes, map.ValueSize));
            dataSymbols[map.Name] = elf.AddSymbol(new ElfSymbol("", ElfSymbolType.Section, ElfSymbolBinding.Local, section, 0, 0));
            AddVariables(section, map.Name);
        }
    }

    private static ReadOnlyMemory<byte> Whole(ReadOnlyMemory<byte> bytes, int size)
    {
        if (bytes.Length == size)
        {
            return bytes;
        }

        byte[] whole = new byte[size];
        bytes.CopyTo(whole);
        return whole;
    }

    private static bool IsZero(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (value != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Names the variables of a data section, so that tools can show them and loaders find their places.</summary>
    private void AddVariables(int section, string name)
    {
        if (FindDataSection(name) is not { } variables)
        {
            return;
        }

        for (int i = 0; i < variables.Count; i++)
        {
            BtfSectionVariable place = variables.GetSectionVariable(i);
            BtfType variable = btf!.GetType(place.TypeId);
            ElfSymbol symbol = new(variable.Name, ElfSymbolType.Object, ElfSymbolBinding.Global, section, place.Offset, place.Size);
            if (variable.Linkage == BtfLinkage.Static)
            {
                elf.AddSymbol(symbol with { Binding = ElfSymbolBinding.Local });
            }
            else
            {
                AddGlobal(symbol);
            }
        }
    }

    private int AddGlobal(ElfSymbol symbol) => globalNames.Add(symbol.Name)
        ? elf.AddSymbol(symbol)
        : throw new ArgumentException($"two functions, maps or global variables are named {symbol.Name}");

    private BtfType? FindDataSection(string name) => btf is not null && btf.Find(BtfKind.DataSection, name) is > 0 and int id ? btf.GetType(id) : null;

    private List<ElfRelocation> Relocate(List<BpfFunction> functions, byte[] code)
    {
        List<ElfRelocation> relocations = [];
        int start = 0;
        foreach (BpfFunction function in functions)
        {
            int next = 0;
            int at = start;
            for (int i = 0; i < function.Instructions.Length; i++)
            {
                for (; next < function.References.Length && function.References[next].Instruction == i; next++)
                {
                    relocations.Add(Relocate(function.Instructions[i], function.References[next], at, code));
                }

                at += function.Instructions[i].SlotCount * Instruction.SlotSize;
            }

            if (next < function.References.Length)
            {
                throw new ArgumentException($"the references of {function.Name} are not in the order of its instructions");
            }

            start = at;
        }

        return relocations;
    }

    /// <summary>Rewrites an instruction as clang does it: no kind in 64-bit immediates, addends in the immediate, -1 for calls.</summary>
    private ElfRelocation Relocate(in Instruction instruction, in Reference reference, int at, byte[] code)
    {
        Instruction canonical = CanonicalForm.Of(instruction, reference.Kind);
        int symbol = FindSymbol(reference, out long addend);
        if (addend != (int)addend)
        {
            throw new ArgumentException($"the addend {addend} of a reference to {reference.Target} does not fit in 32 bits");
        }

        Instruction written = canonical.IsLoadImmediate64
            ? Instruction.LoadImmediate64(canonical.Destination, (uint)(int)addend)
            : Instruction.Call(CallKind.Subprogram, -1);
        InstructionEncoder.Encode([written], code.AsSpan(at));
        return new ElfRelocation(at, canonical.IsLoadImmediate64 ? BpfRelocationType.Immediate64 : BpfRelocationType.Call32, symbol);
    }

    private int FindSymbol(Reference reference, out long addend)
    {
        addend = 0;
        switch (reference.Kind)
        {
            case ReferenceKind.KernelSymbol:
                return FindExternal(reference.Target, reference.IsWeak);
            case ReferenceKind.Data when reference.Target == SectionNames.Configuration:
                return FindExternal(FindConfiguration(reference.Addend, out addend), false);
            case ReferenceKind.Data:
                addend = reference.Addend;
                break;
        }

        Dictionary<string, int> symbols = reference.Kind switch
        {
            ReferenceKind.Map => mapSymbols,
            ReferenceKind.Data => dataSymbols,
            _ => functionSymbols,
        };
        return symbols.TryGetValue(reference.Target, out int symbol) ? symbol : throw new ArgumentException($"the object has no {reference.Target} for a {reference.Kind} reference");
    }

    private int FindExternal(string name, bool isWeak)
    {
        if (!externalSymbols.TryGetValue((name, isWeak), out int symbol))
        {
            symbol = elf.AddSymbol(new ElfSymbol(name, ElfSymbolType.None, isWeak ? ElfSymbolBinding.Weak : ElfSymbolBinding.Global, 0, 0, 0));
            externalSymbols.Add((name, isWeak), symbol);
        }

        return symbol;
    }

    private string FindConfiguration(long offset, out long addend)
    {
        if (FindDataSection(SectionNames.Configuration) is { } variables)
        {
            for (int i = 0; i < variables.Count; i++)
            {
                BtfSectionVariable place = variables.GetSectionVariable(i);
                if (offset >= place.Offset && offset < (long)place.Offset + place.Size)
                {
                    addend = offset - place.Offset;
                    return btf!.GetType(place.TypeId).Name;
                }
            }
        }

        throw new ArgumentException($"the BTF has no configuration value at byte {offset}");
    }
}
