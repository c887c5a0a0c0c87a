using Fathom.Compiler.IR;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Patterns on scalars and on fields of structs.</content>
internal sealed partial class Lowering
{
    /// <summary>The value that patterns are matched against, evaluated once.</summary>
    private Place Subject(IOperation value)
    {
        ITypeSymbol type = TypeOf(value);
        if (Layouts.IsStruct(type))
        {
            MemoryPlace memory = NewMemory(type, "subject", Where(value));
            Into(value, memory, isFresh: true);
            return memory;
        }

        RequireScalar(type, Where(value));
        return new ValuePlace(Scalar(value), type);
    }

    private void Match(IPatternOperation pattern, Place subject, Block whenTrue, Block whenFalse)
    {
        At(pattern);
        Location where = Where(pattern);
        switch (pattern)
        {
            case IDiscardPatternOperation:
                _b.Jump(whenTrue);
                break;
            case IConstantPatternOperation constant:
                CompareConstant(Load(subject, where), subject.Type, constant.Value, whenTrue, whenFalse);
                break;
            case IRelationalPatternOperation relational:
                Relation(relational, Load(subject, where), subject.Type, whenTrue, whenFalse);
                break;
            case INegatedPatternOperation negated:
                Match(negated.Pattern, subject, whenFalse, whenTrue);
                break;
            case IBinaryPatternOperation { OperatorKind: BinaryOperatorKind.And } and:
                Block second = _b.NewBlock("and");
                Match(and.LeftPattern, subject, second, whenFalse);
                _b.SetBlock(second);
                Match(and.RightPattern, subject, whenTrue, whenFalse);
                break;
            case IBinaryPatternOperation or:
                Block other = _b.NewBlock("or");
                Match(or.LeftPattern, subject, whenTrue, other);
                _b.SetBlock(other);
                Match(or.RightPattern, subject, whenTrue, whenFalse);
                break;
            case IDeclarationPatternOperation declaration:
                Bind(declaration, subject, where);
                _b.Jump(whenTrue);
                break;
            case ITypePatternOperation type when SymbolEqualityComparer.Default.Equals(Resolve(type.MatchedType), subject.Type):
                _b.Jump(whenTrue);
                break;
            case IRecursivePatternOperation recursive when recursive.DeconstructionSubpatterns.IsEmpty || subject.Type.IsTupleType:
                Recursive(recursive, subject, whenTrue, whenFalse);
                break;
            default:
                throw Unsupported(pattern, "This kind of pattern is not part of the C# that compiles to BPF: compare with constants, ranges, and fields");
        }
    }

    private void Bind(IDeclarationPatternOperation declaration, Place subject, Location where)
    {
        if (declaration.MatchedType is { } matched && !SymbolEqualityComparer.Default.Equals(Resolve(matched), subject.Type))
        {
            throw Unsupported(declaration, "There are no types at run time in a BPF program, so a pattern cannot test one");
        }

        if (declaration.DeclaredSymbol is not ILocalSymbol local)
        {
            return;
        }

        if (Layouts.IsStruct(subject.Type))
        {
            MemoryPlace memory = NewMemory(subject.Type, local.Name, where);
            Copy(memory, subject, where);
            _scope.Places[local] = memory;
            return;
        }

        _scope.Places[local] = Declare(local, subject.Type, Load(subject, where), local.Name);
    }

    private void Recursive(IRecursivePatternOperation recursive, Place subject, Block whenTrue, Block whenFalse)
    {
        int position = 0;
        foreach (IPatternOperation part in recursive.DeconstructionSubpatterns)
        {
            IFieldSymbol element = ((INamedTypeSymbol)subject.Type).TupleElements[position++];
            Block next = _b.NewBlock("part");
            Match(part, FieldOf(subject, element.CorrespondingTupleField ?? element, Where(part)), next, whenFalse);
            _b.SetBlock(next);
        }

        foreach (IPropertySubpatternOperation part in recursive.PropertySubpatterns)
        {
            IFieldSymbol? field = part.Member switch
            {
                IFieldReferenceOperation { Field: var f } => f,
                IPropertyReferenceOperation { Property: var p } when IsAutoProperty(p) => BackingField(p, Where(part)),
                _ => null,
            };
            if (field is null)
            {
                throw Unsupported(part, "A pattern can look at fields only");
            }

            Block next = _b.NewBlock("part");
            Match(part.Pattern, FieldOf(subject, field, Where(part)), next, whenFalse);
            _b.SetBlock(next);
        }

        if (recursive.DeclaredSymbol is not null)
        {
            throw Unsupported(recursive, "A property pattern cannot name the whole: name it before");
        }

        _b.Jump(whenTrue);
    }

    private void CompareConstant(Value value, ITypeSymbol type, IOperation constant, Block whenTrue, Block whenFalse) =>
        _b.Branch(Comparison.Equal, value, PatternConstant(value, type, constant), whenTrue, whenFalse);

    private Value PatternConstant(Value value, ITypeSymbol type, IOperation constant)
    {
        if (constant.ConstantValue is not { HasValue: true } number)
        {
            throw Unsupported(constant, "A pattern needs a constant here");
        }

        return _b.Constant(_b.TypeOf(value), number.Value is null ? 0 : unchecked((long)ConstantBytes.Bits(number.Value)));
    }

    private void Relation(IRelationalPatternOperation relational, Value value, ITypeSymbol type, Block whenTrue, Block whenFalse)
    {
        bool isSigned = Layouts.IsSigned(type);
        Comparison comparison = relational.OperatorKind switch
        {
            BinaryOperatorKind.LessThan => isSigned ? Comparison.LessSigned : Comparison.LessUnsigned,
            BinaryOperatorKind.LessThanOrEqual => isSigned ? Comparison.LessOrEqualSigned : Comparison.LessOrEqualUnsigned,
            BinaryOperatorKind.GreaterThan => isSigned ? Comparison.GreaterSigned : Comparison.GreaterUnsigned,
            _ => isSigned ? Comparison.GreaterOrEqualSigned : Comparison.GreaterOrEqualUnsigned,
        };
        _b.Branch(comparison, value, PatternConstant(value, type, relational.Value), whenTrue, whenFalse);
    }

    private void SwitchExpression(ISwitchExpressionOperation choice, System.Action<IOperation> take)
    {
        Place subject = Subject(choice.Value);
        Block end = _b.NewBlock("end");
        foreach (ISwitchExpressionArmOperation arm in choice.Arms)
        {
            Block body = _b.NewBlock("arm"), next = _b.NewBlock("next");
            if (arm.Guard is { } guard)
            {
                Block guarded = _b.NewBlock("when");
                Match(arm.Pattern, subject, guarded, next);
                _b.SetBlock(guarded);
                Condition(guard, body, next);
            }
            else
            {
                Match(arm.Pattern, subject, body, next);
            }

            _b.SetBlock(body);
            take(arm.Value);
            JumpTo(end);
            _b.SetBlock(next);
        }

        // C# throws if no arm matches.
        _b.Jump(Fault());
        _b.SetBlock(end);
    }
}
