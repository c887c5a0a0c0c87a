using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.IR;

/// <summary>
/// Fills a function, instruction by instruction. This is all that a front end sees of the intermediate form. Locals may be plain
/// registers, assigned many times (<see cref="Assign"/>), or stack slots; the compiler turns slots whose address does not escape
/// into registers. Every block must end in a jump, a branch or a return.
/// </summary>
public sealed class FunctionBuilder
{
    private readonly int[] _parameters;
    private Block _block;

    /// <summary>Starts to fill a function; the entry block is current.</summary>
    public FunctionBuilder(Function function)
    {
        Function = function ?? throw new ArgumentNullException(nameof(function));
        if (function.Blocks.Count != 0)
        {
            throw new InvalidOperationException($"The function {function.Name} is filled already.");
        }

        _block = function.NewBlock("entry");
        function.Blocks.Add(_block);
        _parameters = new int[function.Parameters.Count];
        for (int i = 0; i < _parameters.Length; i++)
        {
            _parameters[i] = Define(new IrInstruction(Opcode.Parameter) { Immediate = i }, function.Parameters[i]).Id;
        }
    }

    /// <summary>The function.</summary>
    public Function Function { get; }

    /// <summary>True if the current block has ended: what follows is unreachable until another block is made current.</summary>
    public bool IsTerminated => _block.Instructions.Count > 0 && _block.Terminator.IsTerminator;

    /// <summary>The position of the instructions that follow.</summary>
    public SourcePosition? Position { get; set; }

    /// <summary>The value of a parameter (R1 is 0).</summary>
    public Value Parameter(int index) => new(_parameters[index]);

    /// <summary>Makes a register that is assigned later.</summary>
    public Value NewValue(IrType type, string? name = null) => new(Function.NewValue(type, name));

    /// <summary>Gives a register that was made by <see cref="NewValue"/>, and that nothing reads or assigns yet, another type of its width.</summary>
    public void Retype(Value value, IrType type)
    {
        Require(TypeOf(value).Bits == type.Bits, "A register keeps its width.");
        Function.Retype(value.Id, type);
    }

    /// <summary>The type of a register.</summary>
    public IrType TypeOf(Value value) => Function.TypeOf(value.Id);

    /// <summary>Makes a piece of stack; its bytes are undefined until stored.</summary>
    public StackSlot NewSlot(int bytes, int alignment, string? name = null)
    {
        Function.Slots.Add(new SlotInfo(bytes, alignment, name, Position));
        return new StackSlot(Function.Slots.Count - 1);
    }

    /// <summary>Makes a block, not yet placed or current.</summary>
    public Block NewBlock(string? name = null) => Function.NewBlock(name);

    /// <summary>Makes a block current; instructions are appended to it.</summary>
    public void SetBlock(Block block)
    {
        _block = block ?? throw new ArgumentNullException(nameof(block));
        if (!Function.Blocks.Contains(block))
        {
            Function.Blocks.Add(block);
        }
    }

    /// <summary>Assigns a register that was made by <see cref="NewValue"/>. For pointers, the source's space must be that of the target, or the target's <see cref="PointerSpace.Unknown"/>.</summary>
    public void Assign(Value target, Value source)
    {
        Require(TypeOf(target).Bits == TypeOf(source).Bits, "An assignment needs two values of one width.");
        Emit(new IrInstruction(Opcode.Copy) { Result = target.Id, Operands = [source.Id] });
    }

    /// <summary>A number; only the low 32 bits count for <see cref="IrType.I32"/>. A null pointer is 0 of the pointer's type.</summary>
    public Value Constant(IrType type, long value) =>
        Define(new IrInstruction(Opcode.Constant) { Immediate = type.Bits == 32 ? (uint)value : value }, type);

    /// <summary>An operation on two values of one width.</summary>
    public Value Binary(BinaryOperation operation, Value left, Value right)
    {
        Require(TypeOf(left).Bits == TypeOf(right).Bits, "An operation needs two values of one width.");
        return Define(
            new IrInstruction(Opcode.Binary) { Kind = (byte)operation, Operands = [left.Id, right.Id] },
            new IrType(TypeOf(left).Bits));
    }

    /// <summary>A conversion between widths.</summary>
    public Value Convert(Conversion conversion, Value value)
    {
        Require(TypeOf(value).Bits == (conversion == Conversion.Truncate ? 64 : 32), "The conversion is for the other width.");
        return Define(
            new IrInstruction(Opcode.Convert) { Kind = (byte)conversion, Operands = [value.Id] },
            conversion is Conversion.ZeroExtend or Conversion.SignExtend ? IrType.I64 : IrType.I32);
    }

