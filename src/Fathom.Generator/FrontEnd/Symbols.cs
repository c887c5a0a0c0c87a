using System.Linq;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>Questions to symbols about the vocabulary of Fathom.Bpf.</summary>
internal static class Symbols
{
    public const string Vocabulary = "Fathom.Bpf";

    /// <summary>The attribute of Fathom.Bpf with a name (without "Attribute"), null if the symbol has none.</summary>
    public static AttributeData? Vocable(this ISymbol symbol, string name)
    {
        foreach (AttributeData attribute in symbol.GetAttributes())
        {
            if (attribute.AttributeClass is { } type && type.Name == name + "Attribute" && IsIn(type, Vocabulary))
            {
                return attribute;
            }
        }

        return null;
    }

    public static bool Has(this ISymbol symbol, string name) => symbol.Vocable(name) is not null;

    public static bool IsIn(ISymbol symbol, string ns) => symbol.ContainingNamespace?.ToDisplayString() == ns;

    /// <summary>True for a type with a name in a namespace, whatever its type arguments.</summary>
    public static bool Is(this ITypeSymbol? type, string ns, string name) =>
        type is not null && type.Name == name && type.ContainingType is null && IsIn(type, ns);

    public static T Named<T>(this AttributeData attribute, string name, T otherwise)
    {
        foreach (var pair in attribute.NamedArguments)
        {
            if (pair.Key == name && pair.Value.Value is T value)
            {
                return value;
            }
        }

        return otherwise;
    }

    public static T First<T>(this AttributeData attribute, int index = 0) =>
        (T)attribute.ConstructorArguments[index].Value!;

    /// <summary>The attribute that makes a method a program, null if none does.</summary>
    public static AttributeData? ProgramAttribute(this IMethodSymbol method) =>
        method.GetAttributes().FirstOrDefault(a => a.AttributeClass?.BaseType is { Name: "BpfProgramAttribute" } b && IsIn(b, Vocabulary));

    /// <summary>The kernel's map type of a class of maps, 0 if it is none.</summary>
    public static int MapKind(this ITypeSymbol type) =>
        type.OriginalDefinition.Vocable("MapKind") is { } attribute ? attribute.First<int>() : 0;

    /// <summary>The kernel's name of a struct that is a view of one, null otherwise.</summary>
    public static string? KernelName(this ITypeSymbol type) =>
        type.Vocable("KernelStruct") is { ConstructorArguments.Length: 1 } attribute ? attribute.First<string>() : null;

    public static bool IsSpan(this ITypeSymbol? type) =>
        type is INamedTypeSymbol { Arity: 1 } && (type.Is("System", "Span") || type.Is("System", "ReadOnlySpan"));

    /// <summary>Number of elements of an inline array, 0 if it is none.</summary>
    public static int InlineArrayLength(this ITypeSymbol type)
    {
        if (type.TypeKind != TypeKind.Struct)
        {
            return 0;
        }

        foreach (AttributeData attribute in type.GetAttributes())
        {
            if (attribute.AttributeClass is { Name: "InlineArrayAttribute" } a && IsIn(a, "System.Runtime.CompilerServices"))
            {
                return attribute.First<int>();
            }
        }

        return 0;
    }

    /// <summary>Instance fields in order of declaration, backing fields of properties among them.</summary>
    public static System.Collections.Generic.IEnumerable<IFieldSymbol> InstanceFields(this ITypeSymbol type) =>
        type is INamedTypeSymbol { IsTupleType: true } tuple
            ? tuple.TupleElements.Select(e => e.CorrespondingTupleField ?? e)
            : type.GetMembers().OfType<IFieldSymbol>().Where(f => !f.IsStatic && !f.IsConst);

    /// <summary>True for the type that stands for an extension block.</summary>
    public static bool IsExtensionBlock(this INamedTypeSymbol? type) => type is { Name: "", IsAnonymousType: false, ContainingType.IsStatic: true };

    /// <summary>The first place of a symbol in source.</summary>
    public static Location Place(this ISymbol symbol) => symbol.Locations.FirstOrDefault(l => l.IsInSource) ?? Location.None;

    /// <summary>True if other code of the assembly can name a type.</summary>
    public static bool IsNameable(this ITypeSymbol type) =>
        type.IsReachable(static t => t.DeclaredAccessibility is Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal);

    /// <summary>True if a type, those around it and its arguments are all allowed.</summary>
    public static bool IsReachable(this ITypeSymbol type, System.Func<ITypeSymbol, bool> isAllowed)
    {
        if (type is INamedTypeSymbol named && named.TypeArguments.Any(a => !a.IsReachable(isAllowed)))
        {
            return false;
        }

        for (ITypeSymbol? t = type; t is not null; t = t.ContainingType)
        {
            if (t.TypeKind != TypeKind.Pointer && !isAllowed(t))
            {
                return false;
            }
        }

        return true;
    }
}
