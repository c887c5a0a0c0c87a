using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Values of structs: always in memory, made directly where they are wanted.</content>
internal sealed partial class Lowering
{
    /// <summary>
    /// Lowers an expression of a struct type into memory. In fresh memory nothing else can be looking; elsewhere the value is made aside first
    /// if making it might read what it overwrites.
    /// </summary>
    private void Into(IOperation operation, MemoryPlace target, bool isFresh)
    {
        At(operation);
        operation = SkipParentheses(operation);
        Location where = Where(operation);
        if (!isFresh && NeedsCopy(operation))
        {
            MemoryPlace aside = NewMemory(target.Type, "value", where);
            Into(operation, aside, isFresh: true);
            Copy(target, aside, where);
            return;
        }

        switch (operation)
        {
            case IDefaultValueOperation:
                Zero(target, where);
                break;
            case IObjectCreationOperation creation:
                Create(creation, target);
                break;
            case IWithOperation with:
                Into(with.Operand, target, isFresh: true);
                Initialise(with.Initializer, target);
                break;
            case ITupleOperation tuple:
                var fields = target.Type.InstanceFields().ToArray();
                for (int i = 0; i < tuple.Elements.Length; i++)
                {
                    Place field = FieldOf(target, fields[i], where);
                    if (Layouts.ScalarSize(field.Type) > 0 && !IsNull(tuple.Elements[i]))
                    {
                        // The elements have types of their own: the whole tuple is converted.
                        Store(field, ConvertValue(Scalar(tuple.Elements[i]), TypeOf(tuple.Elements[i]), field.Type), where);
                    }
                    else if (Layouts.IsStruct(field.Type) && tuple.Elements[i] is not ITupleOperation && tuple.Elements[i].Type is { } element && !IsSame(Resolve(element), field.Type))
                    {
                        throw Unsupported(tuple.Elements[i], "A conversion of your own inside a tuple is not supported: convert before");
                    }
                    else
                    {
                        Assign(field, tuple.Elements[i]);
                    }
                }

                break;
            case IConditionalOperation or ISwitchExpressionOperation:
                Branches(operation, value => Into(value, target, isFresh));
                break;
            case IInvocationOperation invocation:
                _ = Invoke(invocation, target, wantsResult: true);
                break;
            case IPropertyReferenceOperation property when !IsAutoProperty(property.Property) && !IsSpanIndexer(property):
                CallProperty(property, target);
                break;
            case IConversionOperation { OperatorMethod: { } method } conversion:
                CallOperatorInto(method, conversion, target, conversion.Operand);
                break;
            case IConversionOperation { OperatorMethod: null } conversion when SymbolEqualityComparer.Default.Equals(TypeOf(conversion.Operand), target.Type) || SkipParentheses(conversion.Operand) is ITupleOperation:
                Into(conversion.Operand, target, isFresh);
                break;
            case IConversionOperation { OperatorMethod: null } conversion when target.Type.IsTupleType && TypeOf(conversion.Operand).IsTupleType:
                MemoryPlace source = NewMemory(TypeOf(conversion.Operand), "tuple", where);
                Into(conversion.Operand, source, isFresh: true);
                foreach ((IFieldSymbol from, IFieldSymbol to) in source.Type.InstanceFields().Zip(target.Type.InstanceFields(), (f, t) => (f, t)))
                {
                    Move(FieldOf(target, to, where), FieldOf(source, from, where), where);
                }

                break;
            case ICompoundAssignmentOperation { OperatorMethod: not null } compound:
                ChangeInto(compound, compound.Target, target);
                break;
            case IIncrementOrDecrementOperation { OperatorMethod: not null } step:
                ChangeInto(step, step.Target, target);
                break;
            case IBinaryOperation binary when Operator(binary.OperatorMethod, binary.ConstrainedToType) is { } method:
                RefuseOwnShortCircuit(binary);
                CallOperatorInto(method, binary, target, binary.LeftOperand, binary.RightOperand);
                break;
            case IUnaryOperation unary when Operator(unary.OperatorMethod, unary.ConstrainedToType) is { } method:
                CallOperatorInto(method, unary, target, unary.Operand);
                break;
            case ISimpleAssignmentOperation assignment:
                Place assigned = Locate(assignment.Target);
                Located(assignment.Target, assigned, () => _ = SimpleAssignment(assignment));
                Copy(target, assigned, where);
                break;
            default:
                Copy(target, Locate(operation), where);
                break;
        }
    }

    /// <summary>True if an expression may read what assigning its parts overwrites.</summary>
    private bool NeedsCopy(IOperation operation) => operation switch
    {
        IDefaultValueOperation or ILocalReferenceOperation or IParameterReferenceOperation or IFieldReferenceOperation or IInlineArrayAccessOperation => false,
        IObjectCreationOperation { Constructor: not { IsImplicitlyDeclared: false }, Arguments.IsEmpty: true, Initializer: var initializer } => initializer is not null
            && !initializer.Initializers.All(i => i is ISimpleAssignmentOperation { Target: var target, Value: var value } && IsPartOfNew(target) && IsIndependent(value)),
        { Kind: OperationKind.None } => false,
        _ => true,
    };

