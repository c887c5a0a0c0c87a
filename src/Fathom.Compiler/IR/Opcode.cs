namespace Fathom.Compiler.IR;

/// <summary>What an <see cref="IrInstruction"/> does. The comment of each says which of its fields count.</summary>
internal enum Opcode : byte
{
    /// <summary>The value of an incoming register: <c>Immediate</c> is the index. Only at the start of the entry block.</summary>
    Parameter,
    /// <summary>A number: <c>Immediate</c>, zero-extended for 32 bits.</summary>
    Constant,
    /// <summary>The same bits, perhaps with another type of the same width: an assignment or a reinterpretation.</summary>
    Copy,
    /// <summary>SSA only: the operand that belongs to the block we came from (<c>Targets</c> in step with <c>Operands</c>).</summary>
    Phi,
    /// <summary><c>Binary</c> of two operands.</summary>
    Binary,
    /// <summary><c>Conversion</c> of an operand.</summary>
    Convert,
    /// <summary>Reverses the low <c>Immediate</c> bits.</summary>
    ByteSwap,
    /// <summary>1 if <c>Comparison</c> holds, else 0.</summary>
    Compare,
    /// <summary>Address of <c>Slot</c> plus <c>Immediate</c>.</summary>
    SlotAddress,
    /// <summary>The map named by <c>Data</c>.</summary>
    MapAddress,
    /// <summary>The address of the <see cref="Global"/> in <c>Data</c>, plus <c>Immediate</c>.</summary>
    GlobalAddress,
    /// <summary>The address of the <see cref="Function"/> in <c>Data</c>.</summary>
    FunctionAddress,
    /// <summary>Pointer plus <c>Immediate</c>.</summary>
    Offset,
    /// <summary>Pointer plus a 64-bit value.</summary>
    OffsetBy,
    /// <summary>Pointer plus the relocated offset in <c>Data</c>.</summary>
    CoreOffset,
    /// <summary>The relocated number in <c>Data</c>. Opaque: its local value means nothing before the relocation.</summary>
    CoreValue,
    /// <summary>Load of <c>Size</c> at operand + <c>Immediate</c>; relocated if <c>Data</c> is set.</summary>
    Load,
    /// <summary>Store of <c>Size</c> at operand 0 + <c>Immediate</c> of operand 1.</summary>
    Store,
    /// <summary>Zeros <c>Count</c> bytes at operand + <c>Immediate</c>, aligned as <c>Alignment</c>.</summary>
    Zero,
    /// <summary>Copies <c>Count</c> bytes to operand 0 + <c>Immediate</c> from operand 1 + <c>SecondOffset</c>, which may overlap.</summary>
    CopyMemory,
    /// <summary><c>Atomic</c> on operand 0 + <c>Immediate</c> with operand 1 (and operand 2 expected).</summary>
    Atomic,
    /// <summary>Call of helper <c>Immediate</c>.</summary>
    CallHelper,
    /// <summary>Call of the <see cref="Function"/> in <c>Data</c>.</summary>
    CallFunction,
    /// <summary>To <c>Targets[0]</c>.</summary>
    Jump,
    /// <summary>To <c>Targets[0]</c> if <c>Comparison</c> holds, else to <c>Targets[1]</c>.</summary>
    Branch,
    /// <summary>Returns the operand.</summary>
    Return,
}
