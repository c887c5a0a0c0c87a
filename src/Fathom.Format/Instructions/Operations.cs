namespace Fathom.Format.Instructions;

/// <summary>The eleven registers of the BPF machine (RFC 9669, section 2.1).</summary>
public enum Register : byte
{
    /// <summary>Return value of calls and of the program.</summary>
    R0,
    /// <summary>First argument; not kept by calls.</summary>
    R1,
    /// <summary>Second argument; not kept by calls.</summary>
    R2,
    /// <summary>Third argument; not kept by calls.</summary>
    R3,
    /// <summary>Fourth argument; not kept by calls.</summary>
    R4,
    /// <summary>Fifth argument; not kept by calls.</summary>
    R5,
    /// <summary>Kept by calls.</summary>
    R6,
    /// <summary>Kept by calls.</summary>
    R7,
    /// <summary>Kept by calls.</summary>
    R8,
    /// <summary>Kept by calls.</summary>
    R9,
    /// <summary>Frame pointer, read-only: the stack lies below it.</summary>
    R10,
}

/// <summary>The instruction class: the low three bits of an opcode.</summary>
public enum InstructionClass : byte
{
    /// <summary>Non-standard loads: the 64-bit immediate, and the old packet loads.</summary>
    Load = 0,
    /// <summary>Load into a register from memory.</summary>
    LoadX = 1,
    /// <summary>Store an immediate to memory.</summary>
    Store = 2,
    /// <summary>Store a register to memory, and atomics.</summary>
    StoreX = 3,
    /// <summary>32-bit arithmetic: the upper half of the destination becomes zero.</summary>
    Alu32 = 4,
    /// <summary>Jumps that compare 64 bits; calls and exit.</summary>
    Jump64 = 5,
    /// <summary>Jumps that compare the low 32 bits; also the long unconditional jump.</summary>
    Jump32 = 6,
    /// <summary>64-bit arithmetic.</summary>
    Alu64 = 7,
}

/// <summary>Arithmetic operation: the high four bits of an ALU opcode. Signed forms share the code and set the offset to 1.</summary>
public enum AluOperation : byte
{
    /// <summary>Addition.</summary>
    Add = 0x00,
    /// <summary>Subtraction.</summary>
    Subtract = 0x10,
    /// <summary>Multiplication.</summary>
    Multiply = 0x20,
    /// <summary>Division: unsigned at offset 0, signed at offset 1 (v4). By zero gives zero.</summary>
    Divide = 0x30,
    /// <summary>Bitwise or.</summary>
    Or = 0x40,
    /// <summary>Bitwise and.</summary>
    And = 0x50,
    /// <summary>Shift left; the count is masked to the width.</summary>
    ShiftLeft = 0x60,
    /// <summary>Logical shift right; the count is masked to the width.</summary>
    ShiftRight = 0x70,
    /// <summary>Negation.</summary>
    Negate = 0x80,
    /// <summary>Remainder: unsigned at offset 0, signed at offset 1 (v4). By zero leaves the destination.</summary>
    Modulo = 0x90,
    /// <summary>Bitwise exclusive or.</summary>
    Xor = 0xa0,
    /// <summary>Move: plain at offset 0, sign-extending at offset 8, 16 or 32 (v4).</summary>
    Move = 0xb0,
    /// <summary>Arithmetic shift right; the count is masked to the width.</summary>
    ShiftRightArithmetic = 0xc0,
    /// <summary>Byte order: the immediate is 16, 32 or 64.</summary>
    ByteSwap = 0xd0,
}

/// <summary>Comparison of a jump: the high four bits of a jump opcode.</summary>
public enum JumpOperation : byte
{
    /// <summary>Always.</summary>
    Always = 0x00,
    /// <summary>Equal.</summary>
    Equal = 0x10,
    /// <summary>Unsigned greater.</summary>
    GreaterUnsigned = 0x20,
    /// <summary>Unsigned greater or equal.</summary>
    GreaterOrEqualUnsigned = 0x30,
    /// <summary>A common bit is set.</summary>
    AnyBitSet = 0x40,
    /// <summary>Not equal.</summary>
    NotEqual = 0x50,
    /// <summary>Signed greater.</summary>
    GreaterSigned = 0x60,
    /// <summary>Signed greater or equal.</summary>
    GreaterOrEqualSigned = 0x70,
    /// <summary>Call.</summary>
    Call = 0x80,
    /// <summary>Return from the program or subprogram.</summary>
    Exit = 0x90,
    /// <summary>Unsigned less.</summary>
    LessUnsigned = 0xa0,
    /// <summary>Unsigned less or equal.</summary>
    LessOrEqualUnsigned = 0xb0,
    /// <summary>Signed less.</summary>
    LessSigned = 0xc0,
    /// <summary>Signed less or equal.</summary>
    LessOrEqualSigned = 0xd0,
}

/// <summary>Width of a memory access: two bits of a load or store opcode.</summary>
public enum MemorySize : byte
{
    /// <summary>Four bytes.</summary>
    Word = 0x00,
    /// <summary>Two bytes.</summary>
    Half = 0x08,
    /// <summary>One byte.</summary>
    Byte = 0x10,
    /// <summary>Eight bytes.</summary>
    Double = 0x18,
}

/// <summary>Atomic operation: the immediate of an atomic store. <see cref="Fetch"/> may be added to the first four.</summary>
[System.Flags]
public enum AtomicOperation
{
    /// <summary>Add.</summary>
    Add = 0x00,
    /// <summary>Or.</summary>
    Or = 0x40,
    /// <summary>And.</summary>
    And = 0x50,
    /// <summary>Exclusive or.</summary>
    Xor = 0xa0,
    /// <summary>Return the old value in the source register (Linux 5.12).</summary>
    Fetch = 0x01,
    /// <summary>Exchange (Linux 5.12).</summary>
    Exchange = 0xe1,
    /// <summary>Compare with R0 and exchange; R0 becomes the old value (Linux 5.12).</summary>
    CompareExchange = 0xf1,
}

/// <summary>What the source field of a 64-bit immediate load says of the immediate (RFC 9669, section 5.4; <c>BPF_PSEUDO_*</c> in Linux).</summary>
public enum ImmediateKind : byte
{
    /// <summary>A number.</summary>
    Number = 0,
    /// <summary>The descriptor of a map: gives the map.</summary>
    MapDescriptor = 1,
    /// <summary>The descriptor of a map in the low half, an offset in the high half: gives the address inside its first value.</summary>
    MapValue = 2,
    /// <summary>The BTF id of a kernel variable.</summary>
    KernelVariable = 3,
    /// <summary>A subprogram of this program, in slots relative to the second slot of the load: gives its address.</summary>
    Function = 4,
    /// <summary>Index into the array of map descriptors given at load.</summary>
    MapIndex = 5,
    /// <summary>As <see cref="MapValue"/>, by index.</summary>
    MapIndexValue = 6,
}

/// <summary>What the source field of a call says of the immediate.</summary>
public enum CallKind : byte
{
    /// <summary>A helper by number.</summary>
    Helper = 0,
    /// <summary>A subprogram of this program, in slots relative to the next instruction.</summary>
    Subprogram = 1,
    /// <summary>A kernel function by BTF id.</summary>
    KernelFunction = 2,
}
