using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>The part of <see cref="Simplify"/> that knows arithmetic.</summary>
internal sealed class SimplifyArithmetic(Function function, Definitions definitions)
{
    public bool Binary(IrInstruction i, List<IrInstruction> before)
    {
        int bits = function.TypeOf(i.Result).Bits;
        bool hasLeft = definitions.TryConstant(i.Operands[0], out long left);
        bool hasRight = definitions.TryConstant(i.Operands[1], out long right);
        if (hasLeft && hasRight)
        {
            i.BecomeConstant(Folding.Binary(i.Binary, left, right, bits));
            return true;
        }

        if (hasLeft && IsCommutative(i.Binary))
        {
            (i.Operands[0], i.Operands[1]) = (i.Operands[1], i.Operands[0]);
            (hasRight, right) = (true, left);
            return WithConstant(i, right, bits, before) || true;
        }

        if (hasRight)
        {
            return WithConstant(i, right, bits, before);
        }

        return SameOperands(i);
    }

    public bool Convert(IrInstruction i)
    {
        if (definitions.TryConstant(i.Operands[0], out long constant))
        {
            i.BecomeConstant(Folding.Convert(i.Conversion, constant));
            return true;
        }

        var source = definitions.Source(i.Operands[0]);
        if (source.Op != Opcode.Convert)
        {
            return false;
        }

        bool isUndone = i.Conversion == Conversion.Truncate && source.Conversion is Conversion.ZeroExtend or Conversion.SignExtend;
        bool isRepeated = i.Conversion == source.Conversion && i.Conversion >= Conversion.ZeroExtend8;
        if (isUndone || isRepeated)
        {
            i.Become(Opcode.Copy, isUndone ? source.Operands[0] : source.Result);
            return true;
        }

        return false;
    }

    public bool ByteSwap(IrInstruction i)
    {
        if (definitions.TryConstant(i.Operands[0], out long constant))
        {
            i.BecomeConstant(Folding.ByteSwap(constant, (int)i.Immediate));
            return true;
        }

        return false;
    }

    private static bool IsCommutative(BinaryOperation operation) =>
        operation is BinaryOperation.Add or BinaryOperation.Multiply or BinaryOperation.And or BinaryOperation.Or or BinaryOperation.Xor;

    private static bool SameOperands(IrInstruction i)
    {
        if (i.Operands[0] != i.Operands[1])
        {
            return false;
        }

        switch (i.Binary)
        {
            case BinaryOperation.Subtract or BinaryOperation.Xor:
                i.BecomeConstant(0);
                return true;
            case BinaryOperation.And or BinaryOperation.Or:
                i.Become(Opcode.Copy, i.Operands[0]);
                return true;
            default:
                return false;
        }
    }

    private bool WithConstant(IrInstruction i, long constant, int bits, List<IrInstruction> before)
    {
        long ones = bits == 32 ? uint.MaxValue : -1;
        switch (i.Binary)
        {
            case BinaryOperation.Subtract:
                Replace(i, BinaryOperation.Add, bits == 32 ? (uint)-constant : -constant, before);
                return true;
            case BinaryOperation.Add or BinaryOperation.Or or BinaryOperation.Xor when constant == 0:
            case BinaryOperation.And when constant == ones:
            case BinaryOperation.Multiply or BinaryOperation.DivideUnsigned or BinaryOperation.DivideSigned when constant == 1:
            case BinaryOperation.ModuloUnsigned or BinaryOperation.ModuloSigned when constant == 0:
                i.Become(Opcode.Copy, i.Operands[0]);
                return true;
            case BinaryOperation.And or BinaryOperation.Multiply or BinaryOperation.DivideUnsigned or BinaryOperation.DivideSigned when constant == 0:
            case BinaryOperation.ModuloUnsigned or BinaryOperation.ModuloSigned when constant == 1:
                i.BecomeConstant(0);
                return true;
            case BinaryOperation.Or when constant == ones:
                i.BecomeConstant(ones);
                return true;
            case BinaryOperation.ShiftLeft or BinaryOperation.ShiftRight or BinaryOperation.ShiftRightArithmetic:
                return Shift(i, constant, bits, before);
        }

        int exponent = Folding.Exponent(constant);
        if (exponent >= 0)
        {
            switch (i.Binary)
            {
                case BinaryOperation.Multiply:
                    Replace(i, BinaryOperation.ShiftLeft, exponent, before);
                    return true;
                case BinaryOperation.DivideUnsigned:
                    Replace(i, BinaryOperation.ShiftRight, exponent, before);
                    return true;
                case BinaryOperation.ModuloUnsigned:
                    Replace(i, BinaryOperation.And, constant - 1, before);
                    return true;
                case BinaryOperation.DivideSigned when exponent < bits - 1:
                    DividePower(i, exponent, bits, before);
                    return true;
            }
        }

        return Reassociate(i, constant, bits, before);
    }

    private bool Shift(IrInstruction i, long constant, int bits, List<IrInstruction> before)
    {
        long count = constant & (bits - 1);
        if (count == 0)
        {
            i.Become(Opcode.Copy, i.Operands[0]);
            return true;
        }

        if (count != constant)
        {
            Replace(i, i.Binary, count, before);
            return true;
        }

        var inner = definitions[i.Operands[0]];
        if (inner.Op == Opcode.Binary && inner.Binary == i.Binary && definitions.TryConstant(inner.Operands[1], out long first))
        {
            long sum = (first & (bits - 1)) + count;
            if (sum >= bits && i.Binary != BinaryOperation.ShiftRightArithmetic)
            {
                i.BecomeConstant(0);
                return true;
            }

            i.Operands[0] = inner.Operands[0];
            Replace(i, i.Binary, System.Math.Min(sum, bits - 1), before);
            return true;
        }

        return false;
    }

    // (x + a) + b is x + (a + b), and so on.
    private bool Reassociate(IrInstruction i, long constant, int bits, List<IrInstruction> before)
    {
        var inner = definitions[i.Operands[0]];
        if (!IsCommutative(i.Binary) || inner.Op != Opcode.Binary || inner.Binary != i.Binary
            || !definitions.TryConstant(inner.Operands[1], out long first))
        {
            return false;
        }

        i.Operands[0] = inner.Operands[0];
        Replace(i, i.Binary, Folding.Binary(i.Binary, first, constant, bits), before);
        return true;
    }

    // Toward zero: a negative number gets 2^exponent - 1 added before the shift.
    private void DividePower(IrInstruction i, int exponent, int bits, List<IrInstruction> before)
    {
        var emit = new Emitter(function, before, i);
        var type = new IrType((byte)bits);
        int value = i.Operands[0];
        int sign = emit.Binary(BinaryOperation.ShiftRightArithmetic, value, emit.Constant(type, bits - 1));
        int bias = emit.Binary(BinaryOperation.ShiftRight, sign, emit.Constant(type, bits - exponent));
        i.Operands[0] = emit.Binary(BinaryOperation.Add, value, bias);
        Replace(i, BinaryOperation.ShiftRightArithmetic, exponent, before);
    }

    private void Replace(IrInstruction i, BinaryOperation operation, long constant, List<IrInstruction> before)
    {
        i.Operands[1] = new Emitter(function, before, i).Constant(new IrType(function.TypeOf(i.Result).Bits), constant);
        i.Kind = (byte)operation;
    }
}
