using System;
using System.Collections.Generic;
using Fathom.Format.Btf;

namespace Fathom.Runtime;

/// <summary>Questions to the types of a kernel that tools ask before they load a program.</summary>
public static class KernelTypes
{
    /// <summary>How many arguments tracepoints have, -1 for those that the kernel does not have. One pass over its types.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="tracepoints">Names such as <c>block_rq_issue</c>.</param>
    /// <exception cref="KernelBtfException">The kernel does not describe its types.</exception>
    public static IReadOnlyDictionary<string, int> CountTracepointArguments(this Kernel kernel, params ReadOnlySpan<string> tracepoints)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        BtfData types = kernel.Btf;
        var names = new BtfTypeName[tracepoints.Length];
        for (int i = 0; i < names.Length; i++)
        {
            // typedef void (*btf_trace_NAME)(void *, ARGUMENTS):
            // https://github.com/torvalds/linux/blob/v6.18/include/trace/bpf_probe.h
            names[i] = new(BtfKind.Typedef, "btf_trace_" + tracepoints[i]);
        }

        int[] ids = new int[names.Length];
        types.FindAll(names, ids);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < ids.Length; i++)
        {
            counts[tracepoints[i]] = ids[i] == 0 ? -1 : types.GetType(types.GetType(types.GetType(ids[i]).TargetId).TargetId).Count - 1;
        }

        return counts;
    }

    /// <summary>The names and values of an enumeration; empty if the kernel does not have it.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="name">The enumeration's name, without <c>enum</c>.</param>
    /// <exception cref="KernelBtfException">The kernel does not describe its types.</exception>
    public static IReadOnlyList<(string Name, ulong Value)> GetEnumerators(this Kernel kernel, string name)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        BtfData types = kernel.Btf;
        int[] ids = new int[2];
        types.FindAll([new(BtfKind.Enum, name), new(BtfKind.Enum64, name)], ids);
        var all = new List<(string, ulong)>();
        foreach (int id in ids)
        {
            BtfType type = types.GetType(id);
            for (int i = 0; id != 0 && i < type.Count; i++)
            {
                BtfEnumerator enumerator = type.GetEnumerator(i);
                all.Add((enumerator.Name, (ulong)enumerator.Value));
            }
        }

        return all;
    }
}
