using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Merging of equal stack objects.
/// Lets calls that only read a piece of stack share one that holds the same: a key that is looked up and then deleted is stored once, and
/// one that a helper has read stays where the helper put it. Only where every way to a call that reads has passed the stores, so that none
/// finds what an earlier round of a loop left. Reads stores and calls; writes addresses and removes stores. Invariant: SSA; each call finds
/// the same bytes.
/// </summary>
internal sealed class ShareSlots : IPass
{
    // Helpers that read what these arguments point at and keep nothing: map lookup, update and delete.
    private static readonly Dictionary<long, int[]> s_readers = new() { [1] = [1], [2] = [1, 2], [3] = [1] };

    public bool Run(Function function)
    {
        var flow = ControlFlow.Of(function);
        var slots = Candidates(function, flow);
        var places = new Dictionary<IrInstruction, (Block Block, int Index)>();
        var filled = FilledOnce(function, places);
        var definitions = Definitions.Of(function);
        var kept = new List<Content>();
        var gone = new HashSet<IrInstruction>();
        // In order of the code, so that what dominates comes first.
        foreach (var content in slots.OrderBy(s => flow.NumberOf(s.Block)).ThenBy(s => s.LastStore))
        {
            // The load dominates the stores of what it loaded, and these those who read it: a call that filled the source again between would
            // be on a way to the readers around the stores.
            int same = content.SlotOfItsLoad(function, definitions) is var source && source >= 0 && filled[source] is { } fill && Precedes(flow, places[fill], places[content.Load])
                ? source
                : kept.Find(k => k.Holds(function, content) && Comes(flow, k, content))?.Slot ?? -1;
            if (same < 0)
            {
                kept.Add(content);
                continue;
            }

            foreach (var address in content.Addresses)
            {
                address.Slot = same;
            }

            gone.UnionWith(content.Stores);
        }

        foreach (var block in function.Blocks)
        {
            block.Instructions.RemoveAll(gone.Contains);
        }

        return gone.Count > 0;
    }

    // The call that fills each slot, if there is one only and the slot is only loaded from besides: what was loaded is there until the call
    // comes again. Also says where the calls and loads are.
    private static IrInstruction?[] FilledOnce(Function function, Dictionary<IrInstruction, (Block Block, int Index)> places)
    {
        var definitions = Definitions.Of(function);
        int[] fills = new int[function.Slots.Count];
        var calls = new IrInstruction?[function.Slots.Count];
        foreach (var block in function.Blocks)
        {
            for (int n = 0; n < block.Instructions.Count; n++)
            {
                var i = block.Instructions[n];
                for (int o = 0; o < i.Operands.Length; o++)
                {
                    if (i.Op is Opcode.Offset or Opcode.Copy || definitions.Address(i.Operands[o], 0).Root is not { Op: Opcode.SlotAddress } root)
                    {
                        continue;
                    }

                    bool isLoad = i.Op == Opcode.Load && i.Core is null;
                    bool isFill = i.Op == Opcode.CallHelper && o == 0 && SlotLiveness.Fills(i.Immediate);
                    fills[root.Slot] += isLoad ? 0 : isFill ? 1 : 2;
                    calls[root.Slot] = isFill ? i : calls[root.Slot];
                    places[i] = (block, n);
                }
            }
        }

        return [.. calls.Select((c, slot) => fills[slot] == 1 ? c : null)];
    }

    // Whether every way to the second has passed the first.
    private static bool Precedes(ControlFlow flow, (Block Block, int Index) first, (Block Block, int Index) second) =>
        first.Block == second.Block ? first.Index < second.Index : flow.Dominates(first.Block, second.Block);

    private static bool Comes(ControlFlow flow, Content first, Content second) =>
        first.Block == second.Block ? first.LastStore < second.FirstStore : flow.Dominates(first.Block, second.Block);

