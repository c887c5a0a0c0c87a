using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Conversion = Fathom.Compiler.IR.Conversion;

namespace Fathom.Generator.FrontEnd;

/// <content>Arithmetic and conversions, as C# defines them.</content>
internal sealed partial class Lowering
{
    private Value Binary(IBinaryOperation operation)
    {
        if (Operator(operation.OperatorMethod, operation.ConstrainedToType) is { } method)
        {
            RefuseOwnShortCircuit(operation);
            return method.ContainingType is { IsRecord: true, IsValueType: true } && method.IsImplicitlyDeclared
                ? EqualWhole(operation)
                : CallOperator(method, operation, operation.LeftOperand, operation.RightOperand);
        }

        if (operation.OperatorKind is BinaryOperatorKind.ConditionalAnd or BinaryOperatorKind.ConditionalOr)
        {
            return Materialize(operation);
        }

        if (operation.OperatorKind is BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals && EqualToConstant(operation) is var (tested, wanted))
        {
            return wanted ? Scalar(tested) : Not(tested);
        }

        if (ComparisonOf(operation) is { } comparison)
        {
            (Value x, Value y) = ComparedValues(operation);
            At(operation);
            return _b.Compare(comparison, x, y);
        }

        if (operation.IsLifted)
        {
            throw Unsupported(operation, "Nullable values do not exist in a BPF program: keep a bool beside the value");
        }

        RefuseChecked(operation.IsChecked, operation);
        ITypeSymbol leftType = TypeOf(operation.LeftOperand), rightType = TypeOf(operation.RightOperand);
        if (leftType is IPointerTypeSymbol || rightType is IPointerTypeSymbol)
        {
            return PointerArithmetic(operation, leftType, rightType);
        }

        Value left = Scalar(operation.LeftOperand);
        Value right = Scalar(operation.RightOperand);
        At(operation);

        // Narrow integers are computed as int, but enums on them, and narrow integers in generic arithmetic, stay what they are.
        Value result = Fit(Operate(operation.OperatorKind, TypeOf(operation), left, right, operation, operation.RightOperand), TypeOf(operation));
        MoveUserPointer(operation.OperatorKind, left, right, result);
        return result;
    }

    /// <summary>One operation on two values of a type; the right side of a shift may be narrower.</summary>
    private Value Operate(BinaryOperatorKind kind, ITypeSymbol type, Value left, Value right, IOperation operation, IOperation rightOperand)
    {
        if (Layouts.ScalarSize(type) == 0)
        {
            throw Refuse(operation);
        }

        bool isSigned = Layouts.IsSigned(type), isWide = Layouts.ScalarSize(type) == 8;
        BinaryOperation code = kind switch
        {
            BinaryOperatorKind.Add => BinaryOperation.Add,
            BinaryOperatorKind.Subtract => BinaryOperation.Subtract,
            BinaryOperatorKind.Multiply => BinaryOperation.Multiply,
            BinaryOperatorKind.Divide => isSigned ? BinaryOperation.DivideSigned : BinaryOperation.DivideUnsigned,
            BinaryOperatorKind.Remainder => isSigned ? BinaryOperation.ModuloSigned : BinaryOperation.ModuloUnsigned,
            BinaryOperatorKind.And => BinaryOperation.And,
            BinaryOperatorKind.Or => BinaryOperation.Or,
            BinaryOperatorKind.ExclusiveOr => BinaryOperation.Xor,
            BinaryOperatorKind.LeftShift => BinaryOperation.ShiftLeft,
            BinaryOperatorKind.RightShift => isSigned ? BinaryOperation.ShiftRightArithmetic : BinaryOperation.ShiftRight,
            BinaryOperatorKind.UnsignedRightShift => BinaryOperation.ShiftRight,
            _ => throw Unsupported(operation, "The operator '" + kind + "' is not part of the C# that compiles to BPF"),
        };
        if (Layouts.ScalarSize(type) < 4 && kind is BinaryOperatorKind.LeftShift or BinaryOperatorKind.RightShift or BinaryOperatorKind.UnsignedRightShift)
        {
            // In generic arithmetic a narrow integer is shifted by as many bits as it has, and as what it is without a sign by '>>>'.
            right = _b.Binary(BinaryOperation.And, right, _b.Constant(s_i32, (Layouts.ScalarSize(type) * 8) - 1));
            left = kind != BinaryOperatorKind.UnsignedRightShift || !isSigned ? left
                : _b.Convert(Layouts.ScalarSize(type) == 1 ? Conversion.ZeroExtend8 : Conversion.ZeroExtend16, left);
        }

        if (code is BinaryOperation.ShiftLeft or BinaryOperation.ShiftRight or BinaryOperation.ShiftRightArithmetic && isWide && _b.TypeOf(right).Bits == 32)
        {
            right = rightOperand.ConstantValue is { HasValue: true, Value: { } count }
                ? _b.Constant(s_i64, (long)(ConstantBytes.Bits(count) & 63))
                : _b.Convert(Conversion.ZeroExtend, right);
        }

        // C# lets a constant 0 through where the left side is none, and throws.
        if (kind is BinaryOperatorKind.Divide or BinaryOperatorKind.Remainder
            && (rightOperand.ConstantValue is not { HasValue: true, Value: { } divisor } || ConstantBytes.Bits(divisor) == 0))
        {
            Block divide = _b.NewBlock("divide");
            _b.Branch(Comparison.Equal, right, _b.Constant(_b.TypeOf(right), 0), Fault(), divide);
            _b.SetBlock(divide);
        }

        return _b.Binary(code, left, right);
    }

