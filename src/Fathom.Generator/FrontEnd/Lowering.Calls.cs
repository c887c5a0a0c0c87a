using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Btf;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Calls: methods with source are inlined, or are subprograms if they are marked so.</content>
internal sealed partial class Lowering
{
    /// <summary>Lowers a call. A struct result goes to the target; a scalar result is returned.</summary>
    private Value? Invoke(IInvocationOperation call, MemoryPlace? target, bool wantsResult)
    {
        IMethodSymbol method = call.TargetMethod;
        if (Bodies.IsLeftAway(method, call.Syntax))
        {
            return null;
        }

        if (method.Vocable("Helper") is { } helper)
        {
            return CallHelper(call, helper);
        }

        if (method.Name == "Context" && method.ContainingType.Is(Symbols.Vocabulary, "Helpers"))
        {
            return _b.Function.Parameters.Count > 0 && _b.Function.Parameters[0].Space == PointerSpace.Context
                ? _b.Parameter(0)
                : throw Unsupported(call, "A subprogram does not have the program's context: make it the subprogram's first parameter, or leave [BpfSubprogram] away");
        }

        if (method.ContainingType.Is(Symbols.Vocabulary, "Core"))
        {
            return CoreQuery(call);
        }

        if (method.MethodKind == MethodKind.DelegateInvoke)
        {
            throw new LoweringException(Descriptors.IndirectCall, Where(call), "call the method by its name");
        }

        RefuseManagedReceiver(call.Instance);
        if (method.IsExtensionMethod && method.DeclaringSyntaxReferences.IsEmpty && call.Arguments.Length > 0)
        {
            RefuseManagedReceiver(call.Arguments[0].Value);
        }

        if (method.ContainingType.TypeKind == TypeKind.Interface)
        {
            ITypeSymbol? receiver = call.ConstrainedToType ?? call.Instance?.Type;
            method = receiver is null ? method : Implementation(method, Resolve(receiver));
        }

        if ((method.IsVirtual || method.IsAbstract || method.IsOverride) && method.ContainingType.TypeKind != TypeKind.Struct && !(method is { IsStatic: true, IsAbstract: false }))
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

        if (method.IsVararg)
        {
            throw Unsupported(call, "A method with '__arglist' cannot be called: give it parameters");
        }

        return Inline(method, call, call.Instance, [.. call.Arguments.Select(a => (a.Parameter!, a.Value))], target);
    }

    /// <summary>The method of a struct (or number) that a member of an interface means for it.</summary>
    private IMethodSymbol Implementation(IMethodSymbol method, ITypeSymbol receiver)
    {
        if (receiver.TypeKind is TypeKind.Interface or TypeKind.TypeParameter)
        {
            return method;
        }

        ISymbol? member = ((INamedTypeSymbol)Resolve(method.ContainingType)).GetMembers(method.Name)
            .FirstOrDefault(m => SymbolEqualityComparer.Default.Equals(m.OriginalDefinition, method.OriginalDefinition));
        IMethodSymbol found = (member is null ? null : receiver.FindImplementationForInterfaceMember(member) as IMethodSymbol) ?? method;
        return method.TypeArguments.Length > 0 && found.TypeParameters.Length == method.TypeArguments.Length ? found.OriginalDefinition.Construct([.. method.TypeArguments]) : found;
    }

