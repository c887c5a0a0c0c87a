namespace Fathom.Runtime;

/// <summary>Whether a kernel has a feature.</summary>
public enum FeatureSupport
{
    /// <summary>It could not be found out, for example for lack of a capability.</summary>
    Unknown,
    /// <summary>It has it.</summary>
    Yes,
    /// <summary>It has it not, or lets nobody use it (lockdown, a policy).</summary>
    No,
}

/// <summary>The answer of a probe.</summary>
/// <param name="Support">Yes, no or unknown.</param>
/// <param name="Evidence">What was tried and what came of it.</param>
public readonly record struct FeatureAnswer(FeatureSupport Support, string Evidence)
{
    /// <summary>What stands in the way; nothing if the answer is yes.</summary>
    public RefusalCause Cause { get; init; }

    /// <summary>The capabilities without which it cannot be found out; empty if that is not the reason.</summary>
    public CapabilitySet Missing { get; init; }
}
