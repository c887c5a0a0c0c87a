using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Constant hoisting.
/// Moves constants and addresses of slots, maps and functions to the entry block. Code generation makes them where they are used, so this
/// costs nothing, and blocks that only set a constant become empty. Writes instruction lists. Invariant: SSA.
/// </summary>
internal sealed class HoistConstants : IPass
{
    public bool Run(Function function)
    {
        var entry = function.Blocks[0];
        var hoisted = new List<IrInstruction>();
        foreach (var block in function.Blocks)
        {
            block.Instructions.RemoveAll(i =>
            {
                bool moves = i.Op is Opcode.Constant or Opcode.SlotAddress or Opcode.MapAddress or Opcode.FunctionAddress;
                if (moves)
                {
                    hoisted.Add(i);
                }

                return moves;
            });
        }

        int at = 0;
        while (entry.Instructions[at].Op == Opcode.Parameter)
        {
            at++;
        }

        entry.Instructions.InsertRange(at, hoisted);
        return hoisted.Count > 0;
    }
}
