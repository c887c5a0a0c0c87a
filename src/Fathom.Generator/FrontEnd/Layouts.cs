using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fathom.Generator.FrontEnd;

/// <summary>Size and alignment of a type, and where its fields are.</summary>
internal sealed class Layout
{
    public Layout(int size, int alignment, IReadOnlyDictionary<IFieldSymbol, int> offsets, int padding, string paddingPlace)
    {
        Size = size;
        Alignment = alignment;
        Offsets = offsets;
        Padding = padding;
        PaddingPlace = paddingPlace;
    }

    public int Size { get; }

    public int Alignment { get; }

    public IReadOnlyDictionary<IFieldSymbol, int> Offsets { get; }

    /// <summary>Bytes that belong to no field, nested structs included.</summary>
    public int Padding { get; }

    public string PaddingPlace { get; }
}

/// <summary>Lays types out as the CLR does with sequential layout on a 64-bit machine, which is also what C does.</summary>
internal sealed class Layouts
{
    private static readonly Dictionary<IFieldSymbol, int> s_noFields = new(SymbolEqualityComparer.Default);

    private readonly Dictionary<ITypeSymbol, Layout> _known = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ITypeSymbol> _active = new(SymbolEqualityComparer.Default);
    private readonly Compilation _compilation;

    public Layouts(Compilation compilation) => _compilation = compilation;

    /// <summary>Bytes of a scalar; 0 if the type is none.</summary>
    public static int ScalarSize(ITypeSymbol type) => type switch
    {
        IPointerTypeSymbol or IFunctionPointerTypeSymbol => 8,
        INamedTypeSymbol { TypeKind: TypeKind.Enum, EnumUnderlyingType: { } underlying } => ScalarSize(underlying),
        _ => type.SpecialType switch
        {
            SpecialType.System_Boolean or SpecialType.System_Byte or SpecialType.System_SByte => 1,
            SpecialType.System_Int16 or SpecialType.System_UInt16 or SpecialType.System_Char => 2,
            SpecialType.System_Int32 or SpecialType.System_UInt32 => 4,
            SpecialType.System_Int64 or SpecialType.System_UInt64 or SpecialType.System_IntPtr or SpecialType.System_UIntPtr => 8,
            _ => 0,
        },
    };

    public static bool IsSigned(ITypeSymbol type) => type switch
    {
        INamedTypeSymbol { TypeKind: TypeKind.Enum, EnumUnderlyingType: { } underlying } => IsSigned(underlying),
        _ => type.SpecialType is SpecialType.System_SByte or SpecialType.System_Int16 or SpecialType.System_Int32
            or SpecialType.System_Int64 or SpecialType.System_IntPtr,
    };

    public static bool IsStruct(ITypeSymbol type) =>
        type.TypeKind == TypeKind.Struct && ScalarSize(type) == 0 && !type.IsSpan() && type.SpecialType != SpecialType.System_Void;

