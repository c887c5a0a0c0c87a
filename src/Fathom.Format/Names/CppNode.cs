using System.Collections.Generic;

namespace Fathom.Format.Names;

/// <summary>What a part of a C++ name is. The letters A, B and the items are those of <see cref="CppNode"/>.</summary>
internal enum CppKind
{
    /// <summary>The text.</summary>
    Name,
    /// <summary>A::B.</summary>
    Nested,
    /// <summary>A&lt;items&gt;.</summary>
    Template,
    /// <summary>The constructor of A, or the destructor if the text is a tilde.</summary>
    Structor,
    /// <summary>operator A.</summary>
    Conversion,
    /// <summary>The text and A.</summary>
    Prefixed,
    /// <summary>A, a function's name, with B, its type.</summary>
    Encoding,
    /// <summary>B inside of the function A.</summary>
    Local,
    /// <summary>A const volatile restrict.</summary>
    Qualified,
    /// <summary>A and the text: a pointer, a reference.</summary>
    Pointer,
    /// <summary>A and the text, without parentheses: complex numbers, qualifiers of vendors.</summary>
    Postfixed,
    /// <summary>A function that returns A, if there is one, and takes the items.</summary>
    Function,
    /// <summary>B elements A, or no number.</summary>
    Array,
    /// <summary>A pointer to a member B of A.</summary>
    MemberPointer,
    /// <summary>The items, as arguments for a pack.</summary>
    Pack,
    /// <summary>A for each item of a pack in it.</summary>
    Expansion,
    /// <summary>The number of items of the pack in A.</summary>
    PackSize,
    /// <summary>The items, one after the other.</summary>
    Sequence,
    /// <summary>The items with commas between.</summary>
    List,
    /// <summary>An operand: A, in parentheses unless it is simple.</summary>
    Operand,
    /// <summary>A parameter of a template whose arguments come later in the name: A once they are known.</summary>
    Forward,
    /// <summary>A lambda that takes the items.</summary>
    Lambda,
    /// <summary>A[abi:text].</summary>
    Tagged,
}

/// <summary>A part of a C++ name. Parts are shared, as the mangled name refers back to them.</summary>
internal sealed class CppNode(CppKind kind)
{
    public CppKind Kind { get; } = kind;

    public string Text { get; init; } = "";

    /// <summary>The name of its constructors where the text is longer, as in <c>std::basic_string&lt;...&gt;</c>.</summary>
    public string Base { get; init; } = "";

    public CppNode? A { get; set; }

    public CppNode? B { get; init; }

    public List<CppNode> Items { get; init; } = None;

    /// <summary>Qualifiers, or a counter.</summary>
    public int Number { get; init; }

    private static List<CppNode> None { get; } = [];

    public static CppNode Name(string text) => new(CppKind.Name) { Text = text };

    public static CppNode Sequence(params CppNode[] parts) => new(CppKind.Sequence) { Items = [.. parts] };
}
