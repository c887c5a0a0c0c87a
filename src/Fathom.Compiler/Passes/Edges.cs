using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>Changes of edges that keep the phis of the target in step.</summary>
internal static class Edges
{
    /// <summary>Forgets in the phis of a block that one comes from another. A phi of one operand becomes a copy.</summary>
    public static void Remove(Block from, Block to)
    {
        int phis = to.PhiCount;
        for (int p = 0; p < phis; p++)
        {
            var phi = to.Instructions[p];
            var operands = new List<int>();
            var targets = new List<Block>();
            for (int i = 0; i < phi.Operands.Length; i++)
            {
                if (phi.Targets[i] != from)
                {
                    operands.Add(phi.Operands[i]);
                    targets.Add(phi.Targets[i]);
                }
            }

            phi.Operands = [.. operands];
            phi.Targets = [.. targets];
        }
    }

    /// <summary>Says in the phis of a block that one comes from somewhere else.</summary>
    public static void Rename(Block oldFrom, Block newFrom, Block to)
    {
        int phis = to.PhiCount;
        for (int p = 0; p < phis; p++)
        {
            var targets = to.Instructions[p].Targets;
            for (int i = 0; i < targets.Length; i++)
            {
                if (targets[i] == oldFrom)
                {
                    targets[i] = newFrom;
                }
            }
        }
    }

    /// <summary>Makes a branch a jump to one of its targets.</summary>
    public static void MakeJump(Block block, Block kept)
    {
        var branch = block.Terminator;
        foreach (var target in branch.Targets)
        {
            if (target != kept)
            {
                Remove(block, target);
            }
        }

        branch.Become(Opcode.Jump);
        branch.Targets = [kept];
    }

    /// <summary>Removes the blocks that nothing reaches; true if there were any, or phis of one operand.</summary>
    public static bool RemoveUnreachable(Function function, ControlFlow flow)
    {
        foreach (var block in function.Blocks)
        {
            if (!flow.IsReachable(block))
            {
                foreach (var successor in block.Successors)
                {
                    if (flow.IsReachable(successor))
                    {
                        Remove(block, successor);
                    }
                }
            }
        }

        int removed = function.Blocks.RemoveAll(b => !flow.IsReachable(b));
        bool phis = false;
        foreach (var block in function.Blocks)
        {
            int count = block.PhiCount;
            for (int i = count - 1; i >= 0; i--)
            {
                var phi = block.Instructions[i];
                if (phi.Operands.Length == 1)
                {
                    // Phis are parallel: one that becomes a copy must stand behind those that are still phis.
                    int operand = phi.Operands[0];
                    phi.Become(Opcode.Copy, operand);
                    block.Instructions.RemoveAt(i);
                    block.Instructions.Insert(--count, phi);
                    phis = true;
                }
            }
        }

        return removed > 0 || phis;
    }
}
