using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>Memory, calls, ends of blocks, and how values get into registers.</summary>
internal sealed partial class Selector
{
    private void SelectMemory(IrInstruction i)
    {
        int baseRegister;
        int slot = -1;
        long offset;
        if (i.Core is { } core)
        {
            baseRegister = Register(i.Operands[0]);
            offset = core.LocalValue;
        }
        else
        {
            (baseRegister, slot, offset) = Address(i.Operands[0], i.Immediate);
        }

        if (offset != (short)offset)
        {
            if (i.Core is not null || slot >= 0)
            {
                _problems.Add(new CompilerProblem(_function.Name, _position, $"The offset {offset} is beyond the 32 KB that one access reaches."));
                offset = 0;
            }
            else
            {
                int far = _machine.NewRegister();
                Add(MachineInstruction.Move(far, baseRegister));
                int distance = _machine.NewRegister();
                Number(distance, IrType.I64, offset);
                Add(MachineInstruction.From(Alu(false, AluOperation.Add, false), far, distance));
                (baseRegister, offset) = (far, 0);
            }
        }

        switch (i.Op)
        {
            case Opcode.Load:
                var load = i.Flag ? Instruction.LoadSigned(i.Size, 0, 0, (short)offset) : Instruction.Load(i.Size, 0, 0, (short)offset);
                AddMemory(MachineInstruction.From(load, Result(i), baseRegister), slot, i);
                break;
            case Opcode.Store:
                SelectStore(i, baseRegister, slot, (short)offset);
                break;
            default:
                SelectAtomic(i, baseRegister, slot, (short)offset);
                break;
        }
    }

    private void AddMemory(MachineInstruction instruction, int slot, IrInstruction origin)
    {
        instruction.Slot = slot;
        instruction.Core = origin.Core;
        Add(instruction);
    }

    private void SelectStore(IrInstruction i, int baseRegister, int slot, short offset)
    {
        // Before Linux 6.3 the verifier refuses the store of an immediate to a context:
        // https://github.com/torvalds/linux/blob/v6.2/kernel/bpf/verifier.c#L13889
        bool mayBeContext = _function.TypeOf(i.Operands[0]).Space is PointerSpace.Context or PointerSpace.Unknown or PointerSpace.Trusted;
        if (!mayBeContext && _definitions.TryConstant(i.Operands[1], out long constant))
        {
            long stored = i.Size switch
            {
                MemorySize.Byte => (sbyte)constant,
                MemorySize.Half => (short)constant,
                MemorySize.Word => (int)constant,
                _ => constant,
            };
            if (stored == (int)stored)
            {
                AddMemory(MachineInstruction.From(Instruction.Store(i.Size, 0, offset, (int)stored), baseRegister), slot, i);
                return;
            }
        }

        int value = Register(i.Operands[1]);
        AddMemory(
            MachineInstruction.From(Instruction.Store(i.Size, 0, offset, Fathom.Format.Instructions.Register.R0), baseRegister, value),
            slot,
            i);
    }

    private void SelectAtomic(IrInstruction i, int baseRegister, int slot, short offset)
    {
        var shape = Instruction.Atomic(i.AtomicOperation, i.Size, 0, offset, 0);
        int source = Register(i.Operands[1]);
        if (i.AtomicOperation == AtomicOperation.CompareExchange)
        {
            Into(0, i.Operands[2]);
            AddMemory(MachineInstruction.From(shape, baseRegister, source), slot, i);
            Add(MachineInstruction.Move(Result(i), 0));
        }
        else if (i.Result >= 0)
        {
            Add(MachineInstruction.Move(Result(i), source));
            AddMemory(MachineInstruction.From(shape, baseRegister, Result(i)), slot, i);
        }
        else
        {
            AddMemory(MachineInstruction.From(shape, baseRegister, source), slot, i);
        }
    }

    private void SelectCall(IrInstruction i)
    {
        // What lies in registers first: the rest is made in place and needs none.
        for (int pass = 0; pass < 2; pass++)
        {
            for (int n = 0; n < i.Operands.Length; n++)
            {
                if (IsMadeInPlace(i.Operands[n]) == (pass == 1))
                {
                    Into(n + 1, i.Operands[n]);
                }
            }
        }

        var call = i.Op == Opcode.CallHelper
            ? MachineInstruction.From(Instruction.Call(CallKind.Helper, (int)i.Immediate))
            : MachineInstruction.From(Instruction.Call(CallKind.Subprogram, -1));
        call.Reference = i.Data;
        call.ArgumentCount = i.Operands.Length;
        Add(call);
        bool truncates = i.Op == Opcode.CallHelper && _function.TypeOf(i.Result).Bits == 32;
        Add(truncates
            ? MachineInstruction.From(Instruction.Alu32(AluOperation.Move, 0, Fathom.Format.Instructions.Register.R0), Result(i), 0)
            : MachineInstruction.Move(Result(i), 0));
    }

