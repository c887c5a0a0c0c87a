using System;
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
            return new MissingCapabilityException(operation, name, error, missing, StatusOf(kernel, "Uid", 1) == "0");
        }

        // Root of a user namespace has all capabilities, but not for what belongs to the whole machine.
        // https://github.com/torvalds/linux/blob/v6.18/kernel/capability.c (capable: it asks the first namespace)
        if (kernel.Calls.ReadText("/proc/self/uid_map", out _) is { } map && !IsWholeMap(map))
        {
            return new KernelPolicyException(operation, name, error,
                "the capabilities of a user namespace do not count for this: run it as root outside of the container or namespace.");
        }

        string lockdown = kernel.Lockdown;
        if (lockdown == "confidentiality")
        {
            return new LockdownException(operation, name, error, lockdown);
        }

        if (StatusOf(kernel, "Seccomp", 0) is "1" or "2")
        {
            return new KernelPolicyException(operation, name, error,
                $"the process has {needed}, but a seccomp filter watches it, which may forbid bpf(2): run it outside of the container or service that set the filter.");
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
            $"the kernel refuses {what} without a reason although the process has {needed}: a security policy of this machine forbids it; "
            + "see the kernel's log (dmesg, audit).");
    }

    /// <summary>True for the two numbers that mean "forbidden".</summary>
    public static bool IsForbidden(int error) => error is Errno.EPERM or Errno.EACCES;

    // https://man7.org/linux/man-pages/man7/user_namespaces.7.html: the first namespace maps all numbers to themselves.
    private static bool IsWholeMap(string map) =>
        map.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is ["0", "0", "4294967295"];

    // A line such as "Uid:	1000	0	0	0": real, effective, saved, of the file system.
    private static string StatusOf(Kernel kernel, string name, int field)
    {
        foreach (string line in (kernel.Calls.ReadText("/proc/self/status", out _) ?? "").Split('\n'))
        {
            if (line.StartsWith(name + ":", StringComparison.Ordinal))
            {
                string[] fields = line[(name.Length + 1)..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
                return field < fields.Length ? fields[field] : "";
            }
        }

        return "";
    }
}
