using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Stack slot colouring.
/// Gives slots that are never needed at the same time one place: every read of kernel memory has a slot of its own, and the stack has room
/// for sixty. Reads addresses; writes them. Invariant: SSA; no slot is written while another one at its place is live.
/// </summary>
internal sealed class ColourSlots : IPass
{
    public bool Run(Function function)
    {
        var liveness = SlotLiveness.Of(function);
        int count = function.Slots.Count;
        var isUsed = new bool[count];
        var meet = new BitSet[count];
        for (int slot = 0; slot < count; slot++)
        {
            meet[slot] = new BitSet(count);
        }

        foreach (var block in liveness.Order)
        {
            liveness.Visit(block, (i, live) => FindMeetings(liveness, i, live, isUsed, meet));
        }

        // The largest first, so that a place need not grow. In order of their numbers where they are equal: the result is always the same.
        int[] order = [.. Enumerable.Range(0, count).Where(s => isUsed[s] && !liveness.IsHidden(s)).OrderByDescending(s => function.Slots[s].Bytes).ThenBy(s => s)];
        var places = new List<List<int>>();
        int[] placeOf = [.. Enumerable.Range(0, count)];
        foreach (int slot in order)
        {
            var place = places.Find(p => p.TrueForAll(other => !meet[slot][other] && !meet[other][slot]));
            if (place is null)
            {
                places.Add([slot]);
                continue;
            }

            placeOf[slot] = place[0];
            place.Add(slot);
            function.Slots[place[0]] = function.Slots[place[0]] with { Alignment = Math.Max(function.Slots[place[0]].Alignment, function.Slots[slot].Alignment) };
        }

        bool changed = false;
        foreach (var i in function.Blocks.SelectMany(b => b.Instructions).Where(i => i.Op == Opcode.SlotAddress))
        {
            changed |= placeOf[i.Slot] != i.Slot;
            i.Slot = placeOf[i.Slot];
        }

        return changed;
    }

    // Whatever an instruction may write meets what is live behind it, and what else the instruction is at.
    private static void FindMeetings(SlotLiveness liveness, IrInstruction i, BitSet live, bool[] isUsed, BitSet[] meet)
    {
        int[] touched = [.. liveness.Touched(i)];
        foreach (int slot in touched)
        {
            isUsed[slot] = true;
            if (i.Op == Opcode.Load)
            {
                continue;
            }

            for (int other = 0; other < meet.Length; other++)
            {
                if (other != slot && (liveness.IsLive(live, other) || Array.IndexOf(touched, other) >= 0))
                {
                    meet[slot].Add(other);
                }
            }
        }
    }
}