    /// <summary>Reverses the byte order of the low 16, 32 or 64 bits; the rest of the result is zero.</summary>
    public Value ByteSwap(Value value, int bits)
    {
        Require(bits is 16 or 32 or 64 && bits <= TypeOf(value).Bits, "A byte swap is of 16, 32 or 64 bits of a value that has them.");
        return Define(new IrInstruction(Opcode.ByteSwap) { Immediate = bits, Operands = [value.Id] }, new IrType(TypeOf(value).Bits));
    }

    /// <summary>The same bits with another pointer type, or an integer as a pointer, or a pointer as an integer. Costs nothing.</summary>
    public Value Reinterpret(Value value, IrType type)
    {
        Require(TypeOf(value).Bits == type.Bits, "A reinterpretation keeps the width.");
        return Define(new IrInstruction(Opcode.Copy) { Operands = [value.Id] }, type);
    }

    /// <summary>1 if the comparison holds, else 0, as a 32-bit value.</summary>
    public Value Compare(Comparison comparison, Value left, Value right)
    {
        Require(TypeOf(left).Bits == TypeOf(right).Bits, "A comparison needs two values of one width.");
        return Define(new IrInstruction(Opcode.Compare) { Kind = (byte)comparison, Operands = [left.Id, right.Id] }, IrType.I32);
    }

    /// <summary>The address of a stack slot.</summary>
    public Value SlotAddress(StackSlot slot) =>
        Define(new IrInstruction(Opcode.SlotAddress) { Slot = slot.Id }, IrType.PointerTo(PointerSpace.Stack));

    /// <summary>A map, as helpers want it.</summary>
    public Value MapAddress(string map) =>
        Define(new IrInstruction(Opcode.MapAddress) { Data = map }, IrType.PointerTo(PointerSpace.Map));

    /// <summary>The address of a global.</summary>
    public Value GlobalAddress(Global global) =>
        Define(new IrInstruction(Opcode.GlobalAddress) { Data = global }, IrType.PointerTo(PointerSpace.MapValue));

    /// <summary>The address of a subprogram, for callbacks.</summary>
    public Value FunctionAddress(Function function) =>
        Define(new IrInstruction(Opcode.FunctionAddress) { Data = function }, IrType.PointerTo(PointerSpace.Function));

    /// <summary>Pointer plus a constant number of bytes; keeps the space.</summary>
    public Value Offset(Value pointer, long bytes) =>
        Define(new IrInstruction(Opcode.Offset) { Operands = [pointer.Id], Immediate = bytes }, TypeOf(pointer));

    /// <summary>Pointer plus a variable number of bytes (64-bit); keeps the space.</summary>
    public Value OffsetBy(Value pointer, Value bytes)
    {
        Require(TypeOf(bytes).Bits == 64, "An offset is a 64-bit value.");
        return Define(new IrInstruction(Opcode.OffsetBy) { Operands = [pointer.Id, bytes.Id] }, TypeOf(pointer));
    }

    /// <summary>Pointer plus the relocated offset of a field; keeps the space.</summary>
    public Value CoreOffset(Value pointer, CoreAccess access) =>
        Define(new IrInstruction(Opcode.CoreOffset) { Operands = [pointer.Id], Data = access }, TypeOf(pointer));

    /// <summary>The answer to a question to the target's types, as a number.</summary>
    public Value CoreValue(IrType type, CoreAccess access) => Define(new IrInstruction(Opcode.CoreValue) { Data = access }, type);

    /// <summary>
    /// Plain load. The result of fewer than 8 bytes is a zero- or sign-extended 32-bit value unless <paramref name="type"/> is 64 bits wide.
    /// With <paramref name="core"/>, the offset is that of the field and is relocated; <paramref name="offset"/> must then be 0.
    /// </summary>
    public Value Load(IrType type, Value pointer, int offset, MemorySize size, bool isSigned = false, CoreAccess? core = null)
    {
        Require(core is null || offset == 0, "A relocated load has no offset of its own.");
        Require(size != MemorySize.Double || type.Bits == 64, "A load of 8 bytes gives a 64-bit value.");
        return Define(
            new IrInstruction(Opcode.Load) { Operands = [pointer.Id], Immediate = offset, Size = size, Flag = isSigned, Data = core },
            type);
    }

