using System;
using System.Collections.Generic;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Redundant load elimination and store-to-load forwarding.
/// Takes what a load would find from an earlier load or store of the same place, where nothing between may have written there: a field
/// that is tested and then used is read once, which is also what the verifier needs to believe the test. It looks along a block and on
/// into blocks that only this one leads to. An atomic operation is a fence, as in .NET: what others may write is read again behind it.
/// Reads addresses; makes loads copies. Invariant: SSA; no load or store moves.
/// </summary>
internal sealed class ForwardLoads : IPass
{
    private Function _function = null!;
    private Definitions _definitions = null!;

    public bool Run(Function function)
    {
        _function = function;
        _definitions = Definitions.Of(function);
        var atEnd = new Dictionary<Block, Dictionary<Place, int>>();
        bool changed = false;
        foreach (var block in ControlFlow.Of(function).Order)
        {
            var known = block.Predecessors.Count == 1 && atEnd.TryGetValue(block.Predecessors[0], out var before) ? new Dictionary<Place, int>(before) : [];
            foreach (var i in block.Instructions)
            {
                changed |= Visit(i, known);
            }

            atEnd[block] = known;
        }

        return changed;
    }

    private bool Visit(IrInstruction i, Dictionary<Place, int> known)
    {
        switch (i.Op)
        {
            case Opcode.Load:
                var place = PlaceOf(i, _function.TypeOf(i.Result));
                if (known.TryGetValue(place, out int value))
                {
                    i.Become(Opcode.Copy, value);
                    return true;
                }

                known[place] = i.Result;
                break;
            case Opcode.Store:
                Forget(known, i, i.Bytes);
                // What is loaded from fewer bytes than a value has is not that value.
                var type = _function.TypeOf(i.Operands[1]);
                if (type.Bits == i.Bytes * 8)
                {
                    known[PlaceOf(i, type)] = i.Operands[1];
                }

                break;
            case Opcode.Atomic:
                Forget(known, i, i.Bytes);
                ForgetShared(known);
                break;
            case Opcode.CallHelper when i.Flag:
                break;
            case Opcode.Zero or Opcode.CopyMemory:
                throw new InvalidOperationException("ExpandMemory has replaced all of these.");
            case Opcode.CallHelper or Opcode.CallFunction:
                known.Clear();
                break;
        }

        return false;
    }

    private Place PlaceOf(IrInstruction access, IrType type)
    {
        if (access.Core is { } core)
        {
            return new(_definitions.Source(access.Operands[0]).Result, access.Immediate, core, access.Size, access.Flag, type);
        }

        var (root, offset) = Root(access);
        return new(root, offset, null, access.Size, access.Flag, type);
    }

    // One number for all addresses of a slot; else that of the value that the address is an offset from.
    private (int Root, long Offset) Root(IrInstruction access)
    {
        var (root, offset) = _definitions.Address(access.Operands[0], access.Immediate);
        return root.Op switch
        {
            Opcode.SlotAddress => (-1 - root.Slot, offset),
            _ => (root.Result, offset),
        };
    }

    private void Forget(Dictionary<Place, int> known, IrInstruction store, int bytes)
    {
        var (root, offset) = Root(store);
        bool isSlot = root < 0;
        var space = _function.TypeOf(store.Operands[0]).Space;
        var gone = new List<Place>();
        foreach (var place in known.Keys)
        {
            int size = IrInstruction.BytesOf(place.Size);
            bool isApart = place.Root == root && place.Core is null && store.Core is null
                ? place.Offset >= offset + bytes || offset >= place.Offset + size
                : place.Root < 0 || isSlot
                    ? place.Root < 0 == isSlot || !PointerSpaces.MayPointToStack(place.Root < 0 ? space : SpaceOf(place))
                    : !PointerSpaces.MayOverlap(space, SpaceOf(place));
            if (!isApart)
            {
                gone.Add(place);
            }
        }

        gone.ForEach(p => known.Remove(p));
    }

    // The frame is nobody else's.
    private void ForgetShared(Dictionary<Place, int> known)
    {
        foreach (var place in new List<Place>(known.Keys))
        {
            if (place.Root >= 0 && SpaceOf(place) != PointerSpace.Stack)
            {
                known.Remove(place);
            }
        }
    }

    private PointerSpace SpaceOf(Place place) => _function.TypeOf(place.Root).Space;

    private readonly record struct Place(int Root, long Offset, CoreAccess? Core, MemorySize Size, bool IsSigned, IrType Type);
}
