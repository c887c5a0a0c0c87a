using System.Collections.Generic;
using Fathom.Format.Btf;

namespace Fathom.Format.Objects;

/// <summary>
/// The BTF of map definitions, which a standard object says in types alone: a variable for each map in a data section <c>.maps</c>, whose
/// struct says numbers as pointers to arrays and types as pointers to them.
/// </summary>
public static class MapTypes
{
    /// <summary>Bytes of all data sections of an object that is read: 64 MiB.</summary>
    internal const int MaxDataSize = 64 << 20;

    private const int PointerSize = 8;

    /// <summary>
    /// Adds the definitions of an object's maps. A compiler calls it once, when the types of all keys and values are added and before
    /// <see cref="BtfBuilder.ToArray"/>; <see cref="ObjectFile.Write"/> then finds the definitions in the object's BTF.
    /// </summary>
    /// <param name="builder">The BTF of the object.</param>
    /// <param name="maps">The object's maps. Those with an initial value are data sections and passed over: their variables and data section are the compiler's to add.</param>
    public static void Add(BtfBuilder builder, IEnumerable<MapDefinition> maps)
    {
        List<BtfSectionVariable> variables = [];
        int number = builder.AddInt("int", sizeof(int), isSigned: true);
        int offset = 0;
        foreach (MapDefinition map in maps)
        {
            if (map.InitialValue is null)
            {
                List<BtfMember> members = Describe(builder, number, map);
                int size = members.Count * PointerSize;
                int type = builder.AddStruct("", size, members);
                variables.Add(new BtfSectionVariable(builder.AddVariable(map.Name, type, BtfLinkage.Global), offset, size));
                offset += size;
            }
        }

        if (variables.Count > 0)
        {
            builder.AddDataSection(SectionNames.Maps, offset, variables);
        }
    }

    private static List<BtfMember> Describe(BtfBuilder builder, int number, MapDefinition map)
    {
        List<BtfMember> members = [];
        Number("type", (uint)map.Type);
        Sized("key", map.KeyTypeId, map.KeySize);
        Sized("value", map.ValueTypeId, map.ValueSize);
        if (map.MaxEntries != 0)
        {
            Number("max_entries", (uint)map.MaxEntries);
        }

        if (map.Flags != 0)
        {
            Number("map_flags", map.Flags);
        }

        return members;

        void Number(string name, uint value) => Member(name, builder.AddPointer(builder.AddArray(number, value)));

        void Sized(string name, int typeId, int size)
        {
            if (typeId != 0)
            {
                Member(name, builder.AddPointer(typeId));
            }
            else if (size != 0)
            {
                Number(name + "_size", (uint)size);
            }
        }

        void Member(string name, int typeId) => members.Add(new BtfMember(name, typeId, members.Count * PointerSize * 8));
    }
}
