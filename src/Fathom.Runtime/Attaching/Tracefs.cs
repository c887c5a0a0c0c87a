using System.Globalization;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>The tracing file system, as far as perf tracepoints need it.</summary>
internal static class Tracefs
{
    private const string Root = "/sys/kernel/tracing";
    private const string OldRoot = "/sys/kernel/debug/tracing";

    /// <summary>The number of a tracepoint.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="tracepoint"><c>category/name</c>.</param>
    /// <exception cref="TracefsException">tracefs is not mounted or not readable, or has no such tracepoint.</exception>
    public static ulong ReadId(Kernel kernel, string tracepoint)
    {
        string path = $"{Root}/events/{tracepoint}/id";
        string? text = kernel.Calls.ReadText(path, out int error);
        if (text is null && error == Errno.ENOENT)
        {
            text = kernel.Calls.ReadText($"{OldRoot}/events/{tracepoint}/id", out int oldError);
            error = oldError == Errno.ENOENT ? error : oldError;
        }

        if (text is not null && ulong.TryParse(text.Trim(), NumberStyles.None, null, out ulong id))
        {
            return id;
        }

        throw new TracefsException("look up tracepoint", tracepoint, text is null ? error : 0, error switch
        {
            Errno.EACCES or Errno.EPERM => $"{Root} is not readable; run it as root or with CAP_DAC_READ_SEARCH, or use tp_btf/ or raw_tp/ which need no tracefs.",
            Errno.ENOENT when IsMounted(kernel) => "this kernel has no such tracepoint; the names are those below /sys/kernel/tracing/events.",
            Errno.ENOENT => $"tracefs is not mounted; mount -t tracefs tracefs {Root}, or use tp_btf/ or raw_tp/ which need no tracefs.",
            _ => $"{path} does not hold a number.",
        });
    }

    private static bool IsMounted(Kernel kernel) =>
        kernel.Calls.ReadText(Root + "/events/header_page", out _) is not null
        || kernel.Calls.ReadText(OldRoot + "/events/header_page", out _) is not null;
}
