using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.Tests.Random;

/// <summary>
/// Runs the intermediate form, before or in SSA, one instruction at a time. What it says an instruction does is written from the
/// documentation of the operations, not from the compiler. Pointers are addresses in one array of bytes.
/// </summary>
internal sealed class Evaluator
{
    private const long Base = 0x10000;
    private const int LookupHelper = 1;

    private readonly byte[] _memory = new byte[1 << 16];
    private readonly Dictionary<Global, long> _globals = [];
    private readonly long _data;
    private int _top;
    private int _budget = 2_000_000;

    public Evaluator(Module module, ReadOnlySpan<byte> data)
    {
        _data = Allocate(data.Length);
        data.CopyTo(_memory);
        DataLength = data.Length;
        foreach (var global in module.Globals)
        {
            long at = Allocate(global.Initial.Length);
            global.Initial.CopyTo(_memory, at - Base);
            _globals.Add(global, at);
        }
    }

    private int DataLength { get; }

    /// <summary>The value of the map called data.</summary>
    public ReadOnlySpan<byte> Data => _memory.AsSpan((int)(_data - Base), DataLength);

    public long Run(Function function, params long[] arguments)
    {
        int top = _top;
        var slots = function.Slots.Select(s => Allocate(s.Bytes)).ToArray();
        var values = new long[function.ValueCount];
        var block = function.Blocks[0];
        Block? from = null;
        while (true)
        {
            var phis = block.Instructions.Where(i => i.Op == Opcode.Phi).ToList();
            var incoming = phis.Select(p => values[p.Operands[Array.IndexOf(p.Targets, from)]]).ToList();
            for (int p = 0; p < phis.Count; p++)
            {
                values[phis[p].Result] = incoming[p];
            }

            foreach (var instruction in block.Instructions)
            {
                if (_budget-- == 0)
                {
                    throw new InvalidOperationException("The program does not end.");
                }

                if (!instruction.IsTerminator && instruction.Op != Opcode.Phi)
                {
                    long result = Evaluate(function, instruction, values, slots, arguments);
                    if (instruction.Result >= 0)
                    {
                        values[instruction.Result] = result;
                    }
                }
            }

            var last = block.Terminator;
            if (last.Op == Opcode.Return)
            {
                _top = top;
                return values[last.Operands[0]];
            }

            bool first = last.Op == Opcode.Jump
                || Compare(last.Comparison, values[last.Operands[0]], values[last.Operands[1]], function.TypeOf(last.Operands[0]).Bits);
            from = block;
            block = last.Targets[first ? 0 : 1];
        }
    }

    private long Evaluate(Function function, IrInstruction i, long[] values, long[] slots, long[] arguments)
    {
        long Operand(int n) => values[i.Operands[n]];
        int Bits(int n) => function.TypeOf(i.Operands[n]).Bits;
        switch (i.Op)
        {
            case Opcode.Parameter:
                return arguments[i.Immediate];
            case Opcode.Constant:
                return i.Immediate;
            case Opcode.Copy:
                return Operand(0);
            case Opcode.Binary:
                return Binary(i.Binary, Operand(0), Operand(1), Bits(0));
            case Opcode.Convert:
                return Convert(i.Conversion, Operand(0));
            case Opcode.ByteSwap:
                return i.Immediate switch
                {
                    16 => BinaryPrimitives.ReverseEndianness((ushort)Operand(0)),
                    32 => BinaryPrimitives.ReverseEndianness((uint)Operand(0)),
                    _ => BinaryPrimitives.ReverseEndianness(Operand(0)),
                };
            case Opcode.Compare:
                return Compare(i.Comparison, Operand(0), Operand(1), Bits(0)) ? 1 : 0;
            case Opcode.SlotAddress:
                return slots[i.Slot] + i.Immediate;
            case Opcode.GlobalAddress:
                return _globals[(Global)i.Data!] + i.Immediate;
            case Opcode.MapAddress:
                return 0;
            case Opcode.Offset:
                return Operand(0) + i.Immediate;
            case Opcode.OffsetBy:
                return Operand(0) + Operand(1);
            case Opcode.Load:
                long loaded = Load(Operand(0) + i.Immediate, i.Bytes);
                int unused = 64 - (i.Bytes * 8);
                loaded = i.Flag ? loaded << unused >> unused : loaded;
                return function.TypeOf(i.Result).Bits == 32 ? (uint)loaded : loaded;
            case Opcode.Store:
                Store(Operand(0) + i.Immediate, i.Bytes, Operand(1));
                return 0;
            case Opcode.Zero:
                _memory.AsSpan((int)(Operand(0) + i.Immediate - Base), i.Count).Clear();
                return 0;
            case Opcode.CopyMemory:
                _memory.AsSpan((int)(Operand(1) + i.SecondOffset - Base), i.Count)
                    .CopyTo(_memory.AsSpan((int)(Operand(0) + i.Immediate - Base), i.Count));
                return 0;
            case Opcode.Atomic:
                return Atomic(i, Operand(0) + i.Immediate, Operand(1), i.Operands.Length > 2 ? Operand(2) : 0);
            case Opcode.CallHelper when i.Immediate == LookupHelper:
                return _data;
            case Opcode.CallFunction:
                return Run((Function)i.Data!, [.. i.Operands.Select(o => values[o])]);
            default:
                throw new InvalidOperationException($"{i.Op} is not evaluated.");
        }
    }

