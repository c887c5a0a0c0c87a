using System;

namespace Fathom.Runtime;

/// <summary>What procfs says of this process.</summary>
internal static class ProcessStatus
{
    /// <summary>A field of a line such as <c>Uid: 1000 0 0 0</c> (real, effective, saved, of the file system) of <c>/proc/self/status</c>; empty if it is not there.</summary>
    public static string Field(Kernel kernel, string name, int field)
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

    /// <summary>Whether this is root, whatever capabilities it has.</summary>
    public static bool IsRoot(Kernel kernel) => Field(kernel, "Uid", 1) == "0";

    /// <summary>The mode of seccomp: 0 for none, 1 strict, 2 a filter; empty if the kernel does not say.</summary>
    public static string Seccomp(Kernel kernel) => Field(kernel, "Seccomp", 0);

    /// <summary>
    /// Whether the process is in a user namespace other than the first; null if that is not known. Root of one has all capabilities, but not for
    /// what belongs to the whole machine: https://github.com/torvalds/linux/blob/v6.18/kernel/capability.c (capable: it asks the first namespace)
    /// </summary>
    public static bool? IsInUserNamespace(Kernel kernel) =>
        kernel.Calls.ReadText("/proc/self/uid_map", out _) is { } map ? !IsWholeMap(map) : null;

    // https://man7.org/linux/man-pages/man7/user_namespaces.7.html: the first namespace maps all numbers to themselves.
    private static bool IsWholeMap(string map) =>
        map.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is ["0", "0", "4294967295"];
}
