using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Demanded- and known-bits simplification.
/// Drops masks and extensions of values that fit already, makes sign extension of what is not negative free, and truncation where the
/// value fits (its flag says so). Reads known bits; writes single instructions. Invariant: SSA; 32-bit values are zero-extended.
/// </summary>
internal sealed class NarrowOperations : IPass
{
    public bool Run(Function function)
    {
        var definitions = Definitions.Of(function);
        var bits = KnownBits.Of(function);
        bool changed = false;
        foreach (var block in function.Blocks)
        {
            foreach (var i in block.Instructions)
            {
                changed |= i.Op switch
                {
                    Opcode.Convert => Convert(i, bits),
                    Opcode.Binary => Binary(function, definitions, i, bits),
                    _ => false,
                };
            }
        }

        return changed;
    }

    private static bool Convert(IrInstruction i, KnownBits bits)
    {
        ulong value = bits.Maybe(i.Operands[0]);
        switch (i.Conversion)
        {
            case Conversion.Truncate when !i.Flag && value <= uint.MaxValue:
                i.Flag = true;
                return true;
            case Conversion.SignExtend when (value & 0x80000000) == 0:
                i.Kind = (byte)Conversion.ZeroExtend;
                return true;
            case Conversion.ZeroExtend8 or Conversion.SignExtend8 when value <= (i.Conversion == Conversion.ZeroExtend8 ? 0xffu : 0x7fu):
            case Conversion.ZeroExtend16 or Conversion.SignExtend16 when value <= (i.Conversion == Conversion.ZeroExtend16 ? 0xffffu : 0x7fffu):
                i.Become(Opcode.Copy, i.Operands[0]);
                return true;
            default:
                return false;
        }
    }

    private static bool Binary(Function function, Definitions definitions, IrInstruction i, KnownBits bits)
    {
        int width = function.TypeOf(i.Result).Bits;
        ulong left = bits.Maybe(i.Operands[0]);
        if (i.Binary == BinaryOperation.ShiftRightArithmetic && (left >> (width - 1) & 1) == 0)
        {
            i.Kind = (byte)BinaryOperation.ShiftRight;
            return true;
        }

        if (i.Binary == BinaryOperation.And && definitions.TryConstant(i.Operands[1], out long mask) && (left & ~(ulong)mask) == 0)
        {
            i.Become(Opcode.Copy, i.Operands[0]);
            return true;
        }

        return false;
    }
}
