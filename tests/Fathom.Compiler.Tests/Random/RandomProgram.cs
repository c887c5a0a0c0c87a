using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Compiler.Tests.Random;

/// <summary>
/// A random module from a seed: <c>entry</c> reads the map <c>data</c> (inputs in the first half), computes with loops, branches, slots,
/// globals and subprograms, and writes results into the second half. The same seed gives the same module.
/// </summary>
internal sealed class RandomProgram
{
    public const int DataBytes = 256;
    private const int InputBytes = 128;

    private readonly System.Random _random;
    private readonly Module _module = new();
    private readonly List<Function> _subprograms = [];
    private readonly List<Global> _globals = [];
    private FunctionBuilder _b = null!;
    private Value _data;
    private List<Value> _narrow = [];
    private List<Value> _wide = [];
    private List<StackSlot> _slots = [];
    private int _branches;

    private RandomProgram(int seed) => _random = new System.Random(seed);

    private int SlotBytes { get; } = 32;

    public static Module Make(int seed)
    {
        var program = new RandomProgram(seed);
        program.Make();
        return program._module;
    }

    public static byte[] Inputs(int seed)
    {
        var random = new System.Random(seed ^ 0x5eed);
        var data = new byte[DataBytes];
        for (int n = 0; n < InputBytes; n += 8)
        {
            BitConverter.TryWriteBytes(data.AsSpan(n), Interesting(random));
        }

        return data;
    }

    private void Make()
    {
        _module.AddMap(new MapDefinition { Name = "data", Type = MapType.Array, KeySize = 4, ValueSize = DataBytes, MaxEntries = 1 });
        foreach (var section in new[] { DataSection.ReadOnly, DataSection.Data, DataSection.Zeroed })
        {
            var initial = new byte[16];
            if (section != DataSection.Zeroed)
            {
                _random.NextBytes(initial);
            }

            _globals.Add(_module.AddGlobal("g" + section, section, initial, 8, 0));
        }

        for (int n = _random.Next(3); n > 0; n--)
        {
            var types = Enumerable.Range(0, 1 + _random.Next(4)).Select(_ => Either(IrType.I32, IrType.I64)).ToList();
            MakeFunction(_module.AddFunction("sub" + n, ".text", types, Either(IrType.I32, IrType.I64), 0), 6);
            _subprograms.Add(_b.Function);
        }

        MakeFunction(_module.AddFunction("entry", "syscall", [IrType.PointerTo(PointerSpace.Context)], IrType.I32, 0), 8 + _random.Next(25));
    }

    private void MakeFunction(Function function, int statements)
    {
        _b = new FunctionBuilder(function);
        _branches = 0;
        _slots = [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => _b.NewSlot(SlotBytes, 8))];
        foreach (var slot in _slots)
        {
            _b.Zero(_b.SlotAddress(slot), 0, SlotBytes, 8);
        }

        Lookup();
        _narrow = [];
        _wide = [];
        int variables = 2 + _random.Next(10);
        for (int n = 0; n < variables; n++)
        {
            Declare(_narrow, IrType.I32, n);
            Declare(_wide, IrType.I64, n);
        }

        for (int n = 0; n < statements; n++)
        {
            Statement(2);
        }

        for (int n = 0; n < variables && n < 7; n++)
        {
            _b.Store(_data, InputBytes + (n * 16), MemorySize.Double, _wide[n]);
            _b.Store(_data, InputBytes + 8 + (n * 16), MemorySize.Word, _narrow[n]);
        }

