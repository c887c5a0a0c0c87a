using System;
using System.Collections.Generic;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.IR;

/// <summary>
/// Fills a function, instruction by instruction. This is all that a front end sees of the intermediate form. Locals may be plain
/// registers, assigned many times (<see cref="Assign"/>), or stack slots; the compiler turns slots whose address does not escape
/// into registers. Every block must end in a jump, a branch or a return.
/// </summary>
public sealed class FunctionBuilder
{
    /// <summary>Starts to fill a function; the entry block is current.</summary>
    public FunctionBuilder(Function function) => throw new NotImplementedException();

    /// <summary>The function.</summary>
    public Function Function => throw new NotImplementedException();

    /// <summary>True if the current block has ended: what follows is unreachable until another block is made current.</summary>
    public bool IsTerminated => throw new NotImplementedException();

    /// <summary>The position of the instructions that follow.</summary>
    public SourcePosition? Position { get; set; }

    /// <summary>The value of a parameter (R1 is 0).</summary>
    public Value Parameter(int index) => throw new NotImplementedException();

    /// <summary>Makes a register that is assigned later.</summary>
    public Value NewValue(IrType type, string? name = null) => throw new NotImplementedException();

    /// <summary>The type of a register.</summary>
    public IrType TypeOf(Value value) => throw new NotImplementedException();

    /// <summary>Makes a piece of stack; its bytes are undefined until stored.</summary>
    public StackSlot NewSlot(int bytes, int alignment, string? name = null) => throw new NotImplementedException();

    /// <summary>Makes a block, not yet placed or current.</summary>
    public Block NewBlock(string? name = null) => throw new NotImplementedException();

    /// <summary>Makes a block current; instructions are appended to it.</summary>
    public void SetBlock(Block block) => throw new NotImplementedException();

    /// <summary>Assigns a register that was made by <see cref="NewValue"/>. For pointers, the source's space must be that of the target, or the target's <see cref="PointerSpace.Unknown"/>.</summary>
    public void Assign(Value target, Value source) => throw new NotImplementedException();

    /// <summary>A number; only the low 32 bits count for <see cref="IrType.I32"/>. A null pointer is 0 of the pointer's type.</summary>
    public Value Constant(IrType type, long value) => throw new NotImplementedException();

    /// <summary>An operation on two values of one width.</summary>
    public Value Binary(BinaryOperation operation, Value left, Value right) => throw new NotImplementedException();

    /// <summary>A conversion between widths.</summary>
    public Value Convert(Conversion conversion, Value value) => throw new NotImplementedException();

    /// <summary>Reverses the byte order of the low 16, 32 or 64 bits; the rest of the result is zero.</summary>
    public Value ByteSwap(Value value, int bits) => throw new NotImplementedException();

    /// <summary>The same bits with another pointer type, or an integer as a pointer, or a pointer as an integer. Costs nothing.</summary>
    public Value Reinterpret(Value value, IrType type) => throw new NotImplementedException();

    /// <summary>1 if the comparison holds, else 0, as a 32-bit value.</summary>
    public Value Compare(Comparison comparison, Value left, Value right) => throw new NotImplementedException();

    /// <summary>The address of a stack slot.</summary>
    public Value SlotAddress(StackSlot slot) => throw new NotImplementedException();

    /// <summary>A map, as helpers want it.</summary>
    public Value MapAddress(string map) => throw new NotImplementedException();

    /// <summary>The address of a global.</summary>
    public Value GlobalAddress(Global global) => throw new NotImplementedException();

    /// <summary>The address of a subprogram, for callbacks.</summary>
    public Value FunctionAddress(Function function) => throw new NotImplementedException();

    /// <summary>Pointer plus a constant number of bytes; keeps the space.</summary>
    public Value Offset(Value pointer, long bytes) => throw new NotImplementedException();

    /// <summary>Pointer plus a variable number of bytes (64-bit); keeps the space.</summary>
    public Value OffsetBy(Value pointer, Value bytes) => throw new NotImplementedException();

    /// <summary>Pointer plus the relocated offset of a field; keeps the space.</summary>
    public Value CoreOffset(Value pointer, CoreAccess access) => throw new NotImplementedException();

    /// <summary>The answer to a question to the target's types, as a number.</summary>
    public Value CoreValue(IrType type, CoreAccess access) => throw new NotImplementedException();

    /// <summary>
    /// Plain load. The result of fewer than 8 bytes is a zero- or sign-extended 32-bit value unless <paramref name="type"/> is 64 bits wide.
    /// With <paramref name="core"/>, the offset is that of the field and is relocated; <paramref name="offset"/> must then be 0.
    /// </summary>
    public Value Load(IrType type, Value pointer, int offset, MemorySize size, bool isSigned = false, CoreAccess? core = null) => throw new NotImplementedException();

    /// <summary>Plain store of the low bytes of a value.</summary>
    public void Store(Value pointer, int offset, MemorySize size, Value value) => throw new NotImplementedException();

    /// <summary>Fills memory with zeros; the pointer is as aligned as <paramref name="alignment"/> says.</summary>
    public void Zero(Value pointer, int offset, int bytes, int alignment) => throw new NotImplementedException();

    /// <summary>Copies memory that does not overlap; both pointers are as aligned as <paramref name="alignment"/> says. The source may be read in any order.</summary>
    public void Copy(Value target, int targetOffset, Value source, int sourceOffset, int bytes, int alignment) => throw new NotImplementedException();

    /// <summary>Atomic read-modify-write of 4 or 8 bytes. With <see cref="AtomicOperation.Fetch"/>, exchange or compare-exchange gives the old value; otherwise the result is not defined.</summary>
    public Value Atomic(AtomicOperation operation, MemorySize size, Value pointer, int offset, Value operand, Value? expected = null) => throw new NotImplementedException();

    /// <summary>Call of a helper by number. A 32-bit result is truncated from R0 explicitly. <paramref name="isPure"/>: no effect and the same result for the same arguments, so an unused call may go.</summary>
    public Value Call(int helper, IrType result, IReadOnlyList<Value> arguments, bool isPure = false) => throw new NotImplementedException();

    /// <summary>Call of a subprogram of the module.</summary>
    public Value Call(Function function, IReadOnlyList<Value> arguments) => throw new NotImplementedException();

    /// <summary>Ends the block: jump.</summary>
    public void Jump(Block target) => throw new NotImplementedException();

    /// <summary>Ends the block: branch.</summary>
    public void Branch(Comparison comparison, Value left, Value right, Block whenTrue, Block whenFalse) => throw new NotImplementedException();

    /// <summary>Ends the block: return. The value is of the function's result type.</summary>
    public void Return(Value value) => throw new NotImplementedException();
}
