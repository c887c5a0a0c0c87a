using System.Collections.Generic;
using Fathom.Output.Rows;
using Fathom.Tools.Shared;

namespace Fathom.Tools.OpenSnoop;

/// <summary>What a row of opensnoop says.</summary>
internal static class OpenColumns
{
    private static readonly IntegerColumn<OpenRow> s_user = new("uid", "UID", -6, static (in OpenRow row) => row.Record.User);
    private static readonly IntegerColumn<OpenRow> s_process = new("pid", "PID", -6, static (in OpenRow row) => row.Record.Process);
    private static readonly IntegerColumn<OpenRow> s_thread = new("tid", "TID", -6, static (in OpenRow row) => row.Record.Thread);
    private static readonly TextColumn<OpenRow> s_command = new("comm", "COMM", -16, static (in OpenRow row) => row.Command);
    private static readonly IntegerColumn<OpenRow> s_descriptor = new("fd", "FD", 4, static (in OpenRow row) => row.Descriptor);
    private static readonly IntegerColumn<OpenRow> s_error = new("errno", "ERR", 3, static (in OpenRow row) => row.Error);
    private static readonly WordColumn<OpenRow> s_errorName = new("error", "ERROR", -8, static (in OpenRow row) => ErrorNames.Of(row.Error));
    private static readonly WordColumn<OpenRow> s_flagNames = new("flags", "FLAGS", -18, static (in OpenRow row) => OpenFlags.Name(row.Record.Flags));
    private static readonly OctalColumn<OpenRow> s_mode = new("mode", "MODE", -4, static (in OpenRow row) => HasMode(row.Record) ? row.Record.Mode : -1);
    private static readonly WordColumn<OpenRow> s_call = new("call", "CALL", -17, static (in OpenRow row) => NameOf(row.Record.Call));
    private static readonly PathColumn s_path = new();
    private static readonly IntegerColumn<OpenRow> s_directory = new("dirfd", "DIRFD", 5, static (in OpenRow row) => row.Record.DirectoryDescriptor);

    /// <summary>The rows.</summary>
    /// <param name="clock">The clock.</param>
    /// <param name="timeOfDay">Whether the time of day stands first.</param>
    /// <param name="seconds">Whether the seconds since the first row do.</param>
    /// <param name="user">Whether the user is shown.</param>
    /// <param name="thread">Whether threads are shown instead of processes.</param>
    /// <param name="extended">Whether the flags are shown.</param>
    public static RowLayout<OpenRow> Layout(RowClock clock, bool timeOfDay, bool seconds, bool user, bool thread, bool extended)
    {
        IntegerOf<OpenRow> time = static (in OpenRow row) => (long)row.Record.TimeNs;
        var text = new List<Column<OpenRow>>();
        void Add(bool isShown, params Column<OpenRow>[] columns) => text.AddRange(isShown ? columns : []);
        Add(timeOfDay, new TimeOfDayColumn<OpenRow>(-8, clock, time));
        Add(seconds, new SecondsColumn<OpenRow>(-14, "F9", time));
        Add(user, s_user);
        Add(true, thread ? s_thread : s_process, s_command, s_descriptor, s_error);
        Add(extended, s_flagNames, s_mode);
        Add(true, s_path);
        return new()
        {
            Type = "open",
            TimeNs = time,
            Text = text,
            All = [s_user, s_process, s_thread, s_command, s_call, s_descriptor, s_error, s_errorName, s_flagNames, s_mode, s_directory, s_path],
        };
    }

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
