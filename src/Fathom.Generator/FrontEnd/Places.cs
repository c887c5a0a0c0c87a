using System.Collections.Generic;
using Fathom.Compiler.IR;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>Where a variable, field or element is.</summary>
internal abstract record Place(ITypeSymbol Type);

/// <summary>A value that never changes.</summary>
internal sealed record ValuePlace(Value Value, ITypeSymbol Type) : Place(Type);

/// <summary>A register that is assigned many times. The key finds what was learned about its pointer space in an earlier attempt.</summary>
internal sealed record RegisterPlace(Value Register, ITypeSymbol Type, string HintKey) : Place(Type);

/// <summary>Memory: an address and a constant offset, or a path of fields in a kernel struct, which is relocated at load.</summary>
internal sealed record MemoryPlace(Value Pointer, int Offset, ITypeSymbol Type, CorePath? Core = null) : Place(Type)
{
    /// <summary>What the address is a multiple of, as far as is known.</summary>
    public int Alignment { get; init; } = 1;

    /// <summary>True if what is there is an address in the traced process.</summary>
    public bool HoldsUserPointer { get; init; }
}

/// <summary>An argument of a program: loaded from a word of the context where it is used, and only there.</summary>
/// <param name="Offset">Of the word, in bytes.</param>
/// <param name="Space">What it points into, if its type is a pointer.</param>
/// <param name="Type">The parameter's type.</param>
internal sealed record ArgumentPlace(int Offset, PointerSpace Space, ITypeSymbol Type) : Place(Type)
{
    /// <summary>True for a truth value above whose byte there may be anything.</summary>
    public bool HasGarbage { get; init; }
}

/// <summary>A span that is assigned many times.</summary>
internal sealed record SpanRegisters(Value Pointer, Value Length, ITypeSymbol Type, string HintKey) : Place(Type);

/// <summary>A span that never changes.</summary>
internal sealed record SpanPlace(SpanValue Span, ITypeSymbol Type) : Place(Type);

/// <summary>A parameter that is a map.</summary>
internal sealed record MapPlace(IFieldSymbol Field, ITypeSymbol Type) : Place(Type);

/// <summary>A property with accessors of its own; what it is a property of, and its indices, are evaluated.</summary>
internal sealed record PropertyPlace(IPropertySymbol Property, Place? Instance, IReadOnlyList<Place> Arguments, ITypeSymbol Type, IOperation At) : Place(Type);

/// <summary>A path of fields from a kernel struct.</summary>
internal sealed record CorePath(int TypeId, string Access, int LocalOffset);

/// <summary>A span: address, number of elements, and what is known of them at compile time.</summary>
internal sealed record SpanValue(Value Pointer, Value Length, ITypeSymbol Element)
{
    public int? ConstantLength { get; init; }

    /// <summary>The bytes, if it is a literal.</summary>
    public byte[]? Literal { get; init; }

    public int Alignment { get; init; } = 1;
}

/// <summary>The variables of one inlined call (or of a whole program), and where its result goes.</summary>
internal sealed class Scope
{
    public Scope(Scope? outer, Scope? caller, IMethodSymbol method, string path)
    {
        Outer = outer;
        Caller = caller;
        Method = method;
        Path = path;
    }

    /// <summary>The scope that a local function sees.</summary>
    public Scope? Outer { get; }

    /// <summary>The scope that calls.</summary>
    public Scope? Caller { get; }

    public IMethodSymbol Method { get; }

    /// <summary>The call that this is a copy for; null in the body of a function.</summary>
    public InlinedCall? Inlined { get; set; }

    /// <summary>Names this inlined copy: the positions of the calls that lead to it.</summary>
    public string Path { get; }

    public Dictionary<ISymbol, Place> Places { get; } = new(SymbolEqualityComparer.Default);

    public Dictionary<ILabelSymbol, Block> Labels { get; } = new(SymbolEqualityComparer.Default);

    public Dictionary<ITypeParameterSymbol, ITypeSymbol> TypeArguments { get; } = new(SymbolEqualityComparer.Default);

    public BodyFacts Facts { get; set; } = BodyFacts.None;

    /// <summary>What <c>this</c> is.</summary>
    public Place? This { get; set; }

    /// <summary>What an initialiser in an object creation fills.</summary>
    public Stack<Place> Initialised { get; } = new();

    /// <summary>Where the result goes; null in a program, which returns.</summary>
    public Place? Result { get; set; }

    /// <summary>Where a return goes on; null in a program.</summary>
    public Block? Exit { get; set; }

    /// <summary>The span that a method returns, if it has one return only.</summary>
    public SpanValue? ResultSpan { get; set; }

    public Place? Find(ISymbol symbol)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope.Places.TryGetValue(symbol, out Place? place))
            {
                return place;
            }
        }

        return null;
    }

    public Scope? Owner(ISymbol symbol)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope.Places.ContainsKey(symbol))
            {
                return scope;
            }
        }

        return null;
    }
}
