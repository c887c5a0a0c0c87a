using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Code sinking.
/// Moves the address of a global that is used once to where it is used, if that is no deeper in loops: the ways that do not come there
/// need not make it, and no register holds it across calls. Reads uses; moves single instructions. Invariant: SSA.
/// </summary>
internal sealed class SinkAddresses : IPass
{
    public bool Run(Function function)
    {
        var users = new (Block Block, IrInstruction User, int Count)[function.ValueCount];
        foreach (var block in function.Blocks)
        {
            foreach (var i in block.Instructions)
            {
                foreach (int operand in i.Operands)
                {
                    users[operand] = (block, i, users[operand].Count + 1);
                }
            }
        }

        int[] depths = ControlFlow.Of(function).LoopDepths();
        bool changed = false;
        foreach (var block in function.Blocks)
        {
            for (int n = block.Instructions.Count - 1; n >= 0; n--)
            {
                var i = block.Instructions[n];
                if (i.Op != Opcode.GlobalAddress || users[i.Result] is not (var to, var user, 1) || user.Op == Opcode.Phi || to == block || depths[to.Id] > depths[block.Id])
                {
                    continue;
                }

                block.Instructions.RemoveAt(n);
                to.Instructions.Insert(to.Instructions.IndexOf(user), i);
                changed = true;
            }
        }

        return changed;
    }
}
