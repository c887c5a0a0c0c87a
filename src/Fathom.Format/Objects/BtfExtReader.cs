using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Fathom.Format.Btf;
using Fathom.Format.Elf;

namespace Fathom.Format.Objects;

/// <summary>
/// Reads <c>.BTF.ext</c>: function types, source lines and CO-RE relocations. Each kind is a record size, then for each section its name,
/// a count and the records; records may be longer than the fields known here
/// (https://github.com/torvalds/linux/blob/v6.18/Documentation/bpf/btf.rst).
/// </summary>
internal sealed class BtfExtReader
{
    private const int MinHeaderSize = 24;
    private readonly ElfSection extension;
    private readonly BtfData btf;
    private readonly StringTable strings;
    private readonly Dictionary<string, CodeSection> sections = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, CodeSection> sectionAt = [];

    /// <param name="extension">The section.</param>
    /// <param name="btf">The object's BTF, which holds the strings.</param>
    /// <param name="btfPosition">Where the BTF lies in the file.</param>
    /// <param name="code">The sections of code.</param>
    internal BtfExtReader(ElfSection extension, BtfData btf, long btfPosition, List<CodeSection> code)
    {
        this.extension = extension;
        this.btf = btf;
        BtfLayout layout = BtfLayout.Read(btf.Bytes.Span, isSplit: false);
        strings = new StringTable(ObjectFile.Format, btf.Bytes.Slice(layout.StringsStart, layout.StringsLength), btfPosition + layout.StringsStart);
        foreach (CodeSection section in code)
        {
            if (sections.ContainsKey(section.Section.Name))
            {
                throw Bad(0, $"several sections are named {section.Section.Name}, so that it is unclear which one is described");
            }

            sections.Add(section.Section.Name, section);
        }
    }

    private delegate void RecordReader(CodeSection section, ReadOnlySpan<byte> record, long at);

    /// <summary>Hands what the section says to the functions.</summary>
    internal void Read()
    {
        ReadOnlySpan<byte> bytes = extension.Data.Span;
        if (bytes.Length < MinHeaderSize || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != 0xeb9f || bytes[2] != 1)
        {
            throw Bad(0, $"{SectionNames.BtfExt} has no header of version 1");
        }

        uint header = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(4));
        if (header < MinHeaderSize || header > (uint)bytes.Length)
        {
            throw Bad(4, $"the header of {SectionNames.BtfExt} has an impossible size");
        }

        ReadTable(bytes, (int)header, 8, 8, ReadFunction);
        ReadTable(bytes, (int)header, 16, 16, ReadLine);
        if (header >= 32)
        {
            ReadTable(bytes, (int)header, 24, 16, ReadCoreRelocation);
        }
    }

    /// <param name="bytes">The section.</param>
    /// <param name="header">Size of the header; offsets count from there.</param>
    /// <param name="field">Where the header says offset and length of the table.</param>
    /// <param name="minRecord">Bytes of a record that are read.</param>
    /// <param name="read">Reads a record.</param>
    private void ReadTable(ReadOnlySpan<byte> bytes, int header, int field, int minRecord, RecordReader read)
    {
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(field));
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(field + 4));
        if (length == 0)
        {
            return;
        }

        if (offset > (uint)(bytes.Length - header) || length > (uint)(bytes.Length - header) - offset || length < 4)
        {
            throw Bad(field, $"a table of {SectionNames.BtfExt} lies outside of it");
        }

        int at = header + (int)offset;
        int end = at + (int)length;
        uint record = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(at));
        if (record < minRecord || record % 4 != 0 || record > length)
        {
            throw Bad(at, $"records of {SectionNames.BtfExt} have an impossible size");
        }

        at += 4;
        while (at < end)
        {
            if (end - at < 8)
            {
                throw Bad(at, $"a table of {SectionNames.BtfExt} ends within a section");
            }

            CodeSection section = FindSection(BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(at)), at);
            uint count = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(at + 4));
            at += 8;
            if (count > (uint)(end - at) / record)
            {
                throw Bad(at - 4, $"a table of {SectionNames.BtfExt} ends within the records of section {section.Section.Name}");
            }

            for (uint i = 0; i < count; i++, at += (int)record)
            {
                read(section, bytes.Slice(at, (int)record), extension.Offset + at);
            }
        }
    }

    private CodeSection FindSection(uint nameOffset, long at)
    {
        if (!sectionAt.TryGetValue(nameOffset, out CodeSection? section))
        {
            string name = strings[nameOffset];
            section = sections.TryGetValue(name, out CodeSection? found) ? found : throw Bad(at, $"{SectionNames.BtfExt} describes section {name}, which holds no code");
            sectionAt.Add(nameOffset, section);
        }

        return section;
    }

    private static FunctionDraft Locate(CodeSection section, ReadOnlySpan<byte> record, long at, out int index) =>
        section.Locate(BinaryPrimitives.ReadUInt32LittleEndian(record), at, out index);

    private void ReadFunction(CodeSection section, ReadOnlySpan<byte> record, long at)
    {
        FunctionDraft function = section.LocateStart(BinaryPrimitives.ReadUInt32LittleEndian(record), at);
        uint type = BinaryPrimitives.ReadUInt32LittleEndian(record.Slice(4));
        function.TypeId = type > 0 && type < (uint)btf.TypeCount && btf.GetType((int)type).Kind == BtfKind.Function
            ? (int)type
            : throw new BadFormatException(ObjectFile.Format, at, $"the type of {function.Name} is no function");
    }

    private void ReadLine(CodeSection section, ReadOnlySpan<byte> record, long at)
    {
        FunctionDraft function = Locate(section, record, at, out int index);
        if (function.Lines.Count > 0 && function.Lines[function.Lines.Count - 1].Instruction >= index)
        {
            throw new BadFormatException(ObjectFile.Format, at, $"the lines of {function.Name} are not in the order of its instructions");
        }

        uint position = BinaryPrimitives.ReadUInt32LittleEndian(record.Slice(12));
        function.Lines.Add(new LineInfo(
            index,
            strings[BinaryPrimitives.ReadUInt32LittleEndian(record.Slice(4))],
            strings.Text(BinaryPrimitives.ReadUInt32LittleEndian(record.Slice(8))),
            (int)(position >> 10),
            (int)(position & 0x3ff)));
    }

    private void ReadCoreRelocation(CodeSection section, ReadOnlySpan<byte> record, long at)
    {
        FunctionDraft function = Locate(section, record, at, out int index);
        uint type = BinaryPrimitives.ReadUInt32LittleEndian(record.Slice(4));
        uint kind = BinaryPrimitives.ReadUInt32LittleEndian(record.Slice(12));
        if (type == 0 || type >= (uint)btf.TypeCount || kind > (uint)CoreRelocationKind.TypeMatches)
        {
            throw new BadFormatException(ObjectFile.Format, at, $"a CO-RE relocation of {function.Name} has no type or an unknown kind");
        }

        if (function.CoreRelocations.Count > 0 && function.CoreRelocations[function.CoreRelocations.Count - 1].Instruction > index)
        {
            throw new BadFormatException(ObjectFile.Format, at, $"the CO-RE relocations of {function.Name} are not in the order of its instructions");
        }

        function.CoreRelocations.Add(new CoreRelocation(
            index,
            (int)type,
            strings[BinaryPrimitives.ReadUInt32LittleEndian(record.Slice(8))],
            (CoreRelocationKind)kind));
    }

    private BadFormatException Bad(long at, string problem) => new(ObjectFile.Format, extension.Offset + at, problem);
}
