using System;
using System.Collections.Generic;
using Fathom.Format.Btf;
using Fathom.Format.Elf;
using Fathom.Format.Instructions;

namespace Fathom.Format.Objects;

/// <summary>
/// Turns relocations into references by name. The addend of a relocation lies in the instruction's immediate: bytes for an address, slots
/// relative to the next instruction for a call (https://docs.kernel.org/bpf/llvm_reloc.html).
/// </summary>
internal sealed class ReferenceReader
{
    private readonly ElfFile elf;
    private readonly CodeSection?[] code;
    private readonly MapReader maps;
    private readonly HashSet<(int Section, long Offset)> relocated = [];
    private readonly Dictionary<string, int> configuration = new(StringComparer.Ordinal);

    internal ReferenceReader(ElfFile elf, CodeSection?[] code, MapReader maps, BtfData? btf)
    {
        this.elf = elf;
        this.code = code;
        this.maps = maps;
        if (btf is not null && btf.Find(BtfKind.DataSection, SectionNames.Configuration) is > 0 and int id)
        {
            BtfType section = btf.GetType(id);
            for (int i = 0; i < section.Count; i++)
            {
                BtfSectionVariable variable = section.GetSectionVariable(i);
                configuration[btf.GetType(variable.TypeId).Name] = variable.Offset;
            }
        }
    }

    /// <summary>Reads the relocations of all code.</summary>
    internal void ReadRelocations()
    {
        foreach (ElfSection section in elf.Sections)
        {
            if (section.Type is not (ElfSectionType.Relocations or ElfSectionType.RelocationsWithAddend))
            {
                continue;
            }

            if ((uint)section.Info >= (uint)elf.Sections.Length)
            {
                throw Bad(section.Offset, $"section {section.Name} applies to a section that does not exist");
            }

            ElfSection target = elf.Sections[section.Info];
            if (section.Size > 0 && (MapReader.IsDataMap(target) || target.Name == SectionNames.Maps))
            {
                throw Bad(section.Offset, $"section {target.Name} holds addresses, which are not read");
            }

            if (code[section.Info] is { } functions)
            {
                Read(section, functions);
            }
        }
    }

    /// <summary>Names the functions that are called without a relocation, which a compiler does within a section.</summary>
    internal static void ResolveCallsWithinSections(List<CodeSection> sections)
    {
        foreach (CodeSection section in sections)
        {
            foreach (FunctionDraft function in section.Functions)
            {
                ResolveCalls(section, function);
            }
        }
    }

    private static BadFormatException Bad(long position, string problem) => new(ObjectFile.Format, position, problem);

    private static void ResolveCalls(CodeSection section, FunctionDraft function)
    {
        HashSet<int> known = [];
        foreach (Reference reference in function.References)
        {
            known.Add(reference.Instruction);
        }

        int slot = function.FirstSlot;
        for (int i = 0; i < function.Instructions.Count; i++)
        {
            Instruction instruction = function.Instructions[i];
            bool isCall = instruction.Opcode == 0x85 && instruction.Source == (Register)CallKind.Subprogram;
            bool isAddress = instruction.IsLoadImmediate64 && instruction.Source == (Register)ImmediateKind.Function;
            if ((isCall || isAddress) && !known.Contains(i))
            {
                long position = section.Section.Offset + ((long)slot * Instruction.SlotSize);
                FunctionDraft callee = section.LocateStart((slot + 1 + (long)(int)instruction.Immediate) * Instruction.SlotSize, position);
                Refer(function, i, isCall ? ReferenceKind.Call : ReferenceKind.FunctionAddress, callee.Name);
            }

            slot += instruction.SlotCount;
        }
    }

    private static void Refer(FunctionDraft function, int index, ReferenceKind kind, string target, long addend = 0, bool isWeak = false)
    {
        function.Instructions[index] = CanonicalForm.Of(function.Instructions[index], kind);
        function.References.Add(new Reference(index, kind, target, addend, isWeak));
    }

