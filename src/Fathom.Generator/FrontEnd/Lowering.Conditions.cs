using Fathom.Compiler.IR;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Conditions: boolean expressions as branches.</content>
internal sealed partial class Lowering
{
    private void Condition(IOperation operation, Block whenTrue, Block whenFalse)
    {
        At(operation);
        if (operation.ConstantValue is { HasValue: true, Value: bool constant })
        {
            _b.Jump(constant ? whenTrue : whenFalse);
            return;
        }

        switch (operation)
        {
            case IParenthesizedOperation { Operand: var inner }:
                Condition(inner, whenTrue, whenFalse);
                return;
            case IUnaryOperation { OperatorKind: UnaryOperatorKind.Not, OperatorMethod: null, Operand: var inner }:
                Condition(inner, whenFalse, whenTrue);
                return;
            case IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalAnd, OperatorMethod: null } and:
                Block second = _b.NewBlock("and");
                Condition(and.LeftOperand, second, whenFalse);
                _b.SetBlock(second);
                Condition(and.RightOperand, whenTrue, whenFalse);
                return;
            case IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalOr, OperatorMethod: null } or:
                Block other = _b.NewBlock("or");
                Condition(or.LeftOperand, whenTrue, other);
                _b.SetBlock(other);
                Condition(or.RightOperand, whenTrue, whenFalse);
                return;
            case IBinaryOperation { OperatorMethod: null, OperatorKind: BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals } equality when EqualToConstant(equality) is var (tested, wanted):
                Condition(tested, wanted ? whenTrue : whenFalse, wanted ? whenFalse : whenTrue);
                return;
            case IBinaryOperation { OperatorMethod: null } comparison when ComparisonOf(comparison) is { } kind:
                (Value left, Value right) = ComparedValues(comparison);
                At(operation);
                _b.Branch(kind, left, right, whenTrue, whenFalse);
                return;
            case IIsTypeOperation test when SymbolEqualityComparer.Default.Equals(Resolve(test.TypeOperand), TypeOf(test.ValueOperand)):
                Effect(test.ValueOperand);
                _b.Jump(test.IsNegated ? whenFalse : whenTrue);
                return;
            case ITupleBinaryOperation tuples:
                Block areEqual = tuples.OperatorKind == BinaryOperatorKind.Equals ? whenTrue : whenFalse;
                Block differ = tuples.OperatorKind == BinaryOperatorKind.Equals ? whenFalse : whenTrue;
                object leftParts = Compared(tuples.LeftOperand), rightParts = Compared(tuples.RightOperand);
                BranchEqual(leftParts, rightParts, areEqual, differ, operation);
                return;
            case IIsPatternOperation pattern:
                Match(pattern.Pattern, Subject(pattern.Value), whenTrue, whenFalse);
                return;
            default:
                Value value = Scalar(operation);
                _b.Branch(Comparison.NotEqual, value, _b.Constant(s_i32, 0), whenTrue, whenFalse);
                return;
        }
    }

    /// <summary>What <c>x == true</c> and its like test, and for which truth: C# compares no bits there.</summary>
    private static (IOperation Tested, bool Wanted)? EqualToConstant(IBinaryOperation equality)
    {
        bool isEqual = equality.OperatorKind == BinaryOperatorKind.Equals;
        return equality.RightOperand.ConstantValue is { HasValue: true, Value: bool right } ? (equality.LeftOperand, right == isEqual)
            : equality.LeftOperand.ConstantValue is { HasValue: true, Value: bool left } ? (equality.RightOperand, left == isEqual)
            : null;
    }

    /// <summary>A condition as 0 or 1.</summary>
    private Value Materialize(IOperation operation)
    {
        Value result = _b.NewValue(s_i32, "condition");
        Block whenTrue = _b.NewBlock("true"), whenFalse = _b.NewBlock("false"), end = _b.NewBlock("end");
        Condition(operation, whenTrue, whenFalse);
        _b.SetBlock(whenTrue);
        _b.Assign(result, _b.Constant(s_i32, 1));
        _b.Jump(end);
        _b.SetBlock(whenFalse);
        _b.Assign(result, _b.Constant(s_i32, 0));
        _b.Jump(end);
        _b.SetBlock(end);
        return result;
    }

    private Comparison? ComparisonOf(IBinaryOperation operation)
    {
        bool isSigned = operation.LeftOperand.Type is { } type && Layouts.IsSigned(Resolve(type));
        return operation.OperatorKind switch
        {
            BinaryOperatorKind.Equals => Comparison.Equal,
            BinaryOperatorKind.NotEquals => Comparison.NotEqual,
            BinaryOperatorKind.LessThan => isSigned ? Comparison.LessSigned : Comparison.LessUnsigned,
            BinaryOperatorKind.LessThanOrEqual => isSigned ? Comparison.LessOrEqualSigned : Comparison.LessOrEqualUnsigned,
            BinaryOperatorKind.GreaterThan => isSigned ? Comparison.GreaterSigned : Comparison.GreaterUnsigned,
            BinaryOperatorKind.GreaterThanOrEqual => isSigned ? Comparison.GreaterOrEqualSigned : Comparison.GreaterOrEqualUnsigned,
            _ => null,
        };
    }

    /// <summary>The two sides of a comparison; a null beside a pointer is a null of that pointer's type.</summary>
    private (Value Left, Value Right) ComparedValues(IBinaryOperation operation)
    {
        if (operation.IsLifted)
        {
            throw Unsupported(operation, "Nullable values do not exist in a BPF program: keep a bool beside the value");
        }

        if (IsNull(operation.LeftOperand) && !IsNull(operation.RightOperand))
        {
            Value right = Scalar(operation.RightOperand);
            return (_b.Constant(_b.TypeOf(right), 0), right);
        }

        Value left = Scalar(operation.LeftOperand);
        if (IsNull(operation.RightOperand))
        {
            return (left, _b.Constant(_b.TypeOf(left), 0));
        }

        return (left, Scalar(operation.RightOperand));
    }

    /// <summary>True for a null pointer literal, also behind conversions.</summary>
    private static bool IsNull(IOperation operation)
    {
        while (operation is IConversionOperation { OperatorMethod: null } conversion)
        {
            operation = conversion.Operand;
        }

        return operation is ILiteralOperation { ConstantValue: { HasValue: true, Value: null } }
            || operation is IDefaultValueOperation { Type: IPointerTypeSymbol };
    }
}