    /// <summary>True for a field of what is being made: assigning it runs no code.</summary>
    private static bool IsPartOfNew(IOperation target) =>
        target is IFieldReferenceOperation { Instance: IInstanceReferenceOperation } || (target is IPropertyReferenceOperation { Instance: IInstanceReferenceOperation, Property: var property } && IsAutoProperty(property));

    /// <summary>True for scalars that are made of registers and constants only, by what cannot fault.</summary>
    private bool IsIndependent(IOperation operation) =>
        Layouts.ScalarSize(Resolve(operation.Type!)) > 0 && operation.DescendantsAndSelf().All(o => o.ConstantValue.HasValue || o switch
        {
            IBinaryOperation { OperatorKind: BinaryOperatorKind.Divide or BinaryOperatorKind.Remainder, RightOperand.ConstantValue: var divisor } => divisor is { HasValue: true, Value: { } number } && ConstantBytes.Bits(number) != 0,
            IBinaryOperation { OperatorMethod: var method } => method is null,
            IConversionOperation { OperatorMethod: var method } => method is null,
            ILiteralOperation or IParenthesizedOperation => true,
            ILocalReferenceOperation { Local: var local } => _scope.Find(local) is RegisterPlace or ValuePlace,
            IParameterReferenceOperation { Parameter: var parameter } => _scope.Find(parameter) is RegisterPlace or ValuePlace or ArgumentPlace,
            _ => false,
        });

    private void Zero(MemoryPlace target, Location where)
    {
        RequireWritable(target, where);
        Layout layout = _unit.Layouts.Of(target.Type, where);
        _b.Zero(target.Pointer, target.Offset, layout.Size, System.Math.Min(layout.Alignment, System.Math.Max(target.Alignment, 1)));
    }

    private void Copy(MemoryPlace target, Place source, Location where)
    {
        RequireWritable(target, where);
        if (source is not MemoryPlace memory)
        {
            throw new LoweringException(Descriptors.NotSupported, where, "This value cannot be copied");
        }

        Layout layout = _unit.Layouts.Of(target.Type, where);
        if (memory.Core is not null || memory.Type.KernelName() is not null)
        {
            throw new LoweringException(Descriptors.KernelView, where, memory.Type.Name, "copy the fields that you need one by one");
        }

        if (_b.TypeOf(memory.Pointer).Space is PointerSpace.Kernel or PointerSpace.User)
        {
            ProbeRead(target.Offset == 0 ? target.Pointer : _b.Offset(target.Pointer, target.Offset), memory, layout.Size, where);
            return;
        }

        int alignment = System.Math.Min(layout.Alignment, System.Math.Min(target.Alignment, memory.Alignment));
        _b.Copy(target.Pointer, target.Offset, memory.Pointer, memory.Offset, layout.Size, alignment);
    }

    private void Create(IObjectCreationOperation creation, MemoryPlace target)
    {
        Location where = Where(creation);
        IMethodSymbol? constructor = creation.Constructor;
        if (!Layouts.IsStruct(target.Type))
        {
            throw Refuse(creation);
        }

        if (constructor is null || constructor.IsImplicitlyDeclared || (constructor.Parameters.IsEmpty && constructor.DeclaringSyntaxReferences.IsEmpty))
        {
            if (constructor is { Parameters.IsEmpty: false } && !target.Type.IsTupleType)
            {
                throw Unsupported(creation, "This constructor has no source");
            }

            if (!AssignsEverything(creation.Initializer, target, where))
            {
                Zero(target, where);
            }
        }
        else if (target.Type.IsTupleType)
        {
            IFieldSymbol[] parts = [.. target.Type.InstanceFields()];
            foreach (IArgumentOperation argument in creation.Arguments)
            {
                Assign(FieldOf(target, parts[argument.Parameter!.Ordinal], where), argument.Value);
            }
        }
        else
        {
            Zero(target, where);
            CallConstructor(creation, constructor, creation.Arguments, target);
        }

        if (creation.Initializer is { } initializer)
        {
            Initialise(initializer, target);
        }
    }

    /// <summary>
    /// True if an initialiser assigns every field of a struct without padding, and runs no code that might look at one before: zeros would be
    /// wasted.
    /// </summary>
    private bool AssignsEverything(IObjectOrCollectionInitializerOperation? initializer, MemoryPlace target, Location where)
    {
        if (initializer is null || !initializer.Initializers.All(i => i is ISimpleAssignmentOperation { Target: var target } && IsPartOfNew(target)) || _unit.Layouts.Of(target.Type, where).Padding > 0 || target.Type.InlineArrayLength() > 0)
        {
            return false;
        }

        var assigned = initializer.Initializers.OfType<ISimpleAssignmentOperation>().Select(a => a.Target).OfType<IFieldReferenceOperation>()
            .Where(f => !f.Field.IsFixedSizeBuffer).Select(f => f.Field.OriginalDefinition).ToArray();
        return target.Type.InstanceFields().All(f => assigned.Contains(f.OriginalDefinition, SymbolEqualityComparer.Default));
    }

