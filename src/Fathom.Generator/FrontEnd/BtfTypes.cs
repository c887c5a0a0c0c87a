using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Format.Objects;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>C# types as BTF: views of kernel structs under the kernel's names, everything else under its own.</summary>
internal sealed class BtfTypes
{
    private readonly BtfBuilder _builder;
    private readonly Layouts _layouts;
    private readonly Dictionary<ITypeSymbol, int> _known = new(SymbolEqualityComparer.Default);

    public BtfTypes(BtfBuilder builder, Layouts layouts)
    {
        _builder = builder;
        _layouts = layouts;
    }

    /// <summary>The id of a type; 0 for void.</summary>
    public int Of(ITypeSymbol type, Location where)
    {
        if (type.SpecialType == SpecialType.System_Void)
        {
            return 0;
        }

        if (_known.TryGetValue(type, out int known))
        {
            return known;
        }

        if (Layouts.IsStruct(type))
        {
            return AddStruct(type, where);
        }

        int id = type switch
        {
            IPointerTypeSymbol pointer => _builder.AddPointer(Of(pointer.PointedAtType, where)),
            IFunctionPointerTypeSymbol => _builder.AddPointer(0),
            INamedTypeSymbol { TypeKind: TypeKind.Enum } e => AddEnum(e),
            _ => AddInteger(type, where),
        };
        _known[type] = id;
        return id;
    }

    /// <summary>A prototype and its function.</summary>
    public int AddFunction(string name, ITypeSymbol? result, IEnumerable<(string Name, int TypeId)> parameters, BtfLinkage linkage, Location where)
    {
        // A program without a result gives 0 to the kernel: its C type is int.
        int resultId = result is null || result.SpecialType == SpecialType.System_Void ? _builder.AddInt("int", 4, isSigned: true) : Of(result, where);
        int prototype = _builder.AddFunctionPrototype(resultId, parameters.Select(p => new BtfParameter(p.Name, p.TypeId)).ToList());
        return _builder.AddFunction(name, prototype, linkage);
    }

    /// <summary>
    /// What the method of a program declares, as a function that has no code: its context, and the arguments that it takes out of that, under the
    /// name that the macros of C programs give to the function with the typed parameters.
    /// </summary>
    /// <remarks>https://github.com/libbpf/libbpf/blob/v1.6.2/src/bpf_tracing.h (BPF_PROG)</remarks>
    public void AddDeclaration(string program, IEnumerable<(string Name, int TypeId)> context, IEnumerable<IParameterSymbol> arguments)
    {
        IEnumerable<(string, int)> declared = arguments.Select(argument => (Identifier(argument.Name), Of(argument.Type, argument.Place())));
        AddFunction(ProgramForms.DeclarationPrefix + program, null, context.Concat(declared), BtfLinkage.Static, Location.None);
    }

    public int PointerToLong() => _builder.AddPointer(_builder.AddInt("unsigned long", 8));

    public int Int() => _builder.AddInt("int", 4, isSigned: true);

    public int Pointer(int target) => _builder.AddPointer(target);

    public int Array(int element, int count) => _builder.AddArray(element, count);

    /// <summary>A name that C, and so the kernel, accepts.</summary>
    public static string Identifier(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (char c in name)
        {
            text.Append(c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '_' ? c : '_');
        }

        return text.Length == 0 || text[0] is >= '0' and <= '9' ? "_" + text : text.ToString();
    }

    private int AddInteger(ITypeSymbol type, Location where) => type.SpecialType switch
    {
        SpecialType.System_Boolean => _builder.AddInt("_Bool", 1, isBool: true),
        SpecialType.System_Byte => _builder.AddInt("unsigned char", 1),
        SpecialType.System_SByte => _builder.AddInt("signed char", 1, isSigned: true),
        SpecialType.System_Int16 => _builder.AddInt("short", 2, isSigned: true),
        SpecialType.System_UInt16 or SpecialType.System_Char => _builder.AddInt("unsigned short", 2),
        SpecialType.System_Int32 => _builder.AddInt("int", 4, isSigned: true),
        SpecialType.System_UInt32 => _builder.AddInt("unsigned int", 4),
        SpecialType.System_Int64 or SpecialType.System_IntPtr => _builder.AddInt("long", 8, isSigned: true),
        SpecialType.System_UInt64 or SpecialType.System_UIntPtr => _builder.AddInt("unsigned long", 8),
        _ => throw new Diagnostics.LoweringException(Diagnostics.Descriptors.ManagedType, where, Layouts.Show(type), Layouts.Instead(type)),
    };

    private int AddEnum(INamedTypeSymbol type)
    {
        string name = type.Vocable("KernelEnum") is { } attribute ? attribute.First<string>() : Identifier(type.Name);
        var enumerators = Enumerators(type).Select(f => new BtfEnumerator(f.Name, ToLong(f.ConstantValue))).ToList();
        return _builder.AddEnum(name, Layouts.ScalarSize(type), Layouts.IsSigned(type), enumerators);
    }

    /// <summary>The enumerators in order of declaration: their index is what a relocation names.</summary>
    public static IEnumerable<IFieldSymbol> Enumerators(ITypeSymbol type) => type.GetMembers().OfType<IFieldSymbol>().Where(f => f.HasConstantValue);

    private static long ToLong(object? value) => value is ulong u ? unchecked((long)u) : System.Convert.ToInt64(value);

    private int AddStruct(ITypeSymbol type, Location where)
    {
        Layout layout = _layouts.Of(type, where);
        int id = _builder.ReserveStruct(type.KernelName() ?? ContextName(type) ?? Identifier(StructName(type)));
        _known[type] = id;
        var members = new List<BtfMember>();
        int count = type.InlineArrayLength();
        foreach (IFieldSymbol field in type.InstanceFields())
        {
            int member = FieldType(field, where);
            members.Add(new BtfMember(KernelFieldName(field), count > 0 ? _builder.AddArray(member, count) : member, layout.Offsets[field] * 8));
        }

        _builder.DefineStruct(id, layout.Size, members);
        return id;
    }

    private int FieldType(IFieldSymbol field, Location where)
    {
        if (field.IsFixedSizeBuffer && field.Type is IPointerTypeSymbol pointer)
        {
            return _builder.AddArray(Of(pointer.PointedAtType, where), field.FixedSize);
        }

        // In the kernel's structs an inline array is an array; inside ours it may be one too.
        int count = field.Type.InlineArrayLength();
        return count > 0 ? _builder.AddArray(Of(field.Type.InstanceFields().First().Type, where), count) : Of(field.Type, where);
    }

    private static string? ContextName(ITypeSymbol type) =>
        type.Vocable("KernelContext") is { ConstructorArguments.Length: 1 } attribute ? attribute.First<string>() : null;

    private static string StructName(ITypeSymbol type) => type is INamedTypeSymbol { Arity: > 0 } named
        ? named.Name + "_" + string.Join("_", named.TypeArguments.Select(a => a.Name))
        : type.Name;

    private static string KernelFieldName(IFieldSymbol field) =>
        field.Vocable("KernelField") is { } attribute ? attribute.First<string>() : Identifier(field.AssociatedSymbol?.Name ?? field.Name);
}
