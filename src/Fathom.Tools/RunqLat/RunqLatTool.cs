using System;
using System.Collections.Generic;
using System.Globalization;
using Fathom.Output.Histograms;
using Fathom.Output.Json;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Histograms;

namespace Fathom.Tools.RunqLat;

/// <summary>How long threads that could run wait for a CPU, as a histogram.</summary>
public sealed class RunqLatTool : ITool
{
    private static readonly Flag s_milliseconds = new("--milliseconds", 'm', "Show milliseconds instead of microseconds.");
    private static readonly Flag s_perProcess = new("--pids", 'P', "Show a histogram for each process.");
    private static readonly Flag s_perThread = new("--tids", 'L', "Show a histogram for each thread.");
    private static readonly Flag s_perNamespace = new("--pidnss", '\0', "Show a histogram for each namespace of process numbers, such as a container's.");

    /// <inheritdoc/>
    public ToolDescription Description { get; } = new()
    {
        Name = "runqlat",
        Summary = "How long runnable threads wait for a CPU, as a histogram",
        Banner = "Tracing run queue latency... Hit Ctrl-C to end.",
        TakesInterval = true,
        Budget = 0.05,
        Records =
        [
            JsonRecords.Histogram(
                new("pid", JsonKind.Text, "With -P: the process"),
                new("tid", JsonKind.Text, "With -L: the thread"),
                new("comm", JsonKind.Text, "The name of either, if it has not ended"),
                new("pidns", JsonKind.Text, "With --pidnss: the number of the namespace of process numbers")),
        ],
        Options = [s_milliseconds, s_perProcess, s_perThread, s_perNamespace],
        Examples =
        [
            new("", "sum up until Ctrl-C"),
            new("1 10", "every second, ten times"),
            new("-mT 1", "every second, in milliseconds, with the time of day"),
            new("-P --duration 5", "a histogram for each process, for five seconds"),
            new("-L -p 181", "a histogram for each thread of process 181"),
            new("-c system.slice/nginx.service", "only threads in this cgroup and those below it"),
            new("-j 1", "a JSON object every second, for programs"),
            new("-- make -j8", "only this command and its children"),
        ],
        BlindSpots =
        [
            "Waits that began before tracing do not count, and neither do those that have not ended when it ends.",
            "A cgroup's CPU quota (cpu.max) makes its threads wait like a busy CPU does; nr_throttled in the cgroup's cpu.stat tells whether it did.",
            "A thread whose CPU the hypervisor takes away (steal time) does not wait: to this kernel it runs.",
            "The name of a process or thread is that which it has when the report is made; one that has ended has only its number.",
        ],
    };

    /// <inheritdoc/>
    public ITracing Start(ToolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        RunqLatKey key = KeyOf(request);
        var filter = new TaskFilterSetup(request);
        TimeUnit unit = request.Has(s_milliseconds) ? TimeUnit.Milliseconds : TimeUnit.Microseconds;
        var view = new HistogramView(unit, key == RunqLatKey.None ? null : number => NamesOf(key, (uint)number));
        RunqLatProbe.Loaded probe = RunqLatProbe.Load(Kernel.Running, new()
        {
            Key = key,
            ByKey = key != RunqLatKey.None,
            LatencyUnitNs = view.UnitNs,
            Filter = filter.Settings,
        });
        return ProbeStart.Run(probe, filter.Fill, links => new HistogramTracing(new HistogramProbe<RunqLatProbe.Loaded>(probe, probe.Constants, links), view));
    }

    private static RunqLatKey KeyOf(ToolRequest request) => (request.Has(s_perProcess), request.Has(s_perThread), request.Has(s_perNamespace)) switch
    {
        (false, false, false) => RunqLatKey.None,
        (true, false, false) => RunqLatKey.Process,
        (false, true, false) => RunqLatKey.Thread,
        (false, false, true) => RunqLatKey.PidNamespace,
        _ => throw new UsageException("-P, -L and --pidnss are mutually exclusive"),
    };

    private static IReadOnlyList<RecordKey> NamesOf(RunqLatKey key, uint number)
    {
        string text = number.ToString(CultureInfo.InvariantCulture);
        return key switch
        {
            RunqLatKey.PidNamespace => [new("pidns", text)],
            _ when Processes.NameOf(number) is { } name => [new(key == RunqLatKey.Process ? "pid" : "tid", text), new("comm", name)],
            _ => [new(key == RunqLatKey.Process ? "pid" : "tid", text)],
        };
    }
}
