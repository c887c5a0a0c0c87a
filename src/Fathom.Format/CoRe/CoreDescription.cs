using System;
using System.Globalization;
using System.Text;
using Fathom.Format.Btf;

namespace Fathom.Format.CoRe;

/// <summary>Relocations in words.</summary>
internal static class CoreDescription
{
    // Each relocation that fails is described, and what it names may be as long as a hostile object has room for.
    private const int LongestName = 128;
    private const int LongestPath = 256;

    /// <summary>What a relocation is about: <c>struct request.q</c>, <c>enum req_op.REQ_OP_READ</c>.</summary>
    public static string Of(CoreSpec spec)
    {
        var text = new StringBuilder(Root(spec));
        for (int i = 0; i < spec.Steps.Count; i++)
        {
            if (text.Length > LongestPath)
            {
                return text.Append("...").ToString();
            }

            CoreStep step = spec.Steps[i];
            if (step.IsNamed)
            {
                text.Append('.').Append(Name(spec.Btf.GetType(step.TypeId).GetPartName(step.Index)));
            }
            else if (i > 0 || step.Index > 0)
            {
                text.Append('[').Append(step.Index.ToString(CultureInfo.InvariantCulture)).Append(']');
            }
        }

        return text.ToString();
    }

    /// <summary>The same, and why the target does not have it.</summary>
    public static string Of(CoreSpec spec, CoreMismatch mismatch)
    {
        string root = Root(spec);
        string what = Of(spec);
        return mismatch switch
        {
            CoreMismatch.NoType => what == root ? $"{what}: not in the kernel" : $"{what}: the kernel has no {root}",
            CoreMismatch.TypeDiffers => $"{what}: the kernel's {root} is of another form",
            CoreMismatch.MemberDiffers => $"{what}: of another type in the kernel's {root}",
            CoreMismatch.NoElement => $"{what}: no such element in the kernel's {root}",
            _ => $"{what}: not in the kernel's {root}",
        };
    }

    /// <summary>A field that the instruction cannot access as it is in the target.</summary>
    public static string OfSizes(CoreDecision decision) =>
        $"{decision.Explanation}: {decision.Local.FieldSize} bytes in the object, {decision.Target.FieldSize} in the kernel, which only pointers and unsigned integers allow";

    private static string Name(ReadOnlySpan<byte> name) =>
        name.Length <= LongestName ? Utf8Text.Decode(name) : Utf8Text.Decode(name.Slice(0, LongestName)) + "...";

    private static string Root(CoreSpec spec)
    {
        BtfType type = spec.Btf.GetType(spec.RootId);
        string name = Name(CoreNames.Essential(type.NameBytes));
        return type.Kind switch
        {
            BtfKind.Struct => $"struct {name}",
            BtfKind.Union => $"union {name}",
            BtfKind.Enum or BtfKind.Enum64 => $"enum {name}",
            BtfKind.Forward => $"{(type.IsUnion ? "union" : "struct")} {name}",
            _ => name.Length == 0 ? $"type {type.Id}" : name,
        };
    }
}
