using System;
using System.IO;

namespace Fathom.Runtime;

/// <summary>
/// Processes with a second stack of return addresses, kept by the processor (Linux 6.6, x86-64; <c>shstk</c> in <c>/proc/PID/status</c>). A call that the
/// kernel emulates or steps elsewhere, and a return probe, are right on both stacks only in kernels that were repaired:
/// https://github.com/torvalds/linux/blob/v6.18/arch/x86/kernel/uprobes.c (emulate_push_stack)
/// </summary>
internal static class ShadowStacks
{
    /// <summary>Whether a process, or with 0 any of the machine, has one.</summary>
    public static bool MayBeIn(Kernel kernel, int process)
    {
        if (process != 0)
        {
            return HasOne(kernel, $"/proc/{process}/status");
        }

        if (!kernel.MayHaveShadowStacks)
        {
            return false;
        }

        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (char.IsAsciiDigit(folder[^1]) && HasOne(kernel, folder + "/status"))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasOne(Kernel kernel, string path)
    {
        string status = kernel.Calls.ReadText(path, out _) ?? "";
        int at = status.IndexOf("x86_Thread_features:", StringComparison.Ordinal);
        return at >= 0 && status.AsSpan(at).IndexOf('\n') is var end && status.AsSpan(at, end < 0 ? status.Length - at : end).Contains("shstk", StringComparison.Ordinal);
    }
}
