using System;
using System.Collections.Generic;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Filters;
using MeasuredTotals = Fathom.Output.Histograms.SlotTotals;

namespace Fathom.Tools.BioLatency;

/// <summary>The probe in the kernel, attached.</summary>
internal sealed class BioLatencyProbeSource : IBioLatencySource
{
    private readonly BioLatencyProbe.Loaded _probe;
    private readonly BioLatencyProbe.Constants _constants;
    private readonly LinkSet _links;
    private SlotTotals[] _values = [];

    private BioLatencyProbeSource(BioLatencyProbe.Loaded probe, BioLatencyProbe.Constants constants, LinkSet links)
    {
        _probe = probe;
        _constants = constants;
        _links = links;
    }

    private bool IsKeyed => (_constants.Mode & (BioLatencyMode.PerDisk | BioLatencyMode.PerFlags)) != 0;

    /// <summary>Loads and attaches the probe.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="constants">What it measures; what depends on the kernel is added here.</param>
    /// <param name="filter">Which submitters count.</param>
    /// <exception cref="BpfException">The kernel refuses it. Nothing is left behind.</exception>
    public static BioLatencyProbeSource Start(Kernel kernel, BioLatencyProbe.Constants constants, TaskFilterSetup filter)
    {
        constants = FitTo(kernel, constants, filter, out LoadOptions options);
        BioLatencyProbe.Loaded probe = BioLatencyProbe.Load(kernel, constants, options);
        return ProbeStart.Run(
            probe,
            () => filter.Fill(probe.FilterCgroup, probe.FilterTree),
            static probe => probe.Attach(),
            links =>
            {
                // Completions are attached before starts: what completed in between was not in flight when tracing began.
                probe.Unstarted = 0;
                return new BioLatencyProbeSource(probe, constants, links);
            });
    }

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => ProbeStart.SourcesOf(_links);

    /// <inheritdoc/>
    public BioLatencyReading Read()
    {
        var reading = new BioLatencyReading(_constants.UnitNs, BioLatencyMode.SlotCount);
        if (IsKeyed)
        {
            foreach ((SlotKey key, PerCpuValues<SlotTotals> values) in _probe.Keyed.Read())
            {
                foreach (ref readonly SlotTotals totals in values)
                {
                    Add(reading, new(key.Device, key.Flags), (int)key.Slot, totals);
                }
            }
        }
        else
        {
            ReadTotals(reading);
        }

        if ((_constants.Mode & BioLatencyMode.Queued) != 0)
        {
            ReadHeld(reading);
        }

        reading.Losses.Add(new("requeued", _probe.Requeued, "requests that came back from the driver (their last try is measured)"));
        reading.Losses.Add(new("unstarted", _probe.Unstarted, "requests not counted, because tracing began after them or had no room for their start"));
        reading.Losses.Add(new("uncounted", _probe.Uncounted, "requests not counted, because there are more disks and flags than the map has room for"));
        reading.Losses.Add(new("untracked", _probe.Untracked, "child processes not followed, because there are more than the map has room for"));

        // The kernel does not run a program on a CPU where it is running already, as it is when it was preempted:
        // https://github.com/torvalds/linux/blob/v6.18/kernel/trace/bpf_trace.c (__bpf_trace_run)
        ulong missed = 0;
        foreach (BpfProgram program in _probe.Object.Programs)
        {
            missed += (ulong)program.GetInfo().RecursionMisses;
        }

        reading.Losses.Add(new("missed", missed, "events missed, because the kernel does not run a program twice at a time on one CPU"));
        return reading;
    }