    private static long Binary(BinaryOperation operation, long left, long right, int bits)
    {
        if (bits == 32)
        {
            return (uint)Binary32(operation, (uint)left, (uint)right);
        }

        int count = (int)right & 63;
        return operation switch
        {
            BinaryOperation.Add => left + right,
            BinaryOperation.Subtract => left - right,
            BinaryOperation.Multiply => left * right,
            BinaryOperation.DivideUnsigned => right == 0 ? 0 : (long)((ulong)left / (ulong)right),
            BinaryOperation.DivideSigned => right == 0 ? 0 : right == -1 ? unchecked(-left) : left / right,
            BinaryOperation.ModuloUnsigned => right == 0 ? left : (long)((ulong)left % (ulong)right),
            BinaryOperation.ModuloSigned => right == 0 ? left : right == -1 ? 0 : left % right,
            BinaryOperation.And => left & right,
            BinaryOperation.Or => left | right,
            BinaryOperation.Xor => left ^ right,
            BinaryOperation.ShiftLeft => left << count,
            BinaryOperation.ShiftRight => (long)((ulong)left >> count),
            _ => left >> count,
        };
    }

    private static uint Binary32(BinaryOperation operation, uint left, uint right)
    {
        int count = (int)right & 31;
        return operation switch
        {
            BinaryOperation.Add => left + right,
            BinaryOperation.Subtract => left - right,
            BinaryOperation.Multiply => left * right,
            BinaryOperation.DivideUnsigned => right == 0 ? 0 : left / right,
            BinaryOperation.DivideSigned => right == 0 ? 0 : right == uint.MaxValue ? 0 - left : (uint)((int)left / (int)right),
            BinaryOperation.ModuloUnsigned => right == 0 ? left : left % right,
            BinaryOperation.ModuloSigned => right == 0 ? left : right == uint.MaxValue ? 0 : (uint)((int)left % (int)right),
            BinaryOperation.And => left & right,
            BinaryOperation.Or => left | right,
            BinaryOperation.Xor => left ^ right,
            BinaryOperation.ShiftLeft => left << count,
            BinaryOperation.ShiftRight => left >> count,
            _ => (uint)((int)left >> count),
        };
    }

    private static long Convert(Conversion conversion, long value) => conversion switch
    {
        Conversion.Truncate => (uint)value,
        Conversion.ZeroExtend => (uint)value,
        Conversion.SignExtend => (int)value,
        Conversion.ZeroExtend8 => (byte)value,
        Conversion.ZeroExtend16 => (ushort)value,
        Conversion.SignExtend8 => (uint)(sbyte)value,
        _ => (uint)(short)value,
    };

    private static bool Compare(Comparison comparison, long left, long right, int bits)
    {
        if (bits == 32)
        {
            // Signed comparisons see the sign; unsigned order is the same after sign extension of both.
            (left, right) = ((int)left, (int)right);
        }

        return comparison switch
        {
            Comparison.Equal => left == right,
            Comparison.NotEqual => left != right,
            Comparison.LessUnsigned => (ulong)left < (ulong)right,
            Comparison.LessOrEqualUnsigned => (ulong)left <= (ulong)right,
            Comparison.GreaterUnsigned => (ulong)left > (ulong)right,
            Comparison.GreaterOrEqualUnsigned => (ulong)left >= (ulong)right,
            Comparison.LessSigned => left < right,
            Comparison.LessOrEqualSigned => left <= right,
            Comparison.GreaterSigned => left > right,
            _ => left >= right,
        };
    }

    private long Atomic(IrInstruction i, long address, long operand, long expected)
    {
        long old = Load(address, i.Bytes);
        long mask = i.Bytes == 4 ? uint.MaxValue : -1;
        if (i.AtomicOperation == AtomicOperation.CompareExchange)
        {
            if (old == (expected & mask))
            {
                Store(address, i.Bytes, operand);
            }

            return old;
        }

        Store(address, i.Bytes, (i.AtomicOperation & ~AtomicOperation.Fetch) switch
        {
            AtomicOperation.Add => old + operand,
            AtomicOperation.Or => old | operand,
            AtomicOperation.And => old & operand,
            AtomicOperation.Xor => old ^ operand,
            _ => operand,
        });
        return old;
    }

    private long Load(long address, int bytes)
    {
        long value = 0;
        for (int n = bytes - 1; n >= 0; n--)
        {
            value = (value << 8) | _memory[address - Base + n];
        }

        return value;
    }

    private void Store(long address, int bytes, long value)
    {
        for (int n = 0; n < bytes; n++, value >>= 8)
        {
            _memory[address - Base + n] = (byte)value;
        }
    }

    private long Allocate(int bytes)
    {
        long at = Base + _top;
        _top += (bytes + 15) & ~7;
        return at;
    }
}
