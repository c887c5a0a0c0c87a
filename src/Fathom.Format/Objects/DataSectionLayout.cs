using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Fathom.Format.Btf;
using Fathom.Format.Elf;

namespace Fathom.Format.Objects;

/// <summary>
/// Fills in sizes and offsets of the data sections in an object's BTF. A compiler does not know them and leaves zeros; a linked object has
/// them. The kernel demands them, sorted, and so every loader does this:
/// https://github.com/libbpf/libbpf/blob/v1.5.0/src/libbpf.c (btf_fixup_datasec).
/// </summary>
internal static class DataSectionLayout
{
    private const int HeaderSize = 12;
    private const int EntrySize = 12;

    /// <summary>The BTF with its data sections filled in: the same bytes if nothing was missing, otherwise a changed copy.</summary>
    internal static BtfData Complete(ElfFile elf, ReadOnlyMemory<byte> bytes)
    {
        BtfData btf = BtfData.Parse(bytes);
        byte[]? changed = null;
        Dictionary<(int Section, string Name), long>? symbols = null;
        for (int id = 1; id < btf.TypeCount; id++)
        {
            BtfType type = btf.GetType(id);
            if (type.Kind != BtfKind.DataSection || type.Count == 0)
            {
                continue;
            }

            string name = type.Name;
            ElfSection? section = elf.Find(name);
            if (section is not null && type.Size > section.Size)
            {
                throw new BadFormatException(ObjectFile.Format, section.Offset, $"section {name} has {section.Size} bytes, but {type.Size} by the BTF");
            }

            if (type.Size != 0 || (section is null && name != SectionNames.Configuration))
            {
                continue;
            }

            changed ??= bytes.ToArray();
            symbols ??= IndexVariables(elf);
            Span<byte> target = changed.AsSpan(type.Offset);
            if (section is null)
            {
                LayOut(btf, type, target);
            }
            else
            {
                Place(btf, type, section, symbols, target);
            }
        }

        return changed is null ? btf : BtfData.Parse(changed);
    }

    private static Dictionary<(int Section, string Name), long> IndexVariables(ElfFile elf)
    {
        Dictionary<(int Section, string Name), long> symbols = [];
        foreach (ElfSymbol symbol in elf.Symbols)
        {
            if (symbol.Type is ElfSymbolType.Object or ElfSymbolType.None && !symbol.IsUndefined)
            {
                symbols[(symbol.Section, symbol.Name)] = symbol.Value;
            }
        }

        return symbols;
    }

    /// <summary>Takes offsets from the symbols; those of static variables are in the BTF from the start.</summary>
    private static void Place(BtfData btf, BtfType type, ElfSection section, Dictionary<(int Section, string Name), long> symbols, Span<byte> target)
    {
        List<BtfSectionVariable> variables = new(type.Count);
        for (int i = 0; i < type.Count; i++)
        {
            BtfSectionVariable variable = type.GetSectionVariable(i);
            BtfType declaration = btf.GetType(variable.TypeId);
            if (declaration.Linkage != BtfLinkage.Static)
            {
                variable = symbols.TryGetValue((section.Index, declaration.Name), out long value) && value >= 0 && value <= section.Size && value <= int.MaxValue
                    ? variable with { Offset = (int)value }
                    : throw new BadFormatException(ObjectFile.Format, section.Offset, $"section {section.Name} has no symbol for the variable {declaration.Name}");
            }

            variables.Add(variable);
        }

        variables.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        Write(target, variables, section.Size <= int.MaxValue ? (int)section.Size : throw new BadFormatException(ObjectFile.Format, section.Offset, $"section {section.Name} is too large"));
    }

    /// <summary>Gives variables that no file holds a place each, aligned by their size, in the order of their declaration.</summary>
    private static void LayOut(BtfData btf, BtfType type, Span<byte> target)
    {
        List<BtfSectionVariable> variables = new(type.Count);
        long end = 0;
        for (int i = 0; i < type.Count; i++)
        {
            BtfSectionVariable variable = type.GetSectionVariable(i);
            long size = btf.SizeOf(btf.GetType(variable.TypeId).TargetId);
            long alignment = size is 1 or 2 or 4 ? size : 8;
            end = (end + alignment - 1) & -alignment;
            if (size > 4096 || end > ushort.MaxValue)
            {
                throw new BadFormatException(ObjectFile.Format, 0, $"the variables of {type.Name} are too large");
            }

            variables.Add(new BtfSectionVariable(variable.TypeId, (int)end, (int)size));
            end += size;
        }

        Write(target, variables, (int)end);
    }

    private static void Write(Span<byte> target, List<BtfSectionVariable> variables, int size)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target.Slice(8), size);
        for (int i = 0; i < variables.Count; i++)
        {
            Span<byte> entry = target.Slice(HeaderSize + (i * EntrySize), EntrySize);
            BinaryPrimitives.WriteInt32LittleEndian(entry, variables[i].TypeId);
            BinaryPrimitives.WriteInt32LittleEndian(entry.Slice(4), variables[i].Offset);
            BinaryPrimitives.WriteInt32LittleEndian(entry.Slice(8), variables[i].Size);
        }
    }
}
