using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Conversion = Fathom.Compiler.IR.Conversion;

namespace Fathom.Generator.FrontEnd;

/// <content>Spans: an address and a length in two registers.</content>
internal sealed partial class Lowering
{
    private void DeclareSpan(ILocalSymbol local, ITypeSymbol type, IOperation? initial)
    {
        if (initial is not null && !_scope.Facts.IsAssigned(local))
        {
            _scope.Places[local] = new SpanPlace(Span(initial), type);
            return;
        }

        SpanValue? first = initial is null ? null : Span(initial);
        SpanRegisters registers = NewSpanRegisters(local, type, first);
        _scope.Places[local] = registers;
        if (first is not null)
        {
            AssignSpan(registers, first);
        }
    }

    private SpanRegisters NewSpanRegisters(ISymbol symbol, ITypeSymbol type, SpanValue? first = null)
    {
        string key = _scope.Path + "/" + symbol.Name + "@span" + (symbol.Locations.FirstOrDefault()?.SourceSpan.Start ?? 0);
        PointerSpace space = _unit.Spaces.Assume(key, first is null ? null : _b.TypeOf(first.Pointer).Space);
        return new SpanRegisters(_b.NewValue(IrType.PointerTo(space), symbol.Name), _b.NewValue(s_i32, symbol.Name + ".Length"), type, key);
    }

    private void AssignSpan(SpanRegisters target, SpanValue value)
    {
        IrType type = _b.TypeOf(target.Pointer);
        PointerSpace space = _b.TypeOf(value.Pointer).Space;
        Value pointer = value.Pointer;
        if (space != type.Space && _unit.Spaces.Settle(target.HintKey, space))
        {
            type = IrType.PointerTo(space);
            _b.Retype(target.Pointer, type);
        }

        _unit.Spaces.See(target.HintKey, space);
        if (space != type.Space)
        {
            pointer = _b.Reinterpret(pointer, type);
        }

        _b.Assign(target.Pointer, pointer);
        _b.Assign(target.Length, value.Length);
    }

    private SpanValue Span(IOperation operation)
    {
        At(operation);
        operation = SkipParentheses(operation);
        ITypeSymbol type = TypeOf(operation);
        switch (operation)
        {
            case IUtf8StringOperation literal:
                return Literal(System.Text.Encoding.UTF8.GetBytes(literal.Value));
            case ILocalReferenceOperation or IParameterReferenceOperation:
                return Locate(operation) switch
                {
                    SpanPlace known => known.Span,
                    SpanRegisters registers => new SpanValue(Snapshot(registers.Pointer), Snapshot(registers.Length), ElementOf(type)),
                    _ => throw Refuse(operation),
                };
            case IConversionOperation conversion:
                return ConvertToSpan(conversion, type);
            case { Kind: OperationKind.None } when operation.Syntax is StackAllocArrayCreationExpressionSyntax or ImplicitStackAllocArrayCreationExpressionSyntax:
                return StackAlloc(operation);
            case IDefaultValueOperation:
                return new SpanValue(_b.Constant(IrType.PointerTo(PointerSpace.Unknown), 0), _b.Constant(s_i32, 0), ElementOf(type)) { ConstantLength = 0 };
            case IObjectCreationOperation { Arguments.Length: 2 } creation when creation.Constructor!.Parameters[0].Type is IPointerTypeSymbol:
                IOperation[] over = InOrder(creation.Arguments);
                return SpanOver(Scalar(over[0]), over[1], type);
            case IObjectCreationOperation { Arguments.Length: 1 } creation when creation.Arguments[0].Parameter?.RefKind is not RefKind.None:
                return new SpanValue(Address(Locate(creation.Arguments[0].Value), Where(operation)), _b.Constant(s_i32, 1), ElementOf(type)) { ConstantLength = 1 };
            case IPropertyReferenceOperation { Property: { Name: "Empty", IsStatic: true } }:
                return new SpanValue(_b.Constant(IrType.PointerTo(PointerSpace.Unknown), 0), _b.Constant(s_i32, 0), ElementOf(type)) { ConstantLength = 0 };
            case IPropertyReferenceOperation property:
                RefuseManagedReceiver(property.Instance);
                return CallSpan(property.Property.GetMethod ?? throw Refuse(property), property, property.Instance, property.Arguments);
            case IInvocationOperation { TargetMethod: { Name: "Slice" } } slice when slice.Instance?.Type.IsSpan() == true:
                return Slice(slice);
            case IInvocationOperation { TargetMethod: { Name: "CreateSpan" or "CreateReadOnlySpan" } } create when create.TargetMethod.ContainingType.Is("System.Runtime.InteropServices", "MemoryMarshal"):
                // .NET does not check this length.
                IOperation[] from = InOrder(create.Arguments);
                return new SpanValue(Address(Locate(from[0]), Where(operation)), Scalar(from[1]), ElementOf(type)) { ConstantLength = ConstantOf(from[1]) };
            case IInvocationOperation invocation:
                RefuseManagedReceiver(invocation.Instance);
                return CallSpan(invocation.TargetMethod, invocation, invocation.Instance, invocation.Arguments);
            case IImplicitIndexerReferenceOperation indexer:
                return SliceByRange(indexer);
            case ICollectionExpressionOperation collection:
                return Collection(collection, type);
            case IConditionalOperation or ISwitchExpressionOperation:
                return ChooseSpan(operation, type);
            default:
                throw Refuse(operation);
        }
    }