    /// <summary>Plain store of the low bytes of a value.</summary>
    public void Store(Value pointer, int offset, MemorySize size, Value value) =>
        Emit(new IrInstruction(Opcode.Store) { Operands = [pointer.Id, value.Id], Immediate = offset, Size = size });

    /// <summary>Fills memory with zeros; the pointer is as aligned as <paramref name="alignment"/> says.</summary>
    public void Zero(Value pointer, int offset, int bytes, int alignment) =>
        Emit(new IrInstruction(Opcode.Zero) { Operands = [pointer.Id], Immediate = offset, Count = bytes, Alignment = alignment });

    /// <summary>Copies memory, from and to places that may overlap; both pointers are as aligned as <paramref name="alignment"/> says. The source is read in any order.</summary>
    public void Copy(Value target, int targetOffset, Value source, int sourceOffset, int bytes, int alignment) =>
        Emit(new IrInstruction(Opcode.CopyMemory)
        {
            Operands = [target.Id, source.Id],
            Immediate = targetOffset,
            SecondOffset = sourceOffset,
            Count = bytes,
            Alignment = alignment,
        });

    /// <summary>Atomic read-modify-write of 4 or 8 bytes. With <see cref="AtomicOperation.Fetch"/>, exchange or compare-exchange gives the old value; otherwise the result is not defined.</summary>
    public Value Atomic(AtomicOperation operation, MemorySize size, Value pointer, int offset, Value operand, Value? expected = null)
    {
        Require(size is MemorySize.Word or MemorySize.Double, "An atomic operation is on 4 or 8 bytes.");
        Require((operation == AtomicOperation.CompareExchange) == expected.HasValue, "Compare-exchange, and only it, has an expected value.");
        var type = size == MemorySize.Word ? IrType.I32 : IrType.I64;
        var instruction = new IrInstruction(Opcode.Atomic)
        {
            Operands = expected is { } value ? [pointer.Id, operand.Id, value.Id] : [pointer.Id, operand.Id],
            Immediate = offset,
            Size = size,
            AtomicOperation = operation,
        };
        if ((operation & AtomicOperation.Fetch) != 0)
        {
            return Define(instruction, type);
        }

        Emit(instruction);
        return Constant(type, 0);
    }

    /// <summary>Call of a helper by number. A 32-bit result is truncated from R0 explicitly. <paramref name="isPure"/>: no effect and the same result for the same arguments, so an unused call may go.</summary>
    public Value Call(int helper, IrType result, IReadOnlyList<Value> arguments, bool isPure = false)
    {
        Require(arguments.Count <= 5, "A call has at most 5 arguments.");
        return Define(
            new IrInstruction(Opcode.CallHelper) { Immediate = helper, Operands = [.. arguments.Select(a => a.Id)], Flag = isPure },
            result);
    }

    /// <summary>Call of a subprogram of the module.</summary>
    public Value Call(Function function, IReadOnlyList<Value> arguments)
    {
        Require(arguments.Count == function.Parameters.Count, "A call has as many arguments as the function has parameters.");
        return Define(
            new IrInstruction(Opcode.CallFunction) { Data = function, Operands = [.. arguments.Select(a => a.Id)] },
            function.Result);
    }

    /// <summary>Ends the block: jump.</summary>
    public void Jump(Block target) => Emit(new IrInstruction(Opcode.Jump) { Targets = [target] });

    /// <summary>Ends the block: branch.</summary>
    public void Branch(Comparison comparison, Value left, Value right, Block whenTrue, Block whenFalse)
    {
        Require(TypeOf(left).Bits == TypeOf(right).Bits, "A comparison needs two values of one width.");
        Emit(new IrInstruction(Opcode.Branch)
        {
            Kind = (byte)comparison,
            Operands = [left.Id, right.Id],
            Targets = [whenTrue, whenFalse],
        });
    }

    /// <summary>Ends the block: return. The value is of the function's result type.</summary>
    public void Return(Value value)
    {
        Require(TypeOf(value).Bits == Function.Result.Bits, "The value returned has the width of the function's result.");
        Emit(new IrInstruction(Opcode.Return) { Operands = [value.Id] });
    }

    private Value Define(IrInstruction instruction, IrType type)
    {
        instruction.Result = Function.NewValue(type);
        Emit(instruction);
        return new Value(instruction.Result);
    }

    private void Emit(IrInstruction instruction)
    {
        // What follows a terminator can never run: the front end need not look before it emits.
        if (IsTerminated)
        {
            return;
        }

        instruction.Position = Position;
        _block.Instructions.Add(instruction);
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
