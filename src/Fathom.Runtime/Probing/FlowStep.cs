namespace Fathom.Runtime;

/// <summary>An instruction of a function and where it leads.</summary>
/// <param name="Length">Its bytes.</param>
/// <param name="Kind">Where it leads.</param>
/// <param name="Target">The address that it may jump to; 0 if it says none.</param>
/// <param name="StackChange">Bytes by which it moves the stack pointer, a call's own and its return together; null if that is not known.</param>
internal readonly record struct FlowStep(int Length, FlowKind Kind, ulong Target, int? StackChange);

/// <summary>Where an instruction leads.</summary>
internal enum FlowKind
{
    /// <summary>To the next one.</summary>
    Next,

    /// <summary>To another function, and to the next instruction, if it comes back.</summary>
    Call,

    /// <summary>To its target.</summary>
    Jump,

    /// <summary>To its target or to the next one.</summary>
    Branch,

    /// <summary>Out of the function, or nowhere.</summary>
    End,

    /// <summary>Where a register or memory says.</summary>
    Indirect,
}