    // Slots that are filled once, in one block, by stores of whole values, and after that, wherever a way leads, only read by helpers.
    private static List<Content> Candidates(Function function, ControlFlow flow)
    {
        var definitions = Definitions.Of(function);
        var contents = new Content?[function.Slots.Count];
        var isOut = new bool[function.Slots.Count];
        foreach (var block in flow.Order)
        {
            for (int n = 0; n < block.Instructions.Count; n++)
            {
                var i = block.Instructions[n];
                if (i.Op == Opcode.SlotAddress)
                {
                    (contents[i.Slot] ??= new Content(i.Slot)).Addresses.Add(i);
                }

                for (int o = 0; o < i.Operands.Length; o++)
                {
                    var (root, place) = definitions.Address(i.Operands[o], 0);
                    if (root.Op != Opcode.SlotAddress || i.Op is Opcode.Offset or Opcode.Copy)
                    {
                        continue;
                    }

                    var content = contents[root.Slot] ??= new Content(root.Slot);
                    if (i.Op == Opcode.Store && o == 0 && i.Core is null && !content.IsRead && (content.Block ?? block) == block)
                    {
                        content.Add(block, n, i, place + i.Immediate, definitions.Source(i.Operands[1]));
                    }
                    else if (i.Op == Opcode.CallHelper && s_readers.TryGetValue(i.Immediate, out int[]? reads) && reads.Contains(o) && content.Block is not null
                        && flow.Dominates(content.Block, block))
                    {
                        content.IsRead = true;
                    }
                    else
                    {
                        isOut[root.Slot] = true;
                    }
                }
            }
        }

        return [.. contents.OfType<Content>().Where(c => !isOut[c.Slot] && c.Block is not null && !c.Overlaps)];
    }

    /// <summary>What a slot holds from its last store on.</summary>
    private sealed class Content(int slot)
    {
        private readonly SortedDictionary<long, (int Bytes, IrInstruction Value)> _pieces = [];

        public int Slot => slot;

        public Block Block { get; private set; } = null!;

        public int FirstStore { get; private set; }

        public int LastStore { get; private set; }

        /// <summary>What <see cref="SlotOfItsLoad"/> found its value to be loaded by.</summary>
        public IrInstruction Load { get; private set; } = null!;

        public bool IsRead { get; set; }

        public bool Overlaps { get; private set; }

        public List<IrInstruction> Stores { get; } = [];

        public List<IrInstruction> Addresses { get; } = [];

        public void Add(Block block, int index, IrInstruction store, long place, IrInstruction value)
        {
            if (Block is null)
            {
                Block = block;
                FirstStore = index;
            }

            LastStore = index;
            Stores.Add(store);
            foreach (var piece in _pieces)
            {
                Overlaps |= piece.Key < place + store.Bytes && place < piece.Key + piece.Value.Bytes;
            }

            _pieces[place] = (store.Bytes, value);
        }

        public bool Holds(Function function, Content other) =>
            function.Slots[slot].Bytes == function.Slots[other.Slot].Bytes
            && function.Slots[slot].Alignment >= function.Slots[other.Slot].Alignment
            && _pieces.Count == other._pieces.Count
            && _pieces.Zip(other._pieces, (l, r) => l.Key == r.Key && l.Value.Bytes == r.Value.Bytes && IsSame(l.Value.Value, r.Value.Value)).All(s => s);

        /// <summary>The slot that its only value was loaded from whole, -1 if there is none.</summary>
        public int SlotOfItsLoad(Function function, Definitions definitions)
        {
            if (_pieces.Count != 1 || !_pieces.TryGetValue(0, out var piece) || piece.Value is not { Op: Opcode.Load, Core: null } load || load.Bytes != piece.Bytes)
            {
                return -1;
            }

            Load = load;
            var (root, place) = definitions.Address(load.Operands[0], load.Immediate);
            return root.Op == Opcode.SlotAddress && place == 0 && root.Slot != slot
                && function.Slots[root.Slot].Bytes >= function.Slots[slot].Bytes && function.Slots[slot].Bytes == piece.Bytes
                && function.Slots[root.Slot].Alignment >= function.Slots[slot].Alignment
                ? root.Slot
                : -1;
        }

        private static bool IsSame(IrInstruction left, IrInstruction right) =>
            left == right || (left.Op == Opcode.Constant && right.Op == Opcode.Constant && left.Immediate == right.Immediate);
    }
}
