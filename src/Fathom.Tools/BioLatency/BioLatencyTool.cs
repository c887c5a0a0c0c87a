using System;
using System.Collections.Generic;
using Fathom.Output.Histograms;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Histograms;

namespace Fathom.Tools.BioLatency;

/// <summary>Latency of block device I/O as a histogram.</summary>
public sealed class BioLatencyTool : ITool
{
    /// <inheritdoc/>
    public ToolDescription Description => BioLatencyOptions.Description;

    /// <inheritdoc/>
    public ITracing Start(ToolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var disks = new Disks();
        var filter = new TaskFilterSetup(request);
        Kernel kernel = Kernel.Running;
        HistogramView view = ViewOf(request, kernel, disks);
        BioLatencyProbe.Constants constants = ConstantsOf(request, disks, filter, view);
        var notes = new IoLimitNotes(constants.Queued, constants.BySubmitter, constants.Disk, device => NameOf(disks, device));
        var limits = new IoLimitWatch(notes, () => new IoLimits().Find(request.Pid != 0 ? request.Pid : request.ProcessTree));
        BioLatencyProbe.Loaded probe = BioLatencyProbe.Load(kernel, constants);
        return ProbeStart.Run(probe, filter.Fill, links =>
        {
            // Completions are attached before starts: what completed in between was not in flight when tracing began.
            probe.Unstarted = 0;
            return new BioLatencyTracing(new BioLatencyProbeSource(probe, links), view, limits);
        });
    }

    /// <inheritdoc/>
    public ToolExamination Examine()
    {
        ToolExamination examined = ToolExamination.ByStarting(this);
        const string Submission = "block_io_start";
        return !examined.Runs || Kernel.Running.CountTracepointArguments(Submission)[Submission] >= 0 ? examined : examined with
        {
            Limits = [.. examined.Limits, $"this kernel has no tracepoint {Submission} (Linux 6.5): -p, --comm, -c and -- COMMAND ask who inserts or issues a request, not who submits it"],
        };
    }

    private static BioLatencyProbe.Constants ConstantsOf(ToolRequest request, Disks disks, TaskFilterSetup filter, HistogramView view)
    {
        uint device = 0;
        if (request.Get(BioLatencyOptions.Disk) is { } name)
        {
            Disk disk = disks.Find(name);
            if (disk.Partition is not null)
            {
                request.Note($"{disk.Partition} is a partition of {disk.Name}: showing {disk.Name}");
            }

            device = disk.Device.InKernel;
        }

        bool isQueued = request.Has(BioLatencyOptions.Queued);
        return new()
        {
            Queued = isQueued,
            PerDisk = request.Has(BioLatencyOptions.PerDisk),
            PerFlags = request.Has(BioLatencyOptions.PerFlags),
            OneDisk = request.Has(BioLatencyOptions.Disk),
            BySubmitter = filter.IsByProcess,
            LatencyUnitNs = view.UnitNs,
            ByKey = view.Names is not null,
            Disk = device,
            Filter = filter.Settings,
            Held = new() { IsAsked = isQueued, OneDisk = request.Has(BioLatencyOptions.Disk), Disk = device },
        };
    }

    private static HistogramView ViewOf(ToolRequest request, Kernel kernel, Disks disks)
    {
        bool perDisk = request.Has(BioLatencyOptions.PerDisk), perFlags = request.Has(BioLatencyOptions.PerFlags);
        RequestFlags? flags = perFlags ? FlagsOf(kernel) : null;
        IReadOnlyList<RecordKey> Names(ulong key) =>
        [
            .. perDisk ? [new RecordKey("disk", NameOf(disks, (uint)key))] : (IEnumerable<RecordKey>)[],
            .. perFlags ? [new RecordKey("flags", flags!.Name(key >> 32))] : (IEnumerable<RecordKey>)[],
        ];
        return new(
            request.Has(BioLatencyOptions.Milliseconds) ? TimeUnit.Milliseconds : TimeUnit.Microseconds, perDisk || perFlags ? Names : null, request.Has(BioLatencyOptions.Extension));
    }

    private static string NameOf(Disks disks, uint device) => device == 0 ? "none" : disks.NameOf(DeviceNumber.FromKernel(device));

    private static RequestFlags FlagsOf(Kernel kernel)
    {
        // Called req_opf before Linux 6.0.
        var operations = kernel.GetEnumerators("req_op");
        return new(operations.Count > 0 ? operations : kernel.GetEnumerators("req_opf"), kernel.GetEnumerators("req_flag_bits"));
    }
}
