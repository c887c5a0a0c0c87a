using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Scalar replacement of aggregates, and promotion of memory to registers.
/// Turns stack slots whose address does not escape into registers, one for each piece. Reads SSA; writes loads, stores, zeros and copies
/// as assignments. Invariant: no longer SSA for the new registers, so <see cref="BuildSsa"/> must follow.
/// </summary>
internal sealed class PromoteSlots : IPass
{
    private readonly Dictionary<(int Slot, int Place), int> _registers = [];
    private Function _function = null!;
    private SlotPieces _pieces = null!;

    public bool Run(Function function)
    {
        _function = function;
        _pieces = SlotPieces.Of(function);
        if (!_pieces.Any)
        {
            return false;
        }

        bool changed = false;
        FindTypes();
        foreach (var block in function.Blocks)
        {
            var output = new List<IrInstruction>();
            bool rewritten = false;
            foreach (var instruction in block.Instructions)
            {
                if (Rewrite(instruction, new Emitter(function, output, instruction)))
                {
                    rewritten = true;
                }
                else
                {
                    output.Add(instruction);
                }
            }

            if (rewritten)
            {
                block.Instructions.Clear();
                block.Instructions.AddRange(output);
                changed = true;
            }
        }

        return changed;
    }

    // A piece is a pointer if all that is loaded and stored there is of one pointer type; else it is a number of its size.
    private void FindTypes()
    {
        var types = new Dictionary<(int, int), IrType>();
        foreach (var block in _function.Blocks)
        {
            foreach (var i in block.Instructions)
            {
                if (i.Op is Opcode.Load or Opcode.Store && i.Size == MemorySize.Double
                    && _pieces.TryPlace(i.Operands[0], i.Immediate, out int slot, out int place))
                {
                    var type = _function.TypeOf(i.Op == Opcode.Load ? i.Result : i.Operands[1]);
                    types[(slot, place)] = !types.TryGetValue((slot, place), out var old) || old == type ? type : IrType.I64;
                }
            }
        }

        foreach (var entry in types)
        {
            _registers.Add(entry.Key, _function.NewValue(entry.Value));
        }
    }

    private int RegisterOf(int slot, int place, int size)
    {
        if (!_registers.TryGetValue((slot, place), out int register))
        {
            register = _function.NewValue(size == 8 ? IrType.I64 : IrType.I32);
            _registers.Add((slot, place), register);
        }

        return register;
    }

    private bool Rewrite(IrInstruction i, Emitter emit)
    {
        switch (i.Op)
        {
            case Opcode.Load when i.Core is null && _pieces.TryPlace(i.Operands[0], i.Immediate, out int slot, out int place):
                Load(i, RegisterOf(slot, place, i.Bytes), emit);
                return true;
            case Opcode.Store when _pieces.TryPlace(i.Operands[0], i.Immediate, out int slot, out int place):
                Assign(RegisterOf(slot, place, i.Bytes), Fit(i.Operands[1], i.Size, emit), emit);
                return true;
            case Opcode.Zero when _pieces.TryPlace(i.Operands[0], i.Immediate, out int slot, out int place):
                foreach (var piece in _pieces.In(slot, place, i.Count))
                {
                    int register = RegisterOf(slot, piece.Key, piece.Value);
                    Assign(register, emit.Constant(_function.TypeOf(register), 0), emit);
                }

                return true;
            case Opcode.CopyMemory:
                return Copy(i, emit);
            default:
                return false;
        }
    }

    private bool Copy(IrInstruction i, Emitter emit)
    {
        bool isTarget = _pieces.TryPlace(i.Operands[0], i.Immediate, out int target, out int to);
        bool isSource = _pieces.TryPlace(i.Operands[1], i.SecondOffset, out int source, out int from);
        if (!isTarget && !isSource)
        {
            return false;
        }

        int start = isTarget ? to : from;
        var pieces = _pieces.In(isTarget ? target : source, start, i.Count);
        if (isTarget && isSource && target == source && to > from)
        {
            // Overlapping pieces: the one first that is not written before it is read.
            pieces = pieces.Reverse();
        }

        foreach (var piece in pieces)
        {
            int distance = piece.Key - start;
            var size = IrInstruction.SizeOf(piece.Value);
            int value = isSource
                ? RegisterOf(source, from + distance, piece.Value)
                : emit.Load(i.Operands[1], i.SecondOffset + distance, size);
            if (isTarget)
            {
                Assign(RegisterOf(target, to + distance, piece.Value), value, emit);
            }
            else
            {
                emit.Store(i.Operands[0], i.Immediate + distance, size, value);
            }
        }

        return true;
    }

    private void Load(IrInstruction i, int register, Emitter emit)
    {
        bool isWide = _function.TypeOf(i.Result).Bits == 64;
        if (i.Size == MemorySize.Double)
        {
            emit.Define(new IrInstruction(Opcode.Copy) { Operands = [register], Result = i.Result }, IrType.I64);
            return;
        }

        if (i.Flag && i.Size != MemorySize.Word)
        {
            var conversion = i.Size == MemorySize.Byte ? Conversion.SignExtend8 : Conversion.SignExtend16;
            register = emit.Convert(conversion, register, isWide ? -1 : i.Result);
            if (!isWide)
            {
                return;
            }
        }

        if (isWide)
        {
            emit.Convert(i.Flag ? Conversion.SignExtend : Conversion.ZeroExtend, register, i.Result);
        }
        else
        {
            emit.Define(new IrInstruction(Opcode.Copy) { Operands = [register], Result = i.Result }, IrType.I32);
        }
    }

    // Pieces below 8 bytes are kept zero-extended.
    private int Fit(int value, MemorySize size, Emitter emit)
    {
        if (size == MemorySize.Double)
        {
            // The upper half of a 32-bit value is zero.
            return _function.TypeOf(value).Bits == 64 ? value : emit.Convert(Conversion.ZeroExtend, value);
        }

        value = _function.TypeOf(value).Bits == 64 ? emit.Convert(Conversion.Truncate, value) : value;
        return size switch
        {
            MemorySize.Byte => emit.Convert(Conversion.ZeroExtend8, value),
            MemorySize.Half => emit.Convert(Conversion.ZeroExtend16, value),
            _ => value,
        };
    }

    private void Assign(int register, int value, Emitter emit) =>
        emit.Define(new IrInstruction(Opcode.Copy) { Operands = [value], Result = register }, _function.TypeOf(register));
}
