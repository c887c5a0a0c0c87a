using System;
using System.Globalization;
using System.IO;
using System.Threading;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// Probes made by a line in a file of tracefs, for kernels without the perf PMUs and where those are forbidden. They do not end with a descriptor:
/// the link removes them, and, where a process was killed, the next one that makes some.
/// </summary>
internal static class TracefsProbes
{
    private const string Mark = ":fathom/p";

    private static int s_made;

    /// <summary>Makes a probe and attaches to it.</summary>
    /// <param name="program">The program.</param>
    /// <param name="file"><c>kprobe_events</c> or <c>uprobe_events</c>.</param>
    /// <param name="place">Where, as the file takes it.</param>
    /// <param name="cookie">The cookie.</param>
    /// <param name="where">Where, for messages.</param>
    /// <param name="error">The errno; null if the kernel has no such file.</param>
    /// <returns>The link, or null.</returns>
    public static BpfLink? TryAttach(BpfProgram program, string file, string place, ulong cookie, string where, out int? error)
    {
        Kernel kernel = program.Kernel;
        string path = $"{kernel.Tracefs.Root}/{file}";
        error = null;
        if (kernel.Tracefs.Root is null || !Exists(kernel, path))
        {
            return null;
        }

        if (kernel.Tracefs.IsFirstUse(file))
        {
            RemoveAbandoned(kernel, path);
        }

        // The process's number is in the name, so that who comes later can tell what a process left that was killed.
        string name = string.Create(CultureInfo.InvariantCulture, $"fathom/p{Environment.ProcessId}_{Interlocked.Increment(ref s_made)}");
        int refused = kernel.Calls.Append(path, $"{(program.Section.IsReturn ? 'r' : 'p')}:{name} {place}");
        error = refused;
        if (refused != 0)
        {
            return null;
        }

        void Remove()
        {
            try
            {
                kernel.Calls.Append(path, "-:" + name);
            }
            catch (ResourceLimitException)
            {
                // It stays until the next one that makes such a probe finds this process gone.
            }
        }

        KernelDescriptor? perfEvent;
        try
        {
            perfEvent = PerfEvents.OpenTracepoint(kernel, kernel.Tracefs.ReadId(name), out refused);
        }
        catch
        {
            Remove();
            throw;
        }

        if (perfEvent is null)
        {
            Remove();
            error = refused;
            return null;
        }

        return PerfEvents.Attach(program, perfEvent, cookie, where, Remove).As("tracefs " + (file[0] == 'k' ? "kprobe" : "uprobe"));
    }

    private static bool Exists(Kernel kernel, string path)
    {
        using KernelDescriptor? opened = kernel.Calls.Open(path, out int error);
        return error != Errno.ENOENT;
    }

    // What processes that were killed have left: probes named after them, which nothing else removes. One that is in use cannot be removed. Those
    // with this process's own number are of one before it, as it has made none yet; a line with their name would be added to them.
    private static void RemoveAbandoned(Kernel kernel, string path)
    {
        foreach (string line in (kernel.Calls.ReadText(path, out _) ?? "").Split('\n'))
        {
            int start = line.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
            int end = start < Mark.Length ? -1 : line.IndexOf('_', start);
            int space = end < 0 ? -1 : line.IndexOf(' ', end);
            if (space > 0 && int.TryParse(line.AsSpan(start, end - start), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                && (process == Environment.ProcessId || !Directory.Exists($"/proc/{process.ToString(CultureInfo.InvariantCulture)}")))
            {
                kernel.Calls.Append(path, "-" + line[(start - Mark.Length)..space]);
            }
        }
    }
}
