using System.Collections.Generic;
using Fathom.Output.Rows;
using Fathom.Tools.Shared;

namespace Fathom.Tools.ExecSnoop;

/// <summary>Which columns of execsnoop people see.</summary>
/// <param name="TimeOfDay">The time of day.</param>
/// <param name="Seconds">The seconds since the first row.</param>
/// <param name="User">The user.</param>
/// <param name="Parent">The parent's name.</param>
/// <param name="Cpu">The CPU.</param>
internal sealed record ExecColumns(bool TimeOfDay, bool Seconds, bool User, bool Parent, bool Cpu)
{
    private static readonly IntegerColumn<ExecRow> s_user = new("uid", "UID", -6, static (in ExecRow row) => row.Record.User);
    private static readonly TextColumn<ExecRow> s_command = new("comm", "COMM", -16, static (in ExecRow row) => row.Command);
    private static readonly IntegerColumn<ExecRow> s_process = new("pid", "PID", -7, static (in ExecRow row) => row.Record.Process);
    private static readonly TextColumn<ExecRow> s_parentCommand = new("pcomm", "PCOMM", -16, static (in ExecRow row) => row.ParentCommand);
    private static readonly IntegerColumn<ExecRow> s_parent = new("ppid", "PPID", -7, static (in ExecRow row) => row.Record.Parent);
    private static readonly IntegerColumn<ExecRow> s_cpu = new("cpu", "CPU", -4, static (in ExecRow row) => row.Record.Cpu);
    private static readonly IntegerColumn<ExecRow> s_result = new("ret", "RET", 3, static (in ExecRow row) => row.Record.Result);
    private static readonly WordColumn<ExecRow> s_error = new("error", "ERROR", -8, static (in ExecRow row) => ErrorNames.Of(-row.Record.Result));
    private static readonly TextColumn<ExecRow> s_file = new("filename", "FILENAME", -1, static (in ExecRow row) => row.File);
    private static readonly TextColumn<ExecRow> s_executable = new("exe", "EXE", -1, static (in ExecRow row) => row.Executable);

    /// <summary>The rows.</summary>
    public RowLayout<ExecRow> Layout(RowClock clock, ArgumentsColumn arguments)
    {
        IntegerOf<ExecRow> time = static (in ExecRow row) => (long)row.Record.TimeNs;
        var text = new List<Column<ExecRow>>();
        void Add(bool isShown, params Column<ExecRow>[] columns) => text.AddRange(isShown ? columns : []);
        Add(TimeOfDay, new TimeOfDayColumn<ExecRow>(-8, clock, time));
        Add(Seconds, new SecondsColumn<ExecRow>(-8, "F3", time));
        Add(User, s_user);
        Add(true, s_command, s_process);
        Add(Parent, s_parentCommand);
        Add(true, s_parent);
        Add(Cpu, s_cpu);
        Add(true, s_result, arguments);
        return new()
        {
            Type = "exec",
            TimeNs = time,
            Text = text,
            All = [s_user, s_command, s_process, s_parent, s_parentCommand, s_cpu, s_result, s_error, s_file, s_executable, arguments],
        };
    }
}
