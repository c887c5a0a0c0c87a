using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Jump threading.
/// Leads a block that brings a constant into a phi past the branch that only tests this phi: what <c>a &amp;&amp; b</c> leaves behind, and a
/// pointer that is null where nothing was found. The tested block must hold nothing but phis and the branch, and nobody may need these phis
/// where the way leads then. Reads phis and branches; writes edges. Invariant: SSA.
/// </summary>
internal sealed class ThreadJumps : IPass
{
    private readonly HashSet<Block> _threaded = [];
    private Function _function = null!;
    private ControlFlow _flow = null!;
    private Definitions _definitions = null!;
    private List<(Block Block, IrInstruction User)>[] _uses = null!;

    public bool Run(Function function)
    {
        _function = function;
        // A way that goes round for ever could be led on for ever.
        int left = function.Blocks.Count * 2;
        bool changed = false;
        while (ThreadAll(ref left))
        {
            Edges.RemoveUnreachable(function, ControlFlow.Of(function));
            changed = true;
        }

        return changed;
    }

    // Each block once. A way that is led past a block passes all others that it passed before: what dominates still does, but for the block
    // itself. So all is done with what was known at the start, and what became possible by it in the next round.
    private bool ThreadAll(ref int left)
    {
        _flow = ControlFlow.Of(_function);
        _definitions = Definitions.Of(_function);
        _uses = Uses(_function);
        _threaded.Clear();
        foreach (var block in _function.Blocks)
        {
            var branch = block.Terminator;
            if (block.PhiCount == 0 || block.Instructions.Count != block.PhiCount + 1 || branch.Op != Opcode.Branch || branch.Targets[0] == branch.Targets[1])
            {
                continue;
            }

            var phi = block.Instructions.Find(i => i.Op == Opcode.Phi && i.Result == branch.Operands[0]);
            if (left > 0 && phi is not null && _definitions.TryConstant(branch.Operands[1], out long tested) && Thread(block, phi, tested))
            {
                _threaded.Add(block);
                left--;
            }
        }

        return _threaded.Count > 0;
    }

    private bool Thread(Block block, IrInstruction phi, long tested)
    {
        bool changed = false;
        var branch = block.Terminator;
        int bits = _function.TypeOf(phi.Result).Bits;
        for (int n = phi.Operands.Length - 1; n >= 0; n--)
        {
            var from = phi.Targets[n];
            if (!_definitions.TryConstant(phi.Operands[n], out long constant))
            {
                continue;
            }

            int way = Comparisons.Holds(branch.Comparison, constant, tested, bits) ? 0 : 1;
            var target = branch.Targets[way];
            if (target == block || target.Predecessors.Contains(from) || !StaysDefined(block, target, branch.Targets[1 - way]))
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

            ForgetUses(block, from);
            Edges.Remove(from, block);
            block.Predecessors.Remove(from);
            changed = true;
        }

        return changed;
    }

    // A phi of the block may be used where the other way leads, by the branch, and by phis of the target for what comes from the block.
    private bool StaysDefined(Block block, Block target, Block other)
    {
        bool otherIsOwn = other.Predecessors.Count == 1 && !_threaded.Contains(other);
        for (int p = 0; p < block.PhiCount; p++)
        {
            foreach (var (at, user) in _uses[block.Instructions[p].Result])
            {
                bool isTargets = user.Op == Opcode.Phi && at == block && target.Instructions.Contains(user);
                if (user != block.Terminator && !isTargets && !(otherIsOwn && at != block && _flow.Dominates(other, at)))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private void AddPhiOperands(Block block, Block from, Block target)
    {
        for (int p = 0; p < target.PhiCount; p++)
        {
            var phi = target.Instructions[p];
            int operand = phi.Operands[System.Array.IndexOf(phi.Targets, block)];
            var own = block.Instructions.Find(i => i.Op == Opcode.Phi && i.Result == operand);
            operand = own is null ? operand : own.Operands[System.Array.IndexOf(own.Targets, from)];
            phi.Operands = [.. phi.Operands, operand];
            phi.Targets = [.. phi.Targets, from];
            _uses[operand].Add((from, phi));
        }
    }

    // What the phis of a block use of phis, where a way leads to it no longer.
    private void ForgetUses(Block block, Block from)
    {
        for (int p = 0; p < block.PhiCount; p++)
        {
            var phi = block.Instructions[p];
            int operand = phi.Operands[System.Array.IndexOf(phi.Targets, from)];
            if (_definitions[operand].Op == Opcode.Phi)
            {
                _uses[operand].RemoveAll(u => u.Block == from && u.User == phi);
            }
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
