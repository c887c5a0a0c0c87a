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
                    Copy(instruction, emit);
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
        int alignment = zero.Alignment;
        var (root, offset) = definitions.Address(zero.Operands[0], zero.Immediate);
        if (root.Op == Opcode.SlotAddress)
        {
            // The frame layout puts slots of 8 bytes and more at multiples of 8 and rounds their size up: a tail is zeroed with its padding.
            var slot = function.Slots[root.Slot];
            if (slot.Bytes >= 8)
            {
                alignment = 8;
                if (offset + count == slot.Bytes)
                {
                    count += -slot.Bytes & 7;
                }
            }

            while (offset % alignment != 0)
            {
                alignment >>= 1;
            }
        }

        if (count == 0)
        {
            return;
        }

        int nothing = emit.Constant(IrType.I64, 0);
        foreach (var (at, size) in Pieces(count, alignment))
        {
            emit.Store(zero.Operands[0], zero.Immediate + at, IrInstruction.SizeOf(size), nothing);
        }
    }

    private static void Copy(IrInstruction copy, Emitter emit)
    {
        foreach (var (at, size) in Pieces(copy.Count, copy.Alignment))
        {
            int value = emit.Load(copy.Operands[1], copy.SecondOffset + at, IrInstruction.SizeOf(size));
            emit.Store(copy.Operands[0], copy.Immediate + at, IrInstruction.SizeOf(size), value);
        }
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
