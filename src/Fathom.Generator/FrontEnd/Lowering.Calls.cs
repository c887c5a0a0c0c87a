using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Btf;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Calls: methods with source are inlined, or are subprograms if they are marked so.</content>
internal sealed partial class Lowering
{
    /// <summary>Lowers a call. A struct result goes to the target; a scalar result is returned.</summary>
    private Value? Invoke(IInvocationOperation call, MemoryPlace? target, bool wantsResult)
    {
        IMethodSymbol method = call.TargetMethod;
        if (method.Vocable("Helper") is { } helper)
        {
            return CallHelper(call, helper);
        }

        if (method.ContainingType.Is(Symbols.Vocabulary, "Core"))
        {
            return CoreQuery(call);
        }

        if (method.MethodKind == MethodKind.DelegateInvoke)
        {
            throw new LoweringException(Descriptors.IndirectCall, Where(call), "call the method by its name");
        }

        if ((method.IsVirtual || method.IsAbstract || method.IsOverride) && method.ContainingType.TypeKind != TypeKind.Struct)
        {
            throw new LoweringException(Descriptors.IndirectCall, Where(call), "'" + method.Name + "' is virtual; call a static method");
        }

        if (method.DeclaringSyntaxReferences.IsEmpty && Intrinsic(call, target, wantsResult, out Value? result))
        {
            return result;
        }

        if (method.Has("BpfSubprogram"))
        {
            return CallSubprogram(call);
        }

        return Inline(method, call, call.Instance, [.. call.Arguments.Select(a => (a.Parameter!, a.Value))], target);
    }

    /// <summary>Inlines a method. A struct result goes to the target, or to memory of its own if nobody wants it.</summary>
    private Value? Inline(IMethodSymbol method, IOperation call, IOperation? instance, List<(IParameterSymbol Parameter, IOperation Value)> arguments, MemoryPlace? target)
    {
        ITypeSymbol resultType = Resolve(method.ReturnType);
        bool isVoid = resultType.SpecialType == SpecialType.System_Void;
        if (resultType.IsSpan())
        {
            _ = CallSpan(method, call, instance, arguments);
            return null;
        }

        Scope caller = _scope;
        ImmutableArray<IOperation> bodies = Enter(method, call, instance, arguments);
        try
        {
            if (SingleResult(bodies) is { } expression)
            {
                return isVoid ? DoEffect(expression)
                    : Layouts.IsStruct(resultType) ? DoInto(expression, target ?? NewMemory(resultType, "unused", Where(call)))
                    : Scalar(expression);
            }

            if (!isVoid)
            {
                _scope.Result = Layouts.IsStruct(resultType)
                    ? target ?? NewMemory(resultType, "unused", Where(call))
                    : NewRegister(resultType, _scope.Path + ":result", null, method.Name, Where(call));
            }

            RunBody(bodies, method, isVoid);
            return _scope.Result is RegisterPlace register ? Snapshot(register.Register) : null;
        }
        finally
        {
            _scope = caller;
            At(call);
        }

        Value? DoEffect(IOperation expression)
        {
            Effect(expression);
            return null;
        }

        Value? DoInto(IOperation expression, MemoryPlace place)
        {
            Into(expression, place, isFresh: true);
            return null;
        }
    }

    private void RunBody(ImmutableArray<IOperation> bodies, IMethodSymbol method, bool isVoid)
    {
        Block exit = _b.NewBlock(method.Name + ".end");
        _scope.Exit = exit;
        foreach (IOperation body in bodies)
        {
            Statement(body);
        }

        JumpTo(exit);
        _b.SetBlock(exit);
    }

    /// <summary>A call whose result is a span.</summary>
    private SpanValue CallSpan(IMethodSymbol method, IOperation call, IOperation? instance, ImmutableArray<IArgumentOperation> arguments) =>
        CallSpan(method, call, instance, [.. arguments.Select(a => (a.Parameter!, a.Value))]);

    private SpanValue CallSpan(IMethodSymbol method, IOperation call, IOperation? instance, List<(IParameterSymbol Parameter, IOperation Value)> arguments)
    {
        if (method.DeclaringSyntaxReferences.IsEmpty)
        {
            throw new LoweringException(Descriptors.NoSource, Where(call), method.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat));
        }

