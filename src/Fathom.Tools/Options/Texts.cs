using System.Text;

namespace Fathom.Tools.Options;

/// <summary>Values that are names.</summary>
public static class Texts
{
    /// <summary>A file.</summary>
    public static ValueKind<string> File { get; } = new("FILE", static (_, text) => text) { Completion = new(CompletionSource.Files) };

    /// <summary>A cgroup.</summary>
    public static ValueKind<string> Cgroup { get; } = new("PATH", static (_, text) => text) { Completion = new(CompletionSource.Directories) };

    /// <summary>A disk. No disk has a name like <c>5</c>: in other tools, the letter of this option stands for a duration.</summary>
    public static ValueKind<string> Disk { get; } = new("DISK", static (what, text) => Duration.IsDuration(text)
        ? throw new UsageException($"{what} chooses a disk, but is '{text}': to end after that time, write --duration {text}")
        : text)
    {
        Completion = new(CompletionSource.Disks),
    };

    /// <summary>The name of a command, or a part of it.</summary>
    public static ValueKind<string> Command { get; } = new("NAME", static (what, text) => MustFit(what, text));

    /// <summary>How the cost of tracing is measured besides; there is one way.</summary>
    public static ValueKind<string> Cost { get; } = new("exact", static (what, text) => text == "exact" ? text
        : throw new UsageException($"{what} must be exact, but is '{text}'"))
    {
        Completion = new(CompletionSource.Words, "exact"),
    };

    /// <summary>Whether there are colours.</summary>
    public static ValueKind<string> Color { get; } = new("WHEN", static (what, text) => text is "auto" or "always" or "never" ? text
        : throw new UsageException($"{what} must be auto, always or never, but is '{text}'"))
    {
        Completion = new(CompletionSource.Words, "auto", "always", "never"),
    };

    /// <summary>Complains about what is longer than the kernel keeps of a command's name, so that it matches nothing.</summary>
    /// <exception cref="UsageException">It is.</exception>
    internal static string MustFit(string what, string text)
    {
        // TASK_COMM_LEN less the NUL: https://github.com/torvalds/linux/blob/v6.18/include/linux/sched.h
        const int Longest = 15;
        return Encoding.UTF8.GetByteCount(text) <= Longest ? text
            : throw new UsageException($"{what} must have at most {Longest} bytes, because the kernel keeps no more of a command name, but is '{text}'");
    }
}
