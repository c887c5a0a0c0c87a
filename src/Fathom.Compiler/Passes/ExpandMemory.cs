using System;
using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Turns <see cref="Opcode.Zero"/> and <see cref="Opcode.CopyMemory"/> into the widest loads and stores that the alignment allows.
/// Reads and writes single instructions. Invariant: none of the two is left.
/// </summary>
internal sealed class ExpandMemory : IPass
{
    public bool Run(Function function)
    {
        var definitions = Definitions.Of(function);
        bool changed = false;
        foreach (var block in function.Blocks)
        {
            if (!block.Instructions.Exists(i => i.Op is Opcode.Zero or Opcode.CopyMemory))
            {
                continue;
            }

            changed = true;
            var output = new List<IrInstruction>();
            foreach (var instruction in block.Instructions)
            {
                var emit = new Emitter(function, output, instruction);
                if (instruction.Op == Opcode.Zero)
                {
                    Zero(function, definitions, instruction, emit);
                }
                else if (instruction.Op == Opcode.CopyMemory)
                {
                    Copy(function, definitions, instruction, emit);
                }
                else
                {
                    output.Add(instruction);
                }
            }

            block.Instructions.Clear();
            block.Instructions.AddRange(output);
        }

        return changed;
    }

    private static void Zero(Function function, Definitions definitions, IrInstruction zero, Emitter emit)
    {
        int count = zero.Count;
        var (root, offset) = definitions.Address(zero.Operands[0], zero.Immediate);
        if (root.Op == Opcode.SlotAddress && function.Slots[root.Slot] is { Bytes: >= 8 } slot && offset + count == slot.Bytes)
        {
            // The frame layout rounds the size of slots of 8 bytes and more up: a tail is zeroed with its padding.
            count += -slot.Bytes & 7;
        }

        if (count == 0)
        {
            return;
        }

        int nothing = emit.Constant(IrType.I64, 0);
        foreach (var (at, size) in Pieces(count, Alignment(function, definitions, zero.Operands[0], zero.Immediate, zero.Alignment)))
        {
            emit.Store(zero.Operands[0], zero.Immediate + at, IrInstruction.SizeOf(size), nothing);
        }
    }

    private static void Copy(Function function, Definitions definitions, IrInstruction copy, Emitter emit)
    {
        int to = Alignment(function, definitions, copy.Operands[0], copy.Immediate, copy.Alignment);
        int from = Alignment(function, definitions, copy.Operands[1], copy.SecondOffset, copy.Alignment);
        foreach (var (at, size) in Pieces(copy.Count, Math.Min(to, from)))
        {
            int value = emit.Load(copy.Operands[1], copy.SecondOffset + at, IrInstruction.SizeOf(size));
            emit.Store(copy.Operands[0], copy.Immediate + at, IrInstruction.SizeOf(size), value);
        }
    }

    // Slots of 8 bytes and more, values of maps and records of ring buffers start at multiples of 8: what is at a constant distance from
    // there may be better aligned than its type says.
    private static int Alignment(Function function, Definitions definitions, int pointer, long offset, int ofType)
    {
        var (root, place) = definitions.Address(pointer, offset);
        bool isStart = root.Op switch
        {
            Opcode.SlotAddress => function.Slots[root.Slot].Bytes >= 8,
            Opcode.CallHelper => function.TypeOf(root.Result).Space is PointerSpace.MapValue or PointerSpace.RingRecord,
            _ => false,
        };
        int alignment = isStart ? 8 : ofType;
        while (alignment > ofType && place % alignment != 0)
        {
            alignment >>= 1;
        }

        // On the stack the place decides also where the type promises more.
        while (root.Op == Opcode.SlotAddress && place % alignment != 0)
        {
            alignment >>= 1;
        }

        return alignment;
    }

    private static IEnumerable<(int At, int Size)> Pieces(int count, int alignment)
    {
        int size = Math.Min(8, Math.Max(1, alignment));
        for (int at = 0; at < count; at += size)
        {
            while (size > count - at)
            {
                size >>= 1;
            }

            yield return (at, size);
        }
    }
}
