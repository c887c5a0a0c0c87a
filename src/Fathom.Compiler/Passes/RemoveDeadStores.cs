using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Removes stores to stack slots that later stores of the same block overwrite before anything can read them: above all the zeros of a
/// struct whose fields are then set. A call reads only slots whose address it is given, unless the address is hidden in memory, a phi or
/// a computed pointer. Reads addresses; removes stores. Invariant: SSA; memory as seen by loads and calls is the same.
/// </summary>
internal sealed class RemoveDeadStores : IPass
{
    private Definitions _definitions = null!;
    private bool[] _isHidden = null!;

    public bool Run(Function function)
    {
        if (function.Slots.Count == 0)
        {
            return false;
        }

        _definitions = Definitions.Of(function);
        FindHidden(function);
        bool changed = false;
        foreach (var block in function.Blocks)
        {
            changed |= Run(block);
        }

        return changed;
    }

    private void FindHidden(Function function)
    {
        _isHidden = new bool[function.Slots.Count];
        foreach (var block in function.Blocks)
        {
            foreach (var i in block.Instructions)
            {
                for (int n = 0; n < i.Operands.Length; n++)
                {
                    if (_definitions.Address(i.Operands[n], 0).Root is not { Op: Opcode.SlotAddress } root)
                    {
                        continue;
                    }

                    bool isPlain = i.Op is Opcode.Copy or Opcode.Offset or Opcode.CallHelper or Opcode.CallFunction
                        || (n == 0 && i.Op is Opcode.Load or Opcode.Store && i.Core is null);
                    _isHidden[root.Slot] |= !isPlain;
                }
            }
        }
    }

    private bool Run(Block block)
    {
        // Bytes of each slot that are stored later in the block, with nothing between that may read them.
        var overwritten = new HashSet<(int Slot, long Byte)>();
        var dead = new HashSet<IrInstruction>();
        for (int n = block.Instructions.Count - 1; n >= 0; n--)
        {
            var i = block.Instructions[n];
            var (slot, place) = i.Op is Opcode.Store or Opcode.Load ? Place(i) : (-1, 0);
            switch (i.Op)
            {
                case Opcode.Store when slot >= 0 && !_isHidden[slot]:
                    if (!Store(overwritten, slot, place, i.Bytes))
                    {
                        dead.Add(i);
                    }

                    break;
                case Opcode.Load when slot >= 0:
                    overwritten.RemoveWhere(b => b.Slot == slot);
                    break;
                case Opcode.CallHelper or Opcode.CallFunction:
                    foreach (int operand in i.Operands)
                    {
                        if (_definitions.Address(operand, 0).Root is { Op: Opcode.SlotAddress } root)
                        {
                            overwritten.RemoveWhere(b => b.Slot == root.Slot);
                        }
                    }

                    break;
            }
        }

        block.Instructions.RemoveAll(dead.Contains);
        return dead.Count > 0;
    }

    // False if all bytes are overwritten already.
    private static bool Store(HashSet<(int Slot, long Byte)> overwritten, int slot, long place, int bytes)
    {
        bool isNew = false;
        for (int n = 0; n < bytes; n++)
        {
            isNew |= overwritten.Add((slot, place + n));
        }

        return isNew;
    }

    private (int Slot, long Place) Place(IrInstruction i)
    {
        var (root, offset) = _definitions.Address(i.Operands[0], i.Immediate);
        return root.Op == Opcode.SlotAddress && i.Core is null ? (root.Slot, offset) : (-1, 0);
    }
}