    /// <summary>A member of something that cannot exist: what it is called on is the reason.</summary>
    private void RefuseManagedReceiver(IOperation? receiver)
    {
        receiver = receiver is null ? null : SkipParentheses(receiver);
        while (receiver is IConversionOperation { IsImplicit: true, Operand: { } converted } && converted.Type is { IsReferenceType: true })
        {
            receiver = converted;
        }

        if (receiver?.Type is not { } type || !Resolve(type).IsReferenceType || Resolve(type).MapKind() != 0)
        {
            return;
        }

        RefuseManagedReceiver(receiver switch
        {
            IPropertyReferenceOperation property => property.Instance,
            IInvocationOperation invocation => invocation.Instance,
            IFieldReferenceOperation field => field.Instance,
            _ => null,
        });
        throw Refuse(receiver);
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
        ImmutableArray<IOperation> bodies = Enter(method, call, instance, arguments).Blocks;
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
        ITypeSymbol type = Resolve(method.ReturnType);
        Scope caller = _scope;
        ImmutableArray<IOperation> bodies = Enter(method, call, instance, arguments).Blocks;
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
    private MethodBody Enter(IMethodSymbol method, IOperation call, IOperation? instance, List<(IParameterSymbol Parameter, IOperation Value)> arguments)
    {
        RefuseRecursion(method, call);
        MethodBody body = BodyOf(method, Where(call));
        Place? self = null;
        if (instance is not null && !method.IsStatic && method.MethodKind != MethodKind.LocalFunction)
        {
            // The receiver of an extension block is a parameter like any other.
            self = ReceiverParameter(method, body) is { } receiver ? Argument(receiver, instance, TypeOf(instance)) : Receiver(method, body, instance);
        }

        IMethodSymbol definition = Bodies.Definition(method);
        var evaluated = new List<(IParameterSymbol Parameter, Place Place)>();
        foreach ((IParameterSymbol parameter, IOperation value) in arguments)
        {
            evaluated.Add((definition.Parameters[parameter.Ordinal], Argument(parameter, value)));
        }

        Enter(method, call, self, evaluated, body);
        return body;
    }

    /// <summary>Makes the scope of the callee current, with arguments that are evaluated already.</summary>
    private void Enter(IMethodSymbol method, IOperation call, Place? self, List<(IParameterSymbol Parameter, Place Place)> evaluated, MethodBody body)
    {
        IMethodSymbol definition = Bodies.Definition(method);
        if (definition.IsAsync)
        {
            throw Unsupported(call, "A BPF program cannot wait, so it cannot call an async method");
        }

        Scope? outer = null;
        if (definition.MethodKind == MethodKind.LocalFunction)
        {
            for (Scope? s = _scope; s is not null && outer is null; s = s.Caller)
            {
                outer = SymbolEqualityComparer.Default.Equals(s.Method, Bodies.Definition((IMethodSymbol)definition.ContainingSymbol)) ? s : null;
            }
        }

        var scope = new Scope(outer, _scope, definition, _scope.Path + ">" + call.Syntax.SpanStart)
        {
            Facts = body.Facts,
            This = self,
            Inlined = new InlinedCall(method.Name, _unit.Positions.Of(call.Syntax, _scope.Inlined)),
        };
        BindTypes(scope, definition, method);
        _scope = scope;
        if (self is not null && ReceiverParameter(method, body) is { } receiver)
        {
            scope.Places[receiver] = Bind(receiver, self, body.Facts);
        }

        foreach ((IParameterSymbol parameter, Place place) in evaluated)
        {
            scope.Places[parameter] = Bind(parameter, place, body.Facts);
        }
    }

    private void RefuseRecursion(IMethodSymbol method, IOperation call)
    {
        for (Scope? active = _scope; active is not null; active = active.Caller)
        {
            if (SymbolEqualityComparer.Default.Equals(active.Method, Bodies.Definition(method)))
            {
                throw new LoweringException(Descriptors.Recursion, Where(call), method.Name, _scope.Method.Name);
            }
        }
    }

    /// <summary>The parameter of the extension block that a method stands in, if its body uses it.</summary>
    private static IParameterSymbol? ReceiverParameter(IMethodSymbol method, MethodBody body) =>
        method.ContainingType.IsExtensionBlock()
            ? body.Blocks.SelectMany(b => b.DescendantsAndSelf()).OfType<IParameterReferenceOperation>().Select(r => r.Parameter).FirstOrDefault(p => p.ContainingSymbol is INamedTypeSymbol)
            : null;

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

    /// <summary>
    /// The arguments of a member of the library, in the order of its parameters. C# evaluates them as they are written, so another order is
    /// refused where that is not easily kept.
    /// </summary>
    private static IOperation[] InOrder(ImmutableArray<IArgumentOperation> arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i].Parameter!.Ordinal != i)
            {
                throw Unsupported(arguments[i], "Write the arguments in the order of the parameters here: the name '" + arguments[i].Parameter!.Name + "' does not change that");
            }
        }

        return [.. arguments.Select(a => a.Value)];
    }

    /// <summary>Numbers, evaluated as they are written, in the order of the parameters.</summary>
    private Value[] Scalars(ImmutableArray<IArgumentOperation> arguments)
    {
        var values = new Value[arguments.Length];
        foreach (IArgumentOperation argument in arguments)
        {
            values[argument.Parameter!.Ordinal] = Scalar(argument.Value);
        }

        return values;
    }

    /// <summary>The indices of a property, evaluated as they are written, in the order of the parameters.</summary>
    private Place[] Indices(IPropertyReferenceOperation property)
    {
        var places = new Place[property.Arguments.Length];
        foreach (IArgumentOperation argument in property.Arguments)
        {
            places[argument.Parameter!.Ordinal] = Argument(argument.Parameter!, argument.Value);
        }

        return places;
    }

    /// <summary>An argument, evaluated.</summary>
    private Place Argument(IParameterSymbol parameter, IOperation value, ITypeSymbol? known = null)
    {
        ITypeSymbol type = known ?? Resolve(parameter.Type);
        if (type.MapKind() != 0)
        {
            return new MapPlace(MapOf(value), type);
        }

        if (parameter.RefKind != RefKind.None)
        {
            if (value is IDiscardOperation)
            {
                return NewVariable(type, _scope.Path + "/_" + value.Syntax.SpanStart, "unused", Where(value));
            }

            return type.IsSpan() ? SkipParentheses(value) is ILocalReferenceOperation or IParameterReferenceOperation or IDeclarationExpressionOperation || parameter.RefKind is not (RefKind.In or RefKind.RefReadOnlyParameter) ? Locate(value) : new SpanPlace(Span(value), type)
                : IsValueOfProperty(value) ? Evaluate(value) : LocateOrEvaluate(value);
        }

        if (parameter.IsParams && !type.IsSpan())
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
    private Place Bind(IParameterSymbol parameter, Place place, BodyFacts facts)
    {
        if (parameter.RefKind != RefKind.None || place is not (ValuePlace or SpanPlace))
        {
            return place;
        }

        if (place is SpanPlace { Span: var span } && facts.IsAssigned(parameter))
        {
            SpanRegisters registers = NewSpanRegisters(parameter, place.Type, span);
            AssignSpan(registers, span);
            return registers;
        }

        return place is ValuePlace value ? Declare(parameter, place.Type, value.Value, parameter.Name, facts) : place;
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

        RefuseManagedReceiver(property.Instance);

        return CallProperty(property, null) ?? throw Refuse(property);
    }

    private Value? CallProperty(IPropertyReferenceOperation property, MemoryPlace? target)
    {
        if (property.Property.GetMethod is not { } getter)
        {
            throw Refuse(property);
        }

        if (property.Property.ContainingType.TypeKind == TypeKind.Interface && (property.ConstrainedToType ?? property.Instance?.Type) is { } receiver)
        {
            getter = Implementation(getter, Resolve(receiver));
        }

        if (IsAutoAccessor(getter))
        {
            RefuseStaticAuto(property);
            Place field = FieldOf(LocateOrEvaluate(property.Instance!), BackingField(property.Property, Where(property)), Where(property));
            if (target is null)
            {
                return Load(field, Where(property));
            }

            Copy(target, field, Where(property));
            return null;
        }

        if (!property.Property.IsStatic && property.Property.ContainingType.TypeKind != TypeKind.Struct && !property.Property.ContainingType.IsExtensionBlock() && getter.ContainingType.TypeKind != TypeKind.Struct)
        {
            throw NoSource(property.Property, Where(property));
        }

        if (_unit.Bodies.Of(getter) is null)
        {
            throw property.Type is { IsReferenceType: true } ? Refuse(property) : NoSource(property.Property, Where(property));
        }

        return Inline(getter, property, property.Instance, [.. property.Arguments.Select(a => (a.Parameter!, a.Value))], target);
    }

    /// <summary>A property of a class that keeps its value in a hidden field, which would be no global of the object.</summary>
    private static void RefuseStaticAuto(IPropertyReferenceOperation property)
    {
        if (property.Instance is null)
        {
            throw new LoweringException(Descriptors.StaticField, Where(property), property.Property.Name, "it is an automatic property, whose hidden field is no global: declare a field");
        }
    }

    private void SetProperty(IPropertyReferenceOperation property, IOperation value)
    {
        if (property.Property.SetMethod is not { } setter)
        {
            // A property that can only be read is assigned in a constructor, past its getter.
            RefuseStaticAuto(property);
            Assign(FieldOf(LocateOrEvaluate(property.Instance!), BackingField(property.Property, Where(property)), Where(property)), value);
            return;
        }

        RefuseManagedReceiver(property.Instance);
        if (IsAutoAccessor(setter))
        {
            RefuseStaticAuto(property);
            Assign(FieldOf(LocateOrEvaluate(property.Instance!), BackingField(property.Property, Where(property)), Where(property)), value);
            return;
        }

        if (_unit.Bodies.Of(setter) is null)
        {
            throw NoSource(property.Property, Where(property));
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
        IMethodSymbol definition = Bodies.Definition(method);
        ITypeSymbol[] typeArguments = [.. method.TypeArguments.Select(Resolve)];
        string key = definition.ToDisplayString() + "<" + string.Join(",", typeArguments.Select(t => t.ToDisplayString())) + ">" + string.Join(",", spaces.Select(s => s is PointerSpace.Stack ? PointerSpace.Unknown : s));
        for (Scope? active = _scope; active is not null; active = active.Caller)
        {
            if (SymbolEqualityComparer.Default.Equals(active.Method, definition))
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
        var lowering = new Lowering(_unit, function, scope, _kind);
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
        MethodBody body = BodyOf(method, where);
        method = Bodies.Definition(method);
        _scope.Facts = body.Facts;
        _b.Position = PositionOf(method);
        for (int i = 0; i < method.Parameters.Length; i++)
        {
            IParameterSymbol parameter = method.Parameters[i];
            ITypeSymbol type = Resolve(parameter.Type);
            _scope.Places[parameter] = parameter.RefKind != RefKind.None
                ? new MemoryPlace(_b.Parameter(i), 0, type) { Alignment = NaturalAlignment(type) }
                : Declare(parameter, type, _b.Parameter(i), parameter.Name);
        }

        Finish(body.Blocks, method);
    }
}
