using System;
using System.Collections.Immutable;
using Fathom.Format.Instructions;

namespace Fathom.Interpreter;

/// <summary>
/// Decodes instructions into <see cref="Op"/>s. Reads legal instructions; afterwards every register and every target of a jump or call is in
/// bounds, nothing writes the frame pointer, and the last op stops what runs over the end.
/// </summary>
internal sealed class Predecoder
{
    private readonly ImmutableArray<Instruction> _instructions;
    private readonly int[] _slotOfInstruction;
    private readonly int[] _instructionOfSlot;

    internal Predecoder(ImmutableArray<Instruction> instructions)
    {
        _instructions = instructions;
        _slotOfInstruction = new int[instructions.Length];
        int slots = 0;
        for (int i = 0; i < instructions.Length; i++)
        {
            _slotOfInstruction[i] = slots;
            slots += instructions[i].SlotCount;
        }

        _instructionOfSlot = new int[slots];
        for (int i = 0, slot = 0; i < instructions.Length; i++)
        {
            _instructionOfSlot[slot++] = i;
            if (instructions[i].SlotCount == 2)
            {
                _instructionOfSlot[slot++] = -1;
            }
        }
    }

    internal Op[] Decode()
    {
        Op[] ops = new Op[_instructions.Length + 1];
        for (int i = 0; i < _instructions.Length; i++)
        {
            ops[i] = Decode(i, _instructions[i]);
        }

        ops[_instructions.Length] = new Op(OpCode.End, 0, 0, 0, 0);
        return ops;
    }

    private Op Decode(int index, in Instruction instruction)
    {
        (OpCode code, int offset, long immediate) = instruction.Class switch
        {
            InstructionClass.Load => DecodeLoad(index, instruction),
            InstructionClass.LoadX => DecodeLoadX(instruction),
            InstructionClass.Store => (Sized(OpCode.Store8Immediate, instruction.MemorySize, 2), instruction.Offset, instruction.Immediate),
            InstructionClass.StoreX => (instruction.Opcode & 0xe0) == 0xc0
                ? (instruction.MemorySize == MemorySize.Word ? OpCode.Atomic32 : OpCode.Atomic64, instruction.Offset, instruction.Immediate)
                : (Sized(OpCode.Store8Register, instruction.MemorySize, 2), instruction.Offset, 0L),
            InstructionClass.Alu32 or InstructionClass.Alu64 => (DecodeAlu(instruction), 0, instruction.Immediate),
            _ => DecodeJump(index, instruction),
        };
        if (WritesFramePointer(instruction, code))
        {
            throw Bad(index, "writes the frame pointer");
        }

        return new Op(code, (byte)instruction.Destination, (byte)instruction.Source, offset, immediate);
    }

    private static bool WritesFramePointer(in Instruction instruction, OpCode code) =>
        code is OpCode.Atomic32 or OpCode.Atomic64
            ? instruction.Source == Register.R10 && (instruction.Immediate & 1) != 0 && instruction.Immediate != (long)AtomicOperation.CompareExchange
            : instruction.Destination == Register.R10 && (instruction.IsAlu || instruction.Class is InstructionClass.Load or InstructionClass.LoadX);

    private (OpCode Code, int Offset, long Immediate) DecodeLoad(int index, in Instruction instruction)
    {
        if (!instruction.IsLoadImmediate64)
        {
            throw Bad(index, "is a load of the old packet filter (RFC 9669, section 5.5), which the interpreter does not have");
        }

        switch ((ImmediateKind)instruction.Source)
        {
            case ImmediateKind.Number:
                return (OpCode.Move64Immediate, 0, instruction.Immediate);
            case ImmediateKind.MapDescriptor:
                return (OpCode.LoadMap, 0, instruction.Immediate);
            case ImmediateKind.MapValue:
                return (OpCode.LoadMapValue, 0, instruction.Immediate);
            case ImmediateKind.KernelVariable or ImmediateKind.MapIndex or ImmediateKind.MapIndexValue:
                throw Bad(index, "names a kernel variable by its BTF id or a map by its place in an array of descriptors: resolve it to a number or a descriptor");
            default:
                int target = Target(index, (int)instruction.Immediate, "address of a function");
                return (OpCode.Move64Immediate, 0, (long)Machine.CodeStart + target);
        }
    }

    private static (OpCode Code, int Offset, long Immediate) DecodeLoadX(in Instruction instruction) =>
        ((instruction.Opcode & 0xe0) == 0x80 ? Sized(OpCode.LoadSigned8, instruction.MemorySize, 1) : Sized(OpCode.Load8, instruction.MemorySize, 1), instruction.Offset, 0);

