using System;
using System.Globalization;
using System.IO;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// A limit of this process, or of the whole machine, leaves no room for another file, process or piece of memory. It says nothing about what was
/// asked for: whether it is there, or whether the kernel can do it, is not known.
/// </summary>
public sealed class ResourceLimitException : BpfException
{
    internal ResourceLimitException(string operation, string objectName, int errorNumber, ulong openFiles)
        : base(operation, objectName, errorNumber, AdviceFor(errorNumber, openFiles))
    {
    }

    /// <inheritdoc/>
    public override RefusalCause Cause => RefusalCause.ResourceLimit;

    /// <summary>
    /// Whether an exception of this library or of .NET's files says that a limit of the process was reached. What was asked for may be there all the
    /// same.
    /// </summary>
    /// <param name="exception">The exception.</param>
    public static bool IsLimit(Exception? exception) => exception switch
    {
        null => false,
        ResourceLimitException => true,

        // .NET puts the errno where Windows has its error code.
        IOException e when IsLimit(e.HResult) => true,
        _ => IsLimit(exception.InnerException),
    };

    /// <summary>What to say of an exception of .NET's files for which <see cref="IsLimit(Exception)"/> holds; one sentence.</summary>
    /// <param name="exception">The exception.</param>
    public static string Sentence(Exception exception)
    {
        Exception? e = exception;
        while (e is not null and not BpfException && !(e is IOException && IsLimit(e.HResult)))
        {
            e = e.InnerException;
        }

        return e is BpfException or null
            ? (e ?? exception).Message
            : new ResourceLimitException("open a file", "", e.HResult, Kernel.Running.Calls.GetLimit(ResourceLimit.OpenFiles).Soft).Message;
    }

    /// <summary>Whether an errno is one of a limit, whatever was tried.</summary>
    internal static bool IsLimit(int error) => error is Errno.EMFILE or Errno.ENFILE;

    private static string AdviceFor(int error, ulong openFiles) => error switch
    {
        Errno.EMFILE when openFiles != ResourceLimit.Infinity =>
            string.Create(CultureInfo.InvariantCulture, $"this process has as many files open as it may, {openFiles}: raise the limit, such as with `ulimit -n 1024`."),
        Errno.EMFILE => "this process has as many files open as it may: raise the limit, such as with `ulimit -n 1024`.",
        Errno.ENFILE => "the whole machine has as many files open as it may: close some, or raise the limit (sysctl fs.file-max).",
        Errno.ENOMEM => "there is no memory for it: free some, or raise the limit of this process (`ulimit -v`) or of its cgroup (memory.max).",
        _ => "the limit of processes and threads is reached: end some, or raise it (`ulimit -u`, or pids.max of the cgroup).",
    };
}
