using System;
using System.Runtime.InteropServices;
using System.Text;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.Shared.Names;

/// <summary>The user side of <see cref="ProcessNames"/>.</summary>
internal static class ProcessNameReader
{
    /// <summary>The name of a process: what it has now, or had at its end; null if neither is known.</summary>
    /// <param name="probe">The object.</param>
    /// <param name="process">Its number in the kernel.</param>
    public static string? NameOf(ProcessNames.ILoaded probe, uint process)
    {
        if (Processes.NameOf(process) is { } name)
        {
            return name;
        }

        if (!probe.EndedNames.TryGet(process, out CommandWords words))
        {
            return null;
        }

        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<CommandWords>(in words));
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
