using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>Which stack slots are accessed at constant offsets only, and by which instructions. Reads SSA; writes nothing.</summary>
internal sealed class SlotAccesses
{
    private readonly Function _function;
    private readonly Definitions _definitions;

    private SlotAccesses(Function function)
    {
        _function = function;
        _definitions = Definitions.Of(function);
        Escapes = new bool[function.Slots.Count];
        foreach (var block in function.Blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                Visit(instruction);
            }
        }
    }

    /// <summary>Slots of which something else than a load, store, zero or copy knows the address.</summary>
    public bool[] Escapes { get; }

    /// <summary>The loads, stores, zeros and copies on slots, in order of the code.</summary>
    public List<IrInstruction> Accesses { get; } = [];

    public static SlotAccesses Of(Function function) => new(function);

    /// <summary>The slot and offset that a pointer is, if it is into a slot.</summary>
    public bool TryPlace(int pointer, long offset, out int slot, out int place)
    {
        var (root, total) = _definitions.Address(pointer, offset);
        slot = root.Slot;
        place = (int)total;
        return root.Op == Opcode.SlotAddress;
    }

    private void Visit(IrInstruction i)
    {
        bool isAccess = false;
        for (int n = 0; n < i.Operands.Length; n++)
        {
            if (!TryPlace(i.Operands[n], 0, out int slot, out _))
            {
                continue;
            }

            bool isPointer = n == 0 || (n == 1 && i.Op == Opcode.CopyMemory);
            switch (i.Op)
            {
                case Opcode.Load or Opcode.Store or Opcode.Zero or Opcode.CopyMemory when isPointer && i.Core is null:
                    isAccess = true;
                    Escapes[slot] |= !IsInside(i, n, slot);
                    break;
                case Opcode.Copy or Opcode.Offset:
                    // The result is looked at where it is used.
                    break;
                default:
                    Escapes[slot] = true;
                    break;
            }
        }

        if (isAccess)
        {
            Accesses.Add(i);
        }
    }

    private bool IsInside(IrInstruction i, int operand, int slot)
    {
        _ = TryPlace(i.Operands[operand], operand == 1 ? i.SecondOffset : i.Immediate, out _, out int place);
        int bytes = i.Op is Opcode.Load or Opcode.Store ? i.Bytes : i.Count;
        return place >= 0 && place + bytes <= _function.Slots[slot].Bytes;
    }
}
