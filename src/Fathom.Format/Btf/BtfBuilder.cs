using System;
using System.Collections.Generic;

namespace Fathom.Format.Btf;

/// <summary>Member of a struct or union to be added.</summary>
/// <param name="Name">Name, empty for an anonymous struct or union.</param>
/// <param name="TypeId">Its type.</param>
/// <param name="BitOffset">Bits from the start of the struct.</param>
/// <param name="BitSize">Bits of a bit field, 0 for an ordinary member.</param>
public readonly record struct BtfMember(string Name, int TypeId, int BitOffset, int BitSize = 0);

/// <summary>Enumerator to be added.</summary>
/// <param name="Name">Name.</param>
/// <param name="Value">Value.</param>
public readonly record struct BtfEnumerator(string Name, long Value);

/// <summary>Parameter of a prototype to be added.</summary>
/// <param name="Name">Name; empty where there is none.</param>
/// <param name="TypeId">Its type.</param>
public readonly record struct BtfParameter(string Name, int TypeId);

/// <summary>Variable in a data section to be added.</summary>
/// <param name="TypeId">A <see cref="BtfKind.Variable"/>.</param>
/// <param name="Offset">Bytes from the start of the section.</param>
/// <param name="Size">Bytes.</param>
public readonly record struct BtfSectionVariable(int TypeId, int Offset, int Size);

/// <summary>Linkage of a function or variable.</summary>
public enum BtfLinkage
{
    /// <summary>Known inside the object.</summary>
    Static = 0,
    /// <summary>Known outside.</summary>
    Global = 1,
    /// <summary>Defined elsewhere.</summary>
    External = 2,
}

/// <summary>
/// Builds the BTF of an object: types get ids from 1 in the order of their adding, equal types (but structs) are added once.
/// Not safe for use by several threads.
/// </summary>
public sealed class BtfBuilder
{
    /// <summary>Number of types so far, without void.</summary>
    public int Count => throw new NotImplementedException();

    /// <summary>Adds an integer; <paramref name="isBool"/> and <paramref name="isChar"/> set its encoding.</summary>
    public int AddInt(string name, int bytes, bool isSigned = false, bool isBool = false, bool isChar = false) => throw new NotImplementedException();

    /// <summary>Adds a pointer; target 0 is void.</summary>
    public int AddPointer(int target) => throw new NotImplementedException();

    /// <summary>Adds an array; the index type is added as needed.</summary>
    public int AddArray(int element, int count) => throw new NotImplementedException();

    /// <summary>Reserves the id of a struct whose members are not known yet (it may point at itself).</summary>
    public int ReserveStruct(string name, bool isUnion = false) => throw new NotImplementedException();

    /// <summary>Says size and members of a reserved struct, once.</summary>
    public void DefineStruct(int id, int bytes, IReadOnlyList<BtfMember> members) => throw new NotImplementedException();

    /// <summary>Adds a struct with its members.</summary>
    public int AddStruct(string name, int bytes, IReadOnlyList<BtfMember> members, bool isUnion = false) => throw new NotImplementedException();

    /// <summary>Adds an enumeration of <paramref name="bytes"/> bytes; of 8 bytes, or with values beyond 32 bits, as enum64.</summary>
    public int AddEnum(string name, int bytes, bool isSigned, IReadOnlyList<BtfEnumerator> enumerators) => throw new NotImplementedException();

    /// <summary>Adds a forward declaration.</summary>
    public int AddForward(string name, bool isUnion = false) => throw new NotImplementedException();

    /// <summary>Adds a typedef.</summary>
    public int AddTypedef(string name, int target) => throw new NotImplementedException();

    /// <summary>Adds volatile, const, restrict or a type tag (which has a name).</summary>
    public int AddModifier(BtfKind kind, int target, string name = "") => throw new NotImplementedException();

    /// <summary>Adds a floating-point type.</summary>
    public int AddFloat(string name, int bytes) => throw new NotImplementedException();

    /// <summary>Adds a function prototype; result 0 is void.</summary>
    public int AddFunctionPrototype(int result, IReadOnlyList<BtfParameter> parameters) => throw new NotImplementedException();

    /// <summary>Adds a function.</summary>
    public int AddFunction(string name, int prototype, BtfLinkage linkage) => throw new NotImplementedException();

    /// <summary>Adds a variable.</summary>
    public int AddVariable(string name, int type, BtfLinkage linkage) => throw new NotImplementedException();

    /// <summary>Adds a data section.</summary>
    public int AddDataSection(string name, int bytes, IReadOnlyList<BtfSectionVariable> variables) => throw new NotImplementedException();

    /// <summary>Adds a tag on a declaration; <paramref name="component"/> is -1 for the whole, or the index of a member or parameter.</summary>
    public int AddDeclarationTag(string name, int target, int component) => throw new NotImplementedException();

    /// <summary>Adds a string and gives its offset in the string section (equal strings share one).</summary>
    public int AddString(string text) => throw new NotImplementedException();

    /// <summary>The finished BTF: header, types, strings, little-endian.</summary>
    public byte[] ToArray() => throw new NotImplementedException();
}
