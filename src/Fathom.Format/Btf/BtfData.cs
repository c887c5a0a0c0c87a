using System;

namespace Fathom.Format.Btf;

/// <summary>
/// BTF as it lies in memory, indexed but not copied: the types of a whole kernel (5.5 MB) cost one array of offsets. Parsing checks the
/// structure of every type (lengths, ids, strings) once, so that the accessors cannot run out of the data.
/// </summary>
public sealed class BtfData
{
    private BtfData()
    {
    }

    /// <summary>Reads BTF.</summary>
    /// <param name="bytes">Header and all; must stay unchanged as long as the result is used.</param>
    /// <param name="baseBtf">For split BTF (modules): the BTF that it continues.</param>
    /// <exception cref="BadFormatException">The bytes are no BTF, or damaged.</exception>
    public static BtfData Parse(ReadOnlyMemory<byte> bytes, BtfData? baseBtf = null) => throw new NotImplementedException();

    /// <summary>The bytes as given.</summary>
    public ReadOnlyMemory<byte> Bytes => throw new NotImplementedException();

    /// <summary>Number of types, with void and with those of the base: valid ids are below.</summary>
    public int TypeCount => throw new NotImplementedException();

    /// <summary>The type with an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such id.</exception>
    public BtfType GetType(int id) => throw new NotImplementedException();

    /// <summary>The id of the first type of a kind with a name, 0 if there is none. One pass over all types.</summary>
    public int Find(BtfKind kind, string name) => throw new NotImplementedException();

    /// <summary>The type behind typedefs, const, volatile, restrict and type tags.</summary>
    public int SkipModifiers(int id) => throw new NotImplementedException();

    /// <summary>Size in bytes of a type; 0 for void and functions.</summary>
    /// <exception cref="BadFormatException">The type refers to itself without end.</exception>
    public long SizeOf(int id) => throw new NotImplementedException();
}

/// <summary>One type, as a view of the bytes. Its members are read by index.</summary>
public readonly struct BtfType
{
    /// <summary>Its id.</summary>
    public int Id => throw new NotImplementedException();

    /// <summary>Its kind.</summary>
    public BtfKind Kind => throw new NotImplementedException();

    /// <summary>Its name, empty if it has none. Allocates: compare with <see cref="NameEquals"/>.</summary>
    public string Name => throw new NotImplementedException();

    /// <summary>Compares the name without allocating.</summary>
    public bool NameEquals(ReadOnlySpan<byte> utf8) => throw new NotImplementedException();

    /// <summary>Size in bytes, for kinds that have one (int, struct, union, enum, float, data section).</summary>
    public int Size => throw new NotImplementedException();

    /// <summary>The type referred to, for kinds that refer to one (pointer, typedef, modifiers, function, variable, tags; element of an array; result of a prototype).</summary>
    public int TargetId => throw new NotImplementedException();

    /// <summary>Number of members, enumerators, parameters or section variables; elements of an array.</summary>
    public int Count => throw new NotImplementedException();

    /// <summary>True for a signed integer or enumeration.</summary>
    public bool IsSigned => throw new NotImplementedException();

    /// <summary>Member of a struct or union. Allocates the name.</summary>
    public BtfMember GetMember(int index) => throw new NotImplementedException();

    /// <summary>Enumerator. Allocates the name.</summary>
    public BtfEnumerator GetEnumerator(int index) => throw new NotImplementedException();

    /// <summary>Parameter of a prototype. Allocates the name.</summary>
    public BtfParameter GetParameter(int index) => throw new NotImplementedException();

    /// <summary>Variable of a data section.</summary>
    public BtfSectionVariable GetSectionVariable(int index) => throw new NotImplementedException();
}
