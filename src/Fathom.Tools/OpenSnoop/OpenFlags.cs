using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Tools.Options;

namespace Fathom.Tools.OpenSnoop;

/// <summary>The flags of <c>open(2)</c> by name, on x86-64.</summary>
internal static class OpenFlags
{
    private const ulong AccessMode = 3;

    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/asm-generic/fcntl.h. Those that contain others stand before them.
    private static readonly (string Name, ulong Bits)[] s_flags =
    [
        ("O_CREAT", 0x40), ("O_EXCL", 0x80), ("O_NOCTTY", 0x100), ("O_TRUNC", 0x200), ("O_APPEND", 0x400), ("O_NONBLOCK", 0x800),
        ("O_SYNC", 0x10_1000), ("O_DSYNC", 0x1000), ("O_ASYNC", 0x2000), ("O_DIRECT", 0x4000), ("O_LARGEFILE", 0x8000),
        ("O_TMPFILE", 0x41_0000), ("O_DIRECTORY", 0x1_0000), ("O_NOFOLLOW", 0x2_0000), ("O_NOATIME", 0x4_0000), ("O_CLOEXEC", 0x8_0000),
        ("O_PATH", 0x20_0000),
    ];

    private static readonly Dictionary<ulong, string> s_known = [];

    /// <summary>A flag by its name.</summary>
    public static ValueKind<ulong> Kind { get; } = new("FLAG", static (_, text) => Find(text))
    {
        Completion = new(CompletionSource.Words, ["O_WRONLY", "O_RDWR", .. s_flags.Select(static flag => flag.Name)]),
    };

    /// <summary>The names, such as <c>O_RDONLY|O_CLOEXEC</c>; what has no name is a number at the end.</summary>
    public static string Name(ulong flags)
    {
        if (s_known.TryGetValue(flags, out string? name))
        {
            return name;
        }

        var names = new List<string>
        {
            (flags & AccessMode) switch { 0 => "O_RDONLY", 1 => "O_WRONLY", 2 => "O_RDWR", _ => "3" },
        };
        ulong rest = flags & ~AccessMode;
        foreach ((string known, ulong bits) in s_flags)
        {
            if ((rest & bits) == bits)
            {
                names.Add(known);
                rest &= ~bits;
            }
        }

        if (rest != 0)
        {
            names.Add("0x" + rest.ToString("x", CultureInfo.InvariantCulture));
        }

        // There are few combinations, unless somebody makes them up.
        name = string.Join('|', names);
        if (s_known.Count < 1000)
        {
            s_known.Add(flags, name);
        }

        return name;
    }

    /// <summary>Whether one of some flags is there, with all its bits: <c>O_TMPFILE</c> contains those of <c>O_DIRECTORY</c>.</summary>
    /// <param name="wanted">The flags; any will do if there are none.</param>
    /// <param name="flags">What was given.</param>
    public static bool Match(IReadOnlyList<ulong> wanted, ulong flags)
    {
        for (int i = 0; i < wanted.Count; i++)
        {
            if ((flags & wanted[i]) == wanted[i])
            {
                return true;
            }
        }

        return wanted.Count == 0;
    }

    private static ulong Find(string name) => name switch
    {
        "O_RDONLY" => throw new UsageException("O_RDONLY is not a flag but the absence of O_WRONLY and O_RDWR, so opens cannot be chosen by it: omit it"),
        "O_WRONLY" => 1,
        "O_RDWR" => 2,
        _ => s_flags.FirstOrDefault(flag => flag.Name == name).Bits is var found && found != 0
            ? found
            : throw new UsageException($"there is no flag '{name}': the flags are O_WRONLY, O_RDWR, {string.Join(", ", s_flags.Select(static flag => flag.Name))}"),
    };
}
