namespace Fathom.Runtime;

/// <summary>What the verifier found. <c>docs/verifier.md</c> says of each what it means and what to write.</summary>
public enum VerifierErrorKind
{
    /// <summary>A complaint that is told in the kernel's words only.</summary>
    Other,

    /// <summary>An access may lie outside of a map's value, a record or other memory of known size.</summary>
    MemoryBounds,

    /// <summary>An access may lie behind the end of the packet.</summary>
    PacketBounds,

    /// <summary>An access may lie outside of the stack.</summary>
    StackBounds,

    /// <summary>A pointer is used that may be null.</summary>
    MayBeNull,

    /// <summary>A number is used as a pointer.</summary>
    NotAPointer,

    /// <summary>A pointer is used after what it points to was given back.</summary>
    UseAfterRelease,

    /// <summary>A register or a part of the stack is read that was never written.</summary>
    Uninitialized,

    /// <summary>The size that a helper is given has no limit, or one that is too large.</summary>
    UnboundedSize,

    /// <summary>A record or reference is not given back on some path.</summary>
    NotReleased,

    /// <summary>A loop whose end the verifier cannot see.</summary>
    EndlessLoop,

    /// <summary>More to follow than the verifier is ready for.</summary>
    TooComplex,

    /// <summary>The context has no such field for this type of program.</summary>
    ContextAccess,

    /// <summary>The helper is not there for this type of program or on this kernel.</summary>
    HelperNotAllowed,

    /// <summary>The frames of the functions that call each other are over 512 bytes.</summary>
    StackTooLarge,

    /// <summary>Arithmetic that is not allowed on a pointer of this kind.</summary>
    PointerArithmetic,

    /// <summary>An access that is not aligned to its size, where it must be.</summary>
    Misaligned,

    /// <summary>A result outside of the range that this type of program or callback may give.</summary>
    ReturnValue,

    /// <summary>A kernel address would become visible, which takes CAP_PERFMON.</summary>
    PointerLeak,

    /// <summary>A write to memory that is read-only for the program.</summary>
    ReadOnly,

    /// <summary>The program needs a type, field or value that the running kernel lacks.</summary>
    MissingInKernel,
}