    /// <summary>A span of a length that C# checks: a negative one is a fault.</summary>
    private SpanValue SpanOver(Value pointer, IOperation length, ITypeSymbol type)
    {
        Value count = Scalar(length);
        int? known = ConstantOf(length);
        if (known is null or < 0)
        {
            Block inside = _b.NewBlock("length");
            _b.Branch(Comparison.GreaterOrEqualSigned, count, _b.Constant(s_i32, 0), inside, Fault());
            _b.SetBlock(inside);
        }

        return new SpanValue(pointer, count, ElementOf(type)) { ConstantLength = known < 0 ? null : known };
    }

    private SpanValue ChooseSpan(IOperation operation, ITypeSymbol type)
    {
        string key = _scope.Path + "/?" + operation.Syntax.SpanStart + "@span";
        PointerSpace space = _unit.Spaces.Assume(key, null);
        var registers = new SpanRegisters(_b.NewValue(IrType.PointerTo(space)), _b.NewValue(s_i32), type, key);
        Branches(operation, value => AssignSpan(registers, Span(value)));
        return new SpanValue(registers.Pointer, registers.Length, ElementOf(type));
    }

    /// <summary>A collection expression: its elements on the stack, or in .rodata if they are constant bytes.</summary>
    private SpanValue Collection(ICollectionExpressionOperation collection, ITypeSymbol type)
    {
        ITypeSymbol element = ElementOf(type);
        if (collection.Elements.FirstOrDefault(e => e is ISpreadOperation) is { } spread)
        {
            throw Unsupported(spread, "'..' needs a length that is known at compile time: name the elements, or copy them in a loop");
        }

        if (collection.Elements.IsEmpty)
        {
            return new SpanValue(_b.Constant(IrType.PointerTo(PointerSpace.Unknown), 0), _b.Constant(s_i32, 0), element) { ConstantLength = 0 };
        }

        if (type.Name == "ReadOnlySpan" && element.SpecialType == SpecialType.System_Byte && collection.Elements.All(e => e.ConstantValue is { HasValue: true, Value: not null }))
        {
            return Literal([.. collection.Elements.Select(e => (byte)ConstantBytes.Bits(e.ConstantValue.Value!))]);
        }

        int size = _unit.Layouts.SizeOf(element, Where(collection)), count = collection.Elements.Length;
        if ((long)count * size > 512)
        {
            throw new LoweringException(Descriptors.StackTooLarge, Where(collection), (long)count * size);
        }

        Value pointer = _b.SlotAddress(_b.NewSlot(((count * size) + 7) / 8 * 8, 8, "collection"));
        for (int i = 0; i < count; i++)
        {
            Assign(new MemoryPlace(pointer, i * size, element) { Alignment = Gcd(8, i * size) }, collection.Elements[i]);
        }

        return new SpanValue(pointer, _b.Constant(s_i32, count), element) { ConstantLength = count, Alignment = 8 };
    }

