using System.Collections.Generic;
using System.Linq;
using Fathom.Tools.Hosting;

namespace Fathom.Cli;

/// <summary>The options that every tool has.</summary>
internal static class CommonOptions
{
    public static readonly ToolOption Duration = new("--duration", 'd', "SECONDS", "End after this time.");
    public static readonly ToolOption Interval = new("--interval", 'i', "SECONDS", "Report every so often, not only at the end.");
    public static readonly ToolOption Pid = new("--pid", 'p', "PID", "Only what this process does.");
    public static readonly ToolOption Comm = new("--comm", '\0', "NAME", "Only what processes of this command name do.");
    public static readonly ToolOption Cgroup = new("--cgroup", 'c', "PATH", "Only what processes in this cgroup (version 2) do.");
    public static readonly ToolOption Json = new("--json", 'j', null, "Print a JSON object in each line: nanoseconds and bytes.");
    public static readonly ToolOption Timestamp = new("--timestamp", 'T', null, "Begin each report with the time of day.");
    public static readonly ToolOption Output = new("--output", 'o', "FILE", "Write the result to this file; - is standard output.");
    public static readonly ToolOption Budget = new("--budget", '\0', "PERCENT", "End tracing if it takes more of this machine's processor time, such as 1%; off for no limit.");
    public static readonly ToolOption Help = new("--help", 'h', null, "Show this help.");

    public static readonly ToolOption RowTimestamp = Timestamp with { Help = "Begin each row with the time of day." };

    private static readonly ToolOption[] s_all = [Timestamp, Interval, Duration, Pid, Comm, Cgroup, Json, Output, Budget, Help];

    private static readonly ToolOption[] s_forEvents = [RowTimestamp, Duration, Pid, Comm, Cgroup, Json, Output, Budget, Help];

    /// <summary>All options of a tool: its own, then the common ones, without the letters that its own have taken.</summary>
    public static IReadOnlyList<ToolOption> With(ToolDescription tool) =>
    [
        .. tool.Options,
        .. (tool.ShowsEvents ? s_forEvents : s_all).Select(common => tool.Options.Any(own => own.Letter == common.Letter) ? common with { Letter = '\0' } : common),
    ];
}
