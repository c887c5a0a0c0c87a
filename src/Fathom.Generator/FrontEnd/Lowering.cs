using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Btf;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <summary>
/// Lowers one function: the tree of Roslyn operations of a method, with everything that it calls inlined, to the intermediate form. The tree
/// and not Roslyn's control flow graph, because that breaks C#'s order of evaluation in compound assignments.
/// </summary>
internal sealed partial class Lowering
{
    private static readonly IrType s_i32 = IrType.I32;
    private static readonly IrType s_i64 = IrType.I64;

    private const int GetFuncRet = 184;

    private readonly UnitContext _unit;
    private readonly FunctionBuilder _b;
    private readonly ProgramKind _kind;
    private Scope _scope;
    private Block? _fault;

    // Targets that were located already and are read again: C# evaluates them once.
    private readonly Dictionary<IOperation, Place> _located = [];

    private Lowering(UnitContext unit, Function function, Scope scope, ProgramKind kind)
    {
        _unit = unit;
        _b = new FunctionBuilder(function);
        _scope = scope;
        _kind = kind;
    }

    /// <summary>Lowers a program.</summary>
    public static void Program(UnitContext unit, ProgramShape program)
    {
        IMethodSymbol method = Bodies.Definition(program.Method);
        Location where = method.Place();
        string name = program.Name;
        (string Name, int TypeId)[] parameters = program.Kind.TakesContext(method)
            ? [(method.Parameters[0].Name, unit.Types.Of(method.Parameters[0].Type, where))]
            : [("ctx", unit.Types.PointerToLong())];
        int typeId = unit.Types.AddFunction(name, method.ReturnsVoid ? null : method.ReturnType, parameters, BtfLinkage.Global, where);
        bool takesContext = program.Kind.TakesContext(method);
        if (takesContext ? program.Kind.Name == "Tracepoint" : program.Kind.Arguments == ArgumentSource.Words)
        {
            // What the loader compares with what the kernel passes there.
            unit.Types.AddDeclaration(name, parameters, takesContext ? [] : method.Parameters);
        }

        IrType result = s_i32;
        Function function = unit.Module.AddFunction(name, program.Section, [IrType.PointerTo(PointerSpace.Context)], result, typeId);
        unit.FunctionPlaces[name] = where;
        var lowering = new Lowering(unit, function, new Scope(null, null, method, name), program.Kind);
        lowering.ProgramBody(method, program.Number);
    }

    private void ProgramBody(IMethodSymbol method, int number)
    {
        MethodBody body = BodyOf(method, method.Place());
        _scope.Facts = body.Facts;
        _b.Position = PositionOf(method);
        for (int i = 0; i < method.Parameters.Length; i++)
        {
            IParameterSymbol parameter = method.Parameters[i];
            Place place = _kind.TakesContext(method) ? new ValuePlace(_b.Parameter(0), parameter.Type) : ProgramArgument(parameter, body);
            if (_scope.Facts.IsAssigned(parameter) || _scope.Facts.IsAddressed(parameter))
            {
                place = Declare(parameter, parameter.Type, Load(place, Location.None), parameter.Name);
            }

            _scope.Places[parameter] = place;
        }

        if (_unit.Shape.Before is null && _unit.Shape.After is null)
        {
            Finish(body.Blocks, method);
        }
        else
        {
            FinishAround(body.Blocks, method, number);
        }
    }

    /// <summary>As <see cref="Finish"/>, with what the object wants to run before and after each of its programs.</summary>
    private void FinishAround(ImmutableArray<IOperation> bodies, IMethodSymbol method, int number)
    {
        IOperation at = bodies[0];
        Value? handed = RunAround(_unit.Shape.Before, _b.Constant(s_i32, number), at);
        _scope.Result = method.ReturnsVoid ? null : NewRegister(method.ReturnType, _scope.Path + ":result", null, method.Name, method.Place());
        RunBody(bodies, method, method.ReturnsVoid);
        if (_fault is { } fault)
        {
            // What comes after runs also where the program ends itself; and may do so on its own account.
            Block after = _b.NewBlock("after");
            JumpTo(after);
            _b.SetBlock(fault);
            if (_scope.Result is RegisterPlace none)
            {
                _b.Assign(none.Register, _b.Constant(_b.TypeOf(none.Register), 0));
            }

            _b.Jump(after);
            _b.SetBlock(after);
            _fault = null;
        }

        _b.Position = EndOf(bodies) ?? _b.Position;
        _ = RunAround(_unit.Shape.After, handed, at);
        _b.Return(_scope.Result is RegisterPlace result ? Snapshot(result.Register) : _b.Constant(_b.Function.Result, 0));
        if (_fault is not null)
        {
            _b.SetBlock(_fault);
            _b.Return(_b.Constant(_b.Function.Result, 0));
        }
    }

