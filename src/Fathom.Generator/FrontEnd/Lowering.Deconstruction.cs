using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Taking values apart, and comparing them part by part.</content>
internal sealed partial class Lowering
{
    /// <summary>Both sides are evaluated from left to right, then assigned, as C# does for a swap.</summary>
    private void Deconstruct(IDeconstructionAssignmentOperation deconstruction)
    {
        object targets = Targets(deconstruction.Target);
        object sources = Sources(deconstruction.Value, targets);
        AssignParts(targets, TakeApart(targets, sources, deconstruction), deconstruction);
    }

    /// <summary>The places that are assigned, as a tree of lists; null for a discard.</summary>
    private object Targets(IOperation target) => target switch
    {
        ITupleOperation tuple => tuple.Elements.Select(Targets).ToList(),
        IDeclarationExpressionOperation { Expression: var inner } => Targets(inner),
        IDiscardOperation => Nothing.Instance,
        _ => Locate(target),
    };

    /// <summary>The values of the right side: a tuple literal element by element where the left side has parts, anything else as one value.</summary>
    private object Sources(IOperation value, object targets)
    {
        IOperation bare = value;
        while (bare is IConversionOperation { OperatorMethod: null, IsImplicit: true, Operand: ITupleOperation or IConversionOperation } conversion)
        {
            bare = conversion.Operand;
        }

        return targets is List<object> parts && SkipParentheses(bare) is ITupleOperation tuple && tuple.Elements.Length == parts.Count
            ? tuple.Elements.Select((e, i) => Sources(e, parts[i])).ToList()
            : Evaluate(value);
    }

    /// <summary>Calls the Deconstruct methods of values where the left side has parts: all of them before anything is assigned, as C# does.</summary>
    private object TakeApart(object target, object source, IOperation at)
    {
        if (target is not List<object> targets)
        {
            return source;
        }

        List<object> sources = source as List<object> ?? [.. Parts((Place)source, targets.Count, at) ?? throw Unsupported(at, "'" + ((Place)source).Type.Name + "' has no Deconstruct method of its own for " + targets.Count + " values: read its fields one by one")];
        return targets.Select((t, i) => TakeApart(t, sources[i], at)).ToList();
    }

    private void AssignParts(object target, object source, IOperation at)
    {
        if (target is List<object> targets)
        {
            for (int i = 0; i < targets.Count; i++)
            {
                AssignParts(targets[i], ((List<object>)source)[i], at);
            }
        }
        else if (target is Place place)
        {
            Move(place, (Place)source, Where(at));
        }
    }

    /// <summary>The parts of a tuple, of a positional record struct, or what a Deconstruct method gives; null if there are none.</summary>
    private Place[]? Parts(Place whole, int count, IOperation at)
    {
        if (whole is not MemoryPlace || whole.Type is not INamedTypeSymbol type)
        {
            return null;
        }

        if (type.IsTupleType)
        {
            return type.TupleElements.Length == count ? [.. type.TupleElements.Select(e => FieldOf(whole, e.CorrespondingTupleField ?? e, Where(at)))] : null;
        }

        IMethodSymbol? method = type.GetMembers("Deconstruct").OfType<IMethodSymbol>().FirstOrDefault(m => !m.IsStatic && m.Parameters.Length == count && m.Parameters.All(p => p.RefKind == RefKind.Out));
        if (method is null)
        {
            return null;
        }

        if (_unit.Bodies.Of(method) is not { } body)
        {
            return method.IsImplicitlyDeclared
                ? [.. method.Parameters.Select(p => PropertyOf(whole, type.GetMembers(p.Name).OfType<IPropertySymbol>().First(), at))]
                : null;
        }

        IMethodSymbol definition = Bodies.Definition(method);
        var places = method.Parameters.Select(p => Fresh(Resolve(p.Type), p.Name + at.Syntax.SpanStart, Where(at))).ToArray();
        CallWith(method, body, at, whole, [.. places.Select((p, i) => (definition.Parameters[i], p))], null);
        return places;
    }

    /// <summary>An unnamed variable.</summary>
    private Place Fresh(ITypeSymbol type, string name, Location where)
    {
        if (type.IsSpan())
        {
            throw new LoweringException(Descriptors.NotSupported, where, "A span cannot be an 'out' value here: slice where it is used");
        }

        return NewVariable(type, _scope.Path + "/" + name, name, where);
    }

    /// <summary>What a property of a struct gives: its field, or a fresh value that its getter makes.</summary>
    private Place PropertyOf(Place instance, IPropertySymbol property, IOperation at)
    {
        if (property.GetMethod is not { } getter)
        {
            throw NoSource(property, Where(at));
        }

        if (IsAutoAccessor(getter) && !property.IsStatic)
        {
            return FieldOf(instance, BackingField(property, Where(at)), Where(at));
        }

        MethodBody body = _unit.Bodies.Of(getter) ?? throw NoSource(property, Where(at));
        ITypeSymbol type = Resolve(property.Type);
        MemoryPlace? target = Layouts.IsStruct(type) ? NewMemory(type, property.Name, Where(at)) : null;
        Value? value = CallWith(getter, body, at, instance, [], target);
        return target ?? (Place)new ValuePlace(value ?? throw Unsupported(at, "The property '" + property.Name + "' cannot be read here"), type);
    }

