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
        if (type.IsSpan())
        {
            return new SpanPlace(Span(value), type);
        }

        if (type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T)
        {
            throw Refuse(value);
        }

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
                ConstantPattern(constant, subject, whenTrue, whenFalse);
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
            case IRecursivePatternOperation recursive:
                Recursive(recursive, subject, whenTrue, whenFalse);
                break;
            case IListPatternOperation list when subject is SpanPlace { Span: var span }:
                List(list, span, whenTrue, whenFalse);
                break;
            case ITypePatternOperation type:
                throw Unsupported(type, "There are no types at run time in a BPF program, so a pattern cannot test one");
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

        Name(declaration.DeclaredSymbol, subject, where);
    }

    /// <summary>Copies what a pattern names into the variable.</summary>
    private void Name(ISymbol? symbol, Place subject, Location where)
    {
        if (symbol is not ILocalSymbol local)
        {
            return;
        }

        if (subject is SpanPlace { Span: var span })
        {
            DeclareNamedSpan(local, subject.Type, span);
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
        if (!recursive.DeconstructionSubpatterns.IsEmpty)
        {
            if (recursive.DeconstructSymbol is IMethodSymbol method)
            {
                RefuseEffects(method, method.Name, recursive);
            }

            Place[] places = Parts(subject, recursive.DeconstructionSubpatterns.Length, recursive)
                ?? throw Unsupported(recursive, "'" + subject.Type.Name + "' has no Deconstruct method of its own for this: name the fields, as in '{ Field: 1 }'");
            for (int i = 0; i < places.Length; i++)
            {
                Block next = _b.NewBlock("part");
                Match(recursive.DeconstructionSubpatterns[i], places[i], next, whenFalse);
                _b.SetBlock(next);
            }
        }

        foreach (IPropertySubpatternOperation part in recursive.PropertySubpatterns)
        {
            Place member = (part.Member, subject) switch
            {
                (IPropertyReferenceOperation { Property.Name: "Length" }, SpanPlace { Span: var span }) => new ValuePlace(span.Length, _unit.Compilation.GetSpecialType(SpecialType.System_Int32)),
                (IFieldReferenceOperation { Field: var field }, MemoryPlace) => FieldOf(subject, field, Where(part)),
                (IPropertyReferenceOperation { Property: { GetMethod: { } getter } property }, MemoryPlace) => PatternProperty(subject, property, getter, part),
                _ => throw Unsupported(part, "A pattern can look at fields and properties of structs only"),
            };
            Block next = _b.NewBlock("part");
            Match(part.Pattern, member, next, whenFalse);
            _b.SetBlock(next);
        }

        Name(recursive.DeclaredSymbol, subject, Where(recursive));

        _b.Jump(whenTrue);
    }

    private Place PatternProperty(Place subject, IPropertySymbol property, IMethodSymbol getter, IOperation part)
    {
        RefuseEffects(getter, property.Name, part);
        return PropertyOf(subject, property, part);
    }

    /// <summary>Each case looks at what it tests, while C# looks at it once for all: that must make no difference.</summary>
    private void RefuseEffects(IMethodSymbol method, string name, IOperation at)
    {
        if (!_unit.Purity.OnlyComputes(method))
        {
            throw Unsupported(at, "'" + name + "' does more than compute from its struct, and a pattern may run it once for each case: read what it gives into variables before");
        }
    }

    /// <summary>A list pattern: the length first, then the elements from both ends, as C# does.</summary>
    private void List(IListPatternOperation list, SpanValue span, Block whenTrue, Block whenFalse)
    {
        int slice = -1;
        for (int i = 0; i < list.Patterns.Length; i++)
        {
            slice = list.Patterns[i] is ISlicePatternOperation ? i : slice;
        }

        int count = list.Patterns.Length - (slice < 0 ? 0 : 1), size = _unit.Layouts.SizeOf(span.Element, Where(list));
        if (slice < 0 || count > 0)
        {
            Block fits = _b.NewBlock("length");
            _b.Branch(slice < 0 ? Comparison.Equal : Comparison.GreaterOrEqualUnsigned, span.Length, _b.Constant(s_i32, count), fits, whenFalse);
            _b.SetBlock(fits);
        }

        for (int i = 0; i < list.Patterns.Length; i++)
        {
            Block next = _b.NewBlock("element");
            if (list.Patterns[i] is ISlicePatternOperation rest)
            {
                if (rest.Pattern is { } inner)
                {
                    Value length = span.ConstantLength is { } known ? _b.Constant(s_i32, known - count) : _b.Binary(BinaryOperation.Subtract, span.Length, _b.Constant(s_i32, count));
                    SpanValue part = Cut(span, _b.Constant(s_i32, i), i, length, span.ConstantLength - count, size);
                    Match(inner, new SpanPlace(part, Resolve(rest.InputType)), next, whenFalse);
                    _b.SetBlock(next);
                }

                continue;
            }

            Match(list.Patterns[i], ListElement(span, slice >= 0 && i > slice ? i - list.Patterns.Length : i, size), next, whenFalse);
            _b.SetBlock(next);
        }

        Name(list.DeclaredSymbol, new SpanPlace(span, Resolve(list.InputType)), Where(list));
        _b.Jump(whenTrue);
    }

    /// <summary>An element that is known to exist; from the end if the index is negative.</summary>
    private MemoryPlace ListElement(SpanValue span, int index, int size)
    {
        if (index >= 0 || span.ConstantLength is not null)
        {
            int at = index >= 0 ? index : span.ConstantLength!.Value + index;
            return new MemoryPlace(span.Pointer, at * size, span.Element) { Alignment = Gcd(span.Alignment, at * size) };
        }

        Value fromEnd = _b.Binary(BinaryOperation.Subtract, span.Length, _b.Constant(s_i32, -index));
        return new MemoryPlace(_b.OffsetBy(span.Pointer, Times(_b.Convert(Conversion.ZeroExtend, fromEnd), size)), 0, span.Element) { Alignment = Gcd(span.Alignment, size) };
    }

    private void DeclareNamedSpan(ILocalSymbol local, ITypeSymbol type, SpanValue span)
    {
        if (!_scope.Facts.IsAssigned(local))
        {
            _scope.Places[local] = new SpanPlace(span, type);
            return;
        }

        SpanRegisters registers = NewSpanRegisters(local, type, span);
        AssignSpan(registers, span);
        _scope.Places[local] = registers;
    }

    private void CompareConstant(Value value, ITypeSymbol type, IOperation constant, Block whenTrue, Block whenFalse) =>
        _b.Branch(constant.ConstantValue is { HasValue: true, Value: true } ? Comparison.NotEqual : Comparison.Equal, value, PatternConstant(value, type, constant), whenTrue, whenFalse);

    private void ConstantPattern(IConstantPatternOperation constant, Place subject, Block whenTrue, Block whenFalse)
    {
        if (subject is SpanPlace)
        {
            throw Unsupported(constant, "A span of chars cannot be compared with text: compare bytes with a \"...\"u8 literal, by SequenceEqual");
        }

        CompareConstant(Load(subject, Where(constant)), subject.Type, constant.Value, whenTrue, whenFalse);
    }

    private Value PatternConstant(Value value, ITypeSymbol type, IOperation constant)
    {
        if (constant.ConstantValue is not { HasValue: true } number)
        {
            throw Unsupported(constant, "A pattern needs a constant here");
        }

        // Whatever is not 0 is true.
        return _b.Constant(_b.TypeOf(value), number.Value is null or true ? 0 : unchecked((long)ConstantBytes.Bits(number.Value)));
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