    private Value Snapshot(Value register)
    {
        Value copy = _b.NewValue(_b.TypeOf(register));
        _b.Assign(copy, register);
        return copy;
    }

    private static ITypeSymbol ElementOf(ITypeSymbol span) => ((INamedTypeSymbol)span).TypeArguments[0];

    private static int? ConstantOf(IOperation operation) =>
        operation.ConstantValue is { HasValue: true, Value: int value } ? value : null;

    private SpanValue Literal(byte[] bytes) =>
        new(_b.GlobalAddress(_unit.Literal(bytes)), _b.Constant(s_i32, bytes.Length), _unit.Compilation.GetSpecialType(SpecialType.System_Byte)) { ConstantLength = bytes.Length, Literal = bytes };

    private SpanValue ConvertToSpan(IConversionOperation conversion, ITypeSymbol type)
    {
        ITypeSymbol from = TypeOf(conversion.Operand);
        if (from.IsSpan())
        {
            return Span(conversion.Operand);
        }

        if (conversion.Operand.Kind == OperationKind.None && conversion.Operand.Syntax is StackAllocArrayCreationExpressionSyntax or ImplicitStackAllocArrayCreationExpressionSyntax)
        {
            return StackAlloc(conversion.Operand);
        }

        int count = from.InlineArrayLength();
        if (count > 0 && LocateOrEvaluate(conversion.Operand) is MemoryPlace memory)
        {
            return new SpanValue(Address(memory, Where(conversion)), _b.Constant(s_i32, count), ElementOf(type)) { ConstantLength = count, Alignment = memory.Core is null ? memory.Alignment : 1 };
        }

        throw Refuse(conversion.Operand);
    }

    private SpanValue Slice(IInvocationOperation slice)
    {
        SpanValue span = Span(slice.Instance!);
        int size = _unit.Layouts.SizeOf(span.Element, Where(slice));
        Value[] arguments = Scalars(slice.Arguments);
        int?[] known = [.. slice.Arguments.OrderBy(a => a.Parameter!.Ordinal).Select(a => ConstantOf(a.Value))];
        At(slice);
        return arguments.Length == 1 ? Cut(span, arguments[0], known[0], null, null, size) : Cut(span, arguments[0], known[0], arguments[1], known[1], size);
    }

    private SpanValue Cut(SpanValue span, Value start, int? knownStart, Value? length, int? knownLength, int size)
    {
        if (knownStart is { } s && span.ConstantLength is { } whole && (length is null || knownLength is not null))
        {
            int count = knownLength ?? (whole - s);
            if (s >= 0 && count >= 0 && s + count <= whole)
            {
                return span with
                {
                    Pointer = s == 0 ? span.Pointer : _b.Offset(span.Pointer, (long)s * size),
                    Length = _b.Constant(s_i32, count),
                    ConstantLength = count,
                    Literal = span.Literal?.Skip(s).Take(count).ToArray(),
                    Alignment = Gcd(span.Alignment, s * size),
                };
            }
        }

        // C# throws unless start <= Length and length <= Length - start, all unsigned. The two may change places, and a known length goes
        // first: of the other the verifier then learns how far it can reach, which it does not find out from a difference.
        bool isLengthFirst = length is not null && knownLength is not null && knownStart is null;
        Value first = isLengthFirst ? length!.Value : start;
        Block inside = _b.NewBlock("slice");
        _b.Branch(Comparison.LessOrEqualUnsigned, first, span.Length, inside, Fault());
        _b.SetBlock(inside);
        Value rest = knownStart == 0 ? span.Length : _b.Binary(BinaryOperation.Subtract, span.Length, first);
        if (length is { } wanted)
        {
            Block fits = _b.NewBlock("slice");
            _b.Branch(Comparison.LessOrEqualUnsigned, isLengthFirst ? start : wanted, rest, fits, Fault());
            _b.SetBlock(fits);
            rest = wanted;
        }

        Value pointer = knownStart is { } k ? k == 0 ? span.Pointer : _b.Offset(span.Pointer, (long)k * size)
            : _b.OffsetBy(span.Pointer, Times(_b.Convert(Conversion.ZeroExtend, start), size));
        return new SpanValue(pointer, rest, span.Element) { ConstantLength = knownLength, Alignment = knownStart is { } known ? Gcd(span.Alignment, known * size) : Gcd(span.Alignment, size) };
    }

