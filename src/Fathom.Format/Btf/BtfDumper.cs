using System.IO;

namespace Fathom.Format.Btf;

/// <summary>BTF as text, in the form of <c>bpftool btf dump file FILE</c>: a line for each type, and an indented one for each of its parts.</summary>
public static class BtfDumper
{
    /// <summary>Writes all types, without those of a base.</summary>
    /// <param name="btf">The types.</param>
    /// <param name="writer">Where to; lines end with its <see cref="TextWriter.NewLine"/>.</param>
    /// <exception cref="BadFormatException">A data section holds what is no variable.</exception>
    public static void Write(BtfData btf, TextWriter writer)
    {
        for (int id = btf.FirstId; id < btf.TypeCount; id++)
        {
            Write(btf, btf.GetType(id), writer);
        }
    }

    private static void Write(BtfData btf, BtfType type, TextWriter writer)
    {
        writer.WriteLine($"[{type.Id}] {Keyword(type.Kind)} {Quote(type.Name)}{Head(type)}");
        for (int i = 0; type.Kind != BtfKind.Array && i < type.Count; i++)
        {
            writer.WriteLine($"\t{Part(btf, type, i)}");
        }
    }

    private static string Head(BtfType type) => type.Kind switch
    {
        BtfKind.Int => $" size={type.Size} bits_offset={type.IntBitOffset} nr_bits={type.IntBits} encoding={Encoding(type)}",
        BtfKind.Array => $" type_id={type.TargetId} index_type_id={type.IndexTypeId} nr_elems={type.ElementCount}",
        BtfKind.Struct or BtfKind.Union or BtfKind.DataSection => $" size={type.Size} vlen={type.Count}",
        BtfKind.Enum or BtfKind.Enum64 => $" encoding={(type.IsSigned ? "SIGNED" : "UNSIGNED")} size={type.Size} vlen={type.Count}",
        BtfKind.Forward => $" fwd_kind={(type.IsUnion ? "union" : "struct")}",
        BtfKind.Function => $" type_id={type.TargetId} linkage={Linkage(type)}",
        BtfKind.FunctionPrototype => $" ret_type_id={type.TargetId} vlen={type.Count}",
        BtfKind.Variable => $" type_id={type.TargetId}, linkage={Linkage(type)}",
        BtfKind.Float => $" size={type.Size}",
        BtfKind.DeclarationTag => $" type_id={type.TargetId} component_idx={type.ComponentIndex}",
        _ => $" type_id={type.TargetId}",
    };

    private static string Part(BtfData btf, BtfType type, int index)
    {
        switch (type.Kind)
        {
            case BtfKind.Enum:
                BtfEnumerator enumerator = type.GetEnumerator(index);
                return $"{Quote(enumerator.Name)} val={enumerator.Value}";
            case BtfKind.Enum64:
                enumerator = type.GetEnumerator(index);
                return $"{Quote(enumerator.Name)} val={(type.IsSigned ? $"{enumerator.Value}LL" : $"{(ulong)enumerator.Value}ULL")}";
            case BtfKind.FunctionPrototype:
                BtfParameter parameter = type.GetParameter(index);
                return $"{Quote(parameter.Name)} type_id={parameter.TypeId}";
            case BtfKind.DataSection:
                BtfSectionVariable variable = type.GetSectionVariable(index);
                BtfType named = btf.GetType(variable.TypeId);
                return $"type_id={variable.TypeId} offset={variable.Offset} size={variable.Size} ({Keyword(named.Kind)} {Quote(named.Name)})";
            default:
                BtfMember member = type.GetMember(index);
                string bits = member.BitSize > 0 ? $" bitfield_size={member.BitSize}" : "";
                return $"{Quote(member.Name)} type_id={member.TypeId} bits_offset={member.BitOffset}{bits}";
        }
    }

    private static string Quote(string name) => name.Length == 0 ? "'(anon)'" : $"'{name}'";

    private static string Encoding(BtfType type) =>
        type.IsSigned ? type.IsChar || type.IsBool ? "UNKN" : "SIGNED"
        : type.IsChar ? type.IsBool ? "UNKN" : "CHAR"
        : type.IsBool ? "BOOL" : "(none)";

    private static string Linkage(BtfType type) => (type.Kind, type.Linkage) switch
    {
        (_, BtfLinkage.Static) => "static",
        (BtfKind.Function, BtfLinkage.Global) => "global",
        (BtfKind.Function, BtfLinkage.External) => "extern",
        (BtfKind.Variable, BtfLinkage.Global) => "global",
        (BtfKind.Variable, BtfLinkage.External) => "extern",
        _ => "(unknown)",
    };

    private static string Keyword(BtfKind kind) => kind switch
    {
        BtfKind.Pointer => "PTR",
        BtfKind.Forward => "FWD",
        BtfKind.Function => "FUNC",
        BtfKind.FunctionPrototype => "FUNC_PROTO",
        BtfKind.Variable => "VAR",
        BtfKind.DataSection => "DATASEC",
        BtfKind.DeclarationTag => "DECL_TAG",
        BtfKind.TypeTag => "TYPE_TAG",
        _ => kind.ToString().ToUpperInvariant(),
    };
}
