using Fathom.Format.Objects;

namespace Fathom.Format.CoRe;

/// <summary>The three groups of relocations: about a field, about a whole type, about an enumerator.</summary>
internal static class CoreKinds
{
    public static bool IsFieldBased(this CoreRelocationKind kind) => kind is >= CoreRelocationKind.FieldByteOffset and <= CoreRelocationKind.FieldRightShift;

    public static bool IsTypeBased(this CoreRelocationKind kind) =>
        kind is >= CoreRelocationKind.TypeIdLocal and <= CoreRelocationKind.TypeSize or CoreRelocationKind.TypeMatches;

    public static bool IsEnumBased(this CoreRelocationKind kind) => kind is CoreRelocationKind.EnumValueExists or CoreRelocationKind.EnumValue;
}
