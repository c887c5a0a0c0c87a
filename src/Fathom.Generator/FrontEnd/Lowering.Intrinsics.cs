using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Methods of .NET that have a meaning of their own in BPF.</content>
internal sealed partial class Lowering
{
    // Sequences in which each group of six (five) bits occurs once, so that products with 2^n - 1 differ in these bits.
    private const long DeBruijn64 = 0x03f79d71b4cb0a89, DeBruijn32 = 0x07c4acdd;

    private bool Intrinsic(IInvocationOperation call, MemoryPlace? target, bool wantsResult, out Value? result)
    {
        IMethodSymbol method = call.TargetMethod;
        INamedTypeSymbol type = method.ContainingType;
        result = null;
        if (type.Is("System.Threading", "Interlocked"))
        {
            result = Interlocked(call, method.Name, wantsResult);
            return true;
        }

        if (type.Is("System", "MemoryExtensions") && method.Name is "StartsWith" or "SequenceEqual" && call.Arguments.Length == 2)
        {
            IOperation[] spans = InOrder(call.Arguments);
            SpanValue span = Span(spans[0]);
            if (Span(spans[1]).Literal is not { } literal)
            {
                throw Unsupported(spans[1], "A span can be compared with a \"...\"u8 literal only: write a loop");
            }

            At(call);
            result = EqualsLiteral(span, literal, method.Name == "SequenceEqual", Where(call));
            return true;
        }

        if (type.IsSpan() && method.Name == "Clear")
        {
            SpanValue span = Span(call.Instance!);
            if (span.ConstantLength is not { } length)
            {
                throw Unsupported(call, "Only a span whose length is known at compile time can be cleared");
            }

            _b.Zero(span.Pointer, 0, length * _unit.Layouts.SizeOf(span.Element, Where(call)), span.Alignment);
            return true;
        }

        if (type.Is("System.Runtime.CompilerServices", "Unsafe") && method.Name == "SizeOf")
        {
            result = SizeOf(method.TypeArguments[0], Where(call));
            return true;
        }

        if (method.Parameters.Length is 0 or > 2 || method.Parameters.Any(p => Layouts.ScalarSize(p.Type) == 0))
        {
            return false;
        }

        result = (type.ToDisplayString(), method.Name) switch
        {
            ("System.Buffers.Binary.BinaryPrimitives", "ReverseEndianness") => ReverseEndianness(call),
            ("System.Numerics.BitOperations", "Log2") => Log2(Scalar(call.Arguments[0].Value)),
            ("System.Numerics.BitOperations", "LeadingZeroCount") => LeadingZeroCount(Scalar(call.Arguments[0].Value)),
            ("System.Numerics.BitOperations", "RotateLeft") => Rotate(call, isLeft: true),
            ("System.Numerics.BitOperations", "RotateRight") => Rotate(call, isLeft: false),
            ("System.Math", "Min") => Extreme(call, isMin: true),
            ("System.Math", "Max") => Extreme(call, isMin: false),
            _ => null,
        };
        return result is not null;
    }

    private Value? Interlocked(IInvocationOperation call, string name, bool wantsResult)
    {
        if (name.StartsWith("MemoryBarrier", System.StringComparison.Ordinal))
        {
            throw Unsupported(call, "BPF has no fence of its own: each operation of Interlocked is one, for the compiler at least (docs/language.md)");
        }

        IOperation[] arguments = InOrder(call.Arguments);
        if (LocateOrEvaluate(arguments[0]) is not MemoryPlace memory || Layouts.ScalarSize(memory.Type) < 4 || Layouts.ScalarSize(memory.Type) == 0 || memory.Type is IPointerTypeSymbol)
        {
            throw Unsupported(call, "Atomic operations work on 4- and 8-byte integers in globals and map values");
        }

        RequireWritable(memory, Where(call));
        Value One(long value) => _b.Constant(Layouts.ScalarSize(memory.Type) == 8 ? s_i64 : s_i32, value);
        Value operand = name switch
        {
            "Increment" => One(1),
            "Decrement" => One(-1),
            "Add" or "And" or "Or" or "Exchange" or "CompareExchange" => Scalar(arguments[1]),
            _ => throw Unsupported(call, "Interlocked." + name + " has no counterpart in BPF"),
        };
        Value? expected = name == "CompareExchange" ? Scalar(arguments[2]) : null;
        AtomicOperation operation = name switch
        {
            "And" => AtomicOperation.And,
            "Or" => AtomicOperation.Or,
            "Exchange" => AtomicOperation.Exchange,
            "CompareExchange" => AtomicOperation.CompareExchange,
            _ => AtomicOperation.Add,
        };
        if (wantsResult && operation is AtomicOperation.Add or AtomicOperation.And or AtomicOperation.Or)
        {
            operation |= AtomicOperation.Fetch;
        }

        At(call);
        Value old = _b.Atomic(operation, SizeCode(Layouts.ScalarSize(memory.Type)), memory.Pointer, memory.Offset, operand, expected);
        if (!wantsResult)
        {
            return null;
        }

        // Add, Increment and Decrement give the new value, the others the old one.
        return name is "Add" or "Increment" or "Decrement" ? _b.Binary(BinaryOperation.Add, old, operand) : old;
    }

