using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Finds out why the kernel gave EPERM, which it never says itself.</summary>
internal static class Refusal
{
    /// <summary>The exception for an operation that the kernel forbids.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="operation">What was tried.</param>
    /// <param name="name">On what.</param>
    /// <param name="error">EPERM or EACCES.</param>
    /// <param name="needed">The capabilities that it takes.</param>
    /// <param name="what">What the kernel refuses, in the plural, for the case that it has no reason that we know.</param>
    public static BpfException Explain(Kernel kernel, string operation, string name, int error, CapabilitySet needed, string what)
    {
        CapabilitySet missing = kernel.Capabilities.MissingOf(needed);
        if (!missing.IsEmpty)
        {
            return new MissingCapabilityException(operation, name, error, missing);
        }

        string lockdown = kernel.Lockdown;
        if (lockdown == "confidentiality")
        {
            return new LockdownException(operation, name, error, lockdown);
        }

        ulong limit = kernel.Calls.GetLockedMemoryLimit();
        if (limit != ResourceLimit.Infinity && !kernel.Capabilities.Contains(CapabilitySet.SysResource))
        {
            // With the capability the limit was out of the way when the kernel refused.
            return new KernelPolicyException(operation, name, error,
                $"the kernel refuses {what} although the process has {needed}: before Linux 5.11 because this process may not lock more than "
                + $"{limit / 1024} KB of memory (raise it with `ulimit -l unlimited`, or give the program {CapabilitySet.SysResource}), otherwise by a "
                + "policy of this kernel, or because the process is in a container or user namespace; try it on the host.");
        }

        return new KernelPolicyException(operation, name, error,
            $"the kernel refuses {what} without a reason although the process has {needed}: a policy of this kernel, or the process is in a "
            + "container or user namespace; try it on the host.");
    }

    /// <summary>True for the two numbers that mean "forbidden".</summary>
    public static bool IsForbidden(int error) => error is Errno.EPERM or Errno.EACCES;
}
