using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>
/// The extensions from 32 to 64 bits that must be an instruction, though the upper half of the register is zero already: the verifier
/// forgets that at 32-bit divisions, remainders and shifts by a variable, and then refuses the value as an offset or size. Reads SSA.
/// https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (adjust_scalar_min_max_vals: is_safe_to_compute_dst_reg_range)
/// </summary>
internal static class ForgottenExtensions
{
    public static HashSet<IrInstruction> Of(Function function, Definitions definitions)
    {
        var forgotten = Forgotten(function, definitions);
        var extensions = new HashSet<IrInstruction>();
        if (forgotten.Count == 0)
        {
            return extensions;
        }

        foreach (var block in function.Blocks)
        {
            foreach (var i in block.Instructions)
            {
                // Stored, compared or returned it is only a number.
                if (i.Op is Opcode.Store or Opcode.Compare or Opcode.Branch or Opcode.Return)
                {
                    continue;
                }

                foreach (int operand in i.Operands)
                {
                    var source = definitions.Source(operand);
                    if (source.Op == Opcode.Convert && source.Conversion == Conversion.ZeroExtend && forgotten.Contains(definitions.Source(source.Operands[0]).Result))
                    {
                        extensions.Add(source);
                    }
                }
            }
        }

        return extensions;
    }

    private static HashSet<int> Forgotten(Function function, Definitions definitions)
    {
        var forgotten = new HashSet<int>();
        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (var block in function.Blocks)
            {
                foreach (var i in block.Instructions)
                {
                    bool isForgotten = i.Op switch
                    {
                        Opcode.Binary => function.TypeOf(i.Result).Bits == 32 && IsForgotten(i, definitions),
                        Opcode.Phi or Opcode.Copy => System.Array.Exists(i.Operands, forgotten.Contains),
                        _ => false,
                    };
                    changed |= isForgotten && forgotten.Add(i.Result);
                }
            }
        }

        return forgotten;
    }

    private static bool IsForgotten(IrInstruction i, Definitions definitions) => i.Binary switch
    {
        BinaryOperation.DivideUnsigned or BinaryOperation.DivideSigned or BinaryOperation.ModuloUnsigned or BinaryOperation.ModuloSigned => true,
        BinaryOperation.ShiftLeft or BinaryOperation.ShiftRight or BinaryOperation.ShiftRightArithmetic => !definitions.TryConstant(i.Operands[1], out _),
        _ => false,
    };
}