    /// <summary>Inlines a method whose receiver and arguments are evaluated already.</summary>
    private Value? CallWith(IMethodSymbol method, MethodBody body, IOperation at, Place? self, List<(IParameterSymbol Parameter, Place Place)> arguments, MemoryPlace? target)
    {
        RefuseRecursion(method, at);
        Scope caller = _scope;
        ITypeSymbol resultType = Resolve(method.ReturnType);
        Enter(method, at, self, arguments, body);
        try
        {
            bool isVoid = resultType.SpecialType == SpecialType.System_Void;
            if (!isVoid)
            {
                _scope.Result = target is not null ? target
                    : Layouts.IsStruct(resultType) ? NewMemory(resultType, "unused", Where(at))
                    : NewRegister(resultType, _scope.Path + ":result", null, method.Name, Where(at));
            }

            RunBody(body.Blocks, method, isVoid);
            return _scope.Result is RegisterPlace register ? Snapshot(register.Register) : null;
        }
        finally
        {
            _scope = caller;
            At(at);
        }
    }

    /// <summary>The comparison that the compiler writes for a record struct.</summary>
    private Value EqualWhole(IBinaryOperation operation)
    {
        Place left = Evaluate(operation.LeftOperand), right = Evaluate(operation.RightOperand);
        Value result = _b.NewValue(s_i32, "equal");
        Block same = _b.NewBlock("same"), differs = _b.NewBlock("differs"), end = _b.NewBlock("end");
        BranchEqual(left, right, same, differs, operation);
        bool isEquals = operation.OperatorKind == BinaryOperatorKind.Equals;
        _b.SetBlock(same);
        _b.Assign(result, _b.Constant(s_i32, isEquals ? 1 : 0));
        _b.Jump(end);
        _b.SetBlock(differs);
        _b.Assign(result, _b.Constant(s_i32, isEquals ? 0 : 1));
        _b.Jump(end);
        _b.SetBlock(end);
        return result;
    }

    /// <summary>A side of a comparison of tuples: a list for a literal, a truth that is known, or a value.</summary>
    private object Compared(IOperation operation)
    {
        IOperation bare = operation;
        while (bare is IConversionOperation { OperatorMethod: null, IsImplicit: true, Operand: ITupleOperation or IConversionOperation } conversion)
        {
            bare = conversion.Operand;
        }

        return SkipParentheses(bare) is ITupleOperation tuple ? tuple.Elements.Select(Compared).ToList()
            : operation.ConstantValue is { HasValue: true, Value: bool known } ? known
            : Evaluate(operation);
    }

    /// <summary>Compares what <see cref="Compared"/> gave.</summary>
    private void BranchEqual(object left, object right, Block same, Block differs, IOperation at)
    {
        if (left is Place l && right is Place r)
        {
            BranchEqual(l, r, same, differs, at);
            return;
        }

        if (left is bool || right is bool)
        {
            // C# compares no bits with a constant.
            (object? other, bool wanted) = left is bool known ? (right, known) : (left, (bool)right);
            if (other is bool constant)
            {
                _b.Jump(constant == wanted ? same : differs);
                return;
            }

            _b.Branch(wanted ? Comparison.NotEqual : Comparison.Equal, Load((Place)other, Where(at)), _b.Constant(s_i32, 0), same, differs);
            return;
        }

        int count = (left as List<object> ?? (List<object>)right).Count;
        List<object> leftParts = PartsOf(left, count, at), rightParts = PartsOf(right, count, at);
        for (int i = 0; i < count; i++)
        {
            Block next = _b.NewBlock("part");
            BranchEqual(leftParts[i], rightParts[i], next, differs, at);
            _b.SetBlock(next);
        }

        _b.Jump(same);
    }

    private List<object> PartsOf(object side, int count, IOperation at) => side as List<object>
        ?? [.. Parts((Place)side, count, at) ?? throw Unsupported(at, "'" + ((Place)side).Type.Name + "' is no tuple: compare its fields one by one")];

    /// <summary>Compares tuples, records and numbers part by part.</summary>
    private void BranchEqual(Place left, Place right, Block same, Block differs, IOperation at)
    {
        Location where = Where(at);
        if (Layouts.ScalarSize(left.Type) > 0 && Layouts.ScalarSize(right.Type) > 0)
        {
            // C# allows the comparison only where both fit one type, so 64 bits tell all of them apart.
            _b.Branch(Comparison.Equal, Widened(left, where), Widened(right, where), same, differs);
            return;
        }

        if (left is not MemoryPlace || right is not MemoryPlace || !(left.Type.IsTupleType ? right.Type.IsTupleType : IsPlainRecord(left.Type) && SymbolEqualityComparer.Default.Equals(left.Type, right.Type)))
        {
            throw Unsupported(at, "Only numbers, tuples and record structs are compared as a whole: compare the fields of '" + left.Type.Name + "' one by one");
        }

        foreach ((IFieldSymbol l, IFieldSymbol r) in left.Type.InstanceFields().Zip(right.Type.InstanceFields(), (l, r) => (l, r)))
        {
            Block next = _b.NewBlock("part");
            BranchEqual(FieldOf(left, l, where), FieldOf(right, r, where), next, differs, at);
            _b.SetBlock(next);
        }

        _b.Jump(same);
    }

    private static bool IsPlainRecord(ITypeSymbol type) =>
        type is INamedTypeSymbol { IsRecord: true, IsValueType: true } && !type.InstanceFields().Any(f => f.IsFixedSizeBuffer)
        && type.GetMembers("Equals").OfType<IMethodSymbol>().All(m => m.IsImplicitlyDeclared);

    private Value Widened(Place place, Location where)
    {
        Value value = Load(place, where);
        return _b.TypeOf(value).IsPointer ? _b.Reinterpret(value, s_i64)
            : Layouts.ScalarSize(place.Type) == 8 ? value
            : _b.Convert(Layouts.IsSigned(place.Type) ? Conversion.SignExtend : Conversion.ZeroExtend, value);
    }

    private sealed class Nothing
    {
        public static readonly Nothing Instance = new();
    }
}