    /// <summary>A type as it is written, for messages.</summary>
    public static string Show(ITypeSymbol type) =>
        type.IsAnonymousType ? "new { ... }" : type.WithNullableAnnotation(NullableAnnotation.None).ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat.WithMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.UseSpecialTypes));

    /// <summary>What to write instead of a type that does not exist in the kernel.</summary>
    public static string Instead(ITypeSymbol type) => type switch
    {
        { SpecialType: SpecialType.System_String } => "write bytes that are known at compile time as \"...\"u8, and make text in user space",
        { TypeKind: TypeKind.Array } => "use 'stackalloc', a fixed buffer, an inline array, or a map",
        { TypeKind: TypeKind.Delegate } => "call a static method by its name; a loop body is passed as '&Method' to Helpers.Loop",
        { TypeKind: TypeKind.Interface, Name: "IEnumerable" or "IEnumerator" or "IAsyncEnumerable" } => "write the loop where the values are used",
        { TypeKind: TypeKind.Interface } => "make the method generic, with the interface as a constraint, and pass a struct",
        { TypeKind: TypeKind.Dynamic } => "give the variable a type of its own",
        { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } => "keep a bool beside the value",
        { IsRefLikeType: true } => "pass its fields as parameters of their own, or use a pointer",
        { TypeKind: TypeKind.Struct } when IsOfLibrary(type) => "its layout is the library's own affair; use integers, or a struct of your own",
        { IsReferenceType: true } => "objects live on a heap, which a BPF program does not have; use a struct",
        _ => "use integers, enums, structs of these, pointers, and Span over stackalloc",
    };

    // Reference assemblies hide the fields of the library's structs, so their size cannot be known.
    private static bool IsOfLibrary(ITypeSymbol type)
    {
        if (type is not INamedTypeSymbol { IsTupleType: false } || !type.DeclaringSyntaxReferences.IsEmpty)
        {
            return false;
        }

        INamespaceSymbol? ns = type.ContainingNamespace;
        while (ns is { ContainingNamespace: { IsGlobalNamespace: false } outer })
        {
            ns = outer;
        }

        return ns?.Name is "System" or "Microsoft";
    }

    /// <summary>A parameter of a primary constructor that is used after construction; the field that keeps it shows nowhere.</summary>
    private static string? CapturedParameter(ITypeSymbol type)
    {
        foreach (var declaration in type.DeclaringSyntaxReferences.Select(r => r.GetSyntax()).OfType<StructDeclarationSyntax>().Where(d => d.ParameterList is not null))
        {
            var names = new HashSet<string>(declaration.ParameterList!.Parameters.Select(p => p.Identifier.ValueText), StringComparer.Ordinal);
            foreach (SyntaxNode body in type.DeclaringSyntaxReferences.SelectMany(r => ((TypeDeclarationSyntax)r.GetSyntax()).Members)
                .Where(m => m is not (TypeDeclarationSyntax or FieldDeclarationSyntax)).SelectMany(m => m.DescendantNodes()).Where(n => n is BlockSyntax or ArrowExpressionClauseSyntax))
            {
                string? used = body.DescendantNodes().OfType<IdentifierNameSyntax>().Where(n => n.Parent is not MemberAccessExpressionSyntax m || m.Expression == n)
                    .Select(n => n.Identifier.ValueText).FirstOrDefault(n => names.Contains(n) && !Declares(body, n));
                if (used is not null)
                {
                    return used;
                }
            }
        }

        return null;
    }

    // A parameter or local of the member with the same name hides that of the constructor.
    private static bool Declares(SyntaxNode body, string name) =>
        body.Ancestors().OfType<BaseMethodDeclarationSyntax>().Any(m => m.ParameterList.Parameters.Any(p => p.Identifier.ValueText == name))
        || body.DescendantNodes().Any(n => n is VariableDeclaratorSyntax v && v.Identifier.ValueText == name || n is SingleVariableDesignationSyntax d && d.Identifier.ValueText == name);

    private static IFieldSymbol? FirstManaged(ITypeSymbol type)
    {
        foreach (IFieldSymbol field in type.InstanceFields().Where(f => !f.IsFixedSizeBuffer && f.Type is not IPointerTypeSymbol && !f.Type.IsUnmanagedType))
        {
            return IsStruct(field.Type) && !field.Type.IsRefLikeType ? FirstManaged(field.Type) ?? field : field;
        }

        return null;
    }

    public int SizeOf(ITypeSymbol type, Location where) => Of(type, where).Size;

    public Layout Of(ITypeSymbol type, Location where)
    {
        if (_known.TryGetValue(type, out Layout? known))
        {
            return known;
        }

        Layout layout = Compute(type, where);
        _known[type] = layout;
        return layout;
    }

    private Layout Compute(ITypeSymbol type, Location where)
    {
        int scalar = ScalarSize(type);
        if (scalar != 0)
        {
            return new Layout(scalar, scalar, s_noFields, 0, "");
        }

        if (type.SpecialType is SpecialType.System_Single or SpecialType.System_Double or SpecialType.System_Decimal)
        {
            throw new LoweringException(Descriptors.FloatingPoint, where);
        }

        if (IsStruct(type) && !type.IsRefLikeType && !type.IsUnmanagedType && !IsOfLibrary(type) && FirstManaged(type) is { } culprit)
        {
            throw new LoweringException(Descriptors.ManagedType, where, Show(culprit.Type) + "' of the field '" + culprit.ContainingType.Name + "." + NameOf(culprit), Instead(culprit.Type));
        }

        if (!IsStruct(type) || type.IsRefLikeType || !type.IsUnmanagedType || IsOfLibrary(type))
        {
            throw new LoweringException(Descriptors.ManagedType, where, Show(type), Instead(type));
        }

        if (!_active.Add(type))
        {
            throw new LoweringException(Descriptors.Layout, where, type.Name, "it contains itself");
        }

        try
        {
            return ComputeStruct(type, where);
        }
        finally
        {
            _active.Remove(type);
        }
    }

    private Layout ComputeStruct(ITypeSymbol type, Location where)
    {
        (int pack, int minimum) = ReadLayoutAttribute(type, where);
        if (CapturedParameter(type) is { } captured)
        {
            throw new LoweringException(Descriptors.Layout, where, type.Name, "a member uses the parameter '" + captured + "' of the primary constructor, which makes a hidden field: declare the field, and assign it");
        }

        int count = type.InlineArrayLength();
        var offsets = new Dictionary<IFieldSymbol, int>(SymbolEqualityComparer.Default);
        int end = 0, alignment = 1, padding = 0;
        string place = "";
        foreach (IFieldSymbol field in type.InstanceFields())
        {
            Layout inner = OfField(field, where);
            int own = Math.Min(inner.Alignment, pack);
            int offset = (end + own - 1) / own * own;
            if (offset > end)
            {
                padding += offset - end;
                place = place.Length == 0 ? "before '" + NameOf(field) + "'" : place;
            }

            if (inner.Padding > 0)
            {
                padding += inner.Padding;
                place = place.Length == 0 ? "in '" + NameOf(field) + "'" : place;
            }

            offsets[field] = offset;
            end = offset + (inner.Size * Math.Max(count, 1));
            alignment = Math.Max(alignment, own);
        }

        int size = Math.Max(Math.Max((end + alignment - 1) / alignment * alignment, minimum), 1);
        if (size > end)
        {
            padding += size - end;
            place = place.Length == 0 ? "at its end" : place;
        }

        return new Layout(size, alignment, offsets, padding, place);
    }

    /// <summary>The type itself or a part of it that the CLR lays out in an order of its own; null if there is none.</summary>
    private static ITypeSymbol? Unsettled(ITypeSymbol type, HashSet<ITypeSymbol> seen) =>
        !IsStruct(type) || IsOfLibrary(type) || !seen.Add(type) ? null
        // Inside of a struct .NET puts any tuple where a pointer could be.
        : type.IsTupleType ? IsUniform(type) && (seen.Count == 1 || ScalarSize(type.InstanceFields().First().Type) == 8) ? null : type
        : type.InstanceFields().Where(f => !f.IsFixedSizeBuffer).Select(f => Unsettled(f.Type, seen)).FirstOrDefault(t => t is not null);

    /// <summary>
    /// True for a tuple of numbers of one size. Of any other the CLR changes the order: the largest first, structs last.
    /// <see href="https://github.com/dotnet/runtime/blob/v9.0.0/src/coreclr/vm/methodtablebuilder.cs">methodtablebuilder.cs</see>
    /// </summary>
    private static bool IsUniform(ITypeSymbol tuple)
    {
        int[] sizes = [.. tuple.InstanceFields().Select(f => ScalarSize(f.Type)).Distinct()];
        return sizes.Length == 1 && sizes[0] > 0;
    }

    /// <summary>Refuses a type that others than the program read or write, if .NET lays it out in an order of its own.</summary>
    public static void RequireSettled(ITypeSymbol type, Location where)
    {
        if (Unsettled(type, new(SymbolEqualityComparer.Default)) is { } tuple)
        {
            throw new LoweringException(Descriptors.Layout, where, Show(tuple), "it is a tuple, which .NET lays out in its own way, so that others read something else here: declare a struct");
        }
    }

    /// <summary>The layout of what a field holds; a fixed buffer is all its elements.</summary>
    public Layout OfField(IFieldSymbol field, Location where)
    {
        if (field.IsFixedSizeBuffer && field.Type is IPointerTypeSymbol pointer)
        {
            Layout element = Of(pointer.PointedAtType, where);
            return new Layout(element.Size * field.FixedSize, element.Alignment, s_noFields, 0, "");
        }

        return Of(field.Type, field.Place() is { IsInSource: true } own ? own : where);
    }

    private static string NameOf(IFieldSymbol field) => field.AssociatedSymbol?.Name ?? field.Name;

    private (int Pack, int Size) ReadLayoutAttribute(ITypeSymbol type, Location where)
    {
        if (type.DeclaringSyntaxReferences.IsEmpty && type is INamedTypeSymbol { IsTupleType: false } named)
        {
            return ReadLayoutMetadata(named.OriginalDefinition, where);
        }

        AttributeData? attribute = type.GetAttributes().FirstOrDefault(a => a.AttributeClass.Is("System.Runtime.InteropServices", "StructLayoutAttribute"));
        if (attribute is null || type is INamedTypeSymbol { IsTupleType: true })
        {
            return (8, 0);
        }

        // LayoutKind: 0 sequential, 2 explicit, 3 automatic.
        int kind = attribute.ConstructorArguments.Length == 1 ? Convert.ToInt32(attribute.ConstructorArguments[0].Value) : 0;
        if (kind != 0)
        {
            throw new LoweringException(Descriptors.Layout, where, type.Name, "only sequential layout has the same meaning in the kernel and in .NET");
        }

        int pack = attribute.Named("Pack", 0);
        return (pack == 0 ? 8 : pack, attribute.Named("Size", 0));
    }

    /// <summary>The layout of a struct of another assembly, which no attribute shows: it is in the assembly's tables.</summary>
    private (int Pack, int Size) ReadLayoutMetadata(INamedTypeSymbol type, Location where)
    {
        if (_compilation.GetMetadataReference(type.ContainingAssembly) is not PortableExecutableReference reference || reference.GetMetadata() is not AssemblyMetadata assembly)
        {
            return (8, 0);
        }

        MetadataReader reader = assembly.GetModules()[0].GetMetadataReader();
        TypeDefinition definition = reader.GetTypeDefinition((TypeDefinitionHandle)MetadataTokens.EntityHandle(type.MetadataToken));
        if ((definition.Attributes & TypeAttributes.LayoutMask) != TypeAttributes.SequentialLayout)
        {
            throw new LoweringException(Descriptors.Layout, where, type.Name, "only sequential layout has the same meaning in the kernel and in .NET");
        }

        TypeLayout layout = definition.GetLayout();
        return (layout.PackingSize == 0 ? 8 : layout.PackingSize, layout.Size);
    }
}
