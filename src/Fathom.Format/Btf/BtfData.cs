using System;
using System.Buffers.Binary;

namespace Fathom.Format.Btf;

/// <summary>
/// BTF as it lies in memory, indexed but not copied: the types of a whole kernel (5.5 MB) cost one array of offsets. Parsing checks the
/// structure of every type (lengths, ids, strings) once, so that the accessors cannot run out of the data.
/// </summary>
public sealed class BtfData
{
    private readonly BtfLayout _layout;

    // Offsets of the types in the bytes. Those of a base are asked of the base.
    private readonly int[] _offsets;
    private readonly StringTable _names;
    private readonly object _namesLock = new();

    private BtfData(ReadOnlyMemory<byte> bytes, BtfData? baseBtf, BtfLayout layout, int[] offsets, int count)
    {
        Bytes = bytes;
        Base = baseBtf;
        _layout = layout;
        _offsets = offsets;
        _names = new StringTable(BtfFormat.Name, bytes.Slice(layout.StringsStart, layout.StringsLength), layout.StringsStart);
        FirstId = baseBtf?.TypeCount ?? 1;
        FirstStringOffset = baseBtf?.StringsEnd ?? 0;
        TypeCount = FirstId + count;
    }

    /// <summary>Reads BTF.</summary>
    /// <param name="bytes">Header and all; must stay unchanged as long as the result is used.</param>
    /// <param name="baseBtf">For split BTF (modules): the BTF that it continues.</param>
    /// <exception cref="BadFormatException">The bytes are no BTF, or damaged.</exception>
    public static BtfData Parse(ReadOnlyMemory<byte> bytes, BtfData? baseBtf = null)
    {
        ReadOnlySpan<byte> span = bytes.Span;
        BtfLayout layout = BtfLayout.Read(span, isSplit: baseBtf is not null);
        int[] offsets = BtfStructure.Index(span, layout, out int count);
        var result = new BtfData(bytes, baseBtf, layout, offsets, count);
        BtfStructure.Check(span, offsets.AsSpan(0, count), result.TypeCount, result.StringsEnd);
        return result;
    }

    /// <summary>The bytes as given.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The BTF that this one continues, if it is split.</summary>
    public BtfData? Base { get; }

    /// <summary>The first id that is not the base's: 1 without a base.</summary>
    public int FirstId { get; }

    /// <summary>Number of types, with void and with those of the base: valid ids are below.</summary>
    public int TypeCount { get; }

    private int FirstStringOffset { get; }

    private int StringsEnd => FirstStringOffset + _layout.StringsLength;

    /// <summary>The type with an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such id.</exception>
    public BtfType GetType(int id)
    {
        if (id < 0 || id >= TypeCount)
        {
            throw new ArgumentOutOfRangeException(nameof(id), id, "No type has this id.");
        }

        return id == 0 ? new BtfType(this, 0, -1) : id < FirstId ? Base!.GetType(id) : new BtfType(this, id, _offsets[id - FirstId]);
    }

    /// <summary>The id of the first type of a kind with a name, 0 if there is none. One pass over all types.</summary>
    public int Find(BtfKind kind, string name)
    {
        Span<int> id = stackalloc int[1];
        BtfSearch.FindAll(this, [new BtfTypeName(kind, name)], id);
        return id[0];
    }

    /// <summary>The ids of the first types with the given kinds and names, 0 where there is none. One pass over all types for all of them.</summary>
    /// <param name="names">What to look for.</param>
    /// <param name="ids">Takes the id of each name; as long as <paramref name="names"/>.</param>
    /// <returns>How many were found.</returns>
    public int FindAll(ReadOnlySpan<BtfTypeName> names, Span<int> ids) => BtfSearch.FindAll(this, names, ids);

    /// <summary>The type behind typedefs, const, volatile, restrict and type tags.</summary>
    /// <exception cref="BadFormatException">The type refers to itself without end.</exception>
    public int SkipModifiers(int id)
    {
        for (int depth = 0; depth <= BtfFormat.MaxDepth; depth++)
        {
            BtfType type = GetType(id);
            if (!type.IsModifier)
            {
                return id;
            }

            id = type.TargetId;
        }

        throw TooDeep(id);
    }