    private void SelectTerminator(IrInstruction i)
    {
        _block.Successors.AddRange(i.Targets.Select(t => _blocks[t]));
        if (i.Op == Opcode.Return)
        {
            Into(0, i.Operands[0]);
            Add(MachineInstruction.From(Instruction.Exit()));
            return;
        }

        var other = i.Targets[i.Targets.Length - 1];
        if (i.Op == Opcode.Branch && !SelectBitTest(i, ref other))
        {
            SelectBranch(i);
        }

        var jump = MachineInstruction.From(Instruction.Goto(0));
        jump.Target = _blocks[other];
        Add(jump);
    }

    // "(a & b) != 0" is one jump; its opposite is the same jump the other way round. Where the value lives on, the verifier would know
    // different bits of it after each test, and follow both ways to the end: that is only for what it knows wholly.
    private bool SelectBitTest(IrInstruction i, ref Block other)
    {
        var and = _definitions.Source(i.Operands[0]);
        if (i.Comparison is not (Comparison.Equal or Comparison.NotEqual) || !_definitions.TryConstant(i.Operands[1], out long zero) || zero != 0
            || and.Op != Opcode.Binary || and.Binary != BinaryOperation.And
            || (_uses[and.Operands[0]] > 1 && !IsFrozen(_definitions.Source(and.Operands[0]))))
        {
            return false;
        }

        bool is32 = _function.TypeOf(and.Result).Bits == 32;
        bool isNumber = _definitions.TryConstant(and.Operands[1], out long mask) && FitsImmediate(is32, mask);
        int left = Register(and.Operands[0]);
        int right = isNumber ? -1 : Register(and.Operands[1]);
        var r0 = Fathom.Format.Instructions.Register.R0;
        var branch = MachineInstruction.From(
            isNumber
                ? is32 ? Instruction.Jump32(JumpOperation.AnyBitSet, 0, (int)mask, 0) : Instruction.Jump64(JumpOperation.AnyBitSet, 0, (int)mask, 0)
                : is32 ? Instruction.Jump32(JumpOperation.AnyBitSet, 0, r0, 0) : Instruction.Jump64(JumpOperation.AnyBitSet, 0, r0, 0),
            left,
            right);
        int set = i.Comparison == Comparison.NotEqual ? 0 : 1;
        branch.Target = _blocks[i.Targets[set]];
        other = i.Targets[1 - set];
        Add(branch);
        return true;
    }

    private bool IsFrozen(IrInstruction value) =>
        value.Op == Opcode.Load && _definitions.Address(value.Operands[0], 0).Root is { Op: Opcode.GlobalAddress, Data: Global { Section: DataSection.ReadOnly } };

    private void SelectBranch(IrInstruction i)
    {
        int left = i.Operands[0];
        int right = i.Operands[1];
        var comparison = i.Comparison;
        if (_definitions.TryConstant(left, out _))
        {
            (left, right) = (right, left);
            comparison = Comparisons.Swap(comparison);
        }

        bool is32 = _function.TypeOf(left).Bits == 32;
        var operation = Comparisons.Jump(comparison);
        int register = Register(left);
        MachineInstruction branch;
        if (_definitions.TryConstant(right, out long constant) && FitsImmediate(is32, constant))
        {
            branch = MachineInstruction.From(
                is32 ? Instruction.Jump32(operation, 0, (int)constant, 0) : Instruction.Jump64(operation, 0, (int)constant, 0),
                register);
        }
        else
        {
            var r0 = Fathom.Format.Instructions.Register.R0;
            branch = MachineInstruction.From(
                is32 ? Instruction.Jump32(operation, 0, r0, 0) : Instruction.Jump64(operation, 0, r0, 0),
                register,
                Register(right));
        }

        branch.Target = _blocks[i.Targets[0]];
        Add(branch);
    }