    private void Initialise(IObjectOrCollectionInitializerOperation initializer, MemoryPlace target)
    {
        _scope.Initialised.Push(target);
        try
        {
            foreach (IOperation part in initializer.Initializers)
            {
                switch (part)
                {
                    case ISimpleAssignmentOperation assignment:
                        _ = SimpleAssignment(assignment);
                        break;
                    case IMemberInitializerOperation member when Locate(member.InitializedMember) is MemoryPlace inner:
                        Initialise(member.Initializer, inner);
                        break;
                    default:
                        throw Unsupported(part, "This kind of initialiser is not part of the C# that compiles to BPF");
                }
            }
        }
        finally
        {
            _ = _scope.Initialised.Pop();
        }
    }

    /// <summary>True for a property that is no more than its field.</summary>
    private static bool IsAutoProperty(IPropertySymbol property) =>
        !property.IsStatic && property.ContainingType.TypeKind == TypeKind.Struct
        && property.ContainingType.GetMembers().OfType<IFieldSymbol>().Any(f => SymbolEqualityComparer.Default.Equals(f.AssociatedSymbol, property))
        && (property.GetMethod is null || IsAutoAccessor(property.GetMethod)) && (property.SetMethod is null || IsAutoAccessor(property.SetMethod));

    /// <summary>True for an accessor without a body of its own.</summary>
    private static bool IsAutoAccessor(IMethodSymbol accessor) => accessor.AssociatedSymbol is IPropertySymbol && accessor.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() switch
    {
        AccessorDeclarationSyntax { Body: null, ExpressionBody: null } => accessor.PartialImplementationPart is null && !accessor.IsAbstract,
        ParameterSyntax => true,
        null => accessor.ContainingType.GetMembers().OfType<IFieldSymbol>().Any(f => SymbolEqualityComparer.Default.Equals(f.AssociatedSymbol, accessor.AssociatedSymbol)),
        _ => false,
    };

    private static IFieldSymbol BackingField(IPropertySymbol property, Location where) =>
        property.ContainingType.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(f => SymbolEqualityComparer.Default.Equals(f.AssociatedSymbol, property))
        ?? throw new LoweringException(Descriptors.NotSupported, where, "The property '" + property.Name + "' has no field");

    /// <summary>An element of an inline array; C# checks the index.</summary>
    private MemoryPlace InlineElement(IInlineArrayAccessOperation access)
    {
        ITypeSymbol type = TypeOf(access.Instance);
        int count = type.InlineArrayLength();
        IOperation argument = access.Argument;
        while (argument is IConversionOperation { OperatorMethod: { ContainingType: var indexType } } fromInt && indexType.Is("System", "Index"))
        {
            argument = fromInt.Operand;
        }

        bool isFromEnd = argument is IUnaryOperation { OperatorKind: UnaryOperatorKind.Hat };
        argument = argument is IUnaryOperation { OperatorKind: UnaryOperatorKind.Hat, Operand: var back } ? back : argument;
        if (LocateOrEvaluate(access.Instance) is not MemoryPlace memory || argument.Type?.SpecialType != SpecialType.System_Int32)
        {
            throw Refuse(access);
        }

        ITypeSymbol element = type.InstanceFields().First().Type;
        int size = _unit.Layouts.SizeOf(element, Where(access));
        if (argument.ConstantValue is { HasValue: true, Value: int constant } && (isFromEnd ? count - constant : constant) is var index && index >= 0 && index < count)
        {
            return memory.Core is { } path
                ? memory with { Type = element, Core = path with { Access = path.Access + ":" + index, LocalOffset = path.LocalOffset + (index * size) } }
                : memory with { Type = element, Offset = memory.Offset + (index * size), Alignment = Gcd(memory.Alignment, index * size) };
        }

        Value variable = Scalar(argument);
        variable = isFromEnd ? _b.Binary(BinaryOperation.Subtract, _b.Constant(s_i32, count), variable) : variable;
        At(access);
        CheckIndex(variable, _b.Constant(s_i32, count));
        Value offset = Times(_b.Convert(Conversion.ZeroExtend, variable), size);
        Value pointer = memory.Core is null ? memory.Pointer : Address(memory, Where(access));
        RefuseVariableContext(pointer, access);
        return new MemoryPlace(_b.OffsetBy(pointer, offset), memory.Core is null ? memory.Offset : 0, element) { Alignment = Gcd(memory.Alignment, size) };
    }

    /// <summary>Goes on only if an index is below a length; C# throws otherwise. One unsigned comparison also catches negative ones.</summary>
    private void CheckIndex(Value index, Value length)
    {
        Block inside = _b.NewBlock("inside");
        _b.Branch(Comparison.LessUnsigned, index, length, inside, Fault());
        _b.SetBlock(inside);
    }
}
