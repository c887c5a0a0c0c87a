namespace Fathom.Format.Instructions;

/// <summary>
/// One BPF instruction as a value (RFC 9669, section 3). The 64-bit immediate load, which takes two 8-byte slots, is one value with the
/// whole immediate in <see cref="Immediate"/>; every other instruction has a 32-bit immediate, kept sign-extended.
/// </summary>
/// <param name="Opcode">Class, operation or mode, and source or size bits.</param>
/// <param name="Destination">Destination register.</param>
/// <param name="Source">Source register; for calls and 64-bit immediates, the kind (<see cref="CallKind"/>, <see cref="ImmediateKind"/>).</param>
/// <param name="Offset">Bytes for memory access, slots relative to the next slot for jumps.</param>
/// <param name="Immediate">Immediate operand.</param>
public readonly record struct Instruction(byte Opcode, Register Destination, Register Source, short Offset, long Immediate)
{
    /// <summary>Bytes in one slot.</summary>
    public const int SlotSize = 8;

    /// <summary>The opcode of the 64-bit immediate load.</summary>
    public const byte LoadImmediate64Opcode = 0x18;

    private const byte FromRegister = 0x08;
    private const byte MemoryMode = 0x60;
    private const byte MemorySignExtendMode = 0x80;
    private const byte AtomicMode = 0xc0;

    /// <summary>The class of the opcode.</summary>
    public InstructionClass Class => (InstructionClass)(Opcode & 0x07);

    /// <summary>True for the load of a 64-bit immediate.</summary>
    public bool IsLoadImmediate64 => Opcode == LoadImmediate64Opcode;

    /// <summary>How many 8-byte slots the instruction takes: 1, or 2 for the 64-bit immediate load.</summary>
    public int SlotCount => IsLoadImmediate64 ? 2 : 1;

    /// <summary>True for an ALU instruction of either width.</summary>
    public bool IsAlu => Class is InstructionClass.Alu32 or InstructionClass.Alu64;

    /// <summary>True for a jump, call or exit of either width.</summary>
    public bool IsJumpClass => Class is InstructionClass.Jump32 or InstructionClass.Jump64;

    /// <summary>True if the second operand of an ALU or jump instruction is the source register.</summary>
    public bool UsesSourceRegister => (Opcode & FromRegister) != 0;

    /// <summary>The ALU operation; meaningful if <see cref="IsAlu"/>.</summary>
    public AluOperation AluOperation => (AluOperation)(Opcode & 0xf0);

    /// <summary>The jump operation; meaningful if <see cref="IsJumpClass"/>.</summary>
    public JumpOperation JumpOperation => (JumpOperation)(Opcode & 0xf0);

    /// <summary>The width of a memory access; meaningful for loads and stores.</summary>
    public MemorySize MemorySize => (MemorySize)(Opcode & 0x18);

    /// <summary>True for a call.</summary>
    public bool IsCall => Opcode is 0x85 or 0x8d;

    /// <summary>True for exit.</summary>
    public bool IsExit => Opcode == 0x95;

    /// <summary>True for a jump that has a target: every jump operation but call and exit.</summary>
    public bool HasTarget => IsJumpClass && !IsCall && !IsExit;

    /// <summary>64-bit arithmetic with a register.</summary>
    public static Instruction Alu64(AluOperation operation, Register destination, Register source, short offset = 0) =>
        new((byte)((byte)InstructionClass.Alu64 | (byte)operation | FromRegister), destination, source, offset, 0);

    /// <summary>64-bit arithmetic with an immediate, which is sign-extended.</summary>
    public static Instruction Alu64(AluOperation operation, Register destination, int immediate, short offset = 0) =>
        new((byte)((byte)InstructionClass.Alu64 | (byte)operation), destination, 0, offset, immediate);

    /// <summary>32-bit arithmetic with a register; the upper half of the destination becomes zero.</summary>
    public static Instruction Alu32(AluOperation operation, Register destination, Register source, short offset = 0) =>
        new((byte)((byte)InstructionClass.Alu32 | (byte)operation | FromRegister), destination, source, offset, 0);

    /// <summary>32-bit arithmetic with an immediate; the upper half of the destination becomes zero.</summary>
    public static Instruction Alu32(AluOperation operation, Register destination, int immediate, short offset = 0) =>
        new((byte)((byte)InstructionClass.Alu32 | (byte)operation), destination, 0, offset, immediate);

    /// <summary>Conversion to big-endian (<c>be16</c>, <c>be32</c>, <c>be64</c>); <paramref name="bits"/> is 16, 32 or 64.</summary>
    public static Instruction ToBigEndian(Register destination, int bits) =>
        new((byte)InstructionClass.Alu32 | (byte)AluOperation.ByteSwap | FromRegister, destination, 0, 0, bits);

    /// <summary>Conversion to little-endian (<c>le16</c>, <c>le32</c>, <c>le64</c>); <paramref name="bits"/> is 16, 32 or 64.</summary>
    public static Instruction ToLittleEndian(Register destination, int bits) =>
        new((byte)InstructionClass.Alu32 | (byte)AluOperation.ByteSwap, destination, 0, 0, bits);

    /// <summary>Unconditional byte swap (<c>bswap16</c>, ..., v4); <paramref name="bits"/> is 16, 32 or 64.</summary>
    public static Instruction ByteSwap(Register destination, int bits) =>
        new((byte)InstructionClass.Alu64 | (byte)AluOperation.ByteSwap, destination, 0, 0, bits);

    /// <summary>Jump that compares 64 bits with a register.</summary>
    public static Instruction Jump64(JumpOperation operation, Register destination, Register source, short offset) =>
        new((byte)((byte)InstructionClass.Jump64 | (byte)operation | FromRegister), destination, source, offset, 0);

    /// <summary>Jump that compares 64 bits with an immediate, which is sign-extended.</summary>
    public static Instruction Jump64(JumpOperation operation, Register destination, int immediate, short offset) =>
        new((byte)((byte)InstructionClass.Jump64 | (byte)operation), destination, 0, offset, immediate);

    /// <summary>Jump that compares the low 32 bits with a register.</summary>
    public static Instruction Jump32(JumpOperation operation, Register destination, Register source, short offset) =>
        new((byte)((byte)InstructionClass.Jump32 | (byte)operation | FromRegister), destination, source, offset, 0);

    /// <summary>Jump that compares the low 32 bits with an immediate.</summary>
    public static Instruction Jump32(JumpOperation operation, Register destination, int immediate, short offset) =>
        new((byte)((byte)InstructionClass.Jump32 | (byte)operation), destination, 0, offset, immediate);

    /// <summary>Unconditional jump.</summary>
    public static Instruction Goto(short offset) => new((byte)InstructionClass.Jump64 | (byte)JumpOperation.Always, 0, 0, offset, 0);

    /// <summary>Unconditional jump with a 32-bit distance (<c>gotol</c>, v4).</summary>
    public static Instruction GotoLong(int offset) => new((byte)InstructionClass.Jump32 | (byte)JumpOperation.Always, 0, 0, 0, offset);

    /// <summary>Zero-extending load from memory.</summary>
    public static Instruction Load(MemorySize size, Register destination, Register source, short offset) =>
        new((byte)((byte)InstructionClass.LoadX | (byte)size | MemoryMode), destination, source, offset, 0);

    /// <summary>Sign-extending load from memory (v4).</summary>
    public static Instruction LoadSigned(MemorySize size, Register destination, Register source, short offset) =>
        new((byte)((byte)InstructionClass.LoadX | (byte)size | MemorySignExtendMode), destination, source, offset, 0);

    /// <summary>Store of a register to memory.</summary>
    public static Instruction Store(MemorySize size, Register destination, short offset, Register source) =>
        new((byte)((byte)InstructionClass.StoreX | (byte)size | MemoryMode), destination, source, offset, 0);

    /// <summary>Store of an immediate, sign-extended to the width, to memory.</summary>
    public static Instruction Store(MemorySize size, Register destination, short offset, int immediate) =>
        new((byte)((byte)InstructionClass.Store | (byte)size | MemoryMode), destination, 0, offset, immediate);

    /// <summary>Atomic read-modify-write of four or eight bytes.</summary>
    public static Instruction Atomic(AtomicOperation operation, MemorySize size, Register destination, short offset, Register source) =>
        new((byte)((byte)InstructionClass.StoreX | (byte)size | AtomicMode), destination, source, offset, (int)operation);

    /// <summary>Load of a 64-bit immediate; two slots.</summary>
    public static Instruction LoadImmediate64(Register destination, long immediate, ImmediateKind kind = ImmediateKind.Number) =>
        new(LoadImmediate64Opcode, destination, (Register)(byte)kind, 0, immediate);

    /// <summary>Call of a helper, a subprogram or a kernel function.</summary>
    public static Instruction Call(CallKind kind, int target) =>
        new((byte)InstructionClass.Jump64 | (byte)JumpOperation.Call, 0, (Register)(byte)kind, 0, target);

    /// <summary>Return from the program or subprogram.</summary>
    public static Instruction Exit() => new((byte)InstructionClass.Jump64 | (byte)JumpOperation.Exit, 0, 0, 0, 0);
}
