using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>
/// From SSA to BPF instructions on virtual registers, leaving SSA on the way. Constants and addresses of slots, maps and functions are
/// made where they are used and never held in a register; offsets and constants are folded into the instructions that can take them.
/// Reads the function; writes a new <see cref="MachineFunction"/>.
/// </summary>
internal sealed partial class Selector
{
    private readonly Function _function;
    private readonly int _instructionSet;
    private readonly List<CompilerProblem> _problems;
    private readonly Definitions _definitions;
    private readonly MachineFunction _machine;
    private readonly int[] _registers;
    private readonly int[] _uses;
    private readonly Dictionary<IrInstruction, int> _phiSources = [];
    private readonly Dictionary<Block, MachineBlock> _blocks = [];
    private MachineBlock _block = null!;
    private SourcePosition? _position;

    private Selector(Function function, int instructionSet, List<CompilerProblem> problems)
    {
        _function = function;
        _instructionSet = instructionSet;
        _problems = problems;
        _definitions = Definitions.Of(function);
        _machine = new MachineFunction(function);
        _registers = new int[function.ValueCount];
        _uses = new int[function.ValueCount];
        foreach (int operand in function.Blocks.SelectMany(b => b.Instructions).SelectMany(i => i.Operands))
        {
            _uses[operand]++;
        }

        foreach (var slot in function.Slots)
        {
            _machine.Slots.Add(new FrameSlot(slot.Bytes, slot.Alignment, slot.Position));
        }
    }

    public static MachineFunction Select(Function function, int instructionSet, List<CompilerProblem> problems)
    {
        var selector = new Selector(function, instructionSet, problems);
        selector.Run();
        return selector._machine;
    }

    private void Run()
    {
        var flow = ControlFlow.Of(_function);
        int[] depths = flow.LoopDepths();
        foreach (var block in _function.Blocks)
        {
            var made = new MachineBlock(_machine.Blocks.Count, depths[block.Id]);
            _machine.Blocks.Add(made);
            _blocks.Add(block, made);
            for (int p = 0; p < block.PhiCount; p++)
            {
                _phiSources.Add(block.Instructions[p], _machine.NewRegister());
            }
        }

        foreach (var block in _function.Blocks)
        {
            _block = _blocks[block];
            foreach (var instruction in block.Instructions)
            {
                _position = instruction.Position;
                if (instruction.IsTerminator)
                {
                    PhiCopies(block);
                }

                Select(instruction);
            }
        }
    }

    // Each phi has a register of its own that all predecessors set and its block reads first, so neither the order of the copies nor
    // critical edges matter; coalescing removes the copies. (Sreedhar et al., "Translating Out of Static Single Assignment Form", method I.)
    private void PhiCopies(Block block)
    {
        foreach (var successor in block.Successors)
        {
            int phis = successor.PhiCount;
            for (int p = 0; p < phis; p++)
            {
                var phi = successor.Instructions[p];
                Into(_phiSources[phi], phi.Operands[Array.IndexOf(phi.Targets, block)]);
            }
        }
    }

    private void Select(IrInstruction i)
    {
        switch (i.Op)
        {
            case Opcode.Parameter:
                Add(MachineInstruction.Move(Result(i), 1 + (int)i.Immediate));
                break;
            case Opcode.Constant or Opcode.SlotAddress or Opcode.MapAddress or Opcode.FunctionAddress:
                break;
            case Opcode.Copy:
                Into(Result(i), i.Operands[0]);
                break;
            case Opcode.Phi:
                Add(MachineInstruction.Move(Result(i), _phiSources[i]));
                break;
            case Opcode.Binary:
                SelectBinary(i);
                break;
            case Opcode.Convert:
                SelectConvert(i);
                break;
            case Opcode.ByteSwap:
                Into(Result(i), i.Operands[0]);
                Add(MachineInstruction.From(Instruction.ToBigEndian(0, (int)i.Immediate), Result(i)));
                break;
            case Opcode.GlobalAddress:
                var address = MachineInstruction.From(Instruction.LoadImmediate64(0, 0), Result(i));
                address.Reference = i.Data;
                address.Immediate = i.Immediate;
                Add(address);
                break;
            case Opcode.Offset:
                SelectOffset(i);
                break;
            case Opcode.OffsetBy:
                SelectOffsetBy(i);
                break;
            case Opcode.CoreOffset:
                Into(Result(i), i.Operands[0]);
                AddCore(MachineInstruction.From(Instruction.Alu64(AluOperation.Add, 0, LocalValue(i.Core!)), Result(i)), i.Core!);
                break;
            case Opcode.CoreValue:
                SelectCoreValue(i);
                break;
            case Opcode.Load or Opcode.Store or Opcode.Atomic:
                SelectMemory(i);
                break;
            case Opcode.CallHelper or Opcode.CallFunction:
                SelectCall(i);
                break;
            case Opcode.Jump or Opcode.Branch or Opcode.Return:
                SelectTerminator(i);
                break;
            default:
                throw new InvalidOperationException($"{i.Op} is not selected: a pass should have replaced it.");
        }
    }

