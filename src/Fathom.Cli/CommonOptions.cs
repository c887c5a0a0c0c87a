using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Cli;

/// <summary>The options that every tool has.</summary>
internal static class CommonOptions
{
    public static readonly Option<TimeSpan> Duration = new("--duration", 'd', Tools.Options.Duration.Kind, "End after this time, such as 5 (seconds), 500ms or 2m.");
    public static readonly Option<TimeSpan> Interval = new("--interval", 'i', Tools.Options.Duration.Kind, "Report every so often, not only at the end.");
    public static readonly Option<int> Pid = new("--pid", 'p', WholeNumber.Process, "Only what this process does.");
    public static readonly Option<string> Comm = new("--comm", '\0', Texts.Command, "Only what processes of this command name do.");
    public static readonly Option<string> Cgroup = new("--cgroup", 'c', Texts.Cgroup, "Only what processes in this cgroup (version 2) do.");
    public static readonly Flag Json = new("--json", 'j', "Print a JSON object in each line: nanoseconds and bytes.");
    public static readonly Flag Timestamp = new("--timestamp", 'T', "Begin each report with the time of day, as with --interval.");
    public static readonly Option<string> Output = new("--output", 'o', Texts.File, "Write the result to this file; - is standard output.");
    public static readonly Option<double> Budget = new("--budget", '\0', Percentage.Limit,
        "End tracing if it takes more of this machine's processor time, such as 1%; off for no limit.");

    public static readonly Option<string> Cost = new("--cost", '\0', Texts.Cost,
        "With exact, say beside the cost what the kernel's own statistics of a second say; meanwhile they slow down every BPF program of the machine.");

    public static readonly Option<string> Color = new("--color", '\0', Texts.Color,
        "Use colours: always, never, or on a terminal (auto), if NO_COLOR is not set.");

    public static readonly Flag Help = new("--help", 'h', "Show this help.");

    public static readonly Flag RowTimestamp = Timestamp with { Help = "Begin each row with the time of day." };

    private static readonly ToolOption[] s_all = [Timestamp, Interval, Duration, Pid, Comm, Cgroup, Json, Output, Budget, Cost, Color, Help];

    public static readonly Option<TimeSpan> CountInterval = Interval with { Help = "With --top or --by, report every so often, not only at the end." };

    private static readonly ToolOption[] s_forEvents = [RowTimestamp, CountInterval, Duration, Pid, Comm, Cgroup, Json, Output, Budget, Cost, Color, Help];

    /// <summary>All options of a tool: its own, then the common ones, without the letters that its own have taken.</summary>
    public static IReadOnlyList<ToolOption> With(ToolDescription tool) =>
    [
        .. tool.Options,
        .. tool.Rows?.Options ?? [],
        .. (tool.Rows is null ? s_all : s_forEvents).Select(common => tool.Options.Any(own => own.Letter == common.Letter) ? common with { Letter = '\0' } : common),
    ];
}
