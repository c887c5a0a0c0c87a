using System;
using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Which bytes of the stack slots may be read before they are written again, at each instruction. A call reads only slots whose address it is
/// given, unless the address is hidden in memory, a phi or a computed pointer: nothing is known of such a slot.
/// </summary>
internal sealed class SlotLiveness
{
    // Helpers that fill the memory at their first argument, of the size that is the second, whatever happens: reads. Not bpf_get_current_comm:
    // from Linux 5.18 to 6.3 it leaves what is behind the name as it was.
    // https://github.com/torvalds/linux/blob/v6.1/kernel/bpf/helpers.c (bpf_get_current_comm)
    private static readonly HashSet<long> s_filling = [4, 112, 113];

    private readonly Function _function;
    private readonly Definitions _definitions;
    private readonly bool[] _isHidden;
    private readonly int[] _starts;
    private readonly int _bytes;
    private readonly Dictionary<Block, BitSet> _atStart = [];

    private SlotLiveness(Function function)
    {
        _function = function;
        _definitions = Definitions.Of(function);
        _isHidden = new bool[function.Slots.Count];
        _starts = new int[function.Slots.Count];
        for (int slot = 0; slot < _starts.Length; slot++)
        {
            _starts[slot] = _bytes;
            _bytes += SizeOf(slot);
        }
    }

    /// <summary>The function's blocks in reverse postorder.</summary>
    public IReadOnlyList<Block> Order { get; private set; } = [];

    public static SlotLiveness Of(Function function)
    {
        var liveness = new SlotLiveness(function);
        liveness.FindHidden();
        liveness.Solve();
        return liveness;
    }

    /// <summary>Whether a helper fills the memory at its first argument.</summary>
    public static bool Fills(long helper) => s_filling.Contains(helper);

    /// <summary>Whether the address of a slot went where it cannot be followed.</summary>
    public bool IsHidden(int slot) => _isHidden[slot];

    /// <summary>Visits the instructions of a block from its end, each with the bytes that are live behind it.</summary>
    public void Visit(Block block, Action<IrInstruction, BitSet> visit)
    {
        var live = new BitSet(_bytes);
        AtEnd(block, live);
        for (int n = block.Instructions.Count - 1; n >= 0; n--)
        {
            visit(block.Instructions[n], live);
            Pass(block.Instructions[n], live);
        }
    }

    /// <summary>Whether any byte of a slot is among those that are live.</summary>
    public bool IsLive(BitSet live, int slot) => IsAny(live, _starts[slot], SizeOf(slot));

    /// <summary>Whether an instruction stores what nobody reads.</summary>
    public bool IsDeadStore(IrInstruction i, BitSet live) =>
        i.Op == Opcode.Store && IsInside(i, out int slot, out int place) && !IsAny(live, _starts[slot] + place, i.Bytes);

    /// <summary>The slots whose address a call is given, or that a load or store is at.</summary>
    public IEnumerable<int> Touched(IrInstruction i)
    {
        int operands = i.Op switch { Opcode.CallHelper or Opcode.CallFunction => i.Operands.Length, Opcode.Load or Opcode.Store => 1, _ => 0 };
        for (int o = 0; o < operands; o++)
        {
            if (_definitions.Address(i.Operands[o], 0).Root is { Op: Opcode.SlotAddress } root)
            {
                yield return root.Slot;
            }
        }
    }

    private static bool IsAny(BitSet live, int from, int bytes) => live.Next(from) is var next && next >= 0 && next < from + bytes;

    // The zeros of a slot may go on into what the frame layout rounds it up to.
    private int SizeOf(int slot) => (_function.Slots[slot].Bytes + 7) / 8 * 8;

    private void FindHidden()
    {
        foreach (var block in _function.Blocks)
        {
            foreach (var i in block.Instructions)
            {
                for (int n = 0; n < i.Operands.Length; n++)
                {
                    if (_definitions.Address(i.Operands[n], 0).Root is { Op: Opcode.SlotAddress } root)
                    {
                        bool isPlain = i.Op is Opcode.Copy or Opcode.Offset or Opcode.CallHelper or Opcode.CallFunction
                            || (n == 0 && i.Op is Opcode.Load or Opcode.Store && i.Core is null);
                        _isHidden[root.Slot] |= !isPlain;
                    }
                }
            }
        }
    }

    private void Solve()
    {
        Order = ControlFlow.Of(_function).Order;
        foreach (var block in Order)
        {
            _atStart.Add(block, new BitSet(_bytes));
        }

        var live = new BitSet(_bytes);
        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int n = Order.Count - 1; n >= 0; n--)
            {
                var block = Order[n];
                AtEnd(block, live);
                for (int i = block.Instructions.Count - 1; i >= 0; i--)
                {
                    Pass(block.Instructions[i], live);
                }

                changed |= _atStart[block].UnionWith(live);
            }
        }
    }

    private void AtEnd(Block block, BitSet live)
    {
        live.Clear();
        foreach (var successor in block.Successors)
        {
            live.UnionWith(_atStart[successor]);
        }
    }

    // From what is live behind an instruction to what is live before it.
    private void Pass(IrInstruction i, BitSet live)
    {
        switch (i.Op)
        {
            case Opcode.Store or Opcode.Load when IsInside(i, out int slot, out int place):
                Set(live, _starts[slot] + place, i.Bytes, isLive: i.Op == Opcode.Load);
                break;
            case Opcode.CallHelper or Opcode.CallFunction:
                for (int o = Fill(i, live) ? 1 : 0; o < i.Operands.Length; o++)
                {
                    if (_definitions.Address(i.Operands[o], 0).Root is { Op: Opcode.SlotAddress } root)
                    {
                        Set(live, _starts[root.Slot], SizeOf(root.Slot), isLive: true);
                    }
                }

                break;
        }
    }

    // What reaches beyond its slot is the verifier's to refuse.
    private bool IsInside(IrInstruction i, out int slot, out int place)
    {
        var (root, offset) = _definitions.Address(i.Operands[0], i.Immediate);
        slot = root.Op == Opcode.SlotAddress && i.Core is null ? root.Slot : -1;
        place = (int)offset;
        return slot >= 0 && !_isHidden[slot] && offset >= 0 && offset + i.Bytes <= SizeOf(slot);
    }

    // True if the call fills a part of a slot: what was there before, nobody reads.
    private bool Fill(IrInstruction call, BitSet live)
    {
        if (call.Op != Opcode.CallHelper || !Fills(call.Immediate) || !_definitions.TryConstant(call.Operands[1], out long bytes))
        {
            return false;
        }

        var (root, place) = _definitions.Address(call.Operands[0], 0);
        if (root.Op != Opcode.SlotAddress || _isHidden[root.Slot] || place < 0 || bytes < 0 || place + bytes > SizeOf(root.Slot))
        {
            return false;
        }

        Set(live, _starts[root.Slot] + (int)place, (int)bytes, isLive: false);
        return true;
    }

    private static void Set(BitSet live, int from, int bytes, bool isLive)
    {
        for (int b = from; b < from + bytes; b++)
        {
            if (isLive)
            {
                live.Add(b);
            }
            else
            {
                live.Remove(b);
            }
        }
    }
}
