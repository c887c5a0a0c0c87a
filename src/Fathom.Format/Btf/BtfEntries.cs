namespace Fathom.Format.Btf;

/// <summary>Member of a struct or union.</summary>
/// <param name="Name">Name, empty for an anonymous struct or union.</param>
/// <param name="TypeId">Its type.</param>
/// <param name="BitOffset">Bits from the start of the struct.</param>
/// <param name="BitSize">Bits of a bit field, 0 for an ordinary member.</param>
public readonly record struct BtfMember(string Name, int TypeId, int BitOffset, int BitSize = 0);

/// <summary>Enumerator.</summary>
/// <param name="Name">Name.</param>
/// <param name="Value">Value.</param>
public readonly record struct BtfEnumerator(string Name, long Value);

/// <summary>Parameter of a prototype.</summary>
/// <param name="Name">Name; empty where there is none.</param>
/// <param name="TypeId">Its type.</param>
public readonly record struct BtfParameter(string Name, int TypeId);

/// <summary>Variable in a data section.</summary>
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
