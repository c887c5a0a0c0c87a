using System.Collections.Generic;

namespace Fathom.Compiler.IR;

/// <summary>A function in the compiler's intermediate form: basic blocks of three-address instructions on virtual registers.</summary>
public sealed class Function
{
    internal Function(string name, string section, IReadOnlyList<IrType> parameters, IrType result, int typeId)
    {
        Name = name;
        Section = section;
        Parameters = parameters;
        Result = result;
        TypeId = typeId;
    }

    /// <summary>Its name in the object.</summary>
    public string Name { get; }

    /// <summary>Its section.</summary>
    public string Section { get; }

    /// <summary>Types of its parameters.</summary>
    public IReadOnlyList<IrType> Parameters { get; }

    /// <summary>Type of its result.</summary>
    public IrType Result { get; }

    /// <summary>Its <c>BTF_KIND_FUNC</c>.</summary>
    public int TypeId { get; }
}

/// <summary>A basic block.</summary>
public sealed class Block
{
}
