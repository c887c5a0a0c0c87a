using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Conversion = Fathom.Compiler.IR.Conversion;

namespace Fathom.Generator.FrontEnd;

/// <content>
/// Pointers. Roslyn gives them no operation kinds of their own: dereferences, element accesses and stackalloc are <c>OperationKind.None</c>
/// with the right children, types and syntax. All knowledge of that is in this file.
/// </content>
internal sealed partial class Lowering
{
    // Offsets of fields are added to constant ones, and must not wrap.
    private const long FarAway = 1 << 30;

    private Value PointerExpression(IOperation operation)
    {
        if (operation.Syntax is StackAllocArrayCreationExpressionSyntax or ImplicitStackAllocArrayCreationExpressionSyntax)
        {
            return StackAlloc(operation).Pointer;
        }

        if (operation.Type is null)
        {
            throw Refuse(operation);
        }

        Place place = LocatePointer(operation);
        At(operation);
        return Load(place, Where(operation));
    }

    /// <summary>The place that a dereference or an element access names.</summary>
    private Place LocatePointer(IOperation operation)
    {
        IOperation[] children = [.. operation.ChildOperations];
        ITypeSymbol? type = operation.Type is null ? null : Resolve(operation.Type);
        if (children.Length == 1 && type is not null && children[0].Type is { } inner && Resolve(inner) is IPointerTypeSymbol pointer && SymbolEqualityComparer.Default.Equals(pointer.PointedAtType, type))
        {
            Value address = Scalar(children[0]);
            return new MemoryPlace(address, 0, type) { Alignment = NaturalAlignment(type) };
        }

        if (children.Length == 2 && operation.Syntax is ElementAccessExpressionSyntax)
        {
            return PointerElement(operation, children[0], children[1], type!);
        }

        throw Refuse(operation);
    }

    /// <summary>A pointer to a type is taken to be aligned for it, as in C.</summary>
    private int NaturalAlignment(ITypeSymbol type) =>
        type.SpecialType == SpecialType.System_Void || (Layouts.ScalarSize(type) == 0 && !Layouts.IsStruct(type)) ? 1 : _unit.Layouts.Of(type, Location.None).Alignment;

    private Place PointerElement(IOperation operation, IOperation array, IOperation index, ITypeSymbol type)
    {
        int size = _unit.Layouts.SizeOf(type, Where(operation));
        IOperation bare = SkipParentheses(array);
        if (bare is IFieldReferenceOperation { Field.IsFixedSizeBuffer: true } buffer && Locate(buffer) is MemoryPlace memory)
        {
            if (index.ConstantValue is { HasValue: true, Value: { } constant })
            {
                long i = unchecked((long)ConstantBytes.Bits(constant));
                return memory.Core is not { } path ? ElementAt(memory, i, size, type)
                    : i >= 0 && i < buffer.Field.FixedSize ? memory with { Type = type, Core = path with { Access = path.Access + ":" + i, LocalOffset = path.LocalOffset + ((int)i * size) } }
                    : throw Unsupported(index, "'" + buffer.Field.Name + "' has no element " + i + ": what lies beside it in the kernel's struct is not known");
            }

            if (memory.Core is null)
            {
                Value scaledIndex = Scaled(Scalar(index), TypeOf(index), size);
                RefuseVariableContext(memory.Pointer, index);

                // The constant part stays in the instruction.
                return new MemoryPlace(_b.OffsetBy(memory.Pointer, scaledIndex), memory.Offset, type) { Alignment = Gcd(memory.Alignment, size) };
            }
        }

        Value pointer = Scalar(array);
        RefuseViewArithmetic(type, operation);
        if (index.ConstantValue is { HasValue: true, Value: { } number })
        {
            return ElementAt(new MemoryPlace(pointer, 0, type) { Alignment = NaturalAlignment(type) }, unchecked((long)ConstantBytes.Bits(number)), size, type);
        }

        RefuseVariableContext(pointer, index);
        Value scaled = Scaled(Scalar(index), TypeOf(index), size);
        At(operation);
        return new MemoryPlace(_b.OffsetBy(pointer, scaled), 0, type) { Alignment = NaturalAlignment(type) };
    }

