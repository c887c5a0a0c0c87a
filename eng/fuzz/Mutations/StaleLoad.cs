using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Fuzzing.Mutations;

/// <summary>Takes a load for an earlier one of the same address in the block, whatever was stored in between.</summary>
internal static class StaleLoad
{
    public static void Run(Function function)
    {
        foreach (Block block in function.Blocks)
        {
            var known = new Dictionary<(int Pointer, long Offset, MemorySize Size, bool IsSigned, int Bits), int>();
            foreach (IrInstruction load in block.Instructions.Where(i => i.Op == Opcode.Load && i.Core is null && !function.TypeOf(i.Result).IsPointer))
            {
                var key = (load.Operands[0], load.Immediate, load.Size, load.Flag, (int)function.TypeOf(load.Result).Bits);
                if (known.TryGetValue(key, out int earlier))
                {
                    load.Become(Opcode.Copy, earlier);
                }
                else
                {
                    known.Add(key, load.Result);
                }
            }
        }
    }
}