        ITypeSymbol type = Resolve(method.ReturnType);
        Scope caller = _scope;
        ImmutableArray<IOperation> bodies = Enter(method, call, instance, arguments);
        try
        {
            if (SingleResult(bodies) is { } expression)
            {
                return Span(expression);
            }

            SpanRegisters result = NewSpanRegisters(method, type);
            _scope.Result = result;
            RunBody(bodies, method, isVoid: false);
            return new SpanValue(result.Pointer, result.Length, ElementOf(type));
        }
        finally
        {
            _scope = caller;
            At(call);
        }
    }

    /// <summary>The expression of a body that only returns it.</summary>
    private static IOperation? SingleResult(ImmutableArray<IOperation> bodies)
    {
        if (bodies.Length != 1 || bodies[0] is not IBlockOperation { Operations.Length: > 0 } block)
        {
            return null;
        }

        return block.Operations[0] switch
        {
            IReturnOperation { Kind: OperationKind.Return, ReturnedValue: { } value } => value,
            IExpressionStatementOperation { Operation: var effect } when block.Operations.Length == 1 || (block.Operations.Length == 2 && block.Operations[1] is IReturnOperation { ReturnedValue: null, IsImplicit: true }) => effect.Type?.SpecialType == SpecialType.System_Void || effect is IAssignmentOperation or IIncrementOrDecrementOperation ? effect : null,
            _ => null,
        };
    }

    /// <summary>Evaluates the arguments where the call is, then makes the scope of the callee current.</summary>
    private ImmutableArray<IOperation> Enter(IMethodSymbol method, IOperation call, IOperation? instance, List<(IParameterSymbol Parameter, IOperation Value)> arguments)
    {
        for (Scope? active = _scope; active is not null; active = active.Caller)
        {
            if (SymbolEqualityComparer.Default.Equals(active.Method.OriginalDefinition, method.OriginalDefinition))
            {
                throw new LoweringException(Descriptors.Recursion, Where(call), method.Name, _scope.Method.Name);
            }
        }

        (ImmutableArray<IOperation> bodies, IConstructorBodyOperation? constructor) = BodiesOf(method, Where(call));
        if (constructor?.Initializer is { IsImplicit: false })
        {
            throw Unsupported(constructor.Initializer, "A constructor that calls another is not supported: assign the fields in each");
        }

        IMethodSymbol definition = method.OriginalDefinition;
        BodyFacts facts = _unit.FactsOf(definition, () => bodies);
        Place? self = instance is null || method.IsStatic || method.MethodKind == MethodKind.LocalFunction ? null : LocateOrEvaluate(instance);
        var evaluated = new List<(IParameterSymbol Parameter, Place Place)>();
        foreach ((IParameterSymbol parameter, IOperation value) in arguments)
        {
            evaluated.Add((definition.Parameters[parameter.Ordinal], Argument(parameter, value)));
        }

        Scope? outer = null;
        if (definition.MethodKind == MethodKind.LocalFunction)
        {
            for (Scope? s = _scope; s is not null && outer is null; s = s.Caller)
            {
                outer = SymbolEqualityComparer.Default.Equals(s.Method.OriginalDefinition, definition.ContainingSymbol) ? s : null;
            }
        }

        var scope = new Scope(outer, _scope, definition, _scope.Path + ">" + call.Syntax.SpanStart)
        {
            Facts = facts,
            This = self,
            Inlined = new InlinedCall(method.Name, _unit.Positions.Of(call.Syntax, _scope.Inlined)),
        };
        BindTypes(scope, definition, method);
        _scope = scope;
        foreach ((IParameterSymbol parameter, Place place) in evaluated)
        {
            scope.Places[parameter] = Bind(parameter, place);
        }

        return bodies;
    }

    private void BindTypes(Scope scope, IMethodSymbol definition, IMethodSymbol method)
    {
        for (int i = 0; i < definition.TypeParameters.Length; i++)
        {
            scope.TypeArguments[definition.TypeParameters[i]] = Resolve(method.TypeArguments[i]);
        }

        INamedTypeSymbol? open = definition.ContainingType, closed = method.ContainingType;
        while (open is not null && closed is not null)
        {
            for (int i = 0; i < open.TypeParameters.Length; i++)
            {
                scope.TypeArguments[open.TypeParameters[i]] = Resolve(closed.TypeArguments[i]);
            }

            open = open.ContainingType;
            closed = closed.ContainingType;
        }
    }

    /// <summary>An argument, evaluated.</summary>
    private Place Argument(IParameterSymbol parameter, IOperation value)
    {
        ITypeSymbol type = Resolve(parameter.Type);
        if (type.MapKind() != 0)
        {
            return new MapPlace(MapOf(value), type);
        }

        if (parameter.RefKind != RefKind.None)
        {
            if (value is IDiscardOperation)
            {
                return Layouts.IsStruct(type) ? NewMemory(type, "unused", Where(value)) : NewRegister(type, _scope.Path + "/_" + value.Syntax.SpanStart, null, "unused", Where(value));
            }

            return type.IsSpan() ? Locate(value) : LocateOrEvaluate(value);
        }

        if (parameter.IsParams)
        {
            throw new LoweringException(Descriptors.Heap, Where(value), "a 'params' array would need one");
        }

        if (type.IsSpan())
        {
            return new SpanPlace(Span(value), type);
        }

        if (Layouts.IsStruct(type))
        {
            MemoryPlace copy = NewMemory(type, parameter.Name, Where(value));
            Into(value, copy, isFresh: true);
            return copy;
        }

        RequireScalar(type, Where(value));
        return new ValuePlace(Scalar(value), type);
    }

    /// <summary>What a parameter is inside the callee.</summary>
    private Place Bind(IParameterSymbol parameter, Place place)
    {
        if (parameter.RefKind != RefKind.None || place is not (ValuePlace or SpanPlace))
        {
            return place;
        }

        if (place is SpanPlace { Span: var span } && _scope.Facts.IsAssigned(parameter))
        {
            SpanRegisters registers = NewSpanRegisters(parameter, place.Type, span);
            AssignSpan(registers, span);
            return registers;
        }

        return place is ValuePlace value ? Declare(parameter, place.Type, value.Value, parameter.Name) : place;
    }

    private Value PropertyValue(IPropertyReferenceOperation property)
    {
        if (property.Instance?.Type.IsSpan() == true)
        {
            SpanValue? span = property.Property.Name is "Length" or "IsEmpty" ? Span(property.Instance) : null;
            if (span is not null)
            {
                return property.Property.Name == "Length" ? span.Length : _b.Compare(Comparison.Equal, span.Length, _b.Constant(s_i32, 0));
            }
        }

        if (IsSpanIndexer(property) || (IsAutoProperty(property.Property) && property.Instance is not null))
        {
            return Load(Locate(property), Where(property));
        }

        return CallProperty(property, null) ?? throw Refuse(property);
    }

    private Value? CallProperty(IPropertyReferenceOperation property, MemoryPlace? target)
    {
        if (property.Property.GetMethod is not { } getter || getter.DeclaringSyntaxReferences.IsEmpty || property.Property.ContainingType.TypeKind != TypeKind.Struct && !property.Property.IsStatic)
        {
            throw property.Type is { IsReferenceType: true } ? Refuse(property)
                : new LoweringException(Descriptors.NoSource, Where(property), property.Property.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat));
        }

        return Inline(getter, property, property.Instance, [.. property.Arguments.Select(a => (a.Parameter!, a.Value))], target);
    }

    private void SetProperty(IPropertyReferenceOperation property, IOperation value)
    {
        if (property.Property.SetMethod is not { } setter || setter.DeclaringSyntaxReferences.IsEmpty)
        {
            throw new LoweringException(Descriptors.NoSource, Where(property), property.Property.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat));
        }

        List<(IParameterSymbol, IOperation)> arguments = [.. property.Arguments.Select(a => (a.Parameter!, a.Value)), (setter.Parameters[setter.Parameters.Length - 1], value)];
        _ = Inline(setter, property, property.Instance, arguments, null);
    }

    private Value CallOperator(IMethodSymbol method, IOperation operation, params IOperation[] operands) =>
        Inline(method, operation, null, Pair(method, operands), null) ?? throw Refuse(operation);

    private void CallOperatorInto(IMethodSymbol method, IOperation operation, MemoryPlace target, params IOperation[] operands) =>
        _ = Inline(method, operation, null, Pair(method, operands), target);

    private static List<(IParameterSymbol Parameter, IOperation Value)> Pair(IMethodSymbol method, IOperation[] operands) =>
        [.. operands.Select((o, i) => (method.Parameters[i], o))];

    private Value CompoundOperator(ICompoundAssignmentOperation compound, IMethodSymbol method, Place place)
    {
        if (place is not MemoryPlace memory || !Layouts.IsStruct(place.Type))
        {
            throw Unsupported(compound, "An operator of your own in a compound assignment is supported on structs only: write it out");
        }

        MemoryPlace result = NewMemory(memory.Type, "result", Where(compound));
        _located.Add(compound.Target, place);
        try
        {
            _ = Inline(method, compound, null, Pair(method, [compound.Target, compound.Value]), result);
        }
        finally
        {
            _located.Remove(compound.Target);
        }

        Copy(memory, result, Where(compound));
        return _b.Constant(s_i32, 0);
    }

    private void CallConstructor(IObjectCreationOperation creation, IMethodSymbol constructor, MemoryPlace target)
    {
        SyntaxNode? syntax = constructor.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax();
        if (syntax is null)
        {
            throw new LoweringException(Descriptors.NoSource, Where(creation), constructor.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat));
        }

        if (syntax is RecordDeclarationSyntax)
        {
            // A positional record: each parameter goes to the property of its name.
            foreach (IArgumentOperation argument in creation.Arguments)
            {
                IPropertySymbol? property = target.Type.GetMembers(argument.Parameter!.Name).OfType<IPropertySymbol>().FirstOrDefault();
                if (property is null || !IsAutoProperty(property))
                {
                    throw Unsupported(creation, "Only positional records whose parameters are all properties are supported");
                }

                Assign(FieldOf(target, BackingField(property, Where(creation)), Where(creation)), argument.Value);
            }

            return;
        }

        if (syntax is TypeDeclarationSyntax)
        {
            throw Unsupported(creation, "A primary constructor is not supported: write an ordinary one, or use an object initialiser");
        }

        if (target.Type.GetMembers().OfType<IFieldSymbol>().Any(f => !f.IsStatic && f.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() is VariableDeclaratorSyntax { Initializer: not null }))
        {
            throw Unsupported(creation, "Field initialisers of a struct are not supported: assign in the constructor");
        }

        Scope caller = _scope;
        ImmutableArray<IOperation> bodies = Enter(constructor, creation, null, [.. creation.Arguments.Select(a => (a.Parameter!, a.Value))]);
        _scope.This = target;
        try
        {
            RunBody(bodies, constructor, isVoid: true);
        }
        finally
        {
            _scope = caller;
        }
    }

    private Value? CallSubprogram(IInvocationOperation call)
    {
        IMethodSymbol method = call.TargetMethod;
        var values = new Value[method.Parameters.Length];
        foreach (IArgumentOperation argument in call.Arguments)
        {
            IParameterSymbol parameter = argument.Parameter!;
            Place place = Argument(parameter, argument.Value);
            values[parameter.Ordinal] = parameter.RefKind != RefKind.None ? Address(place, Where(argument))
                : place is ValuePlace value ? value.Value
                : throw new LoweringException(Descriptors.SubprogramShape, Where(argument), method.Name, "parameter '" + parameter.Name + "' must be an integer or a pointer, or be passed by 'in' or 'ref'");
        }

        At(call);
        Function function = Subprogram(method, [.. values.Select(v => _b.TypeOf(v).Space)], Where(call));
        Value result = _b.Call(function, values);
        return method.ReturnsVoid ? null : result;
    }

    /// <summary>The function for a subprogram; one for each combination of what its pointers point into.</summary>
    private Function Subprogram(IMethodSymbol method, PointerSpace[] spaces, Location where)
    {
        IMethodSymbol definition = method.OriginalDefinition;
        ITypeSymbol[] typeArguments = [.. method.TypeArguments.Select(Resolve)];
        string key = definition.ToDisplayString() + "<" + string.Join(",", typeArguments.Select(t => t.ToDisplayString())) + ">" + string.Join(",", spaces.Select(s => s is PointerSpace.Stack ? PointerSpace.Unknown : s));
        for (Scope? active = _scope; active is not null; active = active.Caller)
        {
            if (SymbolEqualityComparer.Default.Equals(active.Method.OriginalDefinition, definition))
            {
                throw new LoweringException(Descriptors.Recursion, where, method.Name, _scope.Method.Name);
            }
        }

        if (_unit.Subprograms.TryGetValue(key, out Function? known))
        {
            return known;
        }

        CheckSubprogram(method, where);
        string name = BtfTypes.Identifier(definition.Name);
        for (int i = 2; !_unit.FunctionNames.Add(name); i++)
        {
            name = BtfTypes.Identifier(definition.Name) + "_" + i;
        }

        var scope = new Scope(null, _scope, definition, name);
        BindTypes(scope, definition, method);
        Scope caller = _scope;
        _scope = scope;
        var types = new List<IrType>();
        var parameters = new List<(string, int)>();
        ITypeSymbol resultType = Resolve(definition.ReturnType);
        for (int i = 0; i < definition.Parameters.Length; i++)
        {
            IParameterSymbol parameter = definition.Parameters[i];
            ITypeSymbol type = Resolve(parameter.Type);
            PointerSpace space = spaces[i] is PointerSpace.Stack ? PointerSpace.Unknown : spaces[i];
            types.Add(parameter.RefKind != RefKind.None ? IrType.PointerTo(space) : RegisterType(type, space, where));
            int typeId = _unit.Types.Of(type, where);
            parameters.Add((parameter.Name, parameter.RefKind != RefKind.None ? _unit.Types.Pointer(typeId) : typeId));
        }

        IrType result = method.ReturnsVoid ? s_i32 : RegisterType(resultType, PointerSpace.Unknown, where);
        _scope = caller;
        int functionType = _unit.Types.AddFunction(name, method.ReturnsVoid ? null : resultType, parameters, BtfLinkage.Static, where);
        Function function = _unit.Module.AddFunction(name, ".text", types, result, functionType);
        _unit.Subprograms[key] = function;
        _unit.FunctionPlaces[name] = definition.Place();
        var lowering = new Lowering(_unit, function, scope, _kind, _typeFlag);
        lowering.SubprogramBody(definition, where);
        return function;
    }

    private void CheckSubprogram(IMethodSymbol method, Location where)
    {
        string? wrong = !method.IsStatic ? "it must be static, so that it captures nothing"
            : method.Parameters.Length > 5 ? "it has more than 5 parameters: pass a struct by 'in' or 'ref'"
            : !method.ReturnsVoid && Layouts.ScalarSize(Resolve(method.ReturnType)) == 0 ? "its result must be an integer or a pointer"
            : null;
        if (wrong is not null)
        {
            throw new LoweringException(Descriptors.SubprogramShape, method.Place() is { IsInSource: true } own ? own : where, method.Name, wrong);
        }
    }

    private void SubprogramBody(IMethodSymbol method, Location where)
    {
        (ImmutableArray<IOperation> bodies, _) = BodiesOf(method, where);
        _scope.Facts = _unit.FactsOf(method, () => bodies);
        _b.Position = PositionOf(method);
        for (int i = 0; i < method.Parameters.Length; i++)
        {
            IParameterSymbol parameter = method.Parameters[i];
            ITypeSymbol type = Resolve(parameter.Type);
            _scope.Places[parameter] = parameter.RefKind != RefKind.None
                ? new MemoryPlace(_b.Parameter(i), 0, type) { Alignment = NaturalAlignment(type) }
                : Declare(parameter, type, _b.Parameter(i), parameter.Name);
        }

        Finish(bodies, method);
    }
}
