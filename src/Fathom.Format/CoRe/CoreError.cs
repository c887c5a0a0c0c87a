using Fathom.Format.Objects;

namespace Fathom.Format.CoRe;

/// <summary>Errors of relocations.</summary>
internal static class CoreError
{
    public const string Format = "CO-RE relocation";

    /// <summary>An error whose offset is that of the relocation's instruction, counted as an index.</summary>
    public static BadFormatException Bad(CoreRelocation relocation, string problem) =>
        new(Format, relocation.Instruction, $"{relocation.Kind} of type {relocation.TypeId} with access '{relocation.Access}': {problem}");
}
