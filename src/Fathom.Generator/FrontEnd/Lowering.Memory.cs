using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Places: where variables, fields and elements are, and how they are read and written.</content>
internal sealed partial class Lowering
{
    private const int ProbeReadUser = 112, ProbeReadKernel = 113;

    // ProgramTypes.Tracing.
    private const int TracingPrograms = 0x39f;

    private Value LoadLocated(IOperation operation)
    {
        if (operation is IFieldReferenceOperation { Field: { IsFixedSizeBuffer: true } } buffer)
        {
            return Address(Locate(buffer), Where(operation));
        }

        Place place = Locate(operation);
        At(operation);
        return Load(place, Where(operation));
    }

    /// <summary>Finds the place of something that can stand on the left of an assignment.</summary>
    private Place Locate(IOperation operation)
    {
        At(operation);
        if (_located.TryGetValue(operation, out Place? known))
        {
            return known;
        }

        switch (operation)
        {
            case IParenthesizedOperation { Operand: var inner }:
                return Locate(inner);
            case ILocalReferenceOperation { IsDeclaration: true } declared:
                return LocateDeclared(declared);
            case IDeclarationExpressionOperation { Expression: ILocalReferenceOperation declared }:
                return LocateDeclared(declared);
            case ILocalReferenceOperation local:
                // A 'goto' can jump over the declaration of a variable that is assigned behind its label.
                return _scope.Find(local.Local) ?? (local.Local.RefKind == RefKind.None && !local.Local.IsFixed ? LocateDeclared(local) : throw Unsupported(operation, "'" + local.Local.Name + "' is not a variable of this program"));
            case IParameterReferenceOperation parameter:
                return _scope.Find(parameter.Parameter) ?? throw RefuseParameter(parameter);
            case IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ImplicitReceiver }:
                return InitialisedPlace() ?? throw Refuse(operation);
            case IInstanceReferenceOperation:
                return ThisPlace() ?? throw Refuse(operation);
            case IFieldReferenceOperation field:
                return LocateField(field);
            case IPropertyReferenceOperation property when IsAutoProperty(property.Property) && property.Instance is not null:
                return FieldOf(LocateOrEvaluate(property.Instance), BackingField(property.Property, Where(operation)), Where(operation));
            case IPropertyReferenceOperation property when IsSpanIndexer(property):
                return SpanElement(property);
            case IPropertyReferenceOperation { Property: { ReturnsByRef: false, ReturnsByRefReadonly: false, IsStatic: false } } property when Layouts.IsStruct(Resolve(property.Property.ContainingType)):
                return new PropertyPlace(property.Property, LocateOrEvaluate(property.Instance!), Indices(property), Resolve(property.Property.Type), property);
            case IPropertyReferenceOperation { Property: { IsStatic: true, ReturnsByRef: false, ReturnsByRefReadonly: false } } property:
                return new PropertyPlace(property.Property, null, [], Resolve(property.Property.Type), property);
            case IPropertyReferenceOperation { Property: { ReturnsByRef: true } or { ReturnsByRefReadonly: true } }:
                throw Unsupported(operation, "A property that returns by reference is not supported: use the field, or return a pointer");
            case IImplicitIndexerReferenceOperation indexer:
                return SpanElementFromEnd(indexer);
            case IInlineArrayAccessOperation access:
                return InlineElement(access);
            case { Kind: OperationKind.None }:
                return LocatePointer(operation);
            case IInvocationOperation { TargetMethod.ReturnsByRef: true } or IInvocationOperation { TargetMethod.ReturnsByRefReadonly: true }:
                throw Unsupported(operation, "A method that returns by reference is not supported: return a pointer");
            default:
                throw Refuse(operation);
        }
    }

    private Place? InitialisedPlace()
    {
        for (Scope? scope = _scope; scope is not null; scope = scope.Outer)
        {
            if (scope.Initialised.Count > 0)
            {
                return scope.Initialised.Peek();
            }
        }

        return null;
    }

    private Place? ThisPlace()
    {
        for (Scope? scope = _scope; scope is not null; scope = scope.Outer)
        {
            if (scope.This is not null)
            {
                return scope.This;
            }
        }

        return null;
    }

    private Place LocateDeclared(ILocalReferenceOperation declared)
    {
        ILocalSymbol local = declared.Local;
        ITypeSymbol type = Resolve(local.Type);
        Place place = type.IsSpan() ? NewSpanRegisters(local, type)
            : Layouts.IsStruct(type) ? NewMemory(type, local.Name, local.Place())
            : Declare(local, type, null, local.Name);
        if (place is ValuePlace)
        {
            throw Unsupported(declared, "'" + local.Name + "' is declared in a way that is not supported: declare it in a statement of its own");
        }

        _scope.Places[local] = place;
        return place;
    }

    /// <summary>The place of an expression, or of a copy of its value.</summary>
    private Place LocateOrEvaluate(IOperation operation)
    {
        operation = SkipParentheses(operation);
        if (operation.ConstantValue.HasValue)
        {
            return Evaluate(operation);
        }

        if (operation is IInvocationOperation { TargetMethod: { ReturnsByRef: true } or { ReturnsByRefReadonly: true } } or IConditionalOperation { IsRef: true }
            || (operation is IPropertyReferenceOperation { Property: { ReturnsByRef: true } or { ReturnsByRefReadonly: true } } returned && !IsSpanIndexer(returned)))
        {
            // A copy of the variable is not the variable.
            return Locate(operation);
        }

        return operation is ILocalReferenceOperation or IParameterReferenceOperation or IFieldReferenceOperation or IInstanceReferenceOperation or IInlineArrayAccessOperation or IDeclarationExpressionOperation or IImplicitIndexerReferenceOperation
            || (operation.Kind == OperationKind.None && operation.Type is not IPointerTypeSymbol)
            || (operation is IPropertyReferenceOperation property && (IsSpanIndexer(property) || (IsAutoProperty(property.Property) && property.Instance is not null)))
            ? Locate(operation)
            : Evaluate(operation);
    }

    private static IOperation SkipParentheses(IOperation operation)
    {
        while (operation is IParenthesizedOperation { Operand: var inner })
        {
            operation = inner;
        }

        return operation;
    }

    private Place LocateField(IFieldReferenceOperation reference)
    {
        IFieldSymbol field = reference.Field;
        if (field.IsVolatile && !_unit.Shape.IsOwn(field.ContainingType))
        {
            throw Unsupported(reference, "'volatile' orders nothing in a BPF program: use Interlocked on '" + field.Name + "', and make it an ordinary field");
        }

        RefuseManagedReceiver(reference.Instance);
        if (field.IsStatic)
        {
            return LocateStatic(reference);
        }

        Place instance = LocateOrEvaluate(reference.Instance!);
        At(reference);
        return FieldOf(instance, field, Where(reference));
    }

    private Place FieldOf(Place instance, IFieldSymbol field, Location where)
    {
        if (instance is not MemoryPlace memory)
        {
            throw new LoweringException(Descriptors.NotSupported, where, "The field '" + field.Name + "' is not in memory here");
        }

        if (field is { ContainingType.IsTupleType: true, CorrespondingTupleField: { } corresponding })
        {
            field = corresponding;
        }

        // The field of the type as it is being used, with the type arguments of the inlined method.
        IFieldSymbol own = memory.Type.InstanceFields().FirstOrDefault(f =>
            SymbolEqualityComparer.Default.Equals(f, field) || SymbolEqualityComparer.Default.Equals(f.OriginalDefinition, field.OriginalDefinition) || (memory.Type.IsTupleType && f.Name == field.Name)) ?? field;
        memory = memory with { HoldsUserPointer = own.Has("UserPointer") };
        Layout layout = _unit.Layouts.Of(memory.Type, where);
        if (!layout.Offsets.TryGetValue(own, out int offset))
        {
            throw new LoweringException(Descriptors.NotSupported, where, "'" + field.Name + "' is a part of a tuple that has no place of its own here: name the elements, as in 'Item8'");
        }

        ITypeSymbol type = own.Type;
        bool isView = memory.Type.KernelName() is not null;
        if (memory.Core is { } path)
        {
            return memory with { Type = type, Core = path with { Access = path.Access + ":" + IndexOf(memory.Type, own), LocalOffset = path.LocalOffset + offset } };
        }

        if (isView && IsKernelObject(_b.TypeOf(memory.Pointer).Space))
        {
            Value pointer = memory.Offset == 0 ? memory.Pointer : _b.Offset(memory.Pointer, memory.Offset);
            int root = _unit.Types.Of(memory.Type, where);
            return new MemoryPlace(pointer, 0, type, new CorePath(root, "0:" + IndexOf(memory.Type, own), offset)) { HoldsUserPointer = memory.HoldsUserPointer };
        }

        return memory with { Offset = memory.Offset + offset, Type = type, Alignment = Gcd(memory.Alignment, offset) };
    }

    private static bool IsKernelObject(PointerSpace space) => space is not (PointerSpace.Stack or PointerSpace.MapValue or PointerSpace.RingRecord or PointerSpace.Packet);

    private static int IndexOf(ITypeSymbol type, IFieldSymbol field)
    {
        int index = 0;
        foreach (IFieldSymbol candidate in type.InstanceFields())
        {
            if (SymbolEqualityComparer.Default.Equals(candidate, field))
            {
                return index;
            }

            index++;
        }

        throw new System.InvalidOperationException("no such field");
    }

    private static int Gcd(int alignment, int offset)
    {
        while (offset % alignment != 0)
        {
            alignment /= 2;
        }

        return alignment;
    }

    private Place LocateStatic(IFieldReferenceOperation reference)
    {
        IFieldSymbol field = reference.Field;
        if (field.Type.MapKind() != 0)
        {
            throw new LoweringException(Descriptors.MapUse, Where(reference), "A map is not a value: call its methods");
        }

        if (_unit.Globals.TryGetValue(field, out Global? global))
        {
            return new MemoryPlace(_b.GlobalAddress(global), 0, field.Type) { Alignment = global.Alignment };
        }

        if (field.AssociatedSymbol is IPropertySymbol hidden)
        {
            throw new LoweringException(Descriptors.StaticField, Where(reference), hidden.Name, "it is a property with a hidden field, which is no global: declare the field");
        }

        if (field.IsReadOnly && field.DeclaringSyntaxReferences.Length > 0 && Layouts.ScalarSize(field.Type) > 0 && !field.ContainingType.StaticConstructors.IsEmpty && field.ContainingType.StaticConstructors.Any(c => !c.IsImplicitlyDeclared))
        {
            throw new LoweringException(Descriptors.StaticField, Where(reference), field.Name, "its class has a static constructor, which never runs in the kernel: give the value where the field is declared");
        }

        if (field.IsReadOnly && field.DeclaringSyntaxReferences.Length > 0 && Layouts.ScalarSize(field.Type) > 0)
        {
            byte[] bytes = ConstantBytes.Of(field, Layouts.ScalarSize(field.Type), _unit.Compilation);
            ulong bits = 0;
            for (int i = bytes.Length - 1; i >= 0; i--)
            {
                bits = (bits << 8) | bytes[i];
            }

            IrType type = RegisterType(field.Type, PointerSpace.Unknown, Where(reference));
            return new ValuePlace(Fit(_b.Constant(type, unchecked((long)bits)), field.Type), field.Type);
        }

        throw new LoweringException(Descriptors.StaticField, Where(reference), field.Name,
            _unit.Shape.IsOwn(field.ContainingType)
                ? "its declaration is not valid" : "only the static fields of '" + _unit.Shape.Type.Name + "' itself are globals of the object, and those of the parts that it includes: move it there, or make it const")
        {
            // What is wrong with a field of the object itself was said where it is declared.
            IsConsequence = _unit.Shape.IsOwn(field.ContainingType),
        };
    }

    private Value Load(Place place, Location where)
    {
        switch (place)
        {
            case ValuePlace value:
                return value.Value;
            case RegisterPlace register:
                // A copy: the variable may be assigned before the value is used.
                Value copy = _b.NewValue(_b.TypeOf(register.Register));
                _b.Assign(copy, register.Register);
                return copy;
            case ArgumentPlace argument:
                return LoadArgument(argument);
            case MemoryPlace memory:
                Value loaded = LoadMemory(memory, where);
                NoteUserPointer(memory, loaded);
                return loaded;
            case PropertyPlace property:
                return PropertyCall(property, property.Property.GetMethod, null) ?? throw new LoweringException(Descriptors.NotSupported, where, "This cannot be read as a value");
            default:
                throw new LoweringException(Descriptors.NotSupported, where, "This cannot be read as a value");
        }
    }

    /// <summary>
    /// Typed arguments are 8-byte loads from the context, made where the argument is used: an argument that an older kernel's tracepoint lacks
    /// is then not touched on a branch that a constant rules out.
    /// </summary>
    private Value LoadArgument(ArgumentPlace argument)
    {
        Value context = _b.Parameter(0);
        if (argument.Type is IPointerTypeSymbol)
        {
            return _b.Load(IrType.PointerTo(argument.Space), context, argument.Offset, MemorySize.Double);
        }

        return FromWord(_b.Load(s_i64, context, argument.Offset, MemorySize.Double), argument.Type, argument.HasGarbage);
    }

    /// <summary>The number in a word above which there may be anything.</summary>
    private Value FromWord(Value wide, ITypeSymbol type, bool hasGarbage)
    {
        if (Layouts.ScalarSize(type) == 8)
        {
            return wide;
        }

        Value narrow = _b.Convert(Conversion.Truncate, wide);
        return hasGarbage && type.SpecialType == SpecialType.System_Boolean ? _b.Convert(Conversion.ZeroExtend8, narrow) : Fit(narrow, type);
    }

    private Value LoadMemory(MemoryPlace memory, Location where)
    {
        PointerSpace space = _b.TypeOf(memory.Pointer).Space;
        int size = Layouts.ScalarSize(memory.Type);
        IrType type = RegisterType(memory.Type, LoadedSpace(space, memory), where);
        bool isSigned = Layouts.IsSigned(memory.Type);
        if (space is PointerSpace.Kernel or PointerSpace.User)
        {
            Value slot = ProbeRead(memory, size, where);
            return _b.Load(type, slot, 0, SizeCode(size), isSigned);
        }

        if (IsMisaligned(memory, size))
        {
            RefusePackedPointer(type.IsPointer && type.Space == PointerSpace.Unknown, where);
            return LoadPieces(memory, size, type);
        }

        return memory.Core is { } core
            ? _b.Load(type, memory.Pointer, 0, SizeCode(size), isSigned, Access(core, CoreRelocationKind.FieldByteOffset))
            : _b.Load(type, memory.Pointer, memory.Offset, SizeCode(size), isSigned);
    }

    /// <summary>What a pointer that was loaded from memory points into.</summary>
    private static PointerSpace LoadedSpace(PointerSpace from, MemoryPlace memory) => memory.HoldsUserPointer ? PointerSpace.User : from switch
    {
        PointerSpace.Trusted => PointerSpace.Trusted,
        PointerSpace.User => PointerSpace.User,
        // Spilled to the stack a pointer keeps its meaning; only addresses of kernel objects are always read with care.
        PointerSpace.Stack or PointerSpace.Unknown when memory.Type is IPointerTypeSymbol { PointedAtType: var pointee } && pointee.KernelName() is null => PointerSpace.Unknown,
        _ => PointerSpace.Kernel,
    };

    /// <summary>Reads memory that the verifier does not know into a piece of stack.</summary>
    private Value ProbeRead(MemoryPlace memory, int size, Location where)
    {
        Value slot = _b.SlotAddress(_b.NewSlot(size, System.Math.Min(size, 8), "read"));
        ProbeRead(slot, memory, size, where);
        return slot;
    }

    /// <summary>Reads memory of the kernel or the process to an address of the program; what is not there is zeros.</summary>
    private void ProbeRead(Value to, MemoryPlace memory, int size, Location where)
    {
        bool isUser = _b.TypeOf(memory.Pointer).Space == PointerSpace.User;
        RefuseUserRead(isUser, where);
        RequireTracing(isUser ? "bpf_probe_read_user" : "bpf_probe_read_kernel", where);
        _ = _b.Call(isUser ? ProbeReadUser : ProbeReadKernel, s_i64, [to, _b.Constant(s_i32, size), Address(memory, where)]);
    }

    private void RequireTracing(string helper, Location where)
    {
        if ((_kind.Flag & TracingPrograms) == 0)
        {
            throw new LoweringException(Descriptors.HelperNotAvailable, where, helper, _kind.Name, "Tracing");
        }
    }

    private Value Address(Place place, Location where)
    {
        switch (place)
        {
            case MemoryPlace { Core: { } core } memory:
                return _b.CoreOffset(memory.Pointer, Access(core, CoreRelocationKind.FieldByteOffset));
            case MemoryPlace { Offset: 0 } memory:
                return memory.Pointer;
            case MemoryPlace memory:
                return _b.Offset(memory.Pointer, memory.Offset);
            case RegisterPlace register:
                // What is done through the address is done to the variable.
                _unit.Spaces.MoveToMemory(register.HintKey);
                return AddressOfCopy(place, where);
            case ValuePlace or ArgumentPlace:
                // Nothing changes these, so a copy serves.
                return AddressOfCopy(place, where);
            default:
                throw new LoweringException(Descriptors.NotSupported, where, "This has no address");
        }
    }

    private Value AddressOfCopy(Place place, Location where)
    {
        MemoryPlace copy = NewMemory(place.Type, "copy", where);
        Store(copy, Load(place, where), where);
        return copy.Pointer;
    }

    private static CoreAccess Access(CorePath path, CoreRelocationKind kind) => new(path.TypeId, path.Access, kind, path.LocalOffset);

    private static MemorySize SizeCode(int size) => size switch { 1 => MemorySize.Byte, 2 => MemorySize.Half, 4 => MemorySize.Word, _ => MemorySize.Double };

    private void Store(Place place, Value value, Location where)
    {
        switch (place)
        {
            case RegisterPlace register:
                AssignRegister(register, value);
                break;
            case PropertyPlace property:
                _ = PropertyCall(property, property.Property.SetMethod, value);
                break;
            case MemoryPlace memory:
                RequireWritable(memory, where);
                int size = Layouts.ScalarSize(memory.Type);
                if (IsMisaligned(memory, size))
                {
                    RefusePackedPointer(_b.TypeOf(value) is { IsPointer: true } pointer && !IsKernelObject(pointer.Space), where);
                    StorePieces(memory, size, value);
                    break;
                }

                _b.Store(memory.Pointer, memory.Offset, SizeCode(size), value);
                break;
            default:
                throw new LoweringException(Descriptors.NotSupported, where, "This cannot be assigned");
        }
    }

    /// <summary>True for a field of a packed struct on the stack, which the verifier lets be read and written in aligned pieces only.</summary>
    private bool IsMisaligned(MemoryPlace memory, int size) =>
        memory.Alignment < size && memory.Core is null && _b.TypeOf(memory.Pointer).Space == PointerSpace.Stack;

    /// <summary>In pieces a pointer becomes a number, through which the verifier lets nothing be read.</summary>
    private static void RefusePackedPointer(bool isPointer, Location where)
    {
        if (isPointer)
        {
            throw new LoweringException(Descriptors.NotSupported, where, "On the stack the verifier keeps a pointer only where its address is a multiple of 8: put the field where it is aligned, or do not pack the struct");
        }
    }

    private Value LoadPieces(MemoryPlace memory, int size, IrType type)
    {
        int piece = System.Math.Max(memory.Alignment, 1);
        IrType wide = size == 8 ? s_i64 : s_i32;
        Value all = _b.Load(wide, memory.Pointer, memory.Offset, SizeCode(piece));
        for (int i = piece; i < size; i += piece)
        {
            Value part = _b.Load(wide, memory.Pointer, memory.Offset + i, SizeCode(piece));
            all = _b.Binary(BinaryOperation.Or, all, _b.Binary(BinaryOperation.ShiftLeft, part, _b.Constant(wide, i * 8)));
        }

        return type.IsPointer ? _b.Reinterpret(all, type) : Fit(all, memory.Type);
    }

    private void StorePieces(MemoryPlace memory, int size, Value value)
    {
        int piece = System.Math.Max(memory.Alignment, 1);
        value = _b.TypeOf(value).IsPointer ? _b.Reinterpret(value, s_i64) : value;
        for (int i = 0; i < size; i += piece)
        {
            Value part = i == 0 ? value : _b.Binary(BinaryOperation.ShiftRight, value, _b.Constant(_b.TypeOf(value), i * 8));
            part = _b.TypeOf(part).Bits == 64 && piece < 8 ? _b.Convert(Conversion.Truncate, part) : part;
            _b.Store(memory.Pointer, memory.Offset + i, SizeCode(piece), part);
        }
    }

    /// <summary>Calls an accessor of a property whose receiver and indices are evaluated.</summary>
    private Value? PropertyCall(PropertyPlace place, IMethodSymbol? accessor, Value? value)
    {
        IOperation at = place.At;
        if (accessor is null)
        {
            throw Unsupported(at, "The property '" + place.Property.Name + "' cannot be " + (value is null ? "read" : "assigned"));
        }

        if (IsAutoAccessor(accessor))
        {
            RefuseStaticAuto((IPropertyReferenceOperation)at);
            Place field = FieldOf(place.Instance!, BackingField(place.Property, Where(at)), Where(at));
            if (value is not { } stored)
            {
                return Load(field, Where(at));
            }

            Store(field, stored, Where(at));
            return null;
        }

        if (Layouts.ScalarSize(place.Type) == 0)
        {
            throw Unsupported(at, "The property '" + place.Property.Name + "' is a struct: copy it, change the copy, and assign it back");
        }

        MethodBody body = _unit.Bodies.Of(accessor) ?? throw NoSource(place.Property, Where(at));
        var parameters = Bodies.Definition(accessor).Parameters;
        List<(IParameterSymbol, Place)> arguments = [.. place.Arguments.Select((a, i) => (parameters[i], a))];
        if (value is { } assigned)
        {
            arguments.Add((parameters[parameters.Length - 1], new ValuePlace(assigned, place.Type)));
        }

        return CallWith(accessor, body, at, place.Instance, arguments, null);
    }

    private void RequireWritable(MemoryPlace memory, Location where)
    {
        if (memory.Core is not null || _b.TypeOf(memory.Pointer).Space is PointerSpace.Trusted or PointerSpace.Kernel or PointerSpace.User or PointerSpace.PacketEnd)
        {
            throw new LoweringException(Descriptors.KernelWrite, where);
        }
    }
}
