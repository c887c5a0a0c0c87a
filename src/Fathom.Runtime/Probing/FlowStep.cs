namespace Fathom.Runtime;

/// <summary>An instruction of a function and where it leads.</summary>
/// <param name="Length">Its bytes.</param>
/// <param name="Kind">Where it leads.</param>
/// <param name="Target">The address that it may jump to; 0 if it says none.</param>
internal readonly record struct FlowStep(int Length, FlowKind Kind, ulong Target);

/// <summary>Where an instruction leads.</summary>
internal enum FlowKind
{
    /// <summary>To the next one; also a call, which comes back.</summary>
    Next,

    /// <summary>To its target.</summary>
    Jump,

    /// <summary>To its target or to the next one.</summary>
    Branch,

    /// <summary>Out of the function, or nowhere.</summary>
    End,

    /// <summary>Where a register or memory says.</summary>
    Indirect,
}