    private (int Register, int Slot, long Offset) Address(int pointer, long offset)
    {
        var (root, total) = _definitions.Address(pointer, offset);
        if (root.Op == Opcode.SlotAddress)
        {
            return (MachineInstruction.FramePointer, root.Slot, total);
        }

        if (root.Op == Opcode.GlobalAddress)
        {
            total -= root.Immediate;
        }

        return total == (short)total && !IsMadeInPlace(root.Result)
            ? (Result(root), -1, total)
            : (Register(pointer), -1, offset);
    }

    private bool IsMadeInPlace(int value) =>
        _definitions.Address(value, 0) is var (root, _)
        && (root.Op == Opcode.SlotAddress
            || _definitions.Source(value).Op is Opcode.Constant or Opcode.MapAddress or Opcode.FunctionAddress);

    /// <summary>A register that holds a value; one that is made in place gets a new one each time.</summary>
    private int Register(int value)
    {
        if (!IsMadeInPlace(value))
        {
            return Result(_definitions.Source(value));
        }

        int register = _machine.NewRegister();
        Into(register, value);
        return register;
    }

    private void Into(int register, int value)
    {
        var (root, offset) = _definitions.Address(value, 0);
        if (root.Op == Opcode.SlotAddress)
        {
            Add(MachineInstruction.FrameAddress(register, root.Slot, offset));
            return;
        }

        var source = _definitions.Source(value);
        switch (source.Op)
        {
            case Opcode.Constant:
                Number(register, _function.TypeOf(source.Result), source.Immediate);
                break;
            case Opcode.MapAddress or Opcode.FunctionAddress:
                var load = MachineInstruction.From(Instruction.LoadImmediate64(0, 0), register);
                load.Reference = source.Data;
                Add(load);
                break;
            default:
                Add(MachineInstruction.Move(register, Result(source)));
                break;
        }
    }

    private void Number(int register, IrType type, long value)
    {
        var move = type.Bits == 32 || value == (uint)value
            ? Instruction.Alu32(AluOperation.Move, 0, (int)value)
            : value == (int)value ? Instruction.Alu64(AluOperation.Move, 0, (int)value) : Instruction.LoadImmediate64(0, value);
        Add(MachineInstruction.From(move, register));
    }

    private int Result(IrInstruction instruction)
    {
        if (_registers[instruction.Result] == 0)
        {
            _registers[instruction.Result] = _machine.NewRegister();
        }

        return _registers[instruction.Result];
    }

    private void Add(MachineInstruction instruction)
    {
        instruction.Position = _position;
        _block.Instructions.Add(instruction);
    }

    private static bool FitsImmediate(bool is32, long value) => is32 || value == (int)value;

    private static Instruction Alu(bool is32, AluOperation operation, bool isSigned) =>
        is32
            ? Instruction.Alu32(operation, 0, Fathom.Format.Instructions.Register.R0, isSigned ? (short)1 : (short)0)
            : Instruction.Alu64(operation, 0, Fathom.Format.Instructions.Register.R0, isSigned ? (short)1 : (short)0);

    private static Instruction Alu(bool is32, AluOperation operation, int immediate, bool isSigned) =>
        is32
            ? Instruction.Alu32(operation, 0, immediate, isSigned ? (short)1 : (short)0)
            : Instruction.Alu64(operation, 0, immediate, isSigned ? (short)1 : (short)0);

    private static (AluOperation Operation, bool IsSigned) Operation(BinaryOperation operation) => operation switch
    {
        BinaryOperation.Add => (AluOperation.Add, false),
        BinaryOperation.Subtract => (AluOperation.Subtract, false),
        BinaryOperation.Multiply => (AluOperation.Multiply, false),
        BinaryOperation.DivideUnsigned => (AluOperation.Divide, false),
        BinaryOperation.DivideSigned => (AluOperation.Divide, true),
        BinaryOperation.ModuloUnsigned => (AluOperation.Modulo, false),
        BinaryOperation.ModuloSigned => (AluOperation.Modulo, true),
        BinaryOperation.And => (AluOperation.And, false),
        BinaryOperation.Or => (AluOperation.Or, false),
        BinaryOperation.Xor => (AluOperation.Xor, false),
        BinaryOperation.ShiftLeft => (AluOperation.ShiftLeft, false),
        BinaryOperation.ShiftRight => (AluOperation.ShiftRight, false),
        _ => (AluOperation.ShiftRightArithmetic, false),
    };
}
