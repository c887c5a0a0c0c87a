using System;
using System.Collections.Generic;
using System.Globalization;
using Fathom.Output.Counts;
using Fathom.Output.Histograms;
using Fathom.Output.Json;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Calls;
using Fathom.Tools.Shared.Counts;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Histograms;
using Fathom.Tools.Shared.Names;

namespace Fathom.Tools.SysCount;

/// <summary>Which system calls are made, how often, and how long they take.</summary>
public sealed class SysCountTool : ITool
{
    private static readonly Option<int> s_thread = new("--tid", 't', WholeNumber.Between("TID", 1), "Only what this thread does.");
    private static readonly Option<int> s_parent = new("--ppid", '\0', WholeNumber.Process, "Only what children of this process do.");
    private static readonly Option<int> s_top = new("--top", 'T', WholeNumber.Between("COUNT", 1), "Show so many rows, the highest (10). JSON has all.", 10);
    private static readonly Flag s_failed = new("--failures", 'x', "Only calls that fail.");
    private static readonly Option<int> s_error = new("--errno", 'e', ErrorNumber.Kind, "Only calls that fail with this error, such as ENOENT or 2.");
    private static readonly Flag s_latency = new("--latency", 'L', "Show how long calls take; the longest time in all first.");
    private static readonly Flag s_milliseconds = new("--milliseconds", 'm', "Show milliseconds instead of microseconds.");
    private static readonly Flag s_perProcess = new("--process", 'P', "Count by process instead of by system call.");
    private static readonly Option<string> s_call = new("--syscall", '\0', CallNames.Kind, "Only this system call.");
    private static readonly Flag s_list = new("--list", 'l', "List the system calls that are known, and end.");

    /// <inheritdoc/>
    public ToolDescription Description { get; } = new()
    {
        Name = "syscount",
        Summary = "Which system calls are made, how often, and how long they take",
        Banner = "Tracing system calls... Hit Ctrl-C to end.",
        TakesInterval = true,
        Budget = 0.05,
        Records =
        [
            JsonRecords.Count,
            JsonRecords.Histogram(new("syscall", JsonKind.Text, "With -L: the system call"), new("pid", JsonKind.Text, "With -P: the process"), new("comm", JsonKind.Text, "Its name")),
        ],
        Options = [s_thread, s_parent, s_top, s_failed, s_error, s_latency, s_milliseconds, s_perProcess, s_call, s_list],
        Examples =
        [
            new("", "count until Ctrl-C"),
            new("-i 1", "every second"),
            new("-L -p 181", "how long the calls of process 181 take"),
            new("-P -d 5", "the processes that make most, for five seconds"),
            new("-x", "only calls that fail"),
            new("-e ENOENT -P", "who looks for files that are not there"),
            new("-L --syscall fsync", "one system call"),
            new("-L -j -- make", "only this command and its children, as histograms for programs"),
        ],
        BlindSpots =
        [
            "A call counts when it ends. One that has begun before counts, but not with -L; one that has not ended does not.",
            "What the C library does without the kernel (clock_gettime and others, in the vDSO) is no system call, and neither is what io_uring does.",
            "A call that a signal handler interrupts and leaves by longjmp does not end if it would have begun anew.",
            "An execveat that succeeds is an execve: the kernel renames it.",
        ],
    };

    /// <inheritdoc/>
    public string? Answer(ToolRequest request) => request?.Has(s_list) == true ? string.Join('\n', CallNames.All) + "\n" : null;

    /// <inheritdoc/>
    public ITracing Start(ToolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        bool byProcess = request.Has(s_perProcess), isTimed = request.Has(s_latency);
        var filter = new TaskFilterSetup(request)
        {
            Thread = Processes.FindThread(request.Get(s_thread), request),
            Parent = Processes.Find(request.Get(s_parent)),
        };
        TimeUnit unit = request.Has(s_milliseconds) ? TimeUnit.Milliseconds : TimeUnit.Microseconds;
        string header = byProcess ? "PID    COMM" : "SYSCALL";
        string? call = request.Get(s_call);
        SysCountProbe.Loaded probe = SysCountProbe.Load(Kernel.Running, new()
        {
            ByProcess = byProcess,
            CountsByKey = byProcess && !isTimed,
            ByKey = isTimed,
            ByPlace = isTimed,
            TimesCalls = isTimed,
            KeepNames = byProcess,
            OnlyFailed = request.Has(s_failed) || request.Has(s_error),
            OnlyError = (uint)request.Get(s_error),
            OnlyCall = call is not null,
            Call = CallNames.Find(call, isCompat: false),
            CompatCall = CallNames.Find(call, isCompat: true),
            Filter = filter.Settings,
        }, new() { MaxEntries = { [nameof(Occurrences.NumberedCounts)] = (int)CallEnd.Count } });
        probe.Awaited = (uint)request.ProcessTree;
        return ProbeStart.Run(probe, filter.Fill, links => (ITracing)(isTimed
            ? new HistogramTracing(
                new HistogramProbe<SysCountProbe.Loaded>(probe, probe.Constants, links),
                new(TimeUnit.Microseconds, key => byProcess ? ProcessKeys(probe, (uint)key) : [new("syscall", CallNames.Of((uint)key))])
                {
                    Table = new(header, unit, []) { Top = request.Get(s_top) },
                })
            : new CountTracing(
                new CountProbe<SysCountProbe.Loaded>(probe, probe.Constants, links),
                new(new(header, []) { NameWidth = 22, Top = request.Get(s_top) }, (key, count) => byProcess
                    ? new CountRow(ProcessNameReader.NameOf(probe, (uint)key) ?? "", count) { Pid = (uint)key }
                    : new CountRow(CallNames.Of((uint)key), count)))));
    }

    private static IReadOnlyList<RecordKey> ProcessKeys(SysCountProbe.Loaded probe, uint process) =>
        [new("pid", process.ToString(CultureInfo.InvariantCulture)), new("comm", ProcessNameReader.NameOf(probe, process) ?? "")];
}
