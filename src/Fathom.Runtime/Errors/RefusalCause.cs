namespace Fathom.Runtime;

/// <summary>What stands in the way, as far as it can be told: who looks for a remedy must know which.</summary>
public enum RefusalCause
{
    /// <summary>Nothing does.</summary>
    None,
    /// <summary>The process lacks capabilities.</summary>
    MissingCapability,
    /// <summary>The process has capabilities, but only in a user namespace, where they do not count for the whole machine.</summary>
    UserNamespace,
    /// <summary>A seccomp filter watches the process, and the kernel gives no other reason.</summary>
    Seccomp,
    /// <summary>Kernel lockdown.</summary>
    Lockdown,
    /// <summary>The process may not lock more memory, which counts before Linux 5.11.</summary>
    LockedMemory,
    /// <summary>The kernel refuses although the process has every capability that this takes, and says nothing (EPERM with an empty log).</summary>
    KernelPolicy,
    /// <summary>The kernel is built without it.</summary>
    MissingConfig,
    /// <summary>The kernel does not describe its types, or hides the description.</summary>
    MissingBtf,
    /// <summary>The kernel is older than it.</summary>
    TooOld,
    /// <summary>A limit of the process or the machine is reached (open files, memory, processes): what was asked for is not known.</summary>
    ResourceLimit,
    /// <summary>tracefs is not mounted here, or not readable, as in most containers.</summary>
    HiddenTracefs,
    /// <summary>Something else; the message says what.</summary>
    Other,
}

/// <summary>The causes as words for programs.</summary>
public static class RefusalCauses
{
    /// <summary>The word, for example <c>missing-capability</c>; <c>none</c> if there is no cause.</summary>
    public static string Word(this RefusalCause cause) => cause switch
    {
        RefusalCause.None => "none",
        RefusalCause.MissingCapability => "missing-capability",
        RefusalCause.UserNamespace => "user-namespace",
        RefusalCause.Seccomp => "seccomp",
        RefusalCause.Lockdown => "lockdown",
        RefusalCause.LockedMemory => "locked-memory",
        RefusalCause.KernelPolicy => "kernel-policy",
        RefusalCause.MissingConfig => "missing-config",
        RefusalCause.MissingBtf => "missing-btf",
        RefusalCause.TooOld => "too-old",
        RefusalCause.ResourceLimit => "resource-limit",
        RefusalCause.HiddenTracefs => "hidden-tracefs",
        _ => "other",
    };
}
