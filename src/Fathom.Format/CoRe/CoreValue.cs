using System;
using Fathom.Format.Btf;
using Fathom.Format.Objects;

namespace Fathom.Format.CoRe;

/// <summary>What a relocation's question comes to in one BTF.</summary>
/// <param name="Number">The answer.</param>
/// <param name="IsCertain">False where the compiler may have reason to have put another number into the instruction.</param>
/// <param name="FieldSize">For the byte offset of a field that is no bit field: the bytes of the field, or of an element of the array that it is; else 0.</param>
/// <param name="FieldKind">Kind of that field, by which its size may be changed.</param>
/// <param name="IsFieldSigned">True if that field is a signed integer.</param>
internal readonly record struct CoreValue(ulong Number, bool IsCertain = true, long FieldSize = 0, BtfKind FieldKind = BtfKind.Void, bool IsFieldSigned = false)
{
    /// <summary>Answers a question about what an access leads to.</summary>
    public static CoreValue Of(CoreRelocation relocation, CoreSpec spec) => relocation.Kind switch
    {
        CoreRelocationKind.FieldExists or CoreRelocationKind.TypeExists or CoreRelocationKind.TypeMatches or CoreRelocationKind.EnumValueExists => new(1),

        // Linkers renumber types without touching instructions.
        CoreRelocationKind.TypeIdTarget => new((ulong)spec.RootId, IsCertain: false),
        CoreRelocationKind.TypeSize => new((ulong)CoreTypes.SizeOf(spec.Btf, spec.RootId)),
        CoreRelocationKind.EnumValue => new(Enumerator(spec)),
        _ => spec.Last.IsNamed ? Member(relocation, spec) : Element(relocation, spec),
    };

    /// <summary>The answer for what the target has not; null if there is none.</summary>
    public static CoreValue? OfNothing(CoreRelocationKind kind) =>
        kind == CoreRelocationKind.FieldExists || kind.IsTypeBased() || kind == CoreRelocationKind.EnumValueExists ? new CoreValue(0) : null;

    // A 32-bit value is sign-extended, as libbpf does: BTF of kernels before 6.0 does not say which enumerations are signed.
    private static ulong Enumerator(CoreSpec spec)
    {
        BtfType type = spec.Btf.GetType(spec.Last.TypeId);
        long value = type.GetEnumeratorValue(spec.Last.Index);
        return (ulong)(type.Kind == BtfKind.Enum ? (int)value : value);
    }

    private static CoreValue Element(CoreRelocation relocation, CoreSpec spec) => relocation.Kind switch
    {
        CoreRelocationKind.FieldByteOffset => Offset(spec, spec.Last.TypeId),
        CoreRelocationKind.FieldByteSize => new((ulong)CoreTypes.SizeOf(spec.Btf, spec.Last.TypeId)),
        _ => throw CoreError.Bad(relocation, "an element of an array can only be asked for its offset, size and existence"),
    };

    private static CoreValue Member(CoreRelocation relocation, CoreSpec spec)
    {
        BtfMemberPlace place = spec.Btf.GetType(spec.Last.TypeId).GetMemberPlace(spec.Last.Index);
        BtfType type = spec.Btf.GetType(spec.Btf.SkipModifiers(place.TypeId));
        if (relocation.Kind == CoreRelocationKind.FieldSigned)
        {
            return new(type.IsSigned ? 1u : 0u);
        }

        bool isBitField = place.BitSize > 0;
        if (!isBitField && relocation.Kind == CoreRelocationKind.FieldByteOffset)
        {
            return Offset(spec, type.Id);
        }

        (long byteOffset, long byteSize) = isBitField
            ? BitFieldUnit(relocation, type, spec.BitOffset, place.BitSize)
            : (spec.BitOffset / 8, CoreTypes.SizeOf(spec.Btf, type.Id));
        long bitSize = isBitField ? place.BitSize : byteSize * 8;

        // A compiler may cut bit fields out of other units, so of those only signedness and width are certain.
        return relocation.Kind switch
        {
            CoreRelocationKind.FieldByteOffset => new((ulong)byteOffset, IsCertain: false),
            CoreRelocationKind.FieldByteSize => new((ulong)byteSize, !isBitField),
            CoreRelocationKind.FieldLeftShift => new((uint)(64 - (spec.BitOffset + bitSize - (byteOffset * 8))), !isBitField),
            CoreRelocationKind.FieldRightShift => new((uint)(64 - bitSize)),
            _ => throw CoreError.Bad(relocation, "this kind is unknown"),
        };
    }

    private static CoreValue Offset(CoreSpec spec, int fieldType)
    {
        BtfType element = CoreTypes.Innermost(spec.Btf, fieldType);
        BtfType field = spec.Btf.GetType(fieldType);
        return new((ulong)(spec.BitOffset / 8), true, CoreTypes.SizeOf(spec.Btf, element.Id), field.Kind, field.IsSigned);
    }

    /// <summary>The smallest aligned unit, from the declared type's size up to 8 bytes, that holds all of a bit field.</summary>
    private static (long ByteOffset, long ByteSize) BitFieldUnit(CoreRelocation relocation, BtfType type, long bitOffset, int bitSize)
    {
        for (long size = Math.Max(type.Size, 1); size <= 8; size *= 2)
        {
            long offset = bitOffset / 8 / size * size;
            if (bitOffset + bitSize <= (offset + size) * 8)
            {
                return (offset, size);
            }
        }

        throw CoreError.Bad(relocation, "no load of up to 8 bytes can read the whole bit field");
    }
}
