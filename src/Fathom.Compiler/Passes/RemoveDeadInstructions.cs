using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Dead code elimination (mark and sweep).
/// Removes instructions without effect whose result reaches no effect, phis in circles among them. Reads uses; writes instruction lists.
/// Invariant: SSA.
/// </summary>
internal sealed class RemoveDeadInstructions : IPass
{
    public bool Run(Function function)
    {
        var definitions = Definitions.Of(function);
        var isLive = new bool[function.ValueCount];
        var work = new Stack<IrInstruction>();
        foreach (var block in function.Blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                if (!instruction.IsRemovable)
                {
                    work.Push(instruction);
                }
            }
        }

        while (work.Count > 0)
        {
            foreach (int operand in work.Pop().Operands)
            {
                if (!isLive[operand])
                {
                    isLive[operand] = true;
                    work.Push(definitions[operand]);
                }
            }
        }

        int removed = 0;
        foreach (var block in function.Blocks)
        {
            removed += block.Instructions.RemoveAll(i => i.IsRemovable && (i.Result < 0 || !isLive[i.Result]));
        }

        return removed > 0;
    }
}
