using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.OpenSnoop;

/// <summary>Files that are opened.</summary>
public sealed class OpenSnoopTool : ITool
{
    internal static readonly Flag Seconds = new("--seconds", 'T', "Begin each row with the seconds since the first one.");
    internal static readonly Flag PrintUser = new("--print-uid", 'U', "Show the user.");
    internal static readonly Flag OnlyFailed = new("--failed", 'x', "Only calls that failed.");
    internal static readonly Option<int> Thread = new("--tid", 't', WholeNumber.Between("TID", 1), "Only what this thread does; shows threads instead of processes.");
    internal static readonly Option<NameOrNumber> User = new("--uid", 'u', NameOrNumber.User, "Only what this user does: a number or a name.");
    internal static readonly Option<string> Name = new("--name", 'n', Texts.Command, "Only processes whose name contains this.");
    internal static readonly Flag Extended = new("--extended", 'e', "Show the flags and the permissions.");
    internal static readonly Option<IReadOnlyList<ulong>> Flags = new("--flag", 'f', ListOf.Kind(OpenFlags.Kind),
        "Only opens with this flag, such as O_CREAT; may be repeated.", []);
    internal static readonly Flag FullPath = new("--full-path", 'F', "Show relative paths with the directory they are relative to.");
    internal static readonly Option<int> Buffer = BufferOption.Pages(DefaultPages);

    // 4 MB: what is opened within tens of milliseconds on a busy machine.
    private const int DefaultPages = 1024;

    /// <inheritdoc/>
    public ToolDescription Description { get; } = new()
    {
        Name = "opensnoop",
        Summary = "Files that are opened",
        Rows = OpenColumns.Rows,
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

    /// <inheritdoc/>
    public ITracing Start(ToolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var filter = new TaskFilterSetup(request)
        {
            Thread = Processes.FindThread(request.Get(Thread), request),
            User = request.Get(User) is { } user ? new Users().Find(user) : null,
        };
        string? name = CommandNames.PartOf(request, Name);
        int buffer = BufferOption.Bytes(request.Get(Buffer));
        IReadOnlyList<ulong> flags = request.Get(Flags)!;
        var constants = new OpenSnoopProbe.Constants
        {
            OnlyFailed = request.Has(OnlyFailed),
            FullPath = request.Has(FullPath),
            AnyFlag = flags.Aggregate(0UL, static (all, bits) => all | bits),
            WakeBits = BufferOption.WakeBits(buffer),
            Filter = filter.Settings,
        };
        OpenSnoopProbe.Loaded probe = OpenSnoopProbe.Load(Kernel.Running, constants, new LoadOptions { MaxEntries = { [nameof(OpenSnoopProbe.Events)] = buffer } });
        if (!constants.SeesRings)
        {
            request.Note("this kernel does not show what io_uring opens, so that is not among the rows");
        }

        return ProbeStart.Run(probe, filter.Fill, links => new OpenSnoopTracing(
            new ProbeSource(probe, probe.Events, links), OpenColumns.Rows.View(request), name, request.Has(OnlyFailed), flags));
    }
}
