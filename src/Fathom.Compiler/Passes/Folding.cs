using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>What operations give for constants, as the machine computes them. 32-bit numbers are zero-extended.</summary>
internal static class Folding
{
    public static long Binary(BinaryOperation operation, long left, long right, int bits) =>
        bits == 32 ? (uint)Wide(operation, left, right, 32) : Wide(operation, left, right, 64);

    public static long Convert(Conversion conversion, long value) => conversion switch
    {
        Conversion.Truncate or Conversion.ZeroExtend => (uint)value,
        Conversion.SignExtend => (int)value,
        Conversion.ZeroExtend8 => (byte)value,
        Conversion.ZeroExtend16 => (ushort)value,
        Conversion.SignExtend8 => (uint)(sbyte)value,
        _ => (uint)(short)value,
    };

    public static long ByteSwap(long value, int bits)
    {
        ulong result = 0;
        for (int n = 0; n < bits; n += 8)
        {
            result = (result << 8) | (byte)(value >> n);
        }

        return (long)result;
    }

    /// <summary>The exponent of a power of two, -1 for anything else.</summary>
    public static int Exponent(long value)
    {
        if (value == 0 || (value & (value - 1)) != 0)
        {
            return -1;
        }

        int exponent = 0;
        while ((value >> exponent & 1) == 0)
        {
            exponent++;
        }

        return exponent;
    }

    private static long Wide(BinaryOperation operation, long left, long right, int bits)
    {
        int count = (int)right & (bits - 1);
        long signedLeft = bits == 32 ? (int)left : left;
        long signedRight = bits == 32 ? (int)right : right;
        return operation switch
        {
            BinaryOperation.Add => left + right,
            BinaryOperation.Subtract => left - right,
            BinaryOperation.Multiply => left * right,
            BinaryOperation.DivideUnsigned => right == 0 ? 0 : (long)((ulong)left / (ulong)right),
            // The processor traps on the smallest number divided by -1; the machine wraps.
            BinaryOperation.DivideSigned => right == 0 ? 0 : signedRight == -1 ? -signedLeft : signedLeft / signedRight,
            BinaryOperation.ModuloUnsigned => right == 0 ? left : (long)((ulong)left % (ulong)right),
            BinaryOperation.ModuloSigned => right == 0 ? left : signedRight == -1 ? 0 : signedLeft % signedRight,
            BinaryOperation.And => left & right,
            BinaryOperation.Or => left | right,
            BinaryOperation.Xor => left ^ right,
            BinaryOperation.ShiftLeft => left << count,
            BinaryOperation.ShiftRight => (long)((ulong)left >> count),
            _ => signedLeft >> count,
        };
    }
}
