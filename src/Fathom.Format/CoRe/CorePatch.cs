using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Format.CoRe;

/// <summary>Puts a relocation's value into its instruction.</summary>
internal static class CorePatch
{
    /// <summary>The instruction with the target's value, or poisoned.</summary>
    public static Instruction Apply(Instruction instruction, CoreRelocation relocation, ref CoreDecision decision)
    {
        if (decision.IsPoison)
        {
            return Poison(instruction);
        }

        ulong value = decision.Target.Number;
        switch (instruction.Class)
        {
            case InstructionClass.Alu32 or InstructionClass.Alu64:
                if (instruction.UsesSourceRegister)
                {
                    throw CoreError.Bad(relocation, "the instruction has no immediate");
                }

                Validate(relocation, decision.Local, instruction.Immediate, isNarrow: true);
                if (unchecked((ulong)(int)value) != value && value > uint.MaxValue)
                {
                    throw CoreError.Bad(relocation, $"{decision.Explanation}: the value {value} does not fit into 32 bits");
                }

                return instruction with { Immediate = unchecked((int)value) };

            case InstructionClass.LoadX or InstructionClass.Store or InstructionClass.StoreX:
                Validate(relocation, decision.Local, instruction.Offset, isNarrow: false);
                if (value > (ulong)short.MaxValue)
                {
                    throw CoreError.Bad(relocation, $"{decision.Explanation}: the offset {value} does not fit into a load or store");
                }

                if (!decision.CanResize)
                {
                    decision.IsPoison = true;
                    decision.Explanation = CoreDescription.OfSizes(decision);
                    return Poison(instruction);
                }

                Instruction moved = instruction with { Offset = (short)value };
                return decision.Local.FieldSize == decision.Target.FieldSize ? moved : Resize(moved, relocation, decision);

            case InstructionClass.Load when instruction is { IsLoadImmediate64: true, Source: 0, Offset: 0 }:
                Validate(relocation, decision.Local, instruction.Immediate, isNarrow: false);
                return instruction with { Immediate = unchecked((long)value) };

            default:
                throw CoreError.Bad(relocation, $"an instruction with opcode 0x{instruction.Opcode:x2} cannot be relocated");
        }
    }

    // The two slots of a 64-bit immediate load are one instruction here, so it stays one.
    private static Instruction Poison(Instruction instruction) => instruction.IsLoadImmediate64
        ? Instruction.LoadImmediate64(Register.R10, CoreEngine.PoisonHelper)
        : Instruction.Call(CallKind.Helper, CoreEngine.PoisonHelper);

    private static void Validate(CoreRelocation relocation, CoreValue local, long found, bool isNarrow)
    {
        long expected = unchecked((long)local.Number);

        // Compilers differ in whether they sign-extend the value of an unsigned enumerator, and an immediate is always sign-extended.
        bool isEqual = found == expected
            || (isNarrow && unchecked((uint)found) == expected)
            || (relocation.Kind == CoreRelocationKind.EnumValue && expected == unchecked((int)expected) && unchecked((uint)expected) == found);
        if (local.IsCertain && !isEqual)
        {
            throw CoreError.Bad(relocation, $"the instruction holds {found}, but by the object's types it should hold {expected}");
        }
    }

    private static Instruction Resize(Instruction instruction, CoreRelocation relocation, CoreDecision decision)
    {
        if (Bytes(instruction.MemorySize) != decision.Local.FieldSize)
        {
            throw CoreError.Bad(relocation, $"the instruction accesses {Bytes(instruction.MemorySize)} bytes of a field that has {decision.Local.FieldSize}");
        }

        MemorySize size = decision.Target.FieldSize switch
        {
            1 => MemorySize.Byte,
            2 => MemorySize.Half,
            4 => MemorySize.Word,
            8 => MemorySize.Double,
            _ => throw CoreError.Bad(relocation, $"no load or store accesses {decision.Target.FieldSize} bytes"),
        };
        const int SizeBits = 0x18;
        return instruction with { Opcode = (byte)((instruction.Opcode & ~SizeBits) | (int)size) };
    }

    private static int Bytes(MemorySize size) => size switch
    {
        MemorySize.Byte => 1,
        MemorySize.Half => 2,
        MemorySize.Word => 4,
        _ => 8,
    };
}
