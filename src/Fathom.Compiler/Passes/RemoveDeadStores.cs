using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Removes stores to stack slots that nothing reads before they are overwritten or the function ends: above all the zeros of a struct
/// whose fields are then set. A call reads only slots whose address it is given, unless the address is hidden in memory, a phi or a
/// computed pointer. Reads addresses; removes stores. Invariant: SSA; memory as seen by loads and calls is the same.
/// </summary>
internal sealed class RemoveDeadStores : IPass
{
    // Helpers that fill the memory at their first argument, of the size that is the second, whatever happens: names and reads.
    private static readonly HashSet<long> s_filling = [4, 16, 112, 113];

    private Definitions _definitions = null!;
    private bool[] _isHidden = null!;
    private int[] _starts = null!;
    private int _bytes;

    /// <summary>Whether a helper fills the memory at its first argument.</summary>
    public static bool Fills(long helper) => s_filling.Contains(helper);

    public bool Run(Function function)
    {
        if (function.Slots.Count == 0)
        {
            return false;
        }

        _definitions = Definitions.Of(function);
        FindHidden(function);
        NumberBytes(function);
        var order = ControlFlow.Of(function).Order;
        var atStart = new Dictionary<Block, BitSet>();
        foreach (var block in order)
        {
            atStart.Add(block, new BitSet(_bytes));
        }

        var live = new BitSet(_bytes);
        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int n = order.Count - 1; n >= 0; n--)
            {
                AtEnd(order[n], atStart, live);
                Walk(function, order[n], live, null);
                changed |= atStart[order[n]].UnionWith(live);
            }
        }

        var dead = new HashSet<IrInstruction>();
        foreach (var block in order)
        {
            AtEnd(block, atStart, live);
            Walk(function, block, live, dead);
            block.Instructions.RemoveAll(dead.Contains);
        }

        return dead.Count > 0;
    }

    private static void AtEnd(Block block, Dictionary<Block, BitSet> atStart, BitSet live)
    {
        live.Clear();
        foreach (var successor in block.Successors)
        {
            live.UnionWith(atStart[successor]);
        }
    }

    // Each byte of the slots has a number.
    private void NumberBytes(Function function)
    {
        _bytes = 0;
        _starts = new int[function.Slots.Count];
        for (int slot = 0; slot < _starts.Length; slot++)
        {
            _starts[slot] = _bytes;
            // The zeros of a slot may go on into what the frame layout rounds it up to.
            _bytes += (function.Slots[slot].Bytes + 7) / 8 * 8;
        }
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

    private void Walk(Function function, Block block, BitSet live, HashSet<IrInstruction>? dead)
    {
        for (int n = block.Instructions.Count - 1; n >= 0; n--)
        {
            var i = block.Instructions[n];
            switch (i.Op)
            {
                case Opcode.Store or Opcode.Load when Place(i) is var (slot, place) && slot >= 0 && !_isHidden[slot]:
                    int end = SizeOf(function, slot);
                    // What reaches beyond its slot is the verifier's to refuse.
                    bool isInside = place >= 0 && place + i.Bytes <= end;
                    if (i.Op == Opcode.Load)
                    {
                        for (int b = 0; b < i.Bytes && isInside; b++)
                        {
                            live.Add(_starts[slot] + (int)place + b);
                        }
                    }
                    else if (isInside && !IsAnyLive(live, _starts[slot] + (int)place, i.Bytes))
                    {
                        dead?.Add(i);
                    }
                    else if (isInside)
                    {
                        for (int b = 0; b < i.Bytes; b++)
                        {
                            live.Remove(_starts[slot] + (int)place + b);
                        }
                    }

                    break;
                case Opcode.CallHelper or Opcode.CallFunction:
                    int first = Fill(function, i, live) ? 1 : 0;
                    for (int o = first; o < i.Operands.Length; o++)
                    {
                        if (_definitions.Address(i.Operands[o], 0).Root is { Op: Opcode.SlotAddress } root)
                        {
                            MarkAll(function, root.Slot, live);
                        }
                    }

                    break;
            }
        }
    }

    // True if the call fills a part of a slot: what was there before, nobody reads.
    private bool Fill(Function function, IrInstruction call, BitSet live)
    {
        if (call.Op != Opcode.CallHelper || !s_filling.Contains(call.Immediate) || !_definitions.TryConstant(call.Operands[1], out long bytes))
        {
            return false;
        }

        var (root, place) = _definitions.Address(call.Operands[0], 0);
        if (root.Op != Opcode.SlotAddress || _isHidden[root.Slot] || place < 0 || bytes < 0 || place + bytes > SizeOf(function, root.Slot))
        {
            return false;
        }

        for (long b = place; b < place + bytes; b++)
        {
            live.Remove(_starts[root.Slot] + (int)b);
        }

        return true;
    }

    private static int SizeOf(Function function, int slot) => (function.Slots[slot].Bytes + 7) / 8 * 8;

    private void MarkAll(Function function, int slot, BitSet live)
    {
        for (int b = SizeOf(function, slot) - 1; b >= 0; b--)
        {
            live.Add(_starts[slot] + b);
        }
    }

    private static bool IsAnyLive(BitSet live, int from, int bytes)
    {
        int next = live.Next(from);
        return next >= 0 && next < from + bytes;
    }

    private (int Slot, long Place) Place(IrInstruction i)
    {
        var (root, offset) = _definitions.Address(i.Operands[0], i.Immediate);
        return root.Op == Opcode.SlotAddress && i.Core is null ? (root.Slot, offset) : (-1, 0);
    }
}
