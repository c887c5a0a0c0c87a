using System;

namespace Fathom.Format.Btf;

/// <summary>One type, as a view of the bytes. Its members are read by index.</summary>
public readonly struct BtfType
{
    private const int TrailingStart = BtfFormat.TypeHeaderSize;
    private readonly BtfData _data;

    internal BtfType(BtfData data, int id, int offset)
    {
        _data = data;
        Id = id;
        Offset = offset;
    }

    /// <summary>Its id.</summary>
    public int Id { get; }

    /// <summary>Its kind.</summary>
    public BtfKind Kind => BtfFormat.Kind(Info);

    /// <summary>Its name, empty if it has none. Made once for all types that share it; <see cref="NameEquals"/> makes none.</summary>
    /// <exception cref="BadFormatException">The name is longer than 4096 bytes, or too many names overlap.</exception>
    public string Name => Id == 0 ? "void" : _data.GetString((int)Word(0));

    /// <summary>The bytes of its name; empty if it has none, and for void.</summary>
    /// <exception cref="BadFormatException">The name is longer than 4096 bytes.</exception>
    public ReadOnlySpan<byte> NameBytes => Id == 0 ? default : _data.GetNameBytes(_data.Bytes.Span, (int)Word(0));

    /// <summary>Compares the name without allocating.</summary>
    public bool NameEquals(ReadOnlySpan<byte> utf8) => NameBytes.SequenceEqual(utf8);

    /// <summary>Size in bytes, for kinds that have one (int, struct, union, enum, float, data section); 0 for others.</summary>
    public int Size => Kind is BtfKind.Int or BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64 or BtfKind.Float or BtfKind.DataSection
        ? (int)Word(8)
        : 0;

    /// <summary>The type referred to, for kinds that refer to one (pointer, typedef, modifiers, function, variable, tags; element of an array; result of a prototype); 0 for others.</summary>
    public int TargetId => Kind == BtfKind.Array ? (int)Word(TrailingStart) : BtfFormat.HasTarget(Kind) ? (int)Word(8) : 0;

    /// <summary>Number of members, enumerators, parameters or section variables; elements of an array (at most <see cref="int.MaxValue"/>).</summary>
    public int Count => Kind switch
    {
        BtfKind.Array => (int)Math.Min(ElementCount, int.MaxValue),
        BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64 or BtfKind.FunctionPrototype or BtfKind.DataSection => BtfFormat.Length(Info),
        _ => 0,
    };

    /// <summary>Elements of an array; 0 for other kinds.</summary>
    public long ElementCount => Kind == BtfKind.Array ? Word(TrailingStart + 8) : 0;

    /// <summary>Type of an array's index; 0 for other kinds.</summary>
    public int IndexTypeId => Kind == BtfKind.Array ? (int)Word(TrailingStart + 4) : 0;

    /// <summary>True for a signed integer or enumeration.</summary>
    public bool IsSigned => Kind switch
    {
        BtfKind.Int => (IntEncoding & BtfFormat.IntSigned) != 0,
        BtfKind.Enum or BtfKind.Enum64 => KindFlag,
        _ => false,
    };

    /// <summary>True for an integer that is a boolean.</summary>
    public bool IsBool => (IntEncoding & BtfFormat.IntBool) != 0;

    /// <summary>True for an integer that is a character.</summary>
    public bool IsChar => (IntEncoding & BtfFormat.IntChar) != 0;

    /// <summary>Bits of an integer that hold its value; 0 for other kinds.</summary>
    public int IntBits => Kind == BtfKind.Int ? (int)(Word(TrailingStart) & 0xff) : 0;

    /// <summary>First bit of an integer's value; anything but 0 is an old form of a bit field.</summary>
    public int IntBitOffset => Kind == BtfKind.Int ? (int)((Word(TrailingStart) >> 16) & 0xff) : 0;

    /// <summary>True for a union, or a forward declaration of one.</summary>
    public bool IsUnion => Kind == BtfKind.Union || (Kind == BtfKind.Forward && KindFlag);

    /// <summary>True for a struct or union.</summary>
    public bool IsComposite => Kind is BtfKind.Struct or BtfKind.Union;

    /// <summary>True for an enumeration of either width.</summary>
    public bool IsEnum => Kind is BtfKind.Enum or BtfKind.Enum64;

    /// <summary>True for what <see cref="BtfData.SkipModifiers"/> passes over: typedef, const, volatile, restrict and type tags.</summary>
    public bool IsModifier => Kind is BtfKind.Typedef or BtfKind.Const or BtfKind.Volatile or BtfKind.Restrict or BtfKind.TypeTag;

    /// <summary>Linkage of a function or variable.</summary>
    public BtfLinkage Linkage => Kind switch
    {
        BtfKind.Function => (BtfLinkage)BtfFormat.Length(Info),
        BtfKind.Variable => (BtfLinkage)(int)Word(TrailingStart),
        _ => BtfLinkage.Static,
    };

    /// <summary>What a declaration tag is on: -1 for the whole target, or the index of its member or parameter; -1 for other kinds.</summary>
    public int ComponentIndex => Kind == BtfKind.DeclarationTag ? (int)Word(TrailingStart) : -1;

    /// <summary>Member of a struct or union. Makes the name, once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such member.</exception>
    public BtfMember GetMember(int index)
    {
        int at = Part(index, 12, IsComposite);
        BtfMemberPlace place = PlaceAt(at);
        return new BtfMember(_data.GetString((int)Word(at)), place.TypeId, place.BitOffset, place.BitSize);
    }

    /// <summary>Enumerator. Makes the name, once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such enumerator.</exception>
    public BtfEnumerator GetEnumerator(int index)
    {
        int at = Part(index, Kind == BtfKind.Enum ? 8 : 12, IsEnum);
        return new BtfEnumerator(_data.GetString((int)Word(at)), ValueAt(at));
    }

    /// <summary>Parameter of a prototype. Makes the name, once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such parameter.</exception>
    public BtfParameter GetParameter(int index)
    {
        int at = Part(index, 8, Kind == BtfKind.FunctionPrototype);
        return new BtfParameter(_data.GetString((int)Word(at)), (int)Word(at + 4));
    }

    /// <summary>Variable of a data section.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such variable.</exception>
    public BtfSectionVariable GetSectionVariable(int index)
    {
        int at = Part(index, 12, Kind == BtfKind.DataSection);
        return new BtfSectionVariable((int)Word(at), (int)Word(at + 4), (int)Word(at + 8));
    }

    /// <summary>The data that holds it; for types of a base, the base.</summary>
    internal BtfData Data => _data;

    /// <summary>Where it starts in the bytes; -1 for void.</summary>
    internal int Offset { get; }

    /// <summary>Offset of its name in the string section.</summary>
    internal uint NameOffset => Offset < 0 ? 0 : Word(0);

    internal bool KindFlag => (Info & BtfFormat.KindFlag) != 0;

    /// <summary>A member without its name: does not allocate.</summary>
    internal BtfMemberPlace GetMemberPlace(int index) => PlaceAt(Part(index, 12, IsComposite));

    /// <summary>The bytes of the name of a member, enumerator or parameter.</summary>
    internal ReadOnlySpan<byte> GetPartName(int index) =>
        _data.GetNameBytes(_data.Bytes.Span, (int)Word(Part(index, Kind is BtfKind.Enum or BtfKind.FunctionPrototype ? 8 : 12, Kind != BtfKind.DataSection)));

    /// <summary>An enumerator's value: does not allocate.</summary>
    internal long GetEnumeratorValue(int index) => ValueAt(Part(index, Kind == BtfKind.Enum ? 8 : 12, IsEnum));

    /// <summary>The type of a prototype's parameter: does not allocate.</summary>
    internal int GetParameterType(int index) => (int)Word(Part(index, 8, Kind == BtfKind.FunctionPrototype) + 4);

    private uint Info => Offset < 0 ? 0 : Word(4);

    private uint IntEncoding => Kind == BtfKind.Int ? (Word(TrailingStart) >> 24) & 0xf : 0;

    private BtfMemberPlace PlaceAt(int at)
    {
        uint place = Word(at + 8);
        return KindFlag
            ? new BtfMemberPlace((int)Word(at + 4), (int)(place & BtfFormat.MaxFlaggedOffset), (int)(place >> 24))
            : new BtfMemberPlace((int)Word(at + 4), (int)place, 0);
    }

    private long ValueAt(int at) =>
        Kind == BtfKind.Enum64 ? (long)(Word(at + 4) | ((ulong)Word(at + 8) << 32))
        : KindFlag ? (int)Word(at + 4)
        : Word(at + 4);

    private int Part(int index, int size, bool isRightKind)
    {
        if (!isRightKind || (uint)index >= (uint)Count)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"Type {Id}, a {Kind}, has no such part.");
        }

        return TrailingStart + (index * size);
    }

    private uint Word(int at) => _data.ReadWord(Offset + at);
}

/// <summary>Type and place of a member.</summary>
/// <param name="TypeId">Its type.</param>
/// <param name="BitOffset">Bits from the start of the struct.</param>
/// <param name="BitSize">Bits of a bit field, 0 for an ordinary member.</param>
internal readonly record struct BtfMemberPlace(int TypeId, int BitOffset, int BitSize);
