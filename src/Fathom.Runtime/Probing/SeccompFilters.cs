using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Fathom.Format.Linux;

namespace Fathom.Runtime;

/// <summary>
/// Processes whose system calls are filtered (<c>Seccomp</c> in <c>/proc/PID/status</c>). A return probe ends them on kernels where it returns by
/// a system call that the filter is asked about: <see cref="KernelFeatures.FilteredReturns"/>, which is tried where there is such a process.
/// </summary>
/// <remarks>
/// On x86-64 alone: arm64 keeps the breakpoint that every architecture begins with.
/// https://github.com/torvalds/linux/blob/v6.18/kernel/events/uprobes.c (arch_uretprobe_trampoline, which only arch/x86 replaces)
/// </remarks>
internal static class SeccompFilters
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/nsfs.h (PID_NS_INIT_INO)
    private const string FirstNamespace = "pid:[4026531836]";
    private const string Deleted = " (deleted)";

    /// <summary>Why a file gets no return probe; null if it may.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="path">The file, of 64-bit x86 code.</param>
    /// <param name="process">The only process; 0 for all that have mapped it.</param>
    /// <exception cref="UserFileException">The file cannot be mapped, by which those that have mapped it are known.</exception>
    public static ProbeRefusal? RefusalIn(Kernel kernel, string path, int process)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return null;
        }

        if (process != 0)
        {
            return MayHaveOne(kernel, process) && kernel.Probe(KernelFeatures.FilteredReturns) is { Support: not FeatureSupport.Yes } one
                ? ProbeRefusal.Filtered(process, one)
                : null;
        }

        IEnumerable<int> filtered = Directory.EnumerateDirectories("/proc")
            .Select(static folder =>
                int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0)
            .Where(number => number != 0 && MayHaveOne(kernel, number));
        bool seesAll = SeesAll(kernel);
        if ((seesAll && !filtered.Any()) || kernel.Probe(KernelFeatures.FilteredReturns) is not { Support: not FeatureSupport.Yes } answer)
        {
            return null;
        }

        using UserFileMapping mapping = UserFileMapping.Open(kernel, path);
        int met = filtered.FirstOrDefault(number => HasMapped(kernel, number, path, mapping));
        return met != 0 || !seesAll ? ProbeRefusal.Filtered(met, answer) : null;
    }

    // A filter belongs to a thread.
    private static bool MayHaveOne(Kernel kernel, int process)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}");
        if (IsFiltered(kernel, folder))
        {
            return true;
        }

        try
        {
            foreach (string thread in Directory.EnumerateDirectories(folder + "/task"))
            {
                if (!Path.GetFileName(thread.AsSpan()).SequenceEqual(folder.AsSpan("/proc/".Length)) && IsFiltered(kernel, thread))
                {
                    return true;
                }
            }
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException e) when (!ResourceLimitException.IsLimit(e))
        {
            // It has ended.
        }

        return false;
    }

    private static bool IsFiltered(Kernel kernel, string folder)
    {
        if (kernel.Calls.ReadText(folder + "/status", out int error) is not { } status)
        {
            return error is not (Errno.ENOENT or Errno.ESRCH);
        }

        // A kernel without seccomp has no such line.
        const string Field = "\nSeccomp:\t";
        int at = status.IndexOf(Field, StringComparison.Ordinal);
        return at >= 0 && !status.AsSpan(at + Field.Length).StartsWith("0");
    }

    // By device and inode, or else by name: in each overlay file system, as containers have them, one file has other numbers.
    private static bool HasMapped(Kernel kernel, int process, string path, UserFileMapping mapping)
    {
        string file = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/maps");
        byte[]? maps = kernel.Calls.ReadBytes(file, 64 << 10, out int length, out int error);
        if (maps is null)
        {
            return error is not (Errno.ENOENT or Errno.ESRCH);
        }

        string known = kernel.Calls.ReadLink(path) ?? path;
        string name = Path.GetFileName(known.EndsWith(Deleted, StringComparison.Ordinal) ? known[..^Deleted.Length] : known);
        return mapping.Identity.Length == 0 || mapping.IsIn(Encoding.UTF8.GetString(maps, 0, length))
            || ProcessFiles.Parse(process, maps.AsSpan(0, length)).Exists(mapped => Path.GetFileName(mapped.Path) == name);
    }

    // Neither from a PID namespace of its own nor where /proc hides what belongs to others (hidepid).
    private static bool SeesAll(Kernel kernel) =>
        kernel.Calls.ReadLink("/proc/self/ns/pid") == FirstNamespace && kernel.Calls.ReadText("/proc/1/status", out _) is not null;
}
