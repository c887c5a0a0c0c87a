using System;
using System.Collections.Generic;
using Fathom.Format.Btf;

namespace Fathom.Runtime;

/// <summary>A tracepoint by its names.</summary>
/// <param name="Category">Its category, as in <c>sched</c>; empty where that is not known.</param>
/// <param name="Name">Its name, as in <c>sched_switch</c>.</param>
public readonly record struct TracepointName(string Category, string Name);

/// <summary>The tracepoints that a kernel has.</summary>
public static class Tracepoints
{
    /// <summary>
    /// All of them: from tracefs (<c>available_events</c>), and where that is not to be had, from the kernel's types, which know no
    /// categories. The system calls have the category <c>syscalls</c> in both cases, but are no tracepoints of their own: the kernel makes
    /// them of <c>sys_enter</c> and <c>sys_exit</c>.
    /// </summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="haveCategories">Whether the categories are known.</param>
    /// <exception cref="KernelBtfException">There is no tracefs, and the kernel does not describe its types.</exception>
    public static IReadOnlyList<TracepointName> List(Kernel kernel, out bool haveCategories)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        string? text = kernel.Tracefs.Root is { } root ? kernel.Calls.ReadText(root + "/available_events", out _) : null;
        haveCategories = text is not null;
        return text is not null ? Parse(text) : FromTypes(kernel.Btf);
    }

    internal static List<TracepointName> Parse(string text)
    {
        var names = new List<TracepointName>();
        foreach (string line in text.Split('\n'))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                names.Add(new(line[..colon], line[(colon + 1)..]));
            }
        }

        return names;
    }

    private static List<TracepointName> FromTypes(BtfData types)
    {
        // https://github.com/torvalds/linux/blob/v6.18/include/trace/bpf_probe.h (btf_trace_NAME)
        const string Prefix = "btf_trace_";
        var names = new List<TracepointName>();
        for (int id = 1; id < types.TypeCount; id++)
        {
            BtfType type = types.GetType(id);
            if (type.Kind == BtfKind.Typedef && type.Name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                names.Add(new("", type.Name[Prefix.Length..]));
            }
        }

        foreach (string call in SystemCalls.Names)
        {
            names.Add(new("syscalls", "sys_enter_" + call));
            names.Add(new("syscalls", "sys_exit_" + call));
        }

        return names;
    }
}
