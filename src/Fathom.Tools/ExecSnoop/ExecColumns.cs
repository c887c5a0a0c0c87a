using Fathom.Output.Rows;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.ExecSnoop;

/// <summary>What a row of execsnoop says.</summary>
internal static class ExecColumns
{
    /// <summary>The columns.</summary>
    public static EventRows<ExecRow> Rows { get; } = new(
        "exec", "A program that was executed, or was to be", static (in row) => (long)row.Record.TimeNs, ExecSnoopTool.Seconds, -8, "F3")
    {
        { new IntegerColumn<ExecRow>("uid", "UID", -6, "The user", static (in row) => row.Record.User), Shown.With(ExecSnoopTool.PrintUser) },
        new TextColumn<ExecRow>("comm", "COMM", -16, "The thread's name: the new one", static (in row) => row.Command),
        new IntegerColumn<ExecRow>("pid", "PID", -7, "The process", static (in row) => row.Record.Process),
        { new TextColumn<ExecRow>("pcomm", "PCOMM", -16, "The parent's name", static (in row) => row.ParentCommand), Shown.With(ExecSnoopTool.PrintParent) },
        new IntegerColumn<ExecRow>("ppid", "PPID", -7, "The parent", static (in row) => row.Record.Parent),
        { new IntegerColumn<ExecRow>("cpu", "CPU", -4, "The CPU", static (in row) => row.Record.Cpu), Shown.With(ExecSnoopTool.PrintCpu) },
        new IntegerColumn<ExecRow>("ret", "RET", 3, "0, or the negative error", static (in row) => row.Record.Result),
        { new WordColumn<ExecRow>("error", "ERROR", -8, "The error by name; null for none", static (in row) => ErrorNames.Of(-row.Record.Result)), Shown.InJson },
        { new TextColumn<ExecRow>("filename", "FILENAME", -1, "The path as it was given", static (in row) => row.File), Shown.InJson },
        { new TextColumn<ExecRow>("exe", "EXE", -1, "The executable's real path; with -F in ARGS, too", static (in row) => row.Executable), Shown.InJson },
        new ArgumentsColumn(),
    };
}
