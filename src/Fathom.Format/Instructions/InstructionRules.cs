namespace Fathom.Format.Instructions;

/// <summary>
/// Which instructions are legal (RFC 9669 with version 4 of the instruction set): known opcode, registers, and zero in every field that
/// the instruction does not use. The old packet loads (section 5.5), which Linux still has, are legal; so is the call of a register
/// (<c>callx</c>), which Linux refuses at load.
/// </summary>
internal static class InstructionRules
{
    private const byte MaxRegister = (byte)Register.R10;
    private const string UnknownOpcode = "unknown opcode";
    private const string UnusedDestination = "the destination field is not used by this instruction and must be zero";
    private const string UnusedSource = "the source field is not used by this instruction and must be zero";
    private const string UnusedOffset = "the offset field is not used by this instruction and must be zero";
    private const string UnusedImmediate = "the immediate field is not used by this instruction and must be zero";
    private const string BadDestination = "there is no such destination register";
    private const string BadSource = "there is no such source register";

    /// <summary>What is wrong with an instruction; null if it is legal.</summary>
    internal static string? FindProblem(in Instruction instruction)
    {
        if (!instruction.IsLoadImmediate64 && instruction.Immediate != (int)instruction.Immediate)
        {
            return "the immediate does not fit in 32 bits";
        }

        return instruction.Class switch
        {
            InstructionClass.Load => FindLoadProblem(instruction),
            InstructionClass.LoadX => FindLoadXProblem(instruction),
            InstructionClass.Store => (instruction.Opcode & 0xe0) != 0x60 ? UnknownOpcode : Unused(instruction, source: true),
            InstructionClass.StoreX => FindStoreXProblem(instruction),
            InstructionClass.Alu32 or InstructionClass.Alu64 => FindAluProblem(instruction),
            _ => FindJumpProblem(instruction),
        };
    }

    /// <summary>What is wrong with the fields, of which some are not used; a used register field must name a register.</summary>
    private static string? Unused(in Instruction instruction, bool destination = false, bool source = false, bool offset = false, bool immediate = false)
    {
        byte to = (byte)instruction.Destination;
        byte from = (byte)instruction.Source;
        return destination && to != 0 ? UnusedDestination
            : source && from != 0 ? UnusedSource
            : to > MaxRegister ? BadDestination
            : from > MaxRegister ? BadSource
            : offset && instruction.Offset != 0 ? UnusedOffset
            : immediate && instruction.Immediate != 0 ? UnusedImmediate
            : null;
    }

    private static string? FindLoadProblem(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Instruction.LoadImmediate64Opcode:
                return FindLoadImmediate64Problem(instruction);
            case 0x20 or 0x28 or 0x30:
                return Unused(instruction, destination: true, source: true, offset: true);
            case 0x40 or 0x48 or 0x50:
                return Unused(instruction, destination: true, offset: true);
            default:
                return UnknownOpcode;
        }
    }

    private static string? FindLoadImmediate64Problem(in Instruction instruction)
    {
        switch ((ImmediateKind)instruction.Source)
        {
            case ImmediateKind.Number or ImmediateKind.MapValue or ImmediateKind.KernelVariable or ImmediateKind.MapIndexValue:
                break;
            case ImmediateKind.MapDescriptor or ImmediateKind.Function or ImmediateKind.MapIndex:
                if ((ulong)instruction.Immediate >> 32 != 0)
                {
                    return "the high half of the immediate is not used by this kind of 64-bit immediate and must be zero";
                }

                break;
            default:
                return "unknown kind of 64-bit immediate";
        }

        return (byte)instruction.Destination > MaxRegister ? BadDestination : instruction.Offset != 0 ? UnusedOffset : null;
    }

    private static string? FindLoadXProblem(in Instruction instruction) => (instruction.Opcode & 0xe0, instruction.MemorySize) switch
    {
        (0x60, _) => Unused(instruction, immediate: true),
        (0x80, not MemorySize.Double) => Unused(instruction, immediate: true),
        _ => UnknownOpcode,
    };

    private static string? FindStoreXProblem(in Instruction instruction)
    {
        switch (instruction.Opcode & 0xe0)
        {
            case 0x60:
                return Unused(instruction, immediate: true);
            case 0xc0 when instruction.MemorySize is MemorySize.Word or MemorySize.Double:
                return IsAtomic(instruction.Immediate) ? Unused(instruction) : "unknown atomic operation";
            default:
                return UnknownOpcode;
        }
    }

    private static bool IsAtomic(long immediate) => immediate is 0x00 or 0x01 or 0x40 or 0x41 or 0x50 or 0x51 or 0xa0 or 0xa1 or 0xe1 or 0xf1;

    private static string? FindAluProblem(in Instruction instruction)
    {
        bool register = instruction.UsesSourceRegister;
        switch (instruction.AluOperation)
        {
            case > AluOperation.ByteSwap:
                return UnknownOpcode;
            case AluOperation.ByteSwap:
                return instruction.Class == InstructionClass.Alu64 && register ? UnknownOpcode
                    : instruction.Immediate is not (16 or 32 or 64) ? "the width of a byte swap must be 16, 32 or 64"
                    : Unused(instruction, source: true, offset: true);
            case AluOperation.Negate:
                return register ? UnknownOpcode : Unused(instruction, source: true, offset: true, immediate: true);
            case AluOperation.Divide or AluOperation.Modulo:
                return instruction.Offset is not (0 or 1) ? "the offset of a division must be 0 (unsigned) or 1 (signed)"
                    : Unused(instruction, source: !register, immediate: register);
            case AluOperation.Move when register && instruction.Offset != 0:
                return IsSignExtension(instruction) ? Unused(instruction, immediate: true)
                    : "the offset of a move must be 0, or 8, 16 or 32 (64-bit only) for sign extension";
            default:
                return Unused(instruction, source: !register, offset: true, immediate: register);
        }
    }

    private static bool IsSignExtension(in Instruction instruction) =>
        instruction.Offset is 8 or 16 || (instruction.Offset == 32 && instruction.Class == InstructionClass.Alu64);

    private static string? FindJumpProblem(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case 0x05:
                return Unused(instruction, destination: true, source: true, immediate: true);
            case 0x06:
                return Unused(instruction, destination: true, source: true, offset: true);
            case 0x85:
                return FindCallProblem(instruction);
            case 0x8d:
                return Unused(instruction, source: true, offset: true, immediate: true);
            case 0x95:
                return Unused(instruction, destination: true, source: true, offset: true, immediate: true);
        }

        if (instruction.JumpOperation is JumpOperation.Always or JumpOperation.Call or JumpOperation.Exit or > JumpOperation.LessOrEqualSigned)
        {
            return UnknownOpcode;
        }

        bool register = instruction.UsesSourceRegister;
        return Unused(instruction, source: !register, immediate: register);
    }

    private static string? FindCallProblem(in Instruction instruction) => (CallKind)instruction.Source switch
    {
        CallKind.Helper or CallKind.Subprogram => Unused(instruction, destination: true, offset: true),
        // For a function of a module the offset says which BTF the id counts in:
        // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (find_kfunc_desc_btf).
        CallKind.KernelFunction => Unused(instruction, destination: true),
        _ => "unknown kind of call",
    };
}
