using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Elimination of redundant extensions.
/// Makes a truncation free where no use looks at the upper half of its register. Reads uses; sets flags. Invariant: such a register is
/// not zero-extended, so no pass that replaces a value by an equal one may follow.
/// </summary>
internal sealed class FreeTruncations : IPass
{
    public bool Run(Function function)
    {
        bool[] needsUpperHalf = UsesOfUpperHalf(function);
        bool changed = false;
        foreach (var block in function.Blocks)
        {
            foreach (var i in block.Instructions)
            {
                if (i.Op == Opcode.Convert && i.Conversion == Conversion.Truncate && !i.Flag && !needsUpperHalf[i.Result])
                {
                    i.Flag = true;
                    changed = true;
                }
            }
        }

        return changed;
    }

    private static bool[] UsesOfUpperHalf(Function function)
    {
        var needed = new bool[function.ValueCount];
        foreach (var block in function.Blocks)
        {
            foreach (var i in block.Instructions)
            {
                for (int n = 0; n < i.Operands.Length; n++)
                {
                    needed[i.Operands[n]] |= !ReadsLowHalf(function, i, n);
                }
            }
        }

        return needed;
    }

    private static bool ReadsLowHalf(Function function, IrInstruction i, int operand) => i.Op switch
    {
        Opcode.Binary or Opcode.Branch or Opcode.Compare => function.TypeOf(i.Operands[operand]).Bits == 32,
        Opcode.Convert => i.Conversion is not (Conversion.Truncate or Conversion.ZeroExtend),
        Opcode.Store => operand == 1 && i.Size != MemorySize.Double,
        _ => false,
    };
}
