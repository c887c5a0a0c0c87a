namespace Fathom.Compiler.IR;

/// <summary>What a pointer points into. The verifier has rules for each; values of different spaces never share a register.</summary>
public enum PointerSpace : byte
{
    /// <summary>Not a pointer.</summary>
    None,
    /// <summary>The frame of the function.</summary>
    Stack,
    /// <summary>The value of a map, or a global variable.</summary>
    MapValue,
    /// <summary>A map itself.</summary>
    Map,
    /// <summary>The context of the program: only loads and stores at constant offsets.</summary>
    Context,
    /// <summary>Packet data.</summary>
    Packet,
    /// <summary>The end of the packet: only compared.</summary>
    PacketEnd,
    /// <summary>A kernel object whose type the verifier knows: plain loads.</summary>
    Trusted,
    /// <summary>Any other kernel address: read through bpf_probe_read_kernel.</summary>
    Kernel,
    /// <summary>An address of the traced process: read through bpf_probe_read_user.</summary>
    User,
    /// <summary>A reserved record of a ring buffer.</summary>
    RingRecord,
    /// <summary>A function of the object (callbacks).</summary>
    Function,
    /// <summary>An argument whose space the front end does not know: plain loads, as the verifier allows.</summary>
    Unknown,
}

/// <summary>
/// Type of a virtual register. A 32-bit value is always kept zero-extended in its 64-bit register; narrower C# integers are 32-bit values
/// here, sign- or zero-extended to 32 bits by explicit conversions.
/// </summary>
/// <param name="Bits">32 or 64.</param>
/// <param name="Space">For a pointer, what it points into.</param>
public readonly record struct IrType(byte Bits, PointerSpace Space = PointerSpace.None)
{
    /// <summary>A 32-bit integer.</summary>
    public static readonly IrType I32 = new(32);

    /// <summary>A 64-bit integer.</summary>
    public static readonly IrType I64 = new(64);

    /// <summary>True for a pointer.</summary>
    public bool IsPointer => Space != PointerSpace.None;

    /// <summary>A pointer into a space.</summary>
    public static IrType PointerTo(PointerSpace space) => new(64, space);
}

/// <summary>A virtual register, by number within its function. The front end may assign one many times; SSA is built later.</summary>
/// <param name="Id">Number, from 0.</param>
public readonly record struct Value(int Id);

/// <summary>A piece of the stack frame, by number within its function.</summary>
/// <param name="Id">Number, from 0.</param>
public readonly record struct StackSlot(int Id);

/// <summary>Binary operations. Both operands and the result have one width; shift counts are masked to it, as in C#.</summary>
public enum BinaryOperation : byte
{
    /// <summary>Addition.</summary>
    Add,
    /// <summary>Subtraction.</summary>
    Subtract,
    /// <summary>Multiplication.</summary>
    Multiply,
    /// <summary>Unsigned division; by zero gives zero.</summary>
    DivideUnsigned,
    /// <summary>Signed division, toward zero; by zero gives zero.</summary>
    DivideSigned,
    /// <summary>Unsigned remainder; by zero gives the left operand.</summary>
    ModuloUnsigned,
    /// <summary>Signed remainder, with the sign of the left operand; by zero gives the left operand.</summary>
    ModuloSigned,
    /// <summary>Bitwise and.</summary>
    And,
    /// <summary>Bitwise or.</summary>
    Or,
    /// <summary>Bitwise exclusive or.</summary>
    Xor,
    /// <summary>Shift left.</summary>
    ShiftLeft,
    /// <summary>Logical shift right.</summary>
    ShiftRight,
    /// <summary>Arithmetic shift right.</summary>
    ShiftRightArithmetic,
}

/// <summary>Conversions between widths.</summary>
public enum Conversion : byte
{
    /// <summary>64 to 32 bits: the upper half becomes zero. Never a no-op unless the value is proven to fit.</summary>
    Truncate,
    /// <summary>32 to 64 bits, unsigned.</summary>
    ZeroExtend,
    /// <summary>32 to 64 bits, signed.</summary>
    SignExtend,
    /// <summary>The low 8 bits of a 32-bit value, unsigned.</summary>
    ZeroExtend8,
    /// <summary>The low 16 bits of a 32-bit value, unsigned.</summary>
    ZeroExtend16,
    /// <summary>The low 8 bits of a 32-bit value, signed, as a 32-bit value.</summary>
    SignExtend8,
    /// <summary>The low 16 bits of a 32-bit value, signed, as a 32-bit value.</summary>
    SignExtend16,
}

/// <summary>Comparisons of two values of one width.</summary>
public enum Comparison : byte
{
    /// <summary>Equal.</summary>
    Equal,
    /// <summary>Not equal.</summary>
    NotEqual,
    /// <summary>Unsigned less.</summary>
    LessUnsigned,
    /// <summary>Unsigned less or equal.</summary>
    LessOrEqualUnsigned,
    /// <summary>Unsigned greater.</summary>
    GreaterUnsigned,
    /// <summary>Unsigned greater or equal.</summary>
    GreaterOrEqualUnsigned,
    /// <summary>Signed less.</summary>
    LessSigned,
    /// <summary>Signed less or equal.</summary>
    LessOrEqualSigned,
    /// <summary>Signed greater.</summary>
    GreaterSigned,
    /// <summary>Signed greater or equal.</summary>
    GreaterOrEqualSigned,
}

/// <summary>A position in the source, for line info and diagnostics.</summary>
/// <param name="File">Path; null where there is none.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Text">The source line, without what is blank at its end.</param>
/// <param name="Length">Characters of the expression or statement on this line; 0 where that is not known.</param>
/// <param name="Inlined">The call that put this copy of a method here; null in a function's own body.</param>
public sealed record SourcePosition(string File, int Line, int Column, string Text, int Length = 0, InlinedCall? Inlined = null);

/// <summary>A call of a method that was copied into its caller.</summary>
/// <param name="Method">The method that was copied.</param>
/// <param name="Call">Where it is called; if that is in a copied method too, its own position says so.</param>
public sealed record InlinedCall(string Method, SourcePosition Call);

/// <summary>A question to the target's types, answered at load (CO-RE).</summary>
/// <param name="TypeId">Root type in the module's BTF.</param>
/// <param name="Access">Access path, for example <c>0:2:1</c>.</param>
/// <param name="Kind">What is asked.</param>
/// <param name="LocalValue">The answer by the module's own types: for an offset, that of the field in the C# view.</param>
public sealed record CoreAccess(int TypeId, string Access, Format.Objects.CoreRelocationKind Kind, long LocalValue);
