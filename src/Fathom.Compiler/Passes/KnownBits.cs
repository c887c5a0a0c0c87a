using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Which bits of each register are certainly zero, in one pass over the blocks in order. It knows no more than the verifier does, which
/// forgets all at divisions, remainders and byte swaps: a mask that is needless in truth may be what makes the verifier accept an index.
/// Reads SSA; writes nothing.
/// </summary>
internal sealed class KnownBits
{
    private readonly Function _function;
    private readonly Definitions _definitions;
    private readonly ulong[] _maybe;

    private KnownBits(Function function)
    {
        _function = function;
        _definitions = Definitions.Of(function);
        _maybe = new ulong[function.ValueCount];
        for (int v = 0; v < _maybe.Length; v++)
        {
            // What is not visited yet (the other end of a loop) may be anything of its width.
            _maybe[v] = Ones(function.TypeOf(v).Bits);
        }

        foreach (var block in ControlFlow.Of(function).Order)
        {
            foreach (var i in block.Instructions)
            {
                if (i.Result >= 0)
                {
                    _maybe[i.Result] = Of(i) & Ones(function.TypeOf(i.Result).Bits);
                }
            }
        }
    }

    public static KnownBits Of(Function function) => new(function);

    /// <summary>The bits that may be one.</summary>
    public ulong Maybe(int value) => _maybe[value];

    private ulong Of(IrInstruction i)
    {
        switch (i.Op)
        {
            case Opcode.Constant:
                return (ulong)i.Immediate;
            case Opcode.Copy:
                return Maybe(i.Operands[0]);
            case Opcode.Compare:
                return 1;
            case Opcode.Phi:
                ulong all = 0;
                foreach (int operand in i.Operands)
                {
                    all |= Maybe(operand);
                }

                return all;
            case Opcode.Load when !i.Flag:
                return Ones(i.Bytes * 8);
            case Opcode.Convert:
                return OfConversion(i.Conversion, Maybe(i.Operands[0]));
            case Opcode.Binary:
                return OfBinary(i);
            default:
                return ulong.MaxValue;
        }
    }

    private static ulong OfConversion(Conversion conversion, ulong value) => conversion switch
    {
        Conversion.Truncate or Conversion.ZeroExtend => value & uint.MaxValue,
        Conversion.ZeroExtend8 => value & 0xff,
        Conversion.ZeroExtend16 => value & 0xffff,
        Conversion.SignExtend => (value & 0x80000000) == 0 ? value & uint.MaxValue : ulong.MaxValue,
        Conversion.SignExtend8 => (value & 0x80) == 0 ? value & 0xff : ulong.MaxValue,
        _ => (value & 0x8000) == 0 ? value & 0xffff : ulong.MaxValue,
    };

    private ulong OfBinary(IrInstruction i)
    {
        ulong left = Maybe(i.Operands[0]);
        ulong right = Maybe(i.Operands[1]);
        int bits = _function.TypeOf(i.Result).Bits;
        bool isConstant = _definitions.TryConstant(i.Operands[1], out long constant);
        int count = (int)constant & (bits - 1);
        bool isNegative = (left >> (bits - 1) & 1) != 0;
        return i.Binary switch
        {
            BinaryOperation.And => left & right,
            BinaryOperation.Or or BinaryOperation.Xor => left | right,
            BinaryOperation.ShiftLeft when isConstant => left << count,
            BinaryOperation.ShiftRight when isConstant => left >> count,
            BinaryOperation.ShiftRightArithmetic when isConstant && !isNegative => left >> count,
            // A sum has at most one bit more than the larger summand.
            BinaryOperation.Add => (Filled(left | right) << 1) | 1,
            BinaryOperation.Multiply => Filled(left) is var l && Filled(right) is var r && l <= uint.MaxValue && r <= uint.MaxValue
                ? Filled(l * r)
                : ulong.MaxValue,
            _ => ulong.MaxValue,
        };
    }

    // All bits up to the highest.
    private static ulong Filled(ulong value)
    {
        for (int shift = 1; shift < 64; shift <<= 1)
        {
            value |= value >> shift;
        }

        return value;
    }

    private static ulong Ones(int bits) => bits >= 64 ? ulong.MaxValue : (1UL << bits) - 1;
}