    /// <summary>The place of an element at a constant distance, which wraps as addresses do.</summary>
    private MemoryPlace ElementAt(MemoryPlace memory, long index, int size, ITypeSymbol type)
    {
        long offset = unchecked(memory.Offset + (index * size));
        int alignment = Gcd(memory.Alignment, (int)(unchecked(index * size) & 0xff));
        return offset is > -FarAway and < FarAway
            ? memory with { Type = type, Offset = (int)offset, Alignment = alignment }
            : new MemoryPlace(_b.OffsetBy(memory.Pointer, _b.Constant(s_i64, offset)), 0, type) { Alignment = alignment };
    }

    private void RefuseVariableContext(Value pointer, IOperation index)
    {
        if (_b.TypeOf(pointer).Space == PointerSpace.Context)
        {
            throw Unsupported(index, "The context of a program can only be read at constant places: use a constant index, or a switch");
        }
    }

    private static void RefuseViewArithmetic(ITypeSymbol type, IOperation operation)
    {
        if (type.KernelName() is not null)
        {
            throw new LoweringException(Descriptors.KernelView, Where(operation), type.Name, "the distance of two elements is not known, so there is no pointer arithmetic on it");
        }
    }

    /// <summary>An index as bytes, 64 bits wide.</summary>
    private Value Scaled(Value index, ITypeSymbol type, int size)
    {
        Value wide = Layouts.ScalarSize(type) == 8 ? index
            : _b.Convert(Layouts.IsSigned(type) ? Conversion.SignExtend : Conversion.ZeroExtend, index);
        return Times(wide, size);
    }

    private Value Times(Value value, int size)
    {
        if (size == 1)
        {
            return value;
        }

        int shift = 0;
        while (1 << shift < size)
        {
            shift++;
        }

        return 1 << shift == size
            ? _b.Binary(BinaryOperation.ShiftLeft, value, _b.Constant(s_i64, shift))
            : _b.Binary(BinaryOperation.Multiply, value, _b.Constant(s_i64, size));
    }

    private Value PointerArithmetic(IBinaryOperation operation, ITypeSymbol leftType, ITypeSymbol rightType)
    {
        if (leftType is IPointerTypeSymbol pointer && rightType is IPointerTypeSymbol)
        {
            Value x = _b.Reinterpret(Scalar(operation.LeftOperand), s_i64), y = _b.Reinterpret(Scalar(operation.RightOperand), s_i64);
            Value bytes = _b.Binary(BinaryOperation.Subtract, x, y);
            int size = _unit.Layouts.SizeOf(pointer.PointedAtType, Where(operation));
            return size == 1 ? bytes : _b.Binary(BinaryOperation.DivideSigned, bytes, _b.Constant(s_i64, size));
        }

        bool isLeft = leftType is IPointerTypeSymbol;
        ITypeSymbol target = ((IPointerTypeSymbol)(isLeft ? leftType : rightType)).PointedAtType;
        if (isLeft)
        {
            Value moving = Scalar(operation.LeftOperand);
            return MovePointer(moving, operation.RightOperand, target, operation.OperatorKind == BinaryOperatorKind.Subtract, operation);
        }

        Value index = Scaled(Scalar(operation.LeftOperand), leftType, _unit.Layouts.SizeOf(target, Where(operation)));
        RefuseViewArithmetic(target, operation);
        return _b.OffsetBy(Scalar(operation.RightOperand), index);
    }

    private Value MovePointer(Value pointer, IOperation amount, ITypeSymbol target, bool isBackwards, IOperation operation)
    {
        RefuseViewArithmetic(target, operation);
        int size = _unit.Layouts.SizeOf(target, Where(operation));
        IOperation bare = amount;
        while (bare is IConversionOperation { OperatorMethod: null } conversion && !bare.ConstantValue.HasValue)
        {
            bare = conversion.Operand;
        }

        if (bare.ConstantValue is { HasValue: true, Value: { } constant })
        {
            long bytes = unchecked((long)ConstantBytes.Bits(constant) * size);
            return _b.Offset(pointer, isBackwards ? -bytes : bytes);
        }

        RefuseVariableContext(pointer, amount);
        Value scaled = Scaled(Scalar(amount), TypeOf(amount), size);
        At(operation);
        return _b.OffsetBy(pointer, isBackwards ? _b.Binary(BinaryOperation.Subtract, _b.Constant(s_i64, 0), scaled) : scaled);
    }