    private (OpCode Code, int Offset, long Immediate) DecodeJump(int index, in Instruction instruction)
    {
        bool narrow = instruction.Class == InstructionClass.Jump32;
        switch (instruction.Opcode)
        {
            case 0x05:
                return (OpCode.Jump, Target(index, instruction.Offset, "jump"), 0);
            case 0x06:
                return (OpCode.Jump, Target(index, (int)instruction.Immediate, "jump"), 0);
            case 0x85:
                return (CallKind)instruction.Source switch
                {
                    CallKind.Helper => (OpCode.CallHelper, 0, instruction.Immediate),
                    CallKind.Subprogram => (OpCode.CallProgram, Target(index, (int)instruction.Immediate, "call"), 0),
                    _ => throw Bad(index, "calls a function of the kernel, of which the interpreter has none"),
                };
            case 0x8d:
                return (OpCode.CallRegister, 0, 0);
            case 0x95:
                return (OpCode.Exit, 0, 0);
        }

        OpCode code = instruction.JumpOperation switch
        {
            JumpOperation.Equal => OpCode.JumpIfEqual64Register,
            JumpOperation.NotEqual => OpCode.JumpIfNotEqual64Register,
            JumpOperation.GreaterUnsigned => OpCode.JumpIfGreaterUnsigned64Register,
            JumpOperation.GreaterOrEqualUnsigned => OpCode.JumpIfGreaterOrEqualUnsigned64Register,
            JumpOperation.LessUnsigned => OpCode.JumpIfLessUnsigned64Register,
            JumpOperation.LessOrEqualUnsigned => OpCode.JumpIfLessOrEqualUnsigned64Register,
            JumpOperation.GreaterSigned => OpCode.JumpIfGreaterSigned64Register,
            JumpOperation.GreaterOrEqualSigned => OpCode.JumpIfGreaterOrEqualSigned64Register,
            JumpOperation.LessSigned => OpCode.JumpIfLessSigned64Register,
            JumpOperation.LessOrEqualSigned => OpCode.JumpIfLessOrEqualSigned64Register,
            _ => OpCode.JumpIfAnyBitSet64Register,
        };
        return (Form(code, narrow, instruction.UsesSourceRegister), Target(index, instruction.Offset, "jump"), instruction.Immediate);
    }

    private static OpCode DecodeAlu(in Instruction instruction)
    {
        bool narrow = instruction.Class == InstructionClass.Alu32;
        bool signed = instruction.Offset == 1;
        switch (instruction.AluOperation)
        {
            case AluOperation.Negate:
                return narrow ? OpCode.Negate32 : OpCode.Negate64;
            case AluOperation.ByteSwap:
                // The machine is little-endian: "to little" only cuts off.
                bool swaps = !narrow || instruction.UsesSourceRegister;
                return instruction.Immediate switch
                {
                    16 => swaps ? OpCode.Swap16 : OpCode.Truncate16,
                    32 => swaps ? OpCode.Swap32 : OpCode.Truncate32,
                    _ => swaps ? OpCode.Swap64 : OpCode.Nothing,
                };
            case AluOperation.Move when instruction.UsesSourceRegister && instruction.Offset != 0:
                return instruction.Offset switch
                {
                    8 => narrow ? OpCode.MoveSigned8To32 : OpCode.MoveSigned8To64,
                    16 => narrow ? OpCode.MoveSigned16To32 : OpCode.MoveSigned16To64,
                    _ => OpCode.MoveSigned32To64,
                };
        }

        OpCode code = instruction.AluOperation switch
        {
            AluOperation.Add => OpCode.Add64Register,
            AluOperation.Subtract => OpCode.Subtract64Register,
            AluOperation.Multiply => OpCode.Multiply64Register,
            AluOperation.Divide => signed ? OpCode.DivideSigned64Register : OpCode.Divide64Register,
            AluOperation.Modulo => signed ? OpCode.ModuloSigned64Register : OpCode.Modulo64Register,
            AluOperation.Or => OpCode.Or64Register,
            AluOperation.And => OpCode.And64Register,
            AluOperation.Xor => OpCode.Xor64Register,
            AluOperation.ShiftLeft => OpCode.ShiftLeft64Register,
            AluOperation.ShiftRight => OpCode.ShiftRight64Register,
            AluOperation.ShiftRightArithmetic => OpCode.ShiftRightArithmetic64Register,
            _ => OpCode.Move64Register,
        };
        return Form(code, narrow, instruction.UsesSourceRegister);
    }

    /// <summary>The four forms of an operation follow each other: 64 bits with register and immediate, then 32 bits.</summary>
    private static OpCode Form(OpCode code, bool narrow, bool register) => (OpCode)((int)code + (narrow ? 2 : 0) + (register ? 0 : 1));

    /// <summary>The widths of an access follow each other.</summary>
    private static OpCode Sized(OpCode first, MemorySize size, int distance) => (OpCode)((int)first + (distance * size switch
    {
        MemorySize.Byte => 0,
        MemorySize.Half => 1,
        MemorySize.Word => 2,
        _ => 3,
    }));

    private int Target(int index, int distance, string what)
    {
        long slot = (long)_slotOfInstruction[index] + 1 + distance;
        return slot >= 0 && slot < _instructionOfSlot.Length && _instructionOfSlot[(int)slot] is >= 0 and int target
            ? target
            : throw Bad(index, $"has a {what} to slot {slot}, where no instruction starts");
    }

    private ArgumentException Bad(int index, string problem) =>
        new($"Instruction {index} ({Disassembler.Format(_instructions[index])}) {problem}.");
}
