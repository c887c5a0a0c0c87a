using System;
using System.Collections.Generic;
using Fathom.Format.Btf;

namespace Fathom.Format.Objects;

/// <summary>
/// Reads BTF-defined maps: a struct whose members say numbers as a pointer to an array of that many elements, and types as a pointer to
/// the type (https://docs.kernel.org/bpf/libbpf/libbpf_overview.html). A struct is read once for all maps that it defines.
/// </summary>
internal sealed class MapTypeReader(BtfData btf, long position)
{
    private readonly Dictionary<int, MapDefinition> known = [];
    private string name = "";
    private int keySize = -1;
    private int valueSize = -1;

    /// <summary>Reads a map.</summary>
    /// <param name="mapName">Its name.</param>
    /// <param name="typeId">The type of its variable.</param>
    internal MapDefinition Read(string mapName, int typeId)
    {
        name = mapName;
        BtfType type = btf.GetType(btf.SkipModifiers(typeId));
        if (!known.TryGetValue(type.Id, out MapDefinition? map))
        {
            known.Add(type.Id, map = Read(type));
        }

        return map with { Name = mapName };
    }

    private MapDefinition Read(BtfType type)
    {
        keySize = valueSize = -1;
        if (type.Kind != BtfKind.Struct)
        {
            throw Bad("is not defined by a struct");
        }

        MapDefinition map = new() { Name = name, Type = MapType.Unspecified };
        for (int i = 0; i < type.Count; i++)
        {
            map = Apply(map, type.GetPartName(i), type.GetMemberPlace(i).TypeId);
        }

        return map.Type == MapType.Unspecified ? throw Bad("has no type") : map with { KeySize = Math.Max(keySize, 0), ValueSize = Math.Max(valueSize, 0) };
    }

    private MapDefinition Apply(MapDefinition map, ReadOnlySpan<byte> member, int typeId)
    {
        if (member.SequenceEqual("type"u8))
        {
            return map with { Type = (MapType)ReadNumber(typeId) };
        }

        if (member.SequenceEqual("max_entries"u8))
        {
            return map with { MaxEntries = ReadNumber(typeId) };
        }

        if (member.SequenceEqual("map_flags"u8))
        {
            return map with { Flags = unchecked((uint)ReadLong(typeId)) };
        }

        if (member.SequenceEqual("key"u8))
        {
            int key = ReadTarget(typeId);
            keySize = Agree(keySize, SizeOf(key));
            return map with { KeyTypeId = key };
        }

        if (member.SequenceEqual("value"u8))
        {
            int value = ReadTarget(typeId);
            valueSize = Agree(valueSize, SizeOf(value));
            return map with { ValueTypeId = value };
        }

        if (member.SequenceEqual("key_size"u8))
        {
            keySize = Agree(keySize, ReadNumber(typeId));
            return map;
        }

        if (member.SequenceEqual("value_size"u8))
        {
            valueSize = Agree(valueSize, ReadNumber(typeId));
            return map;
        }

        throw Bad(member.SequenceEqual("pinning"u8) ? "is pinned, which is not read"
            : member.SequenceEqual("values"u8) ? "has initial contents or inner maps, which are not read"
            : member.SequenceEqual("map_extra"u8) ? "has map_extra, which is not read"
            : member.SequenceEqual("numa_node"u8) ? "asks for a NUMA node, which is not read"
            : "has a member that is unknown");
    }

    private int ReadTarget(int typeId)
    {
        BtfType pointer = btf.GetType(btf.SkipModifiers(typeId));
        return pointer.Kind == BtfKind.Pointer ? pointer.TargetId : throw Bad("has a member that is no pointer");
    }

    private long ReadLong(int typeId)
    {
        BtfType array = btf.GetType(btf.SkipModifiers(ReadTarget(typeId)));
        return array.Kind == BtfKind.Array ? array.ElementCount : throw Bad("has a number that is no pointer to an array");
    }

    private int ReadNumber(int typeId)
    {
        long number = ReadLong(typeId);
        return number <= int.MaxValue ? (int)number : throw Bad("has a number that is too large");
    }

    private int SizeOf(int typeId)
    {
        long size = btf.SizeOf(typeId);
        return size <= int.MaxValue ? (int)size : throw Bad("has a key or value that is too large");
    }

    private int Agree(int known, int size) => known < 0 || known == size ? size : throw Bad("says two sizes for its key or its value");

    private BadFormatException Bad(string problem) => new(ObjectFile.Format, position, $"the map {name} {problem}");
}
