using System;
using System.Collections.Immutable;
using Fathom.Format.Instructions;

namespace Fathom.Format.Objects;

/// <summary>One program ready for relocation and loading: an entry function with all subprograms that it reaches behind it.</summary>
/// <param name="Name">The entry function's name.</param>
/// <param name="Section">The entry function's section.</param>
/// <param name="Instructions">All instructions; calls between them are resolved.</param>
/// <param name="References">References that remain: maps, data and kernel symbols.</param>
/// <param name="Lines">Source positions of all instructions.</param>
/// <param name="CoreRelocations">CO-RE relocations of all instructions.</param>
/// <param name="Functions">Where each function starts.</param>
public sealed record LinkedProgram(
    string Name,
    string Section,
    ImmutableArray<Instruction> Instructions,
    ImmutableArray<Reference> References,
    ImmutableArray<LineInfo> Lines,
    ImmutableArray<CoreRelocation> CoreRelocations,
    ImmutableArray<FunctionStart> Functions);

/// <summary>Where a function starts in a linked program.</summary>
/// <param name="Instruction">Index of its first instruction.</param>
/// <param name="TypeId">Its <c>BTF_KIND_FUNC</c> in the object's BTF.</param>
/// <param name="Name">Its name.</param>
public readonly record struct FunctionStart(int Instruction, int TypeId, string Name);

/// <summary>Puts an entry program together with its subprograms.</summary>
public static class Linker
{
    /// <summary>Links one entry program of an object.</summary>
    /// <param name="value">The object.</param>
    /// <param name="entry">The entry function's name.</param>
    /// <exception cref="BadFormatException">A call has no target, or the target is too far away.</exception>
    public static LinkedProgram Link(BpfObject value, string entry) => throw new NotImplementedException();
}
