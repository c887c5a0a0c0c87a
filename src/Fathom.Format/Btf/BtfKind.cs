namespace Fathom.Format.Btf;

/// <summary>Kinds of BTF types, with the format's numbers (<c>BTF_KIND_*</c>).</summary>
public enum BtfKind : byte
{
    /// <summary>No type: id 0.</summary>
    Void = 0,
    /// <summary>Integer.</summary>
    Int = 1,
    /// <summary>Pointer.</summary>
    Pointer = 2,
    /// <summary>Array.</summary>
    Array = 3,
    /// <summary>Struct.</summary>
    Struct = 4,
    /// <summary>Union.</summary>
    Union = 5,
    /// <summary>Enumeration of 32-bit values.</summary>
    Enum = 6,
    /// <summary>Forward declaration of a struct or union.</summary>
    Forward = 7,
    /// <summary>Type definition.</summary>
    Typedef = 8,
    /// <summary>Volatile.</summary>
    Volatile = 9,
    /// <summary>Const.</summary>
    Const = 10,
    /// <summary>Restrict.</summary>
    Restrict = 11,
    /// <summary>Function.</summary>
    Function = 12,
    /// <summary>Function prototype.</summary>
    FunctionPrototype = 13,
    /// <summary>Variable.</summary>
    Variable = 14,
    /// <summary>Data section.</summary>
    DataSection = 15,
    /// <summary>Floating-point number.</summary>
    Float = 16,
    /// <summary>Tag on a declaration.</summary>
    DeclarationTag = 17,
    /// <summary>Tag on a type.</summary>
    TypeTag = 18,
    /// <summary>Enumeration of 64-bit values.</summary>
    Enum64 = 19,
}
