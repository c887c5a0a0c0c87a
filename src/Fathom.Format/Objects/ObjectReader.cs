using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Format.Elf;

namespace Fathom.Format.Objects;

/// <summary>From an ELF file to a <see cref="BpfObject"/>: sections are classified, code is split at its symbols, then references, maps and <c>.BTF.ext</c> are read.</summary>
internal sealed class ObjectReader
{
    private readonly ElfFile elf;
    private readonly BtfData? btf;
    private readonly CodeSection?[] code;
    private readonly List<CodeSection> codeSections = [];

    private ObjectReader(ElfFile elf)
    {
        this.elf = elf;
        foreach (ElfSection section in elf.Sections)
        {
            if (section.Type != ElfSectionType.Null && SectionNames.FindProblem(section.Name) is string problem)
            {
                throw Bad(section.Offset, problem);
            }
        }

        btf = elf.Find(SectionNames.Btf) is { Size: > 0 } types ? DataSectionLayout.Complete(elf, types.Data) : null;
        code = new CodeSection?[elf.Sections.Length];
        SplitCode();
    }

    internal static BpfObject Read(ReadOnlyMemory<byte> file) => new ObjectReader(ElfFile.Parse(file)).Read();

    private static BadFormatException Bad(long position, string problem) => new(ObjectFile.Format, position, problem);

    private BpfObject Read()
    {
        MapReader maps = new(elf, btf);
        ReferenceReader references = new(elf, code, maps, btf);
        references.ReadRelocations();
        ReferenceReader.ResolveCallsWithinSections(codeSections);
        if (elf.Find(SectionNames.BtfExt) is { Size: > 0 } extension)
        {
            if (elf.Find(SectionNames.Btf) is not { } types || btf is null)
            {
                throw Bad(extension.Offset, $"there is {SectionNames.BtfExt}, but no {SectionNames.Btf}");
            }

            new BtfExtReader(extension, btf, types.Offset, codeSections).Read();
        }

        if (elf.Find(SectionNames.Lines) is { Size: > 0 } lines)
        {
            new LinesReader(lines, codeSections).Read();
        }

        return new BpfObject
        {
            License = ReadLicense(),
            Functions = FinishFunctions(),
            Maps = maps.Finish(),
            Btf = btf?.Bytes ?? default,
        };
    }

    private void SplitCode()
    {
        Dictionary<int, List<ElfSymbol>> symbols = [];
        foreach (ElfSymbol symbol in elf.Symbols)
        {
            if (symbol.Type == ElfSymbolType.Function && !symbol.IsUndefined)
            {
                if (!symbols.TryGetValue(symbol.Section, out List<ElfSymbol>? list))
                {
                    symbols.Add(symbol.Section, list = []);
                }

                list.Add(symbol);
            }
        }

        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (ElfSection section in elf.Sections)
        {
            if (!section.IsCode || !symbols.TryGetValue(section.Index, out List<ElfSymbol>? functions))
            {
                continue;
            }

            functions.Sort(static (a, b) => a.Value.CompareTo(b.Value));
            CodeSection split = new(section, functions);
            code[section.Index] = split;
            codeSections.Add(split);
            foreach (FunctionDraft function in split.Functions)
            {
                if (!names.Add(function.Name))
                {
                    throw Bad(section.Offset, $"two functions are named {function.Name}");
                }
            }
        }
    }

    private ImmutableArray<BpfFunction> FinishFunctions()
    {
        ImmutableArray<BpfFunction>.Builder functions = ImmutableArray.CreateBuilder<BpfFunction>();
        foreach (CodeSection section in codeSections)
        {
            foreach (FunctionDraft function in section.Functions)
            {
                functions.Add(function.Finish());
            }
        }

        return functions.DrainToImmutable();
    }

    private string ReadLicense()
    {
        if (elf.Find(SectionNames.License) is not { Data.IsEmpty: false } section)
        {
            return "";
        }

        byte[] bytes = section.Data.ToArray();
        int end = Array.IndexOf(bytes, (byte)0);
        return Encoding.UTF8.GetString(bytes, 0, end < 0 ? bytes.Length : end);
    }
}