    private Value? RunAround(IMethodSymbol? method, Value? given, IOperation at)
    {
        if (method is null)
        {
            return null;
        }

        List<(IParameterSymbol, Place)> arguments = [];
        foreach (IParameterSymbol parameter in Bodies.Definition(method).Parameters)
        {
            arguments.Add((parameter, new ValuePlace(given ?? throw new LoweringException(
                Descriptors.ProgramShape, method.Place(), method.Name, "no method marked [BeforeProgram] returns what it takes"), parameter.Type)));
        }

        return CallWith(method, BodyOf(method, method.Place()), at, null, arguments, null);
    }

    /// <summary>Where a program finds the value of a parameter.</summary>
    private Place ProgramArgument(IParameterSymbol parameter, MethodBody body)
    {
        if (_kind.ArgumentOffset(parameter.Ordinal) is { } offset)
        {
            // What the kernel says is a number, or points to one, the verifier lets nobody read through.
            bool isObject = parameter.Type is IPointerTypeSymbol { PointedAtType: var pointee } && Layouts.ScalarSize(pointee) == 0;
            PointerSpace space = parameter.Has("UserPointer") ? PointerSpace.User : _kind.Pointers == PointerSpace.Trusted && !isObject ? PointerSpace.Kernel : _kind.Pointers;
            return new ArgumentPlace(offset, space, parameter.Type) { HasGarbage = _kind.HasGarbage };
        }

        if (!body.Blocks.Any(b => b.DescendantsAndSelf().Any(o => o is IParameterReferenceOperation { Parameter: var used } && SymbolEqualityComparer.Default.Equals(used, parameter))))
        {
            return new ValuePlace(_b.Constant(RegisterType(parameter.Type, PointerSpace.Kernel, parameter.Place()), 0), parameter.Type);
        }

        Value word = _kind.Arguments == ArgumentSource.Usdt ? UsdtArgument(parameter) : FunctionResult(parameter);

        // A number, until its type says that it is an address; which the verifier does not know then.
        IrType pointer = IrType.PointerTo(_kind.Pointers == PointerSpace.User || parameter.Has("UserPointer") ? PointerSpace.User : PointerSpace.Kernel);
        return new ValuePlace(parameter.Type is IPointerTypeSymbol ? _b.Reinterpret(word, pointer) : FromWord(word, parameter.Type, hasGarbage: true), parameter.Type);
    }

    private Value FunctionResult(IParameterSymbol parameter)
    {
        Value slot = _b.SlotAddress(_b.NewSlot(8, 8, parameter.Name));
        _ = _b.Call(GetFuncRet, s_i64, [_b.Parameter(0), slot]);
        return _b.Load(s_i64, slot, 0, Format.Instructions.MemorySize.Double);
    }

    /// <summary>Lowers the bodies and ends the function, also where control falls off its end.</summary>
    private void Finish(ImmutableArray<IOperation> bodies, IMethodSymbol method)
    {
        foreach (IOperation body in bodies)
        {
            Statement(body);
        }

        if (!_b.IsTerminated)
        {
            _b.Position = EndOf(bodies) ?? _b.Position;
            _b.Return(_b.Constant(_b.Function.Result, 0));
        }

        if (_fault is not null)
        {
            _b.SetBlock(_fault);
            _b.Position = PositionOf(method);
            _b.Return(_b.Constant(_b.Function.Result, 0));
        }
    }

    /// <summary>Where C# would throw, a program ends with 0.</summary>
    private Block Fault() => _fault ??= _b.NewBlock("fault");

    private SourcePosition? PositionOf(IMethodSymbol method) =>
        method.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() is { } syntax ? _unit.Positions.Of(syntax, _scope.Inlined) : null;

    private SourcePosition? EndOf(ImmutableArray<IOperation> bodies) =>
        bodies.LastOrDefault() is { } last ? _unit.Positions.Of(last.Syntax, _scope.Inlined) : null;

    private void At(IOperation operation) => _b.Position = _unit.Positions.Of(operation.Syntax, _scope.Inlined);

    private static Location Where(IOperation operation) => operation.Syntax.GetLocation();

    private static LoweringException Unsupported(IOperation operation, string message) => new(Descriptors.NotSupported, Where(operation), message);

    private MethodBody BodyOf(IMethodSymbol method, Location where) =>
        _unit.Bodies.Of(method) ?? throw NoSource(method, where);