        _b.Return(Expression(function.Result, 2));
    }

    private void Declare(List<Value> list, IrType type, int n)
    {
        var value = _b.NewValue(type);
        bool isParameter = n < _b.Function.Parameters.Count && _b.Function.Parameters[n] == type;
        _b.Assign(value, isParameter ? _b.Parameter(n) : Expression(type, 0));
        list.Add(value);
    }

    private void Lookup()
    {
        var key = _b.NewSlot(4, 4);
        _b.Store(_b.SlotAddress(key), 0, MemorySize.Word, _b.Constant(IrType.I32, 0));
        _data = _b.Call(1, IrType.PointerTo(PointerSpace.MapValue), [_b.MapAddress("data"), _b.SlotAddress(key)]);
        var found = _b.NewBlock();
        var missing = _b.NewBlock();
        _b.Branch(Comparison.Equal, _data, _b.Constant(_b.TypeOf(_data), 0), missing, found);
        _b.SetBlock(missing);
        _b.Return(_b.Constant(_b.Function.Result, 77));
        _b.SetBlock(found);
    }

    private void Statement(int depth)
    {
        switch (_random.Next(depth > 0 ? 14 : 9))
        {
            case 0 or 1 or 2:
                Assign(IrType.I32);
                break;
            case 3 or 4:
                Assign(IrType.I64);
                break;
            case 5:
                var (pointer, size, offset) = Memory(isWritten: true);
                _b.Store(pointer, offset, size, Expression(size == MemorySize.Double ? IrType.I64 : Either(IrType.I32, IrType.I64), 2));
                break;
            case 6:
                Block();
                break;
            case 7:
                Atomic();
                break;
            case 8:
                Call();
                break;
            case 9 or 10 or 11:
                If(depth);
                break;
            default:
                Loop(depth);
                break;
        }
    }

    private void Assign(IrType type) => _b.Assign(Pick(type == IrType.I32 ? _narrow : _wide), Expression(type, 3));

    private void Block()
    {
        var target = _b.SlotAddress(Pick(_slots));
        int at = _random.Next(3) * 8;
        int bytes = 1 + _random.Next(SlotBytes - at);
        if (_random.Next(2) == 0)
        {
            _b.Zero(target, at, bytes, Alignment());
        }
        else if (_random.Next(2) == 0)
        {
            _b.Copy(target, at, _data, _random.Next(8) * 8, bytes, Alignment());
        }
        else
        {
            _b.Copy(_data, InputBytes + at, target, at, bytes, Alignment());
        }
    }

    private int Alignment() => 1 << _random.Next(4);

    private void Atomic()
    {
        var size = _random.Next(2) == 0 ? MemorySize.Word : MemorySize.Double;
        var type = size == MemorySize.Word ? IrType.I32 : IrType.I64;
        var operations = new[]
        {
            AtomicOperation.Add, AtomicOperation.Or, AtomicOperation.And, AtomicOperation.Xor,
            AtomicOperation.Add | AtomicOperation.Fetch, AtomicOperation.Xor | AtomicOperation.Fetch,
            AtomicOperation.Exchange, AtomicOperation.CompareExchange,
        };
        var operation = operations[_random.Next(operations.Length)];
        int offset = InputBytes + (_random.Next(8) * 8);
        var expected = operation == AtomicOperation.CompareExchange ? Expression(type, 1) : (Value?)null;
        var old = _b.Atomic(operation, size, _data, offset, Expression(type, 1), expected);
        if ((operation & AtomicOperation.Fetch) != 0)
        {
            _b.Assign(Pick(type == IrType.I32 ? _narrow : _wide), old);
        }
    }

    private void Call()
    {
        if (_subprograms.Count == 0)
        {
            Lookup();
            return;
        }

        var target = Pick(_subprograms);
        if (target == _b.Function)
        {
            return;
        }

        var result = _b.Call(target, [.. target.Parameters.Select(p => Expression(p, 2))]);
        _b.Assign(Pick(target.Result == IrType.I32 ? _narrow : _wide), result);
    }

    private void If(int depth)
    {
        if (_branches++ > 7)
        {
            return;
        }

        var type = Either(IrType.I32, IrType.I64);
        var yes = _b.NewBlock();
        var no = _b.NewBlock();
        var join = _b.NewBlock();
        if (_random.Next(4) == 0)
        {
            var truth = _b.Compare(AnyComparison(), Expression(type, 1), Expression(type, 1));
            _b.Branch(Comparison.NotEqual, truth, _b.Constant(IrType.I32, 0), yes, no);
        }
        else
        {
            _b.Branch(AnyComparison(), Expression(type, 2), Expression(type, 1), yes, no);
        }

        var data = _data;
        foreach (var block in new[] { yes, no })
        {
            _b.SetBlock(block);
            _data = data;
            for (int n = _random.Next(3); n > 0; n--)
            {
                Statement(depth - 1);
            }

            _b.Jump(join);
        }

        _b.SetBlock(join);
        _data = data;
    }

    private void Loop(int depth)
    {
        if (_branches++ > 7)
        {
            return;
        }

        var type = Either(IrType.I32, IrType.I64);
        var counter = _b.NewValue(type);
        _b.Assign(counter, _b.Constant(type, 0));
        var head = _b.NewBlock();
        var body = _b.NewBlock();
        var done = _b.NewBlock();
        _b.Jump(head);
        _b.SetBlock(head);
        _b.Branch(Comparison.LessUnsigned, counter, _b.Constant(type, 1 + _random.Next(4)), body, done);
        _b.SetBlock(body);
        var data = _data;
        for (int n = 1 + _random.Next(3); n > 0; n--)
        {
            Statement(depth - 1);
        }

        _data = data;
        _b.Assign(Pick(type == IrType.I32 ? _narrow : _wide), counter);
        _b.Assign(counter, _b.Binary(BinaryOperation.Add, counter, _b.Constant(type, 1)));
        _b.Jump(head);
        _b.SetBlock(done);
    }

    private Value Expression(IrType type, int depth)
    {
        int choice = _random.Next(depth > 0 ? 12 : 4);
        bool is32 = type == IrType.I32;
        switch (choice)
        {
            case 0:
                return _b.Constant(type, _random.Next(3) == 0 ? Interesting(_random) : _random.Next(-3, 40));
            case 1:
                var (pointer, size, offset) = Memory(isWritten: false);
                size = is32 && size == MemorySize.Double ? MemorySize.Word : size;
                return _b.Load(type, pointer, offset, size, _random.Next(2) == 0);
            case 2 or 3:
                var list = is32 ? _narrow : _wide;
                return list.Count > 0 ? Pick(list) : _b.Constant(type, _random.Next());
            case 4:
                return is32 ? _b.Convert(Conversion.Truncate, Expression(IrType.I64, depth - 1)) : Widen(depth);
            case 5:
                return is32
                    ? _b.Convert((Conversion)_random.Next((int)Conversion.ZeroExtend8, (int)Conversion.SignExtend16 + 1), Expression(type, depth - 1))
                    : Widen(depth);
            case 6 when is32:
                var compared = Either(IrType.I32, IrType.I64);
                return _b.Compare(AnyComparison(), Expression(compared, depth - 1), Expression(compared, depth - 1));
            case 7:
                return _b.ByteSwap(Expression(type, depth - 1), _random.Next(is32 ? 2 : 3) switch { 0 => 16, 1 => 32, _ => 64 });
            default:
                var operation = (BinaryOperation)_random.Next(13);
                var right = _random.Next(3) == 0 ? _b.Constant(type, 1L << _random.Next(is32 ? 32 : 64)) : Expression(type, depth - 1);
                return _b.Binary(operation, Expression(type, depth - 1), right);
        }
    }

    private Value Widen(int depth) =>
        _b.Convert(_random.Next(2) == 0 ? Conversion.ZeroExtend : Conversion.SignExtend, Expression(IrType.I32, depth - 1));

    private (Value Pointer, MemorySize Size, int Offset) Memory(bool isWritten)
    {
        var size = (MemorySize)(_random.Next(4) * 8);
        int bytes = IrInstruction.BytesOf(size);
        switch (_random.Next(5))
        {
            case 0 or 1:
                return (_b.SlotAddress(Pick(_slots)), size, _random.Next(SlotBytes / bytes) * bytes);
            case 2:
                var global = _globals[isWritten ? 1 + _random.Next(2) : _random.Next(3)];
                return (_b.GlobalAddress(global), size, _random.Next(16 / bytes) * bytes);
            case 3:
                // A variable index, masked to stay inside.
                var narrow = _narrow.Count > 0 ? Pick(_narrow) : _b.Constant(IrType.I32, 5);
                var index = _b.Binary(BinaryOperation.And, narrow, _b.Constant(IrType.I32, (SlotBytes / bytes) - 1));
                var distance = _b.Binary(BinaryOperation.Multiply, _b.Convert(Conversion.ZeroExtend, index), _b.Constant(IrType.I64, bytes));
                return (_b.OffsetBy(_b.SlotAddress(Pick(_slots)), distance), size, 0);
            default:
                int from = isWritten ? InputBytes : 0;
                return (_b.Offset(_data, from), size, _random.Next((DataBytes - from) / bytes) * bytes);
        }
    }

    private static long Interesting(System.Random random) => random.Next(8) switch
    {
        0 => 0,
        1 => -1,
        2 => int.MinValue,
        3 => long.MinValue,
        4 => uint.MaxValue,
        5 => random.NextInt64() >> random.Next(64),
        6 => (long)random.Next() << 32,
        _ => random.NextInt64(),
    };

    private Comparison AnyComparison() => (Comparison)_random.Next(10);

    private IrType Either(IrType left, IrType right) => _random.Next(2) == 0 ? left : right;

    private T Pick<T>(List<T> list) => list[_random.Next(list.Count)];
}
