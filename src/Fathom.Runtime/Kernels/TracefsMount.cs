using System;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Whether tracefs can be used.</summary>
public enum TracefsState
{
    /// <summary>It is mounted, and this process may look into it.</summary>
    Readable,
    /// <summary>It is mounted, and this process may not look into it.</summary>
    Unreadable,
    /// <summary>It is mounted nowhere in this mount namespace.</summary>
    NotMounted,
    /// <summary>It is mounted, but something else is mounted over it, or in its place, as container runtimes do.</summary>
    Covered,
    /// <summary>There is no place for it: the kernel has none, or <c>/sys</c> is not mounted.</summary>
    Absent,
}

/// <summary>Where tracefs is, and whether it can be used.</summary>
/// <param name="State">Whether it can be used.</param>
/// <param name="Root">Its directory: where it is, or where it should be.</param>
/// <param name="Details">What to do, or what is there instead.</param>
internal readonly record struct TracefsMount(TracefsState State, string Root, string Details)
{
    private const string Usual = "/sys/kernel/tracing";
    private const string Older = "/sys/kernel/debug/tracing";

    /// <summary>The state in words.</summary>
    public string Word => State switch
    {
        TracefsState.Readable => "readable",
        TracefsState.Unreadable => "not readable",
        TracefsState.NotMounted => "not mounted",
        TracefsState.Covered => "hidden",
        _ => "absent",
    };

    /// <summary>All of it in a sentence.</summary>
    public string Sentence => $"tracefs is {Word}: {Details}";

    /// <summary>Looks for it.</summary>
    public static TracefsMount Find(Kernel kernel)
    {
        TracefsMount usual = Look(kernel, Usual);
        if (usual.State == TracefsState.Readable)
        {
            return usual;
        }

        TracefsMount older = Look(kernel, Older);
        return older.State == TracefsState.Readable ? older : usual;
    }

    private static TracefsMount Look(Kernel kernel, string root)
    {
        // A folder opens as a file does, and its permissions are those of tracefs.
        using KernelDescriptor? events = kernel.Calls.Open(root + "/events", out int error);
        if (events is not null)
        {
            return new(TracefsState.Readable, root, root);
        }

        string type = TypeMountedAt(kernel, root, out bool isBelow);
        if (Refusal.IsForbidden(error))
        {
            return new(TracefsState.Unreadable, root, $"{root} may be read by root, or with {CapabilitySet.ReadSearch}");
        }

        if (type is not ("" or "tracefs") || isBelow)
        {
            return new(TracefsState.Covered, root, $"{(isBelow ? "something" : type)} is mounted over {root}, as a container does to hide it: run it on the host");
        }

        using KernelDescriptor? folder = kernel.Calls.Open(root, out _);
        return folder is null
            ? new(TracefsState.Absent, root, $"there is no {root}, because sysfs is not mounted or the kernel is built without CONFIG_TRACING=y")
            : new(TracefsState.NotMounted, root, $"mount -t tracefs tracefs {root}, or where a container may not do that, run it on the host");
    }

    // The last line of a place is what is seen there. ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS [FIELDS...] - TYPE SOURCE ...:
    // https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
    private static string TypeMountedAt(Kernel kernel, string place, out bool isBelow)
    {
        string type = "";
        isBelow = false;
        foreach (string line in (kernel.Calls.ReadText("/proc/self/mountinfo", out _) ?? "").Split('\n'))
        {
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-");
            if (dash < 5 || dash + 1 >= fields.Length)
            {
                continue;
            }

            if (fields[4] == place)
            {
                type = fields[dash + 1];
                isBelow = false;
            }
            else if (type.Length > 0 && fields[4] is "/sys" or "/sys/kernel" or "/sys/kernel/debug")
            {
                // A mount on a folder above hides the place itself.
                isBelow = place.StartsWith(fields[4] + "/", StringComparison.Ordinal);
            }
        }

        return type;
    }
}
