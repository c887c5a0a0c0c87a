using System;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Format.Linux;
using Fathom.Runtime;
using Fathom.Runtime.Interop;
using Fathom.Tools.Options;

namespace Fathom.Tools.Hosting;

/// <summary>The processes of this machine, from procfs.</summary>
internal static class Processes
{
    // https://github.com/torvalds/linux/blob/v6.18/include/linux/proc_ns.h (PROC_PID_INIT_INO)
    private const string FirstNamespace = "pid:[4026531836]";

    /// <summary>Whether processes have the same numbers for this process as in the kernel.</summary>
    /// <param name="procfs">Where procfs is mounted. Where it is not, nothing is known, and they are taken to.</param>
    public static bool ShareNumbers(string procfs = "/proc")
    {
        try
        {
            string? space = new FileInfo(Path.Combine(procfs, "self/ns/pid")).LinkTarget;
            return space is null or FirstNamespace;
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return true;
        }
    }

    /// <summary>
    /// Complains where this process lives in a namespace of process numbers of its own: the kernel side compares the machine's numbers, and
    /// would match nothing, or somebody else.
    /// </summary>
    /// <param name="procfs">Where procfs is mounted. Where it is not, nothing is known and nothing said.</param>
    /// <exception cref="CannotRunException">The numbers are not the machine's.</exception>
    public static void MustShareNumbers(string procfs = "/proc")
    {
        if (!ShareNumbers(procfs))
        {
            throw new CannotRunException(
                "processes have other numbers in this container than in the kernel, so -p and -- COMMAND cannot find them: run it outside, or choose by --comm or --cgroup");
        }
    }

    /// <summary>Complains about a number that no process has: a tool that traces nothing looks like a machine that does nothing.</summary>
    /// <param name="pid">The number.</param>
    /// <param name="procfs">Where procfs is mounted. Where it is not, nothing is known and nothing said.</param>
    /// <exception cref="CannotRunException">There is no such process, or the number is that of a thread.</exception>
    public static void MustExist(int pid, string procfs = "/proc")
    {
        if (!File.Exists(Path.Combine(procfs, "self/status")))
        {
            return;
        }

        try
        {
            if (ReadProcessOf(pid, procfs) is { } process && process != pid)
            {
                throw new CannotRunException($"{pid} is a thread of process {process}: give the number of the process");
            }
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            throw Missing(pid, e);
        }
    }

    /// <summary>A descriptor of a process, which says when it ends.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="note">Where to say that its end will not be seen.</param>
    /// <returns>The descriptor; null if the process may not be opened, as behind some seccomp filters.</returns>
    /// <exception cref="CannotRunException">There is no such process, or the number is that of a thread.</exception>
    public static KernelDescriptor? Open(int pid, Action<string> note)
    {
        MustExist(pid);
        KernelDescriptor? process = Runtime.Kernel.Running.Calls.OpenProcess(pid, out int error);
        if (error == Errno.ESRCH)
        {
            throw Missing(pid, null);
        }

        if (process is null)
        {
            note($"tracing will go on when process {pid} has ended, because its end cannot be seen (pidfd_open gives {Errno.NameOf(error)})");
        }

        return process;
    }

    // A thread is not listed, but its folder is there.
    private static int? ReadProcessOf(int thread, string procfs)
    {
        string path = Path.Combine(procfs, thread.ToString(CultureInfo.InvariantCulture), "status");
        string? line = File.ReadLines(path).FirstOrDefault(static line => line.StartsWith("Tgid:", StringComparison.Ordinal));
        return int.TryParse(line?[5..], CultureInfo.InvariantCulture, out int process) ? process : null;
    }

    private static int? ProcessOf(int thread, string procfs)
    {
        try
        {
            return ReadProcessOf(thread, procfs);
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return null;
        }
    }

    /// <summary>The number of a process, which must exist.</summary>
    /// <param name="process">The number; 0 for all.</param>
    /// <exception cref="CannotRunException">There is no such process.</exception>
    public static int Find(int process)
    {
        if (process != 0)
        {
            MustShareNumbers();
            MustExist(process);
        }

        return process;
    }

    /// <summary>The number of a thread, which must exist.</summary>
    /// <param name="thread">The number; 0 for all.</param>
    /// <param name="request">What else was asked for.</param>
    /// <param name="procfs">Where procfs is mounted. Where it is not, every number is taken.</param>
    /// <exception cref="UsageException">There is a command, too.</exception>
    /// <exception cref="CannotRunException">There is no such thread, or it is not one of the process that was asked for.</exception>
    public static int FindThread(int thread, ToolRequest request, string procfs = "/proc")
    {
        if (thread == 0)
        {
            return thread;
        }

        if (request.ProcessTree != 0)
        {
            throw new UsageException($"thread {thread} was there before the command, so nothing would match both: omit one of them");
        }

        MustShareNumbers(procfs);
        if (request.Pid != 0 && ProcessOf(thread, procfs) is { } process && process != request.Pid)
        {
            throw new CannotRunException($"thread {thread} belongs to process {process} and not to process {request.Pid}, so nothing would match both");
        }

        // A thread has a folder of its own, which is only not listed.
        return !File.Exists(Path.Combine(procfs, "self/status")) || Directory.Exists(Path.Combine(procfs, thread.ToString(CultureInfo.InvariantCulture)))
            ? thread
            : throw new CannotRunException($"there is no thread {thread}: give the number of one that runs, such as ps -L shows it");
    }

    /// <summary>The name of a thread, or of a process, which is that of its first thread; null if there is none with this number any more.</summary>
    /// <param name="number">The number in the kernel.</param>
    /// <param name="procfs">Where procfs is mounted.</param>
    public static string? NameOf(uint number, string procfs = "/proc")
    {
        try
        {
            return ShareNumbers(procfs) ? File.ReadAllText(Path.Combine(procfs, number.ToString(CultureInfo.InvariantCulture), "comm")).TrimEnd('\n') : null;
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return null;
        }
    }

    private static CannotRunException Missing(int pid, Exception? exception) =>
        new($"there is no process {pid}: give the number of one that runs, such as ps shows it", exception!);
}
