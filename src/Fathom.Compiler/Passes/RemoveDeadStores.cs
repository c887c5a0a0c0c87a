using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Dead store elimination.
/// Removes stores to stack slots that nothing reads before they are overwritten or the function ends: above all the zeros of a struct
/// whose fields are then set. Reads addresses; removes stores. Invariant: SSA; memory as seen by loads and calls is the same.
/// </summary>
internal sealed class RemoveDeadStores : IPass
{
    public bool Run(Function function)
    {
        if (function.Slots.Count == 0)
        {
            return false;
        }

        var liveness = SlotLiveness.Of(function);
        var dead = new HashSet<IrInstruction>();
        foreach (var block in liveness.Order)
        {
            liveness.Visit(block, (i, live) =>
            {
                if (liveness.IsDeadStore(i, live))
                {
                    dead.Add(i);
                }
            });
            block.Instructions.RemoveAll(dead.Contains);
        }

        return dead.Count > 0;
    }
}