    private static void RefuseChecked(bool isChecked, IOperation operation)
    {
        if (isChecked)
        {
            throw new LoweringException(Descriptors.Checked, Where(operation));
        }
    }

    private Value Unary(IUnaryOperation operation)
    {
        if (Operator(operation.OperatorMethod, operation.ConstrainedToType) is { } method)
        {
            return CallOperator(method, operation, operation.Operand);
        }

        if (operation.OperatorKind == UnaryOperatorKind.Not && TypeOf(operation).SpecialType == SpecialType.System_Boolean)
        {
            return Not(operation.Operand);
        }

        if (operation.IsLifted || Layouts.ScalarSize(TypeOf(operation)) == 0)
        {
            throw Refuse(operation);
        }

        RefuseChecked(operation.IsChecked, operation);
        Value value = Scalar(operation.Operand);
        IrType type = _b.TypeOf(value);
        At(operation);
        return operation.OperatorKind switch
        {
            UnaryOperatorKind.Plus => value,
            UnaryOperatorKind.Minus => Fit(_b.Binary(BinaryOperation.Subtract, _b.Constant(type, 0), value), TypeOf(operation)),
            // The complement of an enum with a narrow underlying type is that of the narrow type.
            UnaryOperatorKind.BitwiseNegation => Fit(_b.Binary(BinaryOperation.Xor, value, _b.Constant(type, -1)), TypeOf(operation)),
            _ => throw Refuse(operation),
        };
    }

    /// <summary>Whatever is not 0 is true, also where a bool was read that has other bits than the lowest.</summary>
    private Value Not(IOperation condition) => IsMadeHere(condition)
        ? _b.Binary(BinaryOperation.Xor, Scalar(condition), _b.Constant(s_i32, 1)) : _b.Compare(Comparison.Equal, Scalar(condition), _b.Constant(s_i32, 0));

    /// <summary>True for a condition that is computed, so that it is 0 or 1.</summary>
    private static bool IsMadeHere(IOperation operation) => SkipParentheses(operation) is IIsPatternOperation or ITupleBinaryOperation
        or IBinaryOperation { OperatorMethod: null, OperatorKind: >= BinaryOperatorKind.Equals and <= BinaryOperatorKind.GreaterThan }
        or IBinaryOperation { OperatorMethod: null, OperatorKind: BinaryOperatorKind.ConditionalAnd or BinaryOperatorKind.ConditionalOr };

