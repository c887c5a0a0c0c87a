using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using Fathom.Format.Btf;
using Fathom.Format.Elf;

namespace Fathom.Format.Objects;

/// <summary>Reads the maps of an object: the definitions in <c>.maps</c>, and one for each data section.</summary>
internal sealed class MapReader
{
    /// <summary><c>BPF_F_RDONLY_PROG</c>: programs may not write.</summary>
    internal const uint ReadOnlyForPrograms = 1 << 7;

    /// <summary><c>BPF_F_MMAPABLE</c>: user space may map the value into its memory.</summary>
    internal const uint Mappable = 1 << 10;

    private readonly ElfFile elf;
    private readonly BtfData? btf;
    private readonly ImmutableArray<MapDefinition>.Builder maps = ImmutableArray.CreateBuilder<MapDefinition>();
    private readonly Dictionary<long, string> mapAt = [];
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> dataSections = new(StringComparer.Ordinal);
    private long dataSize;

    internal MapReader(ElfFile elf, BtfData? btf)
    {
        this.elf = elf;
        this.btf = btf;
        for (int id = 1; id < (btf?.TypeCount ?? 0); id++)
        {
            if (btf!.GetType(id) is { Kind: BtfKind.DataSection } section && !dataSections.ContainsKey(section.Name))
            {
                dataSections.Add(section.Name, id);
            }
        }

        if (elf.Find(SectionNames.Maps) is { Size: > 0 } mapSection)
        {
            ReadDefinitions(mapSection, btf ?? throw Bad(mapSection, "the maps are defined with BTF, but the object has none"));
        }

        foreach (ElfSection candidate in elf.Sections)
        {
            if (IsDataMap(candidate))
            {
                AddData(candidate);
            }
        }

        AddConfiguration();
    }

    /// <summary>True for a section that becomes a map.</summary>
    internal static bool IsDataMap(ElfSection section) =>
        section.Type is ElfSectionType.ProgramBits or ElfSectionType.NoBits && section.Size > 0
        && (section.Flags & ElfSectionFlags.Allocate) != 0 && SectionNames.IsData(section.Name);

    /// <summary>The name of the map that is defined at a byte of <c>.maps</c>.</summary>
    internal string Locate(long offset, long position) => mapAt.TryGetValue(offset, out string? name)
        ? name
        : throw new BadFormatException(ObjectFile.Format, position, $"no map is defined at byte {offset} of {SectionNames.Maps}");

    /// <summary>The maps.</summary>
    internal ImmutableArray<MapDefinition> Finish() => maps.DrainToImmutable();

    private static BadFormatException Bad(ElfSection section, string problem) => new(ObjectFile.Format, section.Offset, problem);

    private void Add(ElfSection? section, MapDefinition map)
    {
        if (!names.Add(map.Name))
        {
            throw new BadFormatException(ObjectFile.Format, section?.Offset ?? 0, $"two maps are named {map.Name}");
        }

        maps.Add(map);
    }

    private void ReadDefinitions(ElfSection section, BtfData types)
    {
        if (!dataSections.TryGetValue(SectionNames.Maps, out int id))
        {
            throw Bad(section, $"the BTF does not describe the section {SectionNames.Maps}");
        }

        BtfType definitions = types.GetType(id);
        MapTypeReader reader = new(types, section.Offset);
        for (int i = 0; i < definitions.Count; i++)
        {
            BtfSectionVariable entry = definitions.GetSectionVariable(i);
            BtfType variable = types.GetType(entry.TypeId);
            MapDefinition map = reader.Read(variable.Name, variable.TargetId);
            if (entry.Offset < 0 || entry.Offset >= section.Size || mapAt.ContainsKey(entry.Offset))
            {
                throw Bad(section, $"the map {map.Name} has no place of its own in {SectionNames.Maps}");
            }

            mapAt.Add(entry.Offset, map.Name);
            Add(section, map);
        }
    }

    private void AddData(ElfSection section)
    {
        bool isReadOnly = SectionNames.IsReadOnlyData(section.Name);
        dataSize += Math.Min(section.Size, MapTypes.MaxDataSize + 1L);
        Add(section, DefineData(
            section.Name,
            dataSize <= MapTypes.MaxDataSize ? (int)section.Size : throw Bad(section, $"section {section.Name} is too large, or all data sections together are"),
            section.Data,
            isReadOnly));
    }

    private void AddConfiguration()
    {
        if (dataSections.TryGetValue(SectionNames.Configuration, out int id) && btf!.GetType(id).Size is > 0 and int size)
        {
            Add(null, DefineData(
                SectionNames.Configuration,
                size <= ushort.MaxValue ? size : throw new BadFormatException(ObjectFile.Format, 0, $"section {SectionNames.Configuration} is too large"),
                default,
                true));
        }
    }

    private MapDefinition DefineData(string name, int size, ReadOnlyMemory<byte> value, bool isReadOnly) => new()
    {
        Name = name,
        Type = MapType.Array,
        KeySize = sizeof(int),
        ValueSize = size,
        MaxEntries = 1,
        Flags = isReadOnly ? ReadOnlyForPrograms : Mappable,
        ValueTypeId = dataSections.TryGetValue(name, out int id) ? id : 0,
        InitialValue = value,
        IsReadOnlyData = isReadOnly,
    };
}
