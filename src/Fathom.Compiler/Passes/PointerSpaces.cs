using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>Which pointers may point at the same memory.</summary>
internal static class PointerSpaces
{
    /// <summary>Pointers of different spaces point at different memory; of an unknown one nothing is said.</summary>
    public static bool MayOverlap(PointerSpace left, PointerSpace right) => left == right || IsUnknown(left) || IsUnknown(right);

    /// <summary>Whether a pointer of this space may point into the frame.</summary>
    public static bool MayPointToStack(PointerSpace space) => MayOverlap(space, PointerSpace.Stack);

    /// <summary>Whether the root of an address is a slot or a global: different ones lie apart.</summary>
    public static bool IsObject(IrInstruction root) => root.Op is Opcode.SlotAddress or Opcode.GlobalAddress;

    /// <summary>Whether two roots are one slot or global.</summary>
    public static bool IsSameObject(IrInstruction left, IrInstruction right) => left.Op == right.Op && left.Slot == right.Slot && left.Data == right.Data;

    private static bool IsUnknown(PointerSpace space) => space is PointerSpace.Unknown or PointerSpace.None;
}
