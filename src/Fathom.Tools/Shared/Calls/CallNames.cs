using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Options;

namespace Fathom.Tools.Shared.Calls;

/// <summary>The user side of <see cref="CallEnds"/>: the names of system calls.</summary>
internal static class CallNames
{
    private const string CompatMark = " (32-bit)";

    /// <summary>All that either interface has.</summary>
    public static IReadOnlySet<string> All { get; } =
        new SortedSet<string>(SystemCallNames.Native.Concat(SystemCallNames.Compat).OfType<string>(), StringComparer.Ordinal);

    /// <summary>The name of a system call.</summary>
    public static ValueKind<string> Kind { get; } = new("NAME", static (what, text) => All.Contains(text) ? text : throw new UsageException(
        $"{what} must be the name of a system call, but is '{text}': --list prints those that are known"))
    {
        Completion = new(CompletionSource.Words, [.. SystemCallNames.Native.OfType<string>()]),
    };

    /// <summary>The name of a call that <see cref="CallEnd.Call"/> is.</summary>
    public static string Of(uint call) => call switch
    {
        >= CallEnd.Unknown => "[unknown]",
        >= CallEnd.Compat => (SystemCallNames.Compat[(int)(call - CallEnd.Compat)] ?? $"[{call - CallEnd.Compat}]") + CompatMark,
        _ => SystemCallNames.Native[(int)call] ?? $"[{call}]",
    };

    /// <summary>The call of a name, as <see cref="CallEnd.Call"/> has it.</summary>
    /// <param name="name">The name; null for none.</param>
    /// <param name="isCompat">Whether of the 32-bit interface.</param>
    /// <returns>The call; <see cref="CallEnd.Count"/> if the interface has none of this name.</returns>
    public static uint Find(string? name, bool isCompat)
    {
        IReadOnlyList<string?> names = isCompat ? SystemCallNames.Compat : SystemCallNames.Native;
        for (uint call = 0; name is not null && call < names.Count; call++)
        {
            if (names[(int)call] == name)
            {
                return call + (isCompat ? CallEnd.Compat : 0);
            }
        }

        return CallEnd.Count;
    }
}