    /// <summary>Brings a 32-bit value into the form of a type: narrow integers are extended to 32 bits.</summary>
    private Value Fit(Value value, ITypeSymbol type)
    {
        bool isSigned = Layouts.IsSigned(type);
        return Layouts.ScalarSize(type) switch
        {
            1 when type.SpecialType != SpecialType.System_Boolean => _b.Convert(isSigned ? Conversion.SignExtend8 : Conversion.ZeroExtend8, value),
            2 => _b.Convert(isSigned ? Conversion.SignExtend16 : Conversion.ZeroExtend16, value),
            _ => value,
        };
    }

    private Value Convert(IConversionOperation conversion)
    {
        if (conversion.OperatorMethod is { } method)
        {
            return CallOperator(method, conversion, conversion.Operand);
        }

        ITypeSymbol to = TypeOf(conversion);
        if (conversion.Operand.Type is null && IsNull(conversion))
        {
            return _b.Constant(RegisterType(to, PointerSpace.Unknown, Where(conversion)), 0);
        }

        if (conversion.Operand is IMethodReferenceOperation or IAnonymousFunctionOperation)
        {
            throw Refuse(conversion);
        }

        ITypeSymbol from = TypeOf(conversion.Operand);
        if (to is IPointerTypeSymbol && from is not IPointerTypeSymbol && PacketSpace(conversion.Operand) is { } space)
        {
            return LoadPacketPointer(conversion.Operand, space);
        }

        if (Layouts.ScalarSize(to) == 0 || Layouts.ScalarSize(from) == 0)
        {
            throw Layouts.ScalarSize(from) == 0 ? Refuse(conversion.Operand) : Refuse(conversion);
        }

        RefuseChecked(CanOverflow(from, to) && (conversion.IsChecked || IsCheckedEnum(conversion, from, to)), conversion);

        if (from is IPointerTypeSymbol { PointedAtType: var old } && to is IPointerTypeSymbol { PointedAtType: var pointee } && !IsSame(old, pointee))
        {
            Layouts.RequireSettled(old, Where(conversion));
            Layouts.RequireSettled(pointee, Where(conversion));
        }

        Value value = Scalar(conversion.Operand);
        At(conversion);
        return to is IPointerTypeSymbol pointer ? ToPointer(value, from, pointer, conversion) : ConvertValue(value, from, to);
    }

    /// <summary>True for a checked conversion of an enum, which Roslyn does not call one.</summary>
    private bool IsCheckedEnum(IConversionOperation conversion, ITypeSymbol from, ITypeSymbol to) =>
        (from.TypeKind == TypeKind.Enum || to.TypeKind == TypeKind.Enum)
        && (conversion.Syntax.AncestorsAndSelf().FirstOrDefault(n => n is CheckedExpressionSyntax or CheckedStatementSyntax) is { } context
            ? context.Kind() is SyntaxKind.CheckedExpression or SyntaxKind.CheckedStatement : _unit.Compilation.Options is CSharpCompilationOptions { CheckOverflow: true });

    /// <summary>True if a number of one type may be none of another, so that C# may throw.</summary>
    private static bool CanOverflow(ITypeSymbol from, ITypeSymbol to)
    {
        int fromSize = Layouts.ScalarSize(from), toSize = Layouts.ScalarSize(to);
        return Layouts.IsSigned(from) == Layouts.IsSigned(to) ? toSize < fromSize : Layouts.IsSigned(from) || toSize <= fromSize;
    }