    private static LoweringException NoSource(ISymbol symbol, Location where) =>
        new(Descriptors.NoSource, where, symbol.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat), LibraryAdvice.For(symbol));

    /// <summary>A type with the type arguments of the generic methods that are being inlined.</summary>
    private ITypeSymbol Resolve(ITypeSymbol type)
    {
        switch (type)
        {
            case ITypeParameterSymbol parameter:
                for (Scope? scope = _scope; scope is not null; scope = scope.Outer)
                {
                    if (scope.TypeArguments.TryGetValue(parameter, out ITypeSymbol? argument))
                    {
                        return argument;
                    }
                }

                return type;
            case IPointerTypeSymbol pointer:
                ITypeSymbol target = Resolve(pointer.PointedAtType);
                return SymbolEqualityComparer.Default.Equals(target, pointer.PointedAtType) ? type : _unit.Compilation.CreatePointerTypeSymbol(target);
            case INamedTypeSymbol { IsGenericType: true, IsTupleType: false } named when named.TypeArguments.Any(ContainsParameter):
                return named.OriginalDefinition.Construct(named.TypeArguments.Select(Resolve).ToArray());
            case INamedTypeSymbol { IsTupleType: true } tuple when tuple.TypeArguments.Any(ContainsParameter):
                return _unit.Compilation.CreateTupleTypeSymbol([.. tuple.TupleElements.Select(e => Resolve(e.Type))], [.. tuple.TupleElements.Select(e => (string?)e.Name)]);
            default:
                return type;
        }
    }

    private static bool ContainsParameter(ITypeSymbol type) => type switch
    {
        ITypeParameterSymbol => true,
        IPointerTypeSymbol pointer => ContainsParameter(pointer.PointedAtType),
        INamedTypeSymbol named => named.TypeArguments.Any(ContainsParameter),
        _ => false,
    };

    private ITypeSymbol TypeOf(IOperation operation) =>
        Resolve(operation.Type ?? throw (operation is IThrowOperation ? Refuse(operation) : Unsupported(operation, "'" + FirstLine(operation.Syntax) + "' has no type that exists in a BPF program")));

    /// <summary>The type of a register for a scalar.</summary>
    private IrType RegisterType(ITypeSymbol type, PointerSpace space, Location where)
    {
        if (type is IPointerTypeSymbol)
        {
            return IrType.PointerTo(space);
        }

        if (type is IFunctionPointerTypeSymbol)
        {
            return IrType.PointerTo(PointerSpace.Function);
        }

        int size = Layouts.ScalarSize(type);
        if (size == 0)
        {
            _ = _unit.Layouts.Of(type, where);
            throw new LoweringException(Descriptors.NotSupported, where, "A value of the struct '" + type.Name + "' is needed as a number here");
        }

        return size == 8 ? s_i64 : s_i32;
    }

    /// <summary>Makes a variable that holds a scalar now.</summary>
    private Place Declare(ISymbol symbol, ITypeSymbol type, Value? initial, string name, BodyFacts? facts = null)
    {
        facts ??= _scope.Facts;
        string key = _scope.Path + "/" + name + "@" + (symbol.Locations.FirstOrDefault()?.SourceSpan.Start ?? 0);
        Location where = symbol.Place();
        if (facts.IsAddressed(symbol) || _unit.Spaces.IsInMemory(key))
        {
            MemoryPlace memory = NewMemory(type, name, where);
            if (initial is { } value)
            {
                Store(memory, value, where);
            }

            return memory;
        }

        if (initial is { } only && !facts.IsAssigned(symbol))
        {
            return new ValuePlace(only, type);
        }

        RegisterPlace place = NewRegister(type, key, initial is { } v ? _b.TypeOf(v).Space : null, name, where);
        if (initial is { } start)
        {
            AssignRegister(place, start);
        }

        return place;
    }

    /// <summary>A variable without a name of its own, which is passed by reference.</summary>
    private Place NewVariable(ITypeSymbol type, string key, string name, Location where) =>
        Layouts.IsStruct(type) || _unit.Spaces.IsInMemory(key) ? NewMemory(type, name, where) : NewRegister(type, key, null, name, where);

    /// <summary>A register; what its pointer points into is what was learned in an earlier attempt, or what it first holds.</summary>
    private RegisterPlace NewRegister(ITypeSymbol type, string key, PointerSpace? first, string name, Location where)
    {
        PointerSpace space = type is IPointerTypeSymbol ? _unit.Spaces.Assume(key, first) : PointerSpace.Unknown;
        return new RegisterPlace(_b.NewValue(RegisterType(type, space, where), name), type, key);
    }

    private void AssignRegister(RegisterPlace place, Value value)
    {
        IrType target = _b.TypeOf(place.Register);
        IrType source = _b.TypeOf(value);
        if (target.IsPointer)
        {
            if (target.Space != source.Space && source.IsPointer && _unit.Spaces.Settle(place.HintKey, source.Space))
            {
                _b.Retype(place.Register, source);
                target = source;
            }

            _unit.Spaces.See(place.HintKey, source.Space);
            if (source.Space != target.Space)
            {
                value = _b.Reinterpret(value, target);
            }
        }

        _b.Assign(place.Register, value);
    }

    private MemoryPlace NewMemory(ITypeSymbol type, string name, Location where)
    {
        Layout layout = _unit.Layouts.Of(type, where);
        RefuseView(type, where, "declare a pointer to it");
        if (layout.Size > 512)
        {
            throw new LoweringException(Descriptors.StackTooLarge, where, layout.Size);
        }

        StackSlot slot = _b.NewSlot(layout.Size, layout.Alignment, name);
        return new MemoryPlace(_b.SlotAddress(slot), 0, type) { Alignment = layout.Alignment };
    }

    private static void RefuseView(ITypeSymbol type, Location where, string instead)
    {
        if (type.KernelName() is not null)
        {
            throw new LoweringException(Descriptors.KernelView, where, type.Name, instead);
        }
    }
}
