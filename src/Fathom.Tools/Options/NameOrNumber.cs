using System.Globalization;

namespace Fathom.Tools.Options;

/// <summary>What is known by a name or by a number.</summary>
/// <param name="Name">What was given.</param>
/// <param name="Number">The number, if it was one.</param>
public sealed record NameOrNumber(string Name, uint? Number)
{
    // Those of the first namespaces of each kind, and behind them the others:
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/nsfs.h (enum init_ns_ino) and fs/proc/generic.c (PROC_DYNAMIC_FIRST)
    private const uint FirstNamespace = 0xEFFF_FFF0;

    /// <summary>A user.</summary>
    public static ValueKind<NameOrNumber> User { get; } = new("UID", static (what, text) => Read(text) is { Number: uint.MaxValue }
        ? throw new UsageException($"{what} is {text}, which stands for no user, so nothing would match")
        : Read(text))
    {
        Completion = new(CompletionSource.Users),
    };

    /// <summary>A network namespace.</summary>
    public static ValueKind<NameOrNumber> NetworkNamespace { get; } = new("NAME", static (_, text) => Read(text) is { Number: < FirstNamespace }
        ? throw new UsageException(
            $"no network namespace has the number {text}: the kernel begins with {FirstNamespace}, and ls -l /proc/PID/ns/net shows that of a process")
        : Read(text));

    private static NameOrNumber Read(string text) =>
        new(text, uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null);
}
