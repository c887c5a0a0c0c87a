using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Lowering of memory intrinsics.
/// Turns <see cref="Opcode.Zero"/> and <see cref="Opcode.CopyMemory"/> into the widest loads and stores that the alignment allows. A copy
/// between places that may overlap reads all before it writes: an assignment of a struct gives what was there before.
/// Reads and writes single instructions. Invariant: none of the two is left.
/// </summary>
internal sealed class ExpandMemory : IPass
{
    // More are spilled, each to 8 bytes.
    private const int MostInRegisters = 8;

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
        List<(int At, int Size)> pieces = [.. Pieces(copy.Count, Math.Min(to, from))];
        var (target, targetOffset) = definitions.Address(copy.Operands[0], copy.Immediate);
        var (source, sourceOffset) = definitions.Address(copy.Operands[1], copy.SecondOffset);
        if (target == source || (PointerSpaces.IsObject(target) && PointerSpaces.IsSameObject(target, source)))
        {
            // A known distance: the piece first that is not written before it is read.
            if (targetOffset > sourceOffset)
            {
                pieces.Reverse();
            }

            Move(copy.Operands[1], copy.SecondOffset, copy.Operands[0], copy.Immediate, pieces, emit);
        }
        else if (pieces.Count == 1 || !MayOverlap(function, target, source))
        {
            Move(copy.Operands[1], copy.SecondOffset, copy.Operands[0], copy.Immediate, pieces, emit);
        }
        else if (pieces.Count <= MostInRegisters)
        {
            int[] values = [.. pieces.Select(p => emit.Load(copy.Operands[1], copy.SecondOffset + p.At, IrInstruction.SizeOf(p.Size)))];
            for (int n = 0; n < values.Length; n++)
            {
                emit.Store(copy.Operands[0], copy.Immediate + pieces[n].At, IrInstruction.SizeOf(pieces[n].Size), values[n]);
            }
        }
        else
        {
            function.Slots.Add(new SlotInfo(copy.Count, 8, null, copy.Position));
            int between = emit.Define(new IrInstruction(Opcode.SlotAddress) { Slot = function.Slots.Count - 1 }, IrType.PointerTo(PointerSpace.Stack));
            Move(copy.Operands[1], copy.SecondOffset, between, 0, pieces, emit);
            Move(between, 0, copy.Operands[0], copy.Immediate, pieces, emit);
        }
    }

    private static void Move(int source, long sourceOffset, int target, long targetOffset, List<(int At, int Size)> pieces, Emitter emit)
    {
        foreach (var (at, size) in pieces)
        {
            int value = emit.Load(source, sourceOffset + at, IrInstruction.SizeOf(size));
            emit.Store(target, targetOffset + at, IrInstruction.SizeOf(size), value);
        }
    }

    // Roots that are not the same.
    private static bool MayOverlap(Function function, IrInstruction target, IrInstruction source) =>
        !(PointerSpaces.IsObject(target) && PointerSpaces.IsObject(source))
        && PointerSpaces.MayOverlap(function.TypeOf(target.Result).Space, function.TypeOf(source.Result).Space);

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
