using Fathom.Format.Linux;

namespace Fathom.Runtime;

/// <summary>The process lacks capabilities.</summary>
/// <param name="operation">What was tried.</param>
/// <param name="objectName">On what.</param>
/// <param name="errorNumber">The errno.</param>
/// <param name="missing">The capabilities that it lacks.</param>
/// <param name="isRoot">Whether it runs as root all the same, as in a container.</param>
public sealed class MissingCapabilityException(string operation, string objectName, int errorNumber, CapabilitySet missing, bool isRoot = false)
    : BpfException(operation, objectName, errorNumber, isRoot
        ? $"this needs {missing}, which root does not have here: run it outside of the container or service that took them away."
        : $"this needs {missing}: run it as root, or give the program these capabilities.")
{
    /// <summary>The capabilities that the process lacks.</summary>
    public CapabilitySet Missing { get; } = missing;

    /// <inheritdoc/>
    public override RefusalCause Cause => RefusalCause.MissingCapability;
}

/// <summary>Lockdown forbids it.</summary>
/// <param name="operation">What was tried.</param>
/// <param name="objectName">On what.</param>
/// <param name="errorNumber">The errno.</param>
/// <param name="mode">The mode of lockdown that the kernel is in.</param>
public sealed class LockdownException(string operation, string objectName, int errorNumber, string mode)
    : BpfException(operation, objectName, errorNumber, $"kernel lockdown ({mode}) forbids it: boot the machine without it.")
{
    /// <summary>The mode of lockdown, for example <c>confidentiality</c>.</summary>
    public string Mode { get; } = mode;

    /// <inheritdoc/>
    public override RefusalCause Cause => RefusalCause.Lockdown;
}

/// <summary>The kernel refuses although the process has every capability: a policy of this kernel or of the machine.</summary>
public sealed class KernelPolicyException : BpfException
{
    internal KernelPolicyException(string operation, string objectName, int errorNumber, string advice, RefusalCause cause)
        : base(operation, objectName, errorNumber, advice) => Cause = cause;

    /// <summary>
    /// <see cref="RefusalCause.UserNamespace"/>, <see cref="RefusalCause.Seccomp"/>, <see cref="RefusalCause.LockedMemory"/>, or
    /// <see cref="RefusalCause.KernelPolicy"/> where none of them is seen.
    /// </summary>
    public override RefusalCause Cause { get; }
}

/// <summary>The kernel does not describe its types (<c>/sys/kernel/btf/vmlinux</c>).</summary>
/// <param name="errorNumber">The errno of opening or reading it.</param>
/// <param name="problem">What is wrong with it.</param>
public sealed class KernelBtfException(int errorNumber, string problem)
    : BpfException("read kernel types", "/sys/kernel/btf/vmlinux", errorNumber, problem)
{
    /// <inheritdoc/>
    public override RefusalCause Cause => RefusalCause.MissingBtf;
}

/// <summary>The kernel has no such feature.</summary>
/// <param name="operation">What was tried.</param>
/// <param name="objectName">On what.</param>
/// <param name="errorNumber">The errno.</param>
/// <param name="feature">The feature, with the version that it came in.</param>
public sealed class FeatureNotSupportedException(string operation, string objectName, int errorNumber, string feature)
    : BpfException(operation, objectName, errorNumber, $"this kernel has no {feature}: use a newer kernel, or one that is built with it.")
{
    /// <summary>The feature, with the version that it came in.</summary>
    public string Feature { get; } = feature;

    /// <inheritdoc/>
    public override RefusalCause Cause => RefusalCause.TooOld;
}

/// <summary>tracefs cannot be read, or is not mounted.</summary>
public sealed class TracefsException : BpfException
{
    internal TracefsException(string operation, string objectName, int errorNumber, string advice)
        : base(operation, objectName, errorNumber, advice)
    {
    }

    /// <inheritdoc/>
    public override RefusalCause Cause => RefusalCause.HiddenTracefs;
}

/// <summary>A map could not be created.</summary>
public sealed class MapCreationException : BpfException
{
    internal MapCreationException(string name, int errorNumber, string advice)
        : base("create map", name, errorNumber, advice)
    {
    }

    /// <inheritdoc/>
    public override RefusalCause Cause => ErrorNumber switch
    {
        Errno.ENOSYS => RefusalCause.MissingConfig,
        Errno.EINVAL => RefusalCause.TooOld,
        _ => RefusalCause.Other,
    };
}

/// <summary>A program could not be attached.</summary>
public sealed class AttachException : BpfException
{
    internal AttachException(string objectName, int errorNumber, string advice, RefusalCause cause = RefusalCause.Other)
        : base("attach", objectName, errorNumber, advice)
    {
        Cause = cause;
    }

    /// <inheritdoc/>
    public override RefusalCause Cause { get; }
}

/// <summary>An operation on a map failed.</summary>
public sealed class MapException : BpfException
{
    internal MapException(string operation, string objectName, int errorNumber, string advice)
        : base(operation, objectName, errorNumber, advice)
    {
    }
}

/// <summary>An object holds what is not supported here, and would run with something else in its place.</summary>
public sealed class ObjectNotSupportedException : BpfException
{
    internal ObjectNotSupportedException(string program, string part, string problem)
        : base("load program", program, 0, $"it needs {part}: {problem}.") => Part = part;

    /// <summary>The symbol or section that it is about.</summary>
    public string Part { get; }
}