    /// <summary><c>span[a..b]</c> with constant or variable ends, each possibly from the end.</summary>
    private SpanValue SliceByRange(IImplicitIndexerReferenceOperation indexer)
    {
        if (indexer.Argument is not IRangeOperation range || indexer.Instance is null || !TypeOf(indexer.Instance).IsSpan())
        {
            throw Refuse(indexer);
        }

        SpanValue span = Span(indexer.Instance);
        int size = _unit.Layouts.SizeOf(span.Element, Where(indexer));
        (Value start, int? knownStart) = End(range.LeftOperand, span, 0);
        (Value end, int? knownEnd) = End(range.RightOperand, span, null);
        Value length = _b.Binary(BinaryOperation.Subtract, end, start);
        int? knownLength = knownStart is { } s && knownEnd is { } e ? e - s : null;
        return Cut(span, start, knownStart, range.RightOperand is null ? null : length, range.RightOperand is null ? null : knownLength, size);
    }

    private (Value Value, int? Known) End(IOperation? operand, SpanValue span, int? otherwise)
    {
        if (operand is null)
        {
            return otherwise is { } number ? (_b.Constant(s_i32, number), number) : (span.Length, span.ConstantLength);
        }

        // Only the conversion to Index goes: a cast of the index itself counts.
        while (operand is IConversionOperation { Type: var to } conversion && to.Is("System", "Index"))
        {
            operand = conversion.Operand;
        }

        if (operand is IUnaryOperation { OperatorKind: UnaryOperatorKind.Hat } hat)
        {
            int? known = ConstantOf(hat.Operand) is { } fromEnd && span.ConstantLength is { } whole ? whole - fromEnd : null;
            return (_b.Binary(BinaryOperation.Subtract, span.Length, Scalar(hat.Operand)), known);
        }

        return (Scalar(operand), ConstantOf(operand));
    }

    private static bool IsSpanIndexer(IPropertyReferenceOperation property) => property.Property.IsIndexer && property.Instance?.Type.IsSpan() == true;

    private MemoryPlace SpanElement(IPropertyReferenceOperation indexer)
    {
        SpanValue span = Span(indexer.Instance!);
        IOperation argument = indexer.Arguments[0].Value;
        int size = _unit.Layouts.SizeOf(span.Element, Where(indexer));
        if (ConstantOf(argument) is { } known && span.ConstantLength is { } length && known >= 0 && known < length)
        {
            return new MemoryPlace(span.Pointer, known * size, span.Element) { Alignment = Gcd(span.Alignment, known * size) };
        }

        Value index = Scalar(argument);
        At(indexer);
        CheckIndex(index, span.Length);
        return new MemoryPlace(_b.OffsetBy(span.Pointer, Times(_b.Convert(Conversion.ZeroExtend, index), size)), 0, span.Element) { Alignment = Gcd(span.Alignment, size) };
    }

