using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Control-flow simplification: unreachable code elimination, block merging, branch straightening.
/// Removes blocks that nothing reaches, merges a block into its only predecessor, and leads jumps past blocks that only jump on.
/// Reads and writes blocks and edges. Invariant: phis stay in step; works before and in SSA.
/// </summary>
internal sealed class CleanControlFlow : IPass
{
    public bool Run(Function function)
    {
        bool any = false;
        bool changed = true;
        while (changed)
        {
            changed = RemoveDoubleTargets(function);
            var flow = ControlFlow.Of(function);
            changed |= Edges.RemoveUnreachable(function, flow);
            changed |= SkipEmpty(function);
            if (!changed)
            {
                changed = Merge(function);
            }

            any |= changed;
        }

        return any;
    }

    private static bool RemoveDoubleTargets(Function function)
    {
        bool changed = false;
        foreach (var block in function.Blocks)
        {
            var last = block.Terminator;
            if (last.Op == Opcode.Branch && last.Targets[0] == last.Targets[1])
            {
                Edges.MakeJump(block, last.Targets[0]);
                changed = true;
            }
        }

        return changed;
    }

    private static bool SkipEmpty(Function function)
    {
        bool changed = false;
        for (int i = 1; i < function.Blocks.Count; i++)
        {
            var block = function.Blocks[i];
            if (block.Instructions.Count != 1 || block.Terminator.Op != Opcode.Jump)
            {
                continue;
            }

            var target = block.Terminator.Targets[0];
            if (target == block || !CanSkip(block, target))
            {
                continue;
            }

            foreach (var predecessor in block.Predecessors)
            {
                var targets = predecessor.Terminator.Targets;
                for (int t = 0; t < targets.Length; t++)
                {
                    if (targets[t] == block)
                    {
                        targets[t] = target;
                    }
                }

                AddPhiOperands(block, predecessor, target);
                // Both ways of a branch may come to lead here: that is one predecessor.
                if (!target.Predecessors.Contains(predecessor))
                {
                    target.Predecessors.Add(predecessor);
                }
            }

            Edges.Remove(block, target);
            target.Predecessors.Remove(block);
            block.Predecessors.Clear();
            // Only this block's own edges are stale now; it is unreachable and goes in the next round.
            block.Terminator.Targets = [block];
            changed = true;
        }

        return changed;
    }

    private static bool CanSkip(Block block, Block target)
    {
        if (block.Predecessors.Count == 0)
        {
            return false;
        }

        if (target.PhiCount == 0)
        {
            return true;
        }

        // A predecessor that goes to the target already would need two values in one phi.
        foreach (var predecessor in block.Predecessors)
        {
            if (target.Predecessors.Contains(predecessor))
            {
                return false;
            }
        }

        return true;
    }

    private static void AddPhiOperands(Block block, Block predecessor, Block target)
    {
        int phis = target.PhiCount;
        for (int p = 0; p < phis; p++)
        {
            var phi = target.Instructions[p];
            var operands = new List<int>(phi.Operands);
            var targets = new List<Block>(phi.Targets);
            operands.Add(operands[targets.IndexOf(block)]);
            targets.Add(predecessor);
            phi.Operands = [.. operands];
            phi.Targets = [.. targets];
        }
    }

    private static bool Merge(Function function)
    {
        bool changed = false;
        var gone = new HashSet<Block>();
        foreach (var block in function.Blocks)
        {
            while (!gone.Contains(block) && block.Terminator.Op == Opcode.Jump)
            {
                var next = block.Terminator.Targets[0];
                if (next == block || next == function.Blocks[0] || next.Predecessors.Count != 1 || next.PhiCount != 0)
                {
                    break;
                }

                block.Instructions.RemoveAt(block.Instructions.Count - 1);
                block.Instructions.AddRange(next.Instructions);
                gone.Add(next);
                foreach (var successor in next.Successors)
                {
                    Edges.Rename(next, block, successor);
                    int index = successor.Predecessors.IndexOf(next);
                    if (index >= 0)
                    {
                        successor.Predecessors[index] = block;
                    }
                }

                changed = true;
            }
        }

        function.Blocks.RemoveAll(gone.Contains);
        return changed;
    }
}
