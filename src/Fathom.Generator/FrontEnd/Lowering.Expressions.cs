using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Expressions.</content>
internal sealed partial class Lowering
{
    /// <summary>Lowers an expression for its effects.</summary>
    private void Effect(IOperation operation)
    {
        At(operation);
        switch (operation)
        {
            case ISimpleAssignmentOperation { Target: IDiscardOperation } discard:
                Effect(discard.Value);
                break;
            case ISimpleAssignmentOperation assignment:
                SimpleAssignment(assignment);
                break;
            case ICompoundAssignmentOperation compound:
                CompoundAssignment(compound);
                break;
            case IIncrementOrDecrementOperation step:
                Step(step, needsOld: false);
                break;
            case IDeconstructionAssignmentOperation deconstruction:
                Deconstruct(deconstruction);
                break;
            case IInvocationOperation invocation:
                Invoke(invocation, null, wantsResult: false);
                break;
            case IParenthesizedOperation { Operand: var inner }:
                Effect(inner);
                break;
            case IConversionOperation { OperatorMethod: null, IsChecked: false, Operand: var inner } when !operation.ConstantValue.HasValue && Layouts.ScalarSize(Resolve(operation.Type!)) > 0:
                Effect(inner);
                break;
            case IConditionalOperation conditional:
                Block whenTrue = _b.NewBlock("then"), whenFalse = _b.NewBlock("else"), end = _b.NewBlock("end");
                Condition(conditional.Condition, whenTrue, whenFalse);
                _b.SetBlock(whenTrue);
                Effect(conditional.WhenTrue);
                JumpTo(end);
                _b.SetBlock(whenFalse);
                Effect(conditional.WhenFalse!);
                JumpTo(end);
                _b.SetBlock(end);
                break;
            case ISwitchExpressionOperation choice:
                SwitchExpression(choice, Effect);
                break;
            default:
                if (operation.Type is { SpecialType: not SpecialType.System_Void } type)
                {
                    ITypeSymbol resolved = Resolve(type);
                    if (resolved.IsSpan())
                    {
                        _ = Span(operation);
                    }
                    else if (Layouts.IsStruct(resolved))
                    {
                        Into(operation, NewMemory(resolved, "unused", Where(operation)), isFresh: true);
                    }
                    else
                    {
                        _ = Scalar(operation);
                    }

                    break;
                }

                throw Refuse(operation);
        }
    }

    /// <summary>Lowers an expression whose type is an integer, bool, enum or pointer.</summary>
    private Value Scalar(IOperation operation)
    {
        At(operation);
        if (operation.ConstantValue is { HasValue: true, Value: { } constant } && constant is not (string or float or double or decimal))
        {
            return _b.Constant(RegisterType(TypeOf(operation), PointerSpace.Unknown, Where(operation)), unchecked((long)ConstantBytes.Bits(constant)));
        }

        switch (operation)
        {
            case IParenthesizedOperation { Operand: var inner }:
                return Scalar(inner);
            case ILiteralOperation { ConstantValue: { HasValue: true, Value: null } } when TypeOf(operation) is IPointerTypeSymbol:
            case IDefaultValueOperation:
                return _b.Constant(RegisterType(TypeOf(operation), PointerSpace.Unknown, Where(operation)), 0);
            case ILocalReferenceOperation or IParameterReferenceOperation or IFieldReferenceOperation or IInstanceReferenceOperation or IInlineArrayAccessOperation or IImplicitIndexerReferenceOperation:
                return LoadLocated(operation);
            case IPropertyReferenceOperation property:
                return PropertyValue(property);
            case IConversionOperation conversion:
                return Convert(conversion);
            case IBinaryOperation binary:
                return Binary(binary);
            case IUnaryOperation unary:
                return Unary(unary);
            case IIsPatternOperation or IIsTypeOperation or ITupleBinaryOperation when operation is not IIsTypeOperation || IsKnownType(operation):
                return Materialize(operation);
            case ISimpleAssignmentOperation assignment:
                return SimpleAssignment(assignment, wantsValue: true) ?? throw Refuse(operation);
            case ICompoundAssignmentOperation compound:
                return CompoundAssignment(compound);
            case IIncrementOrDecrementOperation step:
                return Step(step, needsOld: true);
            case IConditionalOperation or ISwitchExpressionOperation:
                return Choose(operation);
            case IInvocationOperation invocation:
                return Invoke(invocation, null, wantsResult: true) ?? throw Refuse(operation);
            case IAddressOfOperation address:
                return AddressOf(address);
            case ISizeOfOperation size:
                return SizeOf(size.TypeOperand, Where(operation));
            case { Kind: OperationKind.None }:
                return PointerExpression(operation);
            default:
                throw Refuse(operation);
        }
    }

    private Value SizeOf(ITypeSymbol type, Location where)
    {
        type = Resolve(type);
        Layouts.RequireSettled(type, where);
        return _b.Constant(s_i32, _unit.Layouts.SizeOf(type, where));
    }