    /// <summary><c>span[^n]</c>.</summary>
    private MemoryPlace SpanElementFromEnd(IImplicitIndexerReferenceOperation indexer)
    {
        if (indexer.Instance is null || !TypeOf(indexer.Instance).IsSpan() || indexer.Argument is IRangeOperation)
        {
            throw Refuse(indexer);
        }

        SpanValue span = Span(indexer.Instance);
        int size = _unit.Layouts.SizeOf(span.Element, Where(indexer));
        (Value index, _) = End(indexer.Argument, span, null);
        At(indexer);
        CheckIndex(index, span.Length);
        return new MemoryPlace(_b.OffsetBy(span.Pointer, Times(_b.Convert(Conversion.ZeroExtend, index), size)), 0, span.Element) { Alignment = Gcd(span.Alignment, size) };
    }

    /// <summary>Compares the first bytes of a span with bytes known at compile time.</summary>
    private Value EqualsLiteral(SpanValue span, byte[] literal, bool isWhole, Location where)
    {
        Value result = _b.NewValue(s_i32, "equal");
        Block same = _b.NewBlock("same"), differs = _b.NewBlock("differs"), end = _b.NewBlock("end");
        if (span.ConstantLength is { } known)
        {
            if (isWhole ? known != literal.Length : known < literal.Length)
            {
                return _b.Constant(s_i32, 0);
            }
        }
        else
        {
            Block enough = _b.NewBlock("enough");
            _b.Branch(isWhole ? Comparison.Equal : Comparison.GreaterOrEqualUnsigned, span.Length, _b.Constant(s_i32, literal.Length), enough, differs);
            _b.SetBlock(enough);
        }

        if (_b.TypeOf(span.Pointer).Space is (PointerSpace.Kernel or PointerSpace.User) and var space)
        {
            throw new LoweringException(Descriptors.NotSupported, where, space == PointerSpace.User
                ? "Memory of the process is read into a stackalloc buffer first: Helpers.ProbeReadUser" : "Kernel memory is read into a stackalloc buffer first: Helpers.ProbeReadKernel");
        }

        int offset = 0;
        while (offset < literal.Length)
        {
            int size = System.Math.Min(span.Alignment, 8);
            while (size > literal.Length - offset || offset % size != 0)
            {
                size /= 2;
            }

            ulong expected = 0;
            for (int i = size - 1; i >= 0; i--)
            {
                expected = (expected << 8) | literal[offset + i];
            }

            IrType type = size == 8 ? s_i64 : s_i32;
            Value actual = _b.Load(type, span.Pointer, offset, SizeCode(size));
            Block next = _b.NewBlock("next");
            _b.Branch(Comparison.Equal, actual, _b.Constant(type, unchecked((long)expected)), next, differs);
            _b.SetBlock(next);
            offset += size;
        }

        _b.Jump(same);
        _b.SetBlock(same);
        _b.Assign(result, _b.Constant(s_i32, 1));
        _b.Jump(end);
        _b.SetBlock(differs);
        _b.Assign(result, _b.Constant(s_i32, 0));
        _b.Jump(end);
        _b.SetBlock(end);
        return result;
    }

    /// <summary>The variable of a <c>foreach</c> that a conversion of your own makes of each element.</summary>
    private Place ConvertElement(IForEachLoopOperation loop, IMethodSymbol conversion, MemoryPlace element, ILocalSymbol local)
    {
        Location where = Where(loop);
        IParameterSymbol parameter = conversion.Parameters[0];
        ITypeSymbol from = Resolve(parameter.Type), type = Resolve(local.Type), result = Resolve(conversion.ReturnType);
        if (!IsSame(result, type) || (Layouts.IsStruct(from) && !IsSame(from, element.Type)))
        {
            throw Unsupported(loop.LoopControlVariable, "A conversion of your own is followed by another here: convert in the body of the loop");
        }

        Place argument = Layouts.IsStruct(from) ? NewMemory(from, parameter.Name, where) : new ValuePlace(ConvertValue(Load(element, where), element.Type, from), from);
        if (argument is MemoryPlace copy)
        {
            Copy(copy, element, where);
        }

        MemoryPlace? target = Layouts.IsStruct(type) ? NewMemory(type, local.Name, where) : null;
        Value? value = CallWith(conversion, BodyOf(conversion, where), loop, null, [(Bodies.Definition(conversion).Parameters[0], argument)], target);
        return target ?? Declare(local, type, value, local.Name);
    }

