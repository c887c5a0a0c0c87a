using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Finds out why the kernel gave EPERM, which it never says itself.</summary>
internal static class Refusal
{
    /// <summary>What stands in the way of a process that was refused something.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="needed">The capabilities that it takes.</param>
    /// <param name="missing">Those of them that the process lacks.</param>
    public static RefusalCause Diagnose(Kernel kernel, CapabilitySet needed, out CapabilitySet missing)
    {
        missing = kernel.Capabilities.MissingOf(needed);
        if (!missing.IsEmpty)
        {
            return RefusalCause.MissingCapability;
        }

        if (ProcessStatus.IsInUserNamespace(kernel) == true)
        {
            return RefusalCause.UserNamespace;
        }

        if (kernel.Lockdown == "confidentiality")
        {
            return RefusalCause.Lockdown;
        }

        if (ProcessStatus.Seccomp(kernel) is "1" or "2")
        {
            return RefusalCause.Seccomp;
        }

        // With the capability the limit was out of the way when the kernel refused.
        return kernel.Calls.GetLockedMemoryLimit() != ResourceLimit.Infinity
            && !kernel.Capabilities.Contains(CapabilitySet.SysResource)
            && kernel.CountsLockedMemory
            ? RefusalCause.LockedMemory
            : RefusalCause.KernelPolicy;
    }

    /// <summary>The exception for an operation that the kernel forbids.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="operation">What was tried.</param>
    /// <param name="name">On what.</param>
    /// <param name="error">EPERM or EACCES.</param>
    /// <param name="needed">The capabilities that it takes.</param>
    /// <param name="what">What the kernel refuses, in the plural, for the case that it has no reason that we know.</param>
    public static BpfException Explain(Kernel kernel, string operation, string name, int error, CapabilitySet needed, string what)
    {
        RefusalCause cause = Diagnose(kernel, needed, out CapabilitySet missing);
        return cause switch
        {
            RefusalCause.MissingCapability =>
                new MissingCapabilityException(operation, name, error, missing, ProcessStatus.IsRoot(kernel)),
            RefusalCause.Lockdown => new LockdownException(operation, name, error, kernel.Lockdown),
            _ => new KernelPolicyException(operation, name, error, Advice(kernel, cause, needed, what), cause),
        };
    }

    /// <summary>What to do where something may not be read or used. To be root is no advice to who is.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="needed">The capabilities with which it may be.</param>
    /// <returns>Words that a sentence can go on with, without a full stop.</returns>
    public static string Remedy(Kernel kernel, CapabilitySet needed)
    {
        if (!ProcessStatus.IsRoot(kernel))
        {
            return $"run this as root, or give the program {needed}";
        }

        CapabilitySet missing = kernel.Capabilities.MissingOf(needed);
        return !missing.IsEmpty ? $"root does not have {missing} here: run this outside of the container or service that took it away"
            : ProcessStatus.IsInUserNamespace(kernel) == true ? "the capabilities of a user namespace do not count for this: run this as root outside of the container or namespace"
            : "it is refused to root too, by a security policy of this machine (see dmesg, audit), or by the container";
    }

    /// <summary>True for the two numbers that mean "forbidden".</summary>
    public static bool IsForbidden(int error) => error is Errno.EPERM or Errno.EACCES;

    private static string Advice(Kernel kernel, RefusalCause cause, CapabilitySet needed, string what) => cause switch
    {
        RefusalCause.UserNamespace =>
            "the capabilities of a user namespace do not count for this: run it as root outside of the container or namespace.",
        RefusalCause.Seccomp =>
            $"the process has {needed}, but a seccomp filter watches it, which may forbid bpf(2): run it outside of the container or service that set the filter.",
        RefusalCause.LockedMemory =>
            $"the kernel refuses {what} although the process has {needed}: before Linux 5.11 because this process may not lock more than "
            + $"{kernel.Calls.GetLockedMemoryLimit() / 1024} KB of memory (raise it with `ulimit -l unlimited`, or give the program {CapabilitySet.SysResource}), otherwise by a "
            + "policy of this kernel, or because the process is in a container or user namespace; try it on the host.",
        _ => $"the kernel refuses {what} without a reason although the process has {needed}: a security policy of this machine forbids it; "
            + "see the kernel's log (dmesg, audit).",
    };
}