    /// <summary>The diagnostic for an expression that BPF does not have, as precise as its kind allows.</summary>
    private LoweringException Refuse(IOperation operation)
    {
        Location where = Where(operation);
        ITypeSymbol? type = operation.Type is null ? null : Resolve(operation.Type);
        if (type?.SpecialType is SpecialType.System_Single or SpecialType.System_Double or SpecialType.System_Decimal)
        {
            return new(Descriptors.FloatingPoint, where);
        }

        switch (operation)
        {
            case IArrayCreationOperation:
                return new(Descriptors.Heap, where, "use 'stackalloc', a fixed buffer, an inline array, or a map");
            case IObjectCreationOperation or IAnonymousObjectCreationOperation when type is { IsReferenceType: true }:
                return new(Descriptors.Heap, where, type.IsAnonymousType ? "use a struct or a tuple" : "'new " + type.Name + "' would need one; use a struct");
            case ICollectionExpressionOperation when type is { IsReferenceType: true }:
                return new(Descriptors.Heap, where, "use 'stackalloc', a fixed buffer, an inline array, or a map");
            case IInterpolatedStringOperation:
                return new(Descriptors.Heap, where, "text is made in user space: send the values, and format them there");
            case IThrowOperation:
                return new(Descriptors.Exceptions, where, "return instead");
            case IAwaitOperation:
                return Unsupported(operation, "A BPF program cannot wait");
            case IDelegateCreationOperation or IAnonymousFunctionOperation:
                return new(Descriptors.IndirectCall, where, "write a static method; a loop body is passed as '&Method' to Helpers.Loop");
            case IFunctionPointerInvocationOperation or IDynamicInvocationOperation:
                return new(Descriptors.IndirectCall, where, "call the method by its name");
            case ICoalesceOperation or ICoalesceAssignmentOperation or IConditionalAccessOperation:
                return Unsupported(operation, "Only references and nullable values have '??' and '?.': test a pointer with '== null'");
            case ITypeOfOperation or IIsTypeOperation:
                return Unsupported(operation, "There are no types at run time in a BPF program");
            case ITranslatedQueryOperation:
                return Unsupported(operation, "A query works on objects in memory, which a BPF program does not have: write a loop");
            case IEventAssignmentOperation:
                return new(Descriptors.IndirectCall, where, "an event calls delegates; call the methods by their names");
            case IUnaryOperation { OperatorKind: UnaryOperatorKind.Hat } or IRangeOperation:
                return Unsupported(operation, "An index from the end and a range are understood inside the brackets of a span or inline array only: write 'span[^1]', 'span[a..b]'");
            case IImplicitIndexerReferenceOperation:
                return Unsupported(operation, "Inside the brackets, write the index or the range itself: 'span[^1]', 'span[a..b]'");
            case IInlineArrayAccessOperation:
                return Unsupported(operation, "A range of an inline array is taken of a span over it: 'Span<T> span = array;', then 'span[a..b]'");
            case IConditionalOperation { IsRef: true }:
                return Unsupported(operation, "A choice between two variables is not supported: use 'if', or choose between pointers");
            case IInvalidOperation:
                return Unsupported(operation, "This does not compile as C# yet");
        }

        if (type is { IsReferenceType: true } or { TypeKind: TypeKind.Dynamic } || type?.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T)
        {
            return new(Descriptors.ManagedType, where, Layouts.Show(type), Layouts.Instead(type));
        }

        return Unsupported(operation, "'" + FirstLine(operation.Syntax) + "' is not part of the C# that compiles to BPF");
    }

    private static string FirstLine(SyntaxNode syntax)
    {
        string text = syntax.ToString();
        int end = text.IndexOf('\n');
        text = end < 0 ? text : text.Substring(0, end).TrimEnd() + "...";
        return text.Length > 60 ? text.Substring(0, 57) + "..." : text;
    }

    /// <summary>True for a test of a type that is known to be true.</summary>
    private bool IsKnownType(IOperation operation) =>
        operation is IIsTypeOperation { ValueOperand.Type: { } type } test && SymbolEqualityComparer.Default.Equals(Resolve(test.TypeOperand), Resolve(type));

    /// <summary>A conditional or switch expression of a scalar type: each branch assigns one register.</summary>
    private Value Choose(IOperation operation)
    {
        ITypeSymbol type = TypeOf(operation);
        string key = _scope.Path + "/?" + operation.Syntax.SpanStart;
        RegisterPlace result = NewRegister(type, key, null, "chosen", Where(operation));
        Branches(operation, value => Assign(result, value));
        return result.Register;
    }

