using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Leads a block that brings a constant into a phi past the branch that only tests this phi: what <c>a &amp;&amp; b</c> leaves behind.
/// Reads phis and branches; writes edges. Invariant: SSA. The tested block must hold nothing but the phi and the branch.
/// </summary>
internal sealed class ThreadJumps : IPass
{
    public bool Run(Function function)
    {
        _ = ControlFlow.Of(function);
        var definitions = Definitions.Of(function);
        int[] uses = CountUses(function);
        bool changed = false;
        foreach (var block in function.Blocks)
        {
            var branch = block.Terminator;
            if (block.PhiCount != 1 || block.Instructions.Count != 2 || branch.Op != Opcode.Branch)
            {
                continue;
            }

            var phi = block.Instructions[0];
            if (branch.Operands[0] == phi.Result && uses[phi.Result] == 1 && definitions.TryConstant(branch.Operands[1], out long tested))
            {
                changed |= Thread(function, definitions, block, phi, branch, tested);
            }
        }

        if (changed)
        {
            Edges.RemoveUnreachable(function, ControlFlow.Of(function));
        }

        return changed;
    }

    private static bool Thread(Function function, Definitions definitions, Block block, IrInstruction phi, IrInstruction branch, long tested)
    {
        bool changed = false;
        int bits = function.TypeOf(phi.Result).Bits;
        for (int n = phi.Operands.Length - 1; n >= 0; n--)
        {
            var from = phi.Targets[n];
            if (!definitions.TryConstant(phi.Operands[n], out long constant))
            {
                continue;
            }

            var target = branch.Targets[Comparisons.Holds(branch.Comparison, constant, tested, bits) ? 0 : 1];
            if (target == block || target.Predecessors.Contains(from))
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

    private static void AddPhiOperands(Block block, Block from, Block target)
    {
        for (int p = 0; p < target.PhiCount; p++)
        {
            var phi = target.Instructions[p];
            int index = System.Array.IndexOf(phi.Targets, block);
            phi.Operands = [.. phi.Operands, phi.Operands[index]];
            phi.Targets = [.. phi.Targets, from];
        }
    }

    private static int[] CountUses(Function function)
    {
        var uses = new int[function.ValueCount];
        foreach (var block in function.Blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                foreach (int operand in instruction.Operands)
                {
                    uses[operand]++;
                }
            }
        }

        return uses;
    }
}