    /// <inheritdoc/>
    public ulong CountUnfinished()
    {
        long count = 0;
        ReadOnlySpan<InFlight> places = _probe.Places;
        foreach (ref readonly InFlight place in places)
        {
            count += (long)(place.Begun - place.Ended);
        }

        // Two CPUs that begin at one place in the same nanoseconds may count as one.
        return (ulong)long.Max(0, count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _links.Dispose();
        _probe.Dispose();
    }

    // Programs that a mode does not need would cost time at every request, and some kernels do not have their tracepoints.
    private static BioLatencyProbe.Constants FitTo(Kernel kernel, BioLatencyProbe.Constants constants, TaskFilterSetup filter, out LoadOptions options)
    {
        IReadOnlyDictionary<string, int> arguments = kernel.CountTracepointArguments("block_io_start", "block_rq_issue", "block_rq_merge", "block_bio_queue", "sched_switch");
        uint mode = constants.Mode;
        bool isSelective = (mode & BioLatencyMode.Selective) != 0;
        bool isQueued = (mode & BioLatencyMode.Queued) != 0;
        bool submissionIsSeen = (mode & BioLatencyMode.BySubmitter) != 0 && arguments["block_io_start"] >= 0;
        bool hasQueue = arguments["block_rq_issue"] == 2;
        mode |= submissionIsSeen ? BioLatencyMode.SubmissionSeen : 0;
        mode |= hasQueue ? BioLatencyMode.TwoArguments : 0;

        options = new LoadOptions();
        bool isChosen = isSelective || isQueued;
        Use(options, BioLatencyProbe.Programs.Submitted, submissionIsSeen);
        Use(options, BioLatencyProbe.Programs.Issued, !isChosen && !hasQueue);
        Use(options, BioLatencyProbe.Programs.IssuedFromQueue, !isChosen && hasQueue);
        Use(options, BioLatencyProbe.Programs.IssuedChosen, isChosen);
        Use(options, BioLatencyProbe.Programs.Inserted, isQueued && !isSelective && !hasQueue);
        Use(options, BioLatencyProbe.Programs.InsertedIntoQueue, isQueued && !isSelective && hasQueue);
        Use(options, BioLatencyProbe.Programs.InsertedChosen, isSelective && (isQueued || !submissionIsSeen));
        Use(options, BioLatencyProbe.Programs.Merged, isChosen && arguments["block_rq_merge"] >= 0);
        filter.Fit(options);
        FitHeldBack(options, isQueued);

        // A map that is not used costs memory for each of its entries all the same.
        options.MaxEntries[(mode & (BioLatencyMode.PerDisk | BioLatencyMode.PerFlags)) == 0 ? nameof(BioLatencyProbe.Keyed) : nameof(BioLatencyProbe.Totals)] = 1;
        return new()
        {
            Mode = mode,
            UnitNs = constants.UnitNs,
            Disk = constants.Disk,
            Filter = filter.Settings,
            Held = new()
            {
                Mode = ((mode & BioLatencyMode.OneDisk) != 0 ? HeldBackSettings.OneDisk : 0)
                    | (arguments["block_bio_queue"] == 2 ? HeldBackSettings.QueueIsFirst : 0)
                    | (arguments["sched_switch"] == 4 ? HeldBackSettings.StateIsArgument : 0),
                Disk = constants.Disk,
                UnitNs = constants.UnitNs,
            },
        };
    }

    // What comes before the queue is asked only where the queue is: it costs time at every sleep of the machine.
    private static void FitHeldBack(LoadOptions options, bool isUsed)
    {
        Use(options, BioLatencyProbe.Programs.HeldEnded, isUsed);
        Use(options, BioLatencyProbe.Programs.HeldBioEnded, isUsed);
        Use(options, BioLatencyProbe.Programs.HeldWoken, isUsed);
        Use(options, BioLatencyProbe.Programs.HeldSlept, isUsed);
        Use(options, BioLatencyProbe.Programs.HeldReleased, isUsed);
        if (!isUsed)
        {
            options.MaxEntries[nameof(HeldBack.HeldSleepers)] = 1;
            options.MaxEntries[nameof(HeldBack.HeldReleases)] = 1;
            options.MaxEntries[nameof(HeldBack.HeldTotals)] = 1;
        }
    }

    private static void Use(LoadOptions options, string program, bool isUsed)
    {
        if (!isUsed)
        {
            options.Without.Add(program);
        }
    }

    private static void Add(BioLatencyReading reading, BioLatencyKey key, int slot, in SlotTotals totals)
    {
        if (totals.Count > 0)
        {
            reading.Add(key, slot, MeasuredTotals.Measured(totals.Count, totals.SumNs, totals.MaxNs));
        }
    }

    private void ReadTotals(BioLatencyReading reading)
    {
        foreach ((int slot, MeasuredTotals totals) in ReadSlots(_probe.Totals))
        {
            reading.Add(default, slot, totals);
        }
    }

    // What is in a slot, once for each CPU that has counted there.
    private IEnumerable<(int Slot, MeasuredTotals Totals)> ReadSlots(BpfPerCpuArray<SlotTotals> map)
    {
        int cpus = map.CpuCount;
        if (_values.Length == 0)
        {
            _values = new SlotTotals[map.Count * cpus];
        }

        map.ReadAll(_values);
        for (int i = 0; i < _values.Length; i++)
        {
            if (_values[i].Count > 0)
            {
                yield return (i / cpus, MeasuredTotals.Measured(_values[i].Count, _values[i].SumNs, _values[i].MaxNs));
            }
        }
    }

    private void ReadHeld(BioLatencyReading reading)
    {
        foreach ((int slot, MeasuredTotals totals) in ReadSlots(_probe.HeldTotals))
        {
            reading.Held.Add(slot, totals);
        }

        // Each of these was read before what it is compared with could grow.
        ulong waitedFor = _probe.HeldWaitedFor;
        ulong completed = _probe.HeldCompleted;
        if ((_constants.Mode & BioLatencyMode.BySubmitter) != 0)
        {
            reading.Losses.Add(new(
                "held", _probe.HeldBios, "bios of any process that an I/O limit held back: a kernel thread submits them later, so their requests do not count for -p, --comm, -c or -- COMMAND"));
        }
        else
        {
            reading.Losses.Add(new(
                "held-unmeasured", completed - ulong.Min(waitedFor, completed), "bios that an I/O limit held back for a time that is not known, because no task slept for just that one"));
        }

        reading.Losses.Add(new("held-unseen", _probe.HeldUnseen, "waits not measured, because more tasks sleep than the map has room for"));
    }
}
