using Fathom.Output.Rows;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.OpenSnoop;

/// <summary>What a row of opensnoop says.</summary>
internal static class OpenColumns
{
    /// <summary>The columns.</summary>
    public static EventRows<OpenRow> Rows { get; } = new(
        "open", "A file that was opened, or was to be", static (in row) => (long)row.Record.TimeNs, OpenSnoopTool.Seconds, -14, "F9")
    {
        { new IntegerColumn<OpenRow>("uid", "UID", -6, "The user", static (in row) => row.Record.User), Shown.With(OpenSnoopTool.PrintUser) },
        { new IntegerColumn<OpenRow>("pid", "PID", -6, "The process", static (in row) => row.Record.Process), Shown.Without(OpenSnoopTool.Thread) },
        { new IntegerColumn<OpenRow>("tid", "TID", -6, "The thread", static (in row) => row.Record.Thread), Shown.With(OpenSnoopTool.Thread) },
        new TextColumn<OpenRow>("comm", "COMM", -16, "The thread's name", static (in row) => row.Command),
        { new WordColumn<OpenRow>("call", "CALL", -17, "Which call it was; io_uring for a request", static (in row) => NameOf(row.Record.Call)), Shown.InJson },
        new IntegerColumn<OpenRow>("fd", "FD", 4, "The descriptor; -1 if there is none", static (in row) => row.Descriptor),
        new IntegerColumn<OpenRow>("errno", "ERR", 3, "The error; 0 for none", static (in row) => row.Error),
        { new WordColumn<OpenRow>("error", "ERROR", -8, "The error by name; null for none", static (in row) => ErrorNames.Of(row.Error)), Shown.InJson },
        {
            new WordColumn<OpenRow>("flags", "FLAGS", -18, "The flags, as the caller gave them", static (in row) => OpenFlags.Name(row.Record.Flags)),
            Shown.With(OpenSnoopTool.Extended)
        },
        {
            new OctalColumn<OpenRow>(
                "mode", "MODE", -4, "The permissions, where a file can be created", static (in row) => HasMode(row.Record) ? row.Record.Mode : -1),
            Shown.With(OpenSnoopTool.Extended)
        },
        {
            new IntegerColumn<OpenRow>("dirfd", "DIRFD", 5, "The descriptor that the path is relative to, if it is; -100 (AT_FDCWD) for the working directory",
                static (in row) => row.Record.DirectoryDescriptor),
            Shown.InJson
        },
        new PathColumn(),
    };

    // O_CREAT, or O_TMPFILE whole: only then the permissions are looked at.
    private static bool HasMode(in OpenRecord record) => (record.Flags & 0x40) != 0 || (record.Flags & 0x41_0000) == 0x41_0000;

    private static string NameOf(OpenCall call) => call switch
    {
        OpenCall.Open => "open",
        OpenCall.OpenAt => "openat",
        OpenCall.OpenAt2 => "openat2",
        OpenCall.Create => "creat",
        OpenCall.ByHandle => "open_by_handle_at",
        _ => "io_uring",
    };
}