    /// <summary><c>foreach</c> over a span or inline array, as an indexed loop.</summary>
    private void ForEach(IForEachLoopOperation loop)
    {
        IOperation collection = loop.Collection;
        while (collection is IConversionOperation { IsImplicit: true } conversion && (conversion.Operand.Type.IsSpan() || Resolve(conversion.Operand.Type!).InlineArrayLength() > 0))
        {
            collection = conversion.Operand;
        }

        ITypeSymbol type = TypeOf(collection);
        SpanValue span;
        if (type.IsSpan())
        {
            span = Span(collection);
        }
        else if (type.InlineArrayLength() is > 0 and var count && (IsValueOfProperty(collection) ? Evaluate(collection) : LocateOrEvaluate(collection)) is MemoryPlace memory)
        {
            span = new SpanValue(Address(memory, Where(collection)), _b.Constant(s_i32, count), type.InstanceFields().First().Type) { ConstantLength = count, Alignment = memory.Alignment };
        }
        else
        {
            RefuseManagedReceiver(collection);
            throw Unsupported(collection, "'foreach' goes over spans and inline arrays only: write a 'for' loop");
        }

        ILocalSymbol? local = (loop.LoopControlVariable as IVariableDeclaratorOperation)?.Symbol;
        IMethodSymbol? converter = local is not null && loop.Syntax is CommonForEachStatementSyntax syntax ? loop.SemanticModel.GetForEachStatementInfo(syntax).ElementConversion.MethodSymbol : null;
        int size = _unit.Layouts.SizeOf(span.Element, Where(loop));
        Value index = _b.NewValue(s_i32, "index");
        _b.Assign(index, _b.Constant(s_i32, 0));
        Block test = _b.NewBlock("foreach"), body = _b.NewBlock("body"), next = LabelOf(loop.ContinueLabel), exit = LabelOf(loop.ExitLabel);
        _b.Jump(test);
        _b.SetBlock(test);
        _b.Branch(Comparison.LessUnsigned, index, span.Length, body, exit);
        _b.SetBlock(body);
        var element = new MemoryPlace(_b.OffsetBy(span.Pointer, Times(_b.Convert(Conversion.ZeroExtend, Snapshot(index)), size)), 0, span.Element) { Alignment = Gcd(span.Alignment, size) };
        if (local is null)
        {
            // A Deconstruct method may change what it is called on, which in C# is a copy of the element.
            Place whole = span.Element.IsTupleType && span.Element.InstanceFields().All(f => Layouts.ScalarSize(f.Type) > 0) ? element : NewMemory(span.Element, "element", Where(loop));
            if (whole != element)
            {
                Copy((MemoryPlace)whole, element, Where(loop));
            }

            object targets = Targets(loop.LoopControlVariable);
            AssignParts(targets, TakeApart(targets, whole, loop.LoopControlVariable), loop.LoopControlVariable);
        }
        else if (local.RefKind != RefKind.None)
        {
            _scope.Places[local] = element;
        }
        else if (converter is not null)
        {
            _scope.Places[local] = ConvertElement(loop, converter, element, local);
        }
        else if (Layouts.IsStruct(span.Element))
        {
            MemoryPlace copy = NewMemory(span.Element, local.Name, local.Place());
            Copy(copy, element, Where(loop));
            _scope.Places[local] = copy;
        }
        else
        {
            _scope.Places[local] = Declare(local, Resolve(local.Type), ConvertValue(Load(element, Where(loop)), span.Element, Resolve(local.Type)), local.Name);
        }

        Statement(loop.Body);
        JumpTo(next);
        _b.SetBlock(next);
        _b.Assign(index, _b.Binary(BinaryOperation.Add, Snapshot(index), _b.Constant(s_i32, 1)));
        _b.Jump(test);
        _b.SetBlock(exit);
    }
}