    private void Read(ElfSection relocations, CodeSection section)
    {
        if (relocations.Type == ElfSectionType.RelocationsWithAddend)
        {
            throw Bad(relocations.Offset, "relocations of code with addends of their own are unknown");
        }

        foreach (ElfRelocation relocation in elf.ReadRelocations(relocations))
        {
            long position = section.Section.Offset + Math.Max(relocation.Offset, 0);
            FunctionDraft function = section.Locate(relocation.Offset, position, out int index);
            if (!relocated.Add((section.Section.Index, relocation.Offset)))
            {
                throw Bad(position, "an instruction has two relocations");
            }

            Instruction instruction = function.Instructions[index];
            ElfSymbol symbol = elf.Symbols[relocation.Symbol];
            switch (relocation.Type)
            {
                case BpfRelocationType.Immediate64 when instruction.IsLoadImmediate64:
                    ReadAddress(function, index, symbol, (int)instruction.Immediate, position);
                    break;
                case BpfRelocationType.Call32 when instruction.Opcode == 0x85:
                    ReadCall(function, index, symbol, instruction.Immediate, position);
                    break;
                default:
                    throw Bad(position, $"relocation type {(uint)relocation.Type} does not fit opcode 0x{instruction.Opcode:x2}");
            }
        }
    }

    private void ReadAddress(FunctionDraft function, int index, ElfSymbol symbol, int addend, long position)
    {
        if (symbol.IsUndefined)
        {
            if (configuration.TryGetValue(symbol.Name, out int offset))
            {
                Refer(function, index, ReferenceKind.Data, SectionNames.Configuration, (long)offset + addend);
            }
            else
            {
                ReferToKernel(function, index, symbol, position);
            }

            return;
        }

        long place = unchecked(symbol.Value + addend);
        ElfSection section = DefiningSection(symbol, position);
        if (code[section.Index] is { } target)
        {
            Refer(function, index, ReferenceKind.FunctionAddress, target.LocateStart(place, position).Name);
        }
        else if (section.Name == SectionNames.Maps)
        {
            Refer(function, index, ReferenceKind.Map, maps.Locate(place, position));
        }
        else if (MapReader.IsDataMap(section))
        {
            // The kernel refuses an address outside of the value, reached or not:
            // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/arraymap.c (array_map_direct_value_addr).
            Refer(function, index, ReferenceKind.Data, section.Name, place >= 0 && place < section.Size
                ? place
                : throw Bad(position, $"an instruction refers to byte {place} of section {section.Name}, which has {section.Size}"));
        }
        else
        {
            throw Bad(position, $"an instruction refers to section {section.Name}, which holds no map, data or function");
        }
    }

    private void ReadCall(FunctionDraft function, int index, ElfSymbol symbol, long addend, long position)
    {
        if (symbol.IsUndefined)
        {
            ReferToKernel(function, index, symbol, position);
            return;
        }

        CodeSection target = code[DefiningSection(symbol, position).Index] ?? throw Bad(position, $"an instruction calls {symbol.Name}, which is no function");
        Refer(function, index, ReferenceKind.Call, target.LocateStart(unchecked(symbol.Value + ((addend + 1) * Instruction.SlotSize)), position).Name);
    }

    private static void ReferToKernel(FunctionDraft function, int index, ElfSymbol symbol, long position)
    {
        if (symbol.Name.Length == 0)
        {
            throw Bad(position, "an instruction refers to a symbol without a name");
        }

        Refer(function, index, ReferenceKind.KernelSymbol, symbol.Name, isWeak: symbol.Binding == ElfSymbolBinding.Weak);
    }

    private ElfSection DefiningSection(ElfSymbol symbol, long position) => symbol.Section < elf.Sections.Length
        ? elf.Sections[symbol.Section]
        : throw Bad(position, $"an instruction refers to the symbol {symbol.Name}, which lies in no section");
}