    /// <summary>Size in bytes of a type; 0 for void and functions.</summary>
    /// <exception cref="BadFormatException">The type refers to itself without end.</exception>
    public long SizeOf(int id)
    {
        long elements = 1;
        for (int depth = 0; depth <= BtfFormat.MaxDepth; depth++)
        {
            BtfType type = GetType(id);
            switch (type.Kind)
            {
                case BtfKind.Void or BtfKind.Function or BtfKind.FunctionPrototype or BtfKind.Forward:
                    return 0;
                case BtfKind.Pointer:
                    return Multiply(elements, sizeof(ulong), type);
                case BtfKind.Array:
                    elements = Multiply(elements, type.ElementCount, type);
                    id = type.TargetId;
                    break;
                case BtfKind.Typedef or BtfKind.Variable or BtfKind.DeclarationTag:
                case var _ when type.IsModifier:
                    id = type.TargetId;
                    break;
                default:
                    return Multiply(elements, type.Size, type);
            }
        }

        throw TooDeep(id);
    }

    /// <summary>The string at an offset in the string section. Each is made once.</summary>
    /// <exception cref="BadFormatException">The offset lies outside, the string is longer than a name may be (4096 bytes), or too many overlap.</exception>
    public string GetString(int offset)
    {
        if (offset >= 0 && offset < FirstStringOffset)
        {
            return Base!.GetString(offset);
        }

        lock (_namesLock)
        {
            return _names[(uint)(offset - FirstStringOffset)];
        }
    }

    /// <summary>The bytes of the string at an offset in the string section, without its NUL. Does not allocate.</summary>
    /// <exception cref="BadFormatException">The offset lies outside.</exception>
    public ReadOnlySpan<byte> GetStringBytes(int offset) => GetStringBytes(Bytes.Span, offset);

    /// <summary>The same for passes over many types, which ask for the span of all bytes only once.</summary>
    internal ReadOnlySpan<byte> GetStringBytes(ReadOnlySpan<byte> bytes, int offset)
    {
        if (offset >= 0 && offset < FirstStringOffset)
        {
            return Base!.GetStringBytes(offset);
        }

        int start = offset - FirstStringOffset;
        if (start < 0 || start >= _layout.StringsLength)
        {
            throw new BadFormatException(BtfFormat.Name, _layout.StringsStart, $"there is no string at offset {offset} of the string section");
        }

        ReadOnlySpan<byte> rest = bytes.Slice(_layout.StringsStart + start, _layout.StringsLength - start);

        // The last byte of the section is NUL, so there is always an end.
        return rest.Slice(0, rest.IndexOf((byte)0));
    }

    /// <summary>The bytes of a name, which has a longest length, so that passes over many types that share a name are no dearer than others.</summary>
    /// <exception cref="BadFormatException">The offset lies outside, or the name is longer.</exception>
    internal ReadOnlySpan<byte> GetNameBytes(ReadOnlySpan<byte> bytes, int offset)
    {
        if (offset >= 0 && offset < FirstStringOffset)
        {
            return Base!.GetNameBytes(Base.Bytes.Span, offset);
        }

        int start = offset - FirstStringOffset;
        if (start < 0 || start >= _layout.StringsLength)
        {
            throw new BadFormatException(BtfFormat.Name, _layout.StringsStart, $"there is no string at offset {offset} of the string section");
        }

        ReadOnlySpan<byte> rest = bytes.Slice(_layout.StringsStart + start, Math.Min(_layout.StringsLength - start, StringTable.LongestName + 1));
        int length = rest.IndexOf((byte)0);
        return length >= 0
            ? rest.Slice(0, length)
            : throw new BadFormatException(BtfFormat.Name, _layout.StringsStart + (long)start, $"a name is longer than {StringTable.LongestName} bytes");
    }

    /// <summary>Offsets of the types from <see cref="FirstId"/> on.</summary>
    internal ReadOnlySpan<int> Offsets => _offsets.AsSpan(0, TypeCount - FirstId);

    internal int TypesStart => _layout.TypesStart;

    internal ReadOnlySpan<byte> TypeBytes => Bytes.Span.Slice(_layout.TypesStart, _layout.TypesLength);

    internal ReadOnlySpan<byte> StringBytes => Bytes.Span.Slice(_layout.StringsStart, _layout.StringsLength);

    internal uint ReadWord(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.Span.Slice(offset));

    private static long Multiply(long elements, long size, BtfType type)
    {
        // The kernel refuses larger ones too: https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/btf.c (btf_array_resolve)
        if (size != 0 && elements > uint.MaxValue / size)
        {
            throw new BadFormatException(BtfFormat.Name, type.Offset, $"type {type.Id} is larger than 4 GB");
        }

        return elements * size;
    }

    private BadFormatException TooDeep(int id) =>
        new(BtfFormat.Name, GetType(id).Offset, $"type {id} refers to itself, or over more than {BtfFormat.MaxDepth} types to another");
}