    private void SelectBinary(IrInstruction i)
    {
        int left = i.Operands[0];
        int right = i.Operands[1];
        bool is32 = _function.TypeOf(left).Bits == 32;
        bool isCommutative = i.Binary is BinaryOperation.Add or BinaryOperation.Multiply or BinaryOperation.And or BinaryOperation.Or
            or BinaryOperation.Xor;
        if (isCommutative && _definitions.TryConstant(left, out _))
        {
            (left, right) = (right, left);
        }

        var (operation, isSigned) = Operation(i.Binary);
        int result = Result(i);
        if (_definitions.TryConstant(right, out long constant))
        {
            if (operation is AluOperation.ShiftLeft or AluOperation.ShiftRight or AluOperation.ShiftRightArithmetic)
            {
                constant &= is32 ? 31 : 63;
            }
            else if (operation == AluOperation.Subtract && constant != long.MinValue && FitsImmediate(is32, -constant))
            {
                (operation, constant) = (AluOperation.Add, is32 ? (uint)-constant : -constant);
            }
            else if (constant == 0 && operation is AluOperation.Divide or AluOperation.Modulo)
            {
                // The verifier refuses the immediate 0.
                Into(result, operation == AluOperation.Divide ? right : left);
                return;
            }

            if (FitsImmediate(is32, constant))
            {
                Into(result, left);
                Add(MachineInstruction.From(Alu(is32, operation, (int)constant, isSigned), result));
                return;
            }
        }

        int source = Register(right);
        Into(result, left);
        Add(MachineInstruction.From(Alu(is32, operation, isSigned), result, source));
    }

    private void SelectConvert(IrInstruction i)
    {
        int result = Result(i);
        switch (i.Conversion)
        {
            case Conversion.Truncate when i.Flag:
                Into(result, i.Operands[0]);
                break;
            case Conversion.Truncate:
                // Not a move: it clears the upper half even where source and target share a register.
                Add(MachineInstruction.From(Instruction.Alu32(AluOperation.Move, 0, Fathom.Format.Instructions.Register.R0), result, Register(i.Operands[0])));
                break;
            case Conversion.ZeroExtend:
                Into(result, i.Operands[0]);
                break;
            case Conversion.ZeroExtend8 or Conversion.ZeroExtend16:
                Into(result, i.Operands[0]);
                int mask = i.Conversion == Conversion.ZeroExtend8 ? 0xff : 0xffff;
                Add(MachineInstruction.From(Instruction.Alu32(AluOperation.And, 0, mask), result));
                break;
            default:
                SignExtend(i, result);
                break;
        }
    }

    private void SignExtend(IrInstruction i, int result)
    {
        bool isWide = i.Conversion == Conversion.SignExtend;
        int bits = i.Conversion == Conversion.SignExtend8 ? 8 : i.Conversion == Conversion.SignExtend16 ? 16 : 32;
        if (_instructionSet >= 4)
        {
            var move = isWide
                ? Instruction.Alu64(AluOperation.Move, 0, Fathom.Format.Instructions.Register.R0, (short)bits)
                : Instruction.Alu32(AluOperation.Move, 0, Fathom.Format.Instructions.Register.R0, (short)bits);
            Add(MachineInstruction.From(move, result, Register(i.Operands[0])));
            return;
        }

        int shift = (isWide ? 64 : 32) - bits;
        Into(result, i.Operands[0]);
        Add(MachineInstruction.From(Alu(!isWide, AluOperation.ShiftLeft, shift, false), result));
        Add(MachineInstruction.From(Alu(!isWide, AluOperation.ShiftRightArithmetic, shift, false), result));
    }

    private void SelectOffset(IrInstruction i)
    {
        if (_definitions.Address(i.Result, 0).Root.Op == Opcode.SlotAddress)
        {
            return;
        }

        AddConstant(i, i.Operands[0], i.Immediate);
    }

    private void SelectOffsetBy(IrInstruction i)
    {
        if (_definitions.TryConstant(i.Operands[1], out long constant))
        {
            AddConstant(i, i.Operands[0], constant);
            return;
        }

        int source = Register(i.Operands[1]);
        Into(Result(i), i.Operands[0]);
        Add(MachineInstruction.From(Alu(false, AluOperation.Add, false), Result(i), source));
    }

    private void AddConstant(IrInstruction i, int pointer, long constant)
    {
        if (FitsImmediate(false, constant))
        {
            Into(Result(i), pointer);
            Add(MachineInstruction.From(Instruction.Alu64(AluOperation.Add, 0, (int)constant), Result(i)));
            return;
        }

        int source = _machine.NewRegister();
        Number(source, IrType.I64, constant);
        Into(Result(i), pointer);
        Add(MachineInstruction.From(Alu(false, AluOperation.Add, false), Result(i), source));
    }

    private void SelectCoreValue(IrInstruction i)
    {
        var core = i.Core!;
        bool is64 = _function.TypeOf(i.Result).Bits == 64;
        bool isEnumerator = core.Kind == Format.Objects.CoreRelocationKind.EnumValue;
        var move = is64 && (isEnumerator || core.LocalValue != (int)core.LocalValue)
            ? Instruction.LoadImmediate64(0, core.LocalValue)
            : is64 ? Instruction.Alu64(AluOperation.Move, 0, (int)core.LocalValue) : Instruction.Alu32(AluOperation.Move, 0, (int)core.LocalValue);
        AddCore(MachineInstruction.From(move, Result(i)), core);
    }

    private void AddCore(MachineInstruction instruction, CoreAccess core)
    {
        instruction.Core = core;
        Add(instruction);
    }

    private int LocalValue(CoreAccess core)
    {
        if (core.LocalValue != (int)core.LocalValue)
        {
            _problems.Add(new CompilerProblem(_function.Name, _position, "The offset of the field is beyond 2 GB."));
        }

        return (int)core.LocalValue;
    }
}
