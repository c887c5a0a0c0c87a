using System.Collections.Generic;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Fathom.Tools.Shared;

namespace Fathom.Tools.OpenSnoop;

/// <summary>The options of opensnoop, and its help.</summary>
internal static class OpenSnoopOptions
{
    public static readonly Flag Seconds = new("--seconds", 'T', "Begin each row with the seconds since the first one.");
    public static readonly Flag PrintUser = new("--print-uid", 'U', "Show the user.");
    public static readonly Flag OnlyFailed = new("--failed", 'x', "Only calls that failed.");
    public static readonly Option<int> Thread = new("--tid", 't', WholeNumber.Between("TID", 1), "Only what this thread does; shows threads instead of processes.");
    public static readonly Option<NameOrNumber> User = new("--uid", 'u', NameOrNumber.User, "Only what this user does: a number or a name.");
    public static readonly Option<string> Name = new("--name", 'n', Texts.Command, "Only processes whose name contains this.");
    public static readonly Flag Extended = new("--extended", 'e', "Show the flags and the permissions.");
    public static readonly Option<IReadOnlyList<ulong>> Flags = new("--flag", 'f', ListOf.Kind(OpenFlags.Kind),
        "Only opens with this flag, such as O_CREAT; may be repeated.", []);
    public static readonly Flag FullPath = new("--full-path", 'F', "Show relative paths with the directory they are relative to.");

    public static readonly Option<int> Buffer = BufferOption.Pages(DefaultPages);

    /// <summary>All of it.</summary>
    public static ToolDescription Description { get; } = new()
    {
        Name = "opensnoop",
        Summary = "Files that are opened",
        ShowsEvents = true,
        Budget = 0.05,
        Options = [Seconds, PrintUser, OnlyFailed, Thread, User, Name, Extended, Flags, FullPath, Buffer],
        Examples =
        [
            new("", "every open of every process"),
            new("-x", "only those that fail"),
            new("-p 181 -F", "those of process 181, with full paths"),
            new("-T -n main", "those of processes called *main*, with seconds"),
            new("-e -f O_CREAT,O_TRUNC", "those that create or truncate, with flags"),
            new("-- make", "those of a command and its children"),
        ],
        BlindSpots =
        [
            "The path is read when the call returns: a thread that changes it meanwhile can show another one.",
            "Opens that io_uring makes itself are shown where the kernel says which they are (Linux 6.0); if not, the tool says so when it starts.",
            "What the kernel opens for itself (executables, libraries' interpreters, core dumps) is no call, and not shown.",
            "64-bit programs that enter the kernel the 32-bit way (int 0x80) are taken for what the number means in 64 bits.",
            "In a container with process numbers of its own, the tool also shows its own opens.",
        ],
    };

    /// <summary>Pages of the ring buffer, 4 MB: what is opened within tens of milliseconds on a busy machine.</summary>
    public const int DefaultPages = 1024;
}
