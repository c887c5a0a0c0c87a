using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Critical edge splitting.
/// Puts a block on each edge from a block with several successors to a block with phis, so that copies for the phi run on that edge
/// only. Reads and writes edges. Invariant: SSA. An edge that brings one constant stays: setting it before the branch costs less than
/// the jump of another block, and leaving SSA is right on critical edges too.
/// </summary>
internal sealed class SplitCriticalEdges : IPass
{
    public bool Run(Function function)
    {
        var definitions = Definitions.Of(function);
        bool changed = false;
        for (int b = 0; b < function.Blocks.Count; b++)
        {
            var block = function.Blocks[b];
            if (block.Terminator.Op != Opcode.Branch)
            {
                continue;
            }

            for (int t = 0; t < 2; t++)
            {
                var target = block.Terminator.Targets[t];
                if (target.PhiCount == 0 || BringsOneConstant(definitions, block, target))
                {
                    continue;
                }

                var middle = function.NewBlock();
                middle.Instructions.Add(new IrInstruction(Opcode.Jump) { Targets = [target], Position = block.Terminator.Position });
                block.Terminator.Targets[t] = middle;
                Edges.Rename(block, middle, target);
                function.Blocks.Insert(b + 1, middle);
                changed = true;
            }
        }

        return changed;
    }

    private static bool BringsOneConstant(Definitions definitions, Block block, Block target)
    {
        if (target.PhiCount != 1)
        {
            return false;
        }

        var phi = target.Instructions[0];
        return definitions.TryConstant(phi.Operands[System.Array.IndexOf(phi.Targets, block)], out _);
    }
}
