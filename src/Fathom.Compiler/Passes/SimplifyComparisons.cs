using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>The part of <see cref="Simplify"/> that knows comparisons: those of comparisons fold, those of extended values get narrow.</summary>
internal sealed class SimplifyComparisons(Function function, Definitions definitions)
{
    public bool Compare(IrInstruction i, List<IrInstruction> before)
    {
        if (Known(i) is { } holds)
        {
            i.BecomeConstant(holds ? 1 : 0);
            return true;
        }

        return Fuse(i) || Swap(i) || Narrow(i, before);
    }

    public bool Branch(Block block, IrInstruction i, List<IrInstruction> before)
    {
        if (Known(i) is { } holds)
        {
            Edges.MakeJump(block, i.Targets[holds ? 0 : 1]);
            return true;
        }

        return Fuse(i) || Swap(i) || Narrow(i, before);
    }

    private bool? Known(IrInstruction i)
    {
        int bits = function.TypeOf(i.Operands[0]).Bits;
        if (definitions.TryConstant(i.Operands[0], out long left) && definitions.TryConstant(i.Operands[1], out long right))
        {
            return Comparisons.Holds(i.Comparison, left, right, bits);
        }

        if (i.Operands[0] == i.Operands[1])
        {
            return Comparisons.Holds(i.Comparison, 0, 0, bits);
        }

        if (definitions.TryConstant(i.Operands[1], out right) && right == 0 && IsAddress(definitions.Source(i.Operands[0])))
        {
            // The address of something of ours is never null.
            return i.Comparison switch
            {
                Comparison.Equal => false,
                Comparison.NotEqual => true,
                _ => null,
            };
        }

        return null;
    }

    private static bool IsAddress(IrInstruction i) => i.Op is Opcode.SlotAddress or Opcode.GlobalAddress or Opcode.MapAddress;

    // "(a < b) != 0" is "a < b".
    private bool Fuse(IrInstruction i)
    {
        if (!definitions.TryConstant(i.Operands[1], out long constant) || constant > 1 || constant < 0
            || i.Comparison is not (Comparison.Equal or Comparison.NotEqual))
        {
            return false;
        }

        var inner = definitions.Source(i.Operands[0]);
        while (inner.Op == Opcode.Convert && inner.Conversion is Conversion.ZeroExtend or Conversion.ZeroExtend8 or Conversion.ZeroExtend16)
        {
            inner = definitions.Source(inner.Operands[0]);
        }

        bool isNegated = (i.Comparison == Comparison.Equal) == (constant == 0);
        if (inner.Op == Opcode.Binary && inner.Binary == BinaryOperation.Xor && definitions.TryConstant(inner.Operands[1], out long one) && one == 1
            && definitions.Source(inner.Operands[0]).Op == Opcode.Compare)
        {
            inner = definitions.Source(inner.Operands[0]);
            isNegated = !isNegated;
        }

        if (inner.Op != Opcode.Compare)
        {
            return false;
        }

        i.Kind = (byte)(isNegated ? Comparisons.Negate(inner.Comparison) : inner.Comparison);
        i.Operands = [inner.Operands[0], inner.Operands[1]];
        return true;
    }

    private bool Swap(IrInstruction i)
    {
        if (!definitions.TryConstant(i.Operands[0], out _))
        {
            return false;
        }

        i.Operands = [i.Operands[1], i.Operands[0]];
        i.Kind = (byte)Comparisons.Swap(i.Comparison);
        return true;
    }

    // Two extended 32-bit values, or one and a number in its range, compare as 32-bit values.
    private bool Narrow(IrInstruction i, List<IrInstruction> before)
    {
        var left = definitions.Source(i.Operands[0]);
        if (left.Op != Opcode.Convert || left.Conversion is not (Conversion.ZeroExtend or Conversion.SignExtend))
        {
            return false;
        }

        bool isSigned = left.Conversion == Conversion.SignExtend;
        if (isSigned && i.Comparison is >= Comparison.LessUnsigned and <= Comparison.GreaterOrEqualUnsigned)
        {
            return false;
        }

        int right;
        var other = definitions.Source(i.Operands[1]);
        if (definitions.TryConstant(i.Operands[1], out long constant))
        {
            if (isSigned ? constant != (int)constant : constant != (uint)constant)
            {
                return false;
            }

            right = new Emitter(function, before, i).Constant(IrType.I32, constant);
        }
        else if (other.Op == Opcode.Convert && other.Conversion == left.Conversion)
        {
            right = other.Operands[0];
        }
        else
        {
            return false;
        }

        if (!isSigned)
        {
            i.Kind = (byte)Unsigned(i.Comparison);
        }

        i.Operands = [left.Operands[0], right];
        return true;
    }

    private static Comparison Unsigned(Comparison comparison) => comparison switch
    {
        Comparison.LessSigned => Comparison.LessUnsigned,
        Comparison.LessOrEqualSigned => Comparison.LessOrEqualUnsigned,
        Comparison.GreaterSigned => Comparison.GreaterUnsigned,
        Comparison.GreaterOrEqualSigned => Comparison.GreaterOrEqualUnsigned,
        _ => comparison,
    };
}
