using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Leads a block that brings a constant into a phi past the branch that only tests this phi: what <c>a &amp;&amp; b</c> leaves behind, and a
/// pointer that is null where nothing was found. The tested block must hold nothing but phis and the branch, and nobody may need these phis
/// where the way leads then. Reads phis and branches; writes edges. Invariant: SSA.
/// </summary>
internal sealed class ThreadJumps : IPass
{
    public bool Run(Function function)
    {
        // A way that goes round for ever could be led on for ever.
        int left = function.Blocks.Count * 2;
        bool changed = false;
        while (left-- > 0 && ThreadOne(function))
        {
            Edges.RemoveUnreachable(function, ControlFlow.Of(function));
            changed = true;
        }

        return changed;
    }

    private static bool ThreadOne(Function function)
    {
        var flow = ControlFlow.Of(function);
        var definitions = Definitions.Of(function);
        var uses = Uses(function);
        foreach (var block in function.Blocks)
        {
            var branch = block.Terminator;
            if (block.PhiCount == 0 || block.Instructions.Count != block.PhiCount + 1 || branch.Op != Opcode.Branch || branch.Targets[0] == branch.Targets[1])
            {
                continue;
            }

            var phi = block.Instructions.Find(i => i.Op == Opcode.Phi && i.Result == branch.Operands[0]);
            if (phi is not null && definitions.TryConstant(branch.Operands[1], out long tested) && Thread(function, flow, definitions, uses, block, phi, tested))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Thread(
        Function function, ControlFlow flow, Definitions definitions, List<(Block Block, IrInstruction User)>[] uses, Block block, IrInstruction phi, long tested)
    {
        bool changed = false;
        var branch = block.Terminator;
        int bits = function.TypeOf(phi.Result).Bits;
        for (int n = phi.Operands.Length - 1; n >= 0; n--)
        {
            var from = phi.Targets[n];
            if (!definitions.TryConstant(phi.Operands[n], out long constant))
            {
                continue;
            }

            int way = Comparisons.Holds(branch.Comparison, constant, tested, bits) ? 0 : 1;
            var target = branch.Targets[way];
            if (target == block || target.Predecessors.Contains(from) || !StaysDefined(flow, uses, block, target, branch.Targets[1 - way]))
            {
                continue;
            }

            AddPhiOperands(block, from, target);
            target.Predecessors.Add(from);
            var targets = from.Terminator.Targets;
            for (int t = 0; t < targets.Length; t++)
            {
                if (targets[t] == block)
                {
                    targets[t] = target;
                }
            }

            Edges.Remove(from, block);
            block.Predecessors.Remove(from);
            changed = true;
        }

        return changed;
    }

    // A phi of the block may be used where the other way leads, by the branch, and by phis of the target for what comes from the block.
    private static bool StaysDefined(ControlFlow flow, List<(Block Block, IrInstruction User)>[] uses, Block block, Block target, Block other)
    {
        bool otherIsOwn = other.Predecessors.Count == 1;
        for (int p = 0; p < block.PhiCount; p++)
        {
            foreach (var (at, user) in uses[block.Instructions[p].Result])
            {
                bool isTargets = user.Op == Opcode.Phi && at == block && target.Instructions.Contains(user);
                if (user != block.Terminator && !isTargets && !(otherIsOwn && at != block && flow.Dominates(other, at)))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static void AddPhiOperands(Block block, Block from, Block target)
    {
        for (int p = 0; p < target.PhiCount; p++)
        {
            var phi = target.Instructions[p];
            int operand = phi.Operands[System.Array.IndexOf(phi.Targets, block)];
            var own = block.Instructions.Find(i => i.Op == Opcode.Phi && i.Result == operand);
            operand = own is null ? operand : own.Operands[System.Array.IndexOf(own.Targets, from)];
            phi.Operands = [.. phi.Operands, operand];
            phi.Targets = [.. phi.Targets, from];
        }
    }

    // Who uses each value, and where: a phi uses it at the end of the block that it comes from.
    private static List<(Block Block, IrInstruction User)>[] Uses(Function function)
    {
        var uses = new List<(Block Block, IrInstruction User)>[function.ValueCount];
        for (int v = 0; v < uses.Length; v++)
        {
            uses[v] = [];
        }

        foreach (var block in function.Blocks)
        {
            foreach (var i in block.Instructions)
            {
                for (int n = 0; n < i.Operands.Length; n++)
                {
                    uses[i.Operands[n]].Add((i.Op == Opcode.Phi ? i.Targets[n] : block, i));
                }
            }
        }

        return uses;
    }
}