    private Value AddressOf(IAddressOfOperation operation)
    {
        if (operation.Reference is IMethodReferenceOperation)
        {
            throw new LoweringException(Descriptors.IndirectCall, Where(operation), "'&Method' is only for the body of Helpers.Loop");
        }

        Place place = Locate(operation.Reference);
        if (place is not (MemoryPlace or RegisterPlace))
        {
            throw Unsupported(operation, "This has no address: copy it into a local variable first");
        }

        return Address(place, Where(operation));
    }

    /// <summary>A fixed statement pins nothing here: its variables are plain pointers.</summary>
    private void Fixed(IOperation operation)
    {
        foreach (IOperation child in operation.ChildOperations)
        {
            if (child is not IVariableDeclarationGroupOperation group)
            {
                Statement(child);
                continue;
            }

            foreach (IVariableDeclaratorOperation declarator in group.Declarations.SelectMany(d => d.Declarators))
            {
                IOperation initial = declarator.Initializer?.Value ?? throw Refuse(declarator);
                bool isAddress = false;
                while (initial.Kind == OperationKind.None && initial.ChildOperations.Count == 1 && !initial.Syntax.IsKind(SyntaxKind.PointerIndirectionExpression))
                {
                    isAddress |= initial.Syntax.IsKind(SyntaxKind.AddressOfExpression);
                    initial = initial.ChildOperations.First();
                }

                if (!isAddress && initial is not IAddressOfOperation && !initial.Type.IsSpan() && initial.Type is not IPointerTypeSymbol)
                {
                    throw initial.Type is null or { IsReferenceType: true } ? Refuse(initial) : Unsupported(initial, "'fixed' takes an address, a fixed buffer or a span: write 'fixed (T* p = &x)'");
                }

                Value pointer = initial.Type.IsSpan() ? FixedSpan(Span(initial), Resolve(declarator.Symbol.Type), Where(initial))
                    : initial is IAddressOfOperation || (!isAddress && initial.Type is IPointerTypeSymbol) ? Scalar(initial)
                    : Address(Locate(initial), Where(initial));
                _scope.Places[declarator.Symbol] = new ValuePlace(pointer, Resolve(declarator.Symbol.Type));
            }
        }
    }

    /// <summary>What 'fixed' makes of a span: null if it is empty.</summary>
    private Value FixedSpan(SpanValue span, ITypeSymbol type, Location where)
    {
        if (span.ConstantLength is { } known)
        {
            return known > 0 ? span.Pointer : _b.Constant(_b.TypeOf(span.Pointer), 0);
        }

        RegisterPlace first = NewRegister(type, _scope.Path + "/fixed@" + where.SourceSpan.Start, _b.TypeOf(span.Pointer).Space, "first", where);
        Block empty = _b.NewBlock("empty"), end = _b.NewBlock("fixed");
        AssignRegister(first, span.Pointer);
        _b.Branch(Comparison.Equal, span.Length, _b.Constant(s_i32, 0), empty, end);
        _b.SetBlock(empty);
        _b.Assign(first.Register, _b.Constant(_b.TypeOf(first.Register), 0));
        _b.Jump(end);
        _b.SetBlock(end);
        return first.Register;
    }