    private Value ReverseEndianness(IInvocationOperation call)
    {
        IOperation argument = call.Arguments[0].Value;
        ITypeSymbol type = TypeOf(argument);
        Value value = Scalar(argument);
        int bits = Layouts.ScalarSize(type) * 8;
        return bits == 8 ? value : Fit(_b.ByteSwap(value, bits), type);
    }

    /// <summary>
    /// Position of the highest bit, 0 for 0. Without a branch: each would double the ways that the verifier follows. The highest bit is copied into all below it; a de Bruijn
    /// product of what results has upper bits that differ for each logarithm. The mask tells the verifier how large it can be.
    /// </summary>
    private Value Log2(Value value)
    {
        IrType type = _b.TypeOf(value);
        for (int width = 1; width < type.Bits; width *= 2)
        {
            value = _b.Binary(BinaryOperation.Or, value, _b.Binary(BinaryOperation.ShiftRight, value, _b.Constant(type, width)));
        }

        bool is64 = type.Bits == 64;
        long factor = is64 ? DeBruijn64 : DeBruijn32;
        int shift = is64 ? 58 : 27;
        byte[] logarithms = new byte[type.Bits];
        for (int log = 0; log < type.Bits; log++)
        {
            ulong filled = ulong.MaxValue >> (63 - log);
            logarithms[is64 ? filled * (ulong)factor >> shift : (uint)(filled * (ulong)factor) >> shift] = (byte)log;
        }

        Value index = _b.Binary(BinaryOperation.ShiftRight, _b.Binary(BinaryOperation.Multiply, value, _b.Constant(type, factor)), _b.Constant(type, shift));
        Value place = _b.OffsetBy(_b.GlobalAddress(_unit.Literal(logarithms)), is64 ? index : _b.Convert(Conversion.ZeroExtend, index));
        return _b.Binary(BinaryOperation.And, _b.Load(s_i32, place, 0, MemorySize.Byte), _b.Constant(s_i32, type.Bits - 1));
    }

    private Value LeadingZeroCount(Value value)
    {
        IrType type = _b.TypeOf(value);
        Value some = _b.Binary(BinaryOperation.Subtract, _b.Constant(s_i32, type.Bits - 1), Log2(value));
        return _b.Binary(BinaryOperation.Add, some, _b.Compare(Comparison.Equal, value, _b.Constant(type, 0)));
    }

    private Value Rotate(IInvocationOperation call, bool isLeft)
    {
        Value[] arguments = Scalars(call.Arguments);
        Value value = arguments[0], count = arguments[1];
        IrType type = _b.TypeOf(value);
        if (type.Bits == 64)
        {
            count = _b.Convert(Conversion.ZeroExtend, count);
        }

        Value back = _b.Binary(BinaryOperation.Subtract, _b.Constant(type, 0), count);
        return _b.Binary(BinaryOperation.Or,
            _b.Binary(BinaryOperation.ShiftLeft, value, isLeft ? count : back),
            _b.Binary(BinaryOperation.ShiftRight, value, isLeft ? back : count));
    }

    private Value Extreme(IInvocationOperation call, bool isMin)
    {
        ITypeSymbol type = TypeOf(call);
        Value[] arguments = Scalars(call.Arguments);
        Value left = arguments[0], right = arguments[1];
        Value result = _b.NewValue(_b.TypeOf(left), isMin ? "min" : "max");
        Block other = _b.NewBlock("other"), end = _b.NewBlock("end");
        _b.Assign(result, left);
        bool isSigned = Layouts.IsSigned(type);
        Comparison keep = isMin ? isSigned ? Comparison.LessOrEqualSigned : Comparison.LessOrEqualUnsigned
            : isSigned ? Comparison.GreaterOrEqualSigned : Comparison.GreaterOrEqualUnsigned;
        _b.Branch(keep, left, right, end, other);
        _b.SetBlock(other);
        _b.Assign(result, right);
        _b.Jump(end);
        _b.SetBlock(end);
        return result;
    }
}
