using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;

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

        if (!IsStruct(type) || type.IsRefLikeType || !type.IsUnmanagedType)
        {
            throw new LoweringException(Descriptors.ManagedType, where, type.SpecialType == SpecialType.System_String ? "string (for bytes known at compile time write a \"...\"u8 literal)" : type.ToDisplayString());
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

    private static (int Pack, int Size) ReadLayoutAttribute(ITypeSymbol type, Location where)
    {
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
}
