using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Fuzzing.Mutations;

/// <summary>Moves the read of a variable down to its use, past what assigns to the variable in between: the order of evaluation that C# forbids.</summary>
internal static class ReadLate
{
    public static void Run(Function function)
    {
        foreach (Block block in function.Blocks)
        {
            List<IrInstruction> code = block.Instructions;
            for (int read = 0; read < code.Count; read++)
            {
                if (code[read].Op is not (Opcode.Copy or Opcode.Load))
                {
                    continue;
                }

                int use = code.FindIndex(read + 1, i => System.Array.IndexOf(i.Operands, code[read].Result) >= 0);
                int change = code.FindIndex(read + 1, i => Changes(i, code[read]));
                if (change >= 0 && change < use)
                {
                    IrInstruction moved = code[read];
                    code.RemoveAt(read);
                    code.Insert(use - 1, moved);
                }
            }
        }
    }

    private static bool Changes(IrInstruction instruction, IrInstruction read) => read.Op == Opcode.Copy
        ? instruction.Result == read.Operands[0]
        : instruction.Op == Opcode.Store && instruction.Immediate == read.Immediate && instruction.Size == read.Size;
}