    private Value ConvertValue(Value value, ITypeSymbol from, ITypeSymbol to)
    {
        bool toPointer = to is IPointerTypeSymbol or IFunctionPointerTypeSymbol;
        if (from is IPointerTypeSymbol or IFunctionPointerTypeSymbol)
        {
            if (toPointer)
            {
                return value;
            }

            value = _b.Reinterpret(value, s_i64);
        }

        int fromSize = Layouts.ScalarSize(from), toSize = Layouts.ScalarSize(to);
        if (toSize == 8 && fromSize < 8)
        {
            value = _b.Convert(Layouts.IsSigned(from) ? Conversion.SignExtend : Conversion.ZeroExtend, value);
        }
        else if (toSize < 8 && fromSize == 8)
        {
            value = _b.Convert(Conversion.Truncate, value);
        }

        if (toPointer)
        {
            return _b.Reinterpret(value, IrType.PointerTo(PointerSpace.Kernel));
        }

        bool isNarrowing = toSize < fromSize || (toSize == fromSize && Layouts.IsSigned(from) != Layouts.IsSigned(to)) || (toSize < 4 && Layouts.IsSigned(from) && !Layouts.IsSigned(to));
        return toSize < 4 && isNarrowing ? Fit(value, to) : value;
    }

    /// <summary>
    /// The target is located and its old value read before the right side is evaluated, as C# does.
    /// </summary>
    private Value CompoundAssignment(ICompoundAssignmentOperation compound)
    {
        RefuseChecked(compound.IsChecked, compound);
        if (compound.IsLifted)
        {
            throw Unsupported(compound, "Nullable values do not exist in a BPF program: keep a bool beside the value");
        }

        Place place = Locate(compound.Target);
        ITypeSymbol type = place.Type;
        if (Operator(compound.OperatorMethod, compound.ConstrainedToType) is { } method)
        {
            CompoundOperator(compound, method, place);
            return _b.Constant(s_i32, 0);
        }

        Value old = Load(place, Where(compound.Target));
        if (type is IPointerTypeSymbol pointer)
        {
            Value moved = MovePointer(old, compound.Value, pointer.PointedAtType, compound.OperatorKind == BinaryOperatorKind.Subtract, compound);
            Store(place, moved, Where(compound));
            return moved;
        }

        bool isShift = compound.OperatorKind is BinaryOperatorKind.LeftShift or BinaryOperatorKind.RightShift or BinaryOperatorKind.UnsignedRightShift;
        ITypeSymbol operationType = !isShift ? TypeOf(compound.Value) : compound.ConstrainedToType is null ? Promoted(type) : type;
        Value left = ConvertValue(old, type, operationType);
        Value right = Scalar(compound.Value);
        At(compound);
        Value result = ConvertValue(Operate(compound.OperatorKind, operationType, left, right, compound, compound.Value), operationType, type);
        if (Layouts.ScalarSize(type) < 4 && Layouts.ScalarSize(type) == Layouts.ScalarSize(operationType))
        {
            result = Fit(result, type);
        }

        Store(place, result, Where(compound.Target));
        return result;
    }

    private ITypeSymbol Promoted(ITypeSymbol type) =>
        Layouts.ScalarSize(type) < 4 ? _unit.Compilation.GetSpecialType(SpecialType.System_Int32) : type;

    private Value Step(IIncrementOrDecrementOperation step, bool needsOld)
    {
        RefuseChecked(step.IsChecked, step);
        Place place = Locate(step.Target);
        if (Operator(step.OperatorMethod, step.ConstrainedToType) is { } method && Layouts.IsStruct(place.Type))
        {
            StepOperator(step, method, place);
            return _b.Constant(s_i32, 0);
        }
        ITypeSymbol type = place.Type;
        Value old = Load(place, Where(step.Target));
        long amount = step.Kind == OperationKind.Increment ? 1 : -1;
        Value changed;
        if (type is IPointerTypeSymbol pointer)
        {
            changed = _b.Offset(old, amount * _unit.Layouts.SizeOf(pointer.PointedAtType, Where(step)));
        }
        else
        {
            changed = Fit(_b.Binary(BinaryOperation.Add, old, _b.Constant(_b.TypeOf(old), amount)), type);
        }

        Store(place, changed, Where(step.Target));
        return needsOld && step.IsPostfix ? old : changed;
    }
}