    private SpanValue StackAlloc(IOperation operation)
    {
        (ITypeSymbol element, int count) = StackAllocSize(operation);
        int size = _unit.Layouts.SizeOf(element, Where(operation));
        if (count < 0 || (long)count * size > 512)
        {
            throw new LoweringException(Descriptors.StackTooLarge, Where(operation), (long)count * size);
        }

        StackAllocEscape.Refuse(operation);
        int bytes = System.Math.Max(count * size, 1);
        Value pointer = _b.SlotAddress(_b.NewSlot((bytes + 7) / 8 * 8, 8, "stackalloc"));
        InitializerExpressionSyntax? initializer = operation.Syntax switch
        {
            StackAllocArrayCreationExpressionSyntax s => s.Initializer,
            ImplicitStackAllocArrayCreationExpressionSyntax s => s.Initializer,
            _ => null,
        };
        if (initializer is null && !SkipsLocalsInit())
        {
            _b.Zero(pointer, 0, bytes, 8);
        }
        else if (initializer is not null)
        {
            IOperation[] elements = [.. operation.ChildOperations.Where(c => initializer.Span.Contains(c.Syntax.Span)).SelectMany(c => c is IArrayInitializerOperation a ? a.ElementValues.AsEnumerable() : [c])];
            for (int i = 0; i < elements.Length; i++)
            {
                Assign(new MemoryPlace(pointer, i * size, element) { Alignment = Gcd(8, i * size) }, elements[i]);
            }
        }

        return new SpanValue(pointer, _b.Constant(s_i32, count), element) { ConstantLength = count, Alignment = 8 };
    }

    private (ITypeSymbol Element, int Count) StackAllocSize(IOperation operation)
    {
        ITypeSymbol type = Resolve(operation.Type!);
        ITypeSymbol element = type is IPointerTypeSymbol pointer ? pointer.PointedAtType : ((INamedTypeSymbol)type).TypeArguments[0];
        SyntaxNode? count = operation.Syntax is StackAllocArrayCreationExpressionSyntax { Type: ArrayTypeSyntax array } ? array.RankSpecifiers[0].Sizes[0] : null;
        if (count is null or OmittedArraySizeExpressionSyntax)
        {
            return (element, operation.Syntax switch
            {
                StackAllocArrayCreationExpressionSyntax { Initializer: { } i } => i.Expressions.Count,
                ImplicitStackAllocArrayCreationExpressionSyntax { Initializer: { } i } => i.Expressions.Count,
                _ => 0,
            });
        }

        IOperation? size = operation.ChildOperations.FirstOrDefault(c => c.Syntax == count || count.Span.Contains(c.Syntax.Span));
        if (size?.ConstantValue is { HasValue: true, Value: { } constant })
        {
            ulong bits = ConstantBytes.Bits(constant);
            return (element, bits > 1 << 20 ? 1 << 20 : (int)bits);
        }

        // sizeof of a struct is no C# constant, but one here.
        if (size is ISizeOfOperation sizeOf)
        {
            Layouts.RequireSettled(Resolve(sizeOf.TypeOperand), Where(operation));
            return (element, _unit.Layouts.SizeOf(Resolve(sizeOf.TypeOperand), Where(operation)));
        }

        throw new LoweringException(Descriptors.StackAllocSize, count.GetLocation());
    }

    /// <summary>True under [SkipLocalsInit]: stackalloc is then not filled with zeros.</summary>
    private bool SkipsLocalsInit()
    {
        for (ISymbol? symbol = _scope.Method; symbol is not null; symbol = symbol.ContainingSymbol)
        {
            if (symbol.GetAttributes().Any(a => a.AttributeClass is { Name: "SkipLocalsInitAttribute" }))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The space of a packet pointer that is made from a field of the context; null for any other number.</summary>
    private static PointerSpace? PacketSpace(IOperation operation)
    {
        while (operation is IConversionOperation { OperatorMethod: null, Type: { } to } conversion && Layouts.ScalarSize(to) >= 4)
        {
            operation = conversion.Operand;
        }

        return operation is IFieldReferenceOperation { Field: { Name: "Data" or "DataMeta" or "DataEnd" } field } && field.ContainingType.Has("KernelContext")
            ? field.Name == "DataEnd" ? PointerSpace.PacketEnd : PointerSpace.Packet
            : null;
    }

    /// <summary>The kernel turns this 4-byte load into one of a pointer: it must not be truncated afterwards.</summary>
    private Value LoadPacketPointer(IOperation operation, PointerSpace space)
    {
        while (operation is IConversionOperation conversion)
        {
            operation = conversion.Operand;
        }

        var memory = (MemoryPlace)Locate(operation);
        At(operation);
        return _b.Load(IrType.PointerTo(space), memory.Pointer, memory.Offset, MemorySize.Word);
    }
}