    private void Branches(IOperation operation, System.Action<IOperation> take)
    {
        if (operation is ISwitchExpressionOperation choice)
        {
            SwitchExpression(choice, value => TakeOrThrow(value, take));
            return;
        }

        var conditional = (IConditionalOperation)operation;
        if (conditional.Condition.ConstantValue is { HasValue: true, Value: bool constant })
        {
            TakeOrThrow(constant ? conditional.WhenTrue : conditional.WhenFalse!, take);
            return;
        }

        Block whenTrue = _b.NewBlock("then"), whenFalse = _b.NewBlock("else"), end = _b.NewBlock("end");
        Condition(conditional.Condition, whenTrue, whenFalse);
        _b.SetBlock(whenTrue);
        TakeOrThrow(conditional.WhenTrue, take);
        JumpTo(end);
        _b.SetBlock(whenFalse);
        TakeOrThrow(conditional.WhenFalse!, take);
        JumpTo(end);
        _b.SetBlock(end);
    }

    private static void TakeOrThrow(IOperation value, System.Action<IOperation> take)
    {
        if (value is IThrowOperation || value is IConversionOperation { Operand: IThrowOperation })
        {
            throw new LoweringException(Descriptors.Exceptions, Where(value), "give a value for this case");
        }

        take(value);
    }

    /// <summary>Assigns an expression to a place.</summary>
    private void Assign(Place place, IOperation value)
    {
        switch (place)
        {
            case SpanRegisters span:
                AssignSpan(span, Span(value));
                break;
            case MemoryPlace memory when Layouts.IsStruct(memory.Type):
                Into(value, memory, isFresh: false);
                break;
            case RegisterPlace register when IsNull(value):
                _b.Assign(register.Register, _b.Constant(_b.TypeOf(register.Register), 0));
                break;
            default:
                Store(place, Scalar(value), Where(value));
                break;
        }
    }

    private Value? SimpleAssignment(ISimpleAssignmentOperation assignment, bool wantsValue = false)
    {
        if (assignment.IsRef)
        {
            throw Unsupported(assignment, "A ref local cannot be pointed elsewhere: use a pointer");
        }

        if (assignment.Target is IDiscardOperation)
        {
            return Scalar(assignment.Value);
        }

        if (assignment.Target is IPropertyReferenceOperation property && !IsAutoProperty(property.Property) && !property.Property.ReturnsByRef && !IsSpanIndexer(property))
        {
            if (!wantsValue)
            {
                SetProperty(property, assignment.Value);
                return null;
            }

            // The value of the assignment is what was assigned, whatever the property then gives.
            Place accessors = Locate(property);
            Value assigned = Scalar(assignment.Value);
            At(assignment);
            Store(accessors, assigned, Where(assignment.Target));
            return assigned;
        }

        Place place = Locate(assignment.Target);
        At(assignment);
        if (place is SpanRegisters span)
        {
            AssignSpan(span, Span(assignment.Value));
            return null;
        }

        if (Layouts.IsStruct(place.Type) && place is MemoryPlace memory)
        {
            Into(assignment.Value, memory, isFresh: false);
            return null;
        }

        if (place is RegisterPlace && IsNull(assignment.Value))
        {
            Assign(place, assignment.Value);
            return Load(place, Where(assignment));
        }

        Value value = Scalar(assignment.Value);
        At(assignment);
        Store(place, value, Where(assignment.Target));
        return value;
    }

    /// <summary>Evaluates an expression once, so that it can be read later whatever happens between.</summary>
    private Place Evaluate(IOperation operation)
    {
        ITypeSymbol type = TypeOf(operation);
        if (type.IsSpan())
        {
            return new SpanPlace(Span(operation), type);
        }

        if (Layouts.IsStruct(type))
        {
            MemoryPlace memory = NewMemory(type, "temporary", Where(operation));
            Into(operation, memory, isFresh: true);
            return memory;
        }

        return new ValuePlace(Scalar(operation), type);
    }

    /// <summary>True for equal types, whatever names the elements of tuples have.</summary>
    private static bool IsSame(ITypeSymbol a, ITypeSymbol b) =>
        SymbolEqualityComparer.Default.Equals(a, b)
        || (a is INamedTypeSymbol { IsTupleType: true } x && b is INamedTypeSymbol { IsTupleType: true } y && x.TupleElements.Length == y.TupleElements.Length
            && x.TupleElements.Zip(y.TupleElements, (l, r) => IsSame(l.Type, r.Type)).All(same => same));

    private void Move(Place? target, Place source, Location where)
    {
        if (target is null)
        {
            return;
        }

        if (source is SpanPlace { Span: var span })
        {
            AssignSpan((SpanRegisters)target, span);
        }
        else if (!IsSame(source.Type, target.Type) && (Layouts.ScalarSize(source.Type) == 0 || Layouts.ScalarSize(target.Type) == 0))
        {
            throw new LoweringException(Descriptors.NotSupported, where, "A conversion of your own inside a tuple is not supported: convert before");
        }
        else if (Layouts.IsStruct(source.Type))
        {
            Copy((MemoryPlace)target, source, where);
        }
        else
        {
            Store(target, ConvertValue(Load(source, where), source.Type, target.Type), where);
        }
    }
}
