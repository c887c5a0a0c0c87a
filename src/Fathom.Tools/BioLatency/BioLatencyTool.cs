using System;
using Fathom.Output.Histograms;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Filters;

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
        BioLatencyProbe.Constants constants = ConstantsOf(request, disks, filter);
        var view = new BioLatencyView(
            request.Has(BioLatencyOptions.Milliseconds) ? TimeUnit.Milliseconds : TimeUnit.Microseconds,
            request.Has(BioLatencyOptions.PerDisk),
            request.Has(BioLatencyOptions.PerFlags),
            request.Has(BioLatencyOptions.Extension));

        Kernel kernel = Kernel.Running;
        Func<ulong, string> flagsName = view.PerFlags ? FlagsOf(kernel).Name : static _ => "";
        string DiskName(uint device) => device == 0 ? "none" : disks.NameOf(DeviceNumber.FromKernel(device));
        var notes = new IoLimitNotes(request.Has(BioLatencyOptions.Queued), constants.BySubmitter, constants.Disk, DiskName);
        return new BioLatencyTracing(
            BioLatencyProbeSource.Start(kernel, constants, filter),
            view,
            new Histogram(constants.UnitNs, BioLatencyMode.SlotCount),
            DiskName,
            flagsName,
            new IoLimitWatch(notes, () => new IoLimits().Find(request.Pid != 0 ? request.Pid : request.ProcessTree)));
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

    private static BioLatencyProbe.Constants ConstantsOf(ToolRequest request, Disks disks, TaskFilterSetup filter)
    {
        uint device = 0;
        if (request.ValueOf(BioLatencyOptions.Disk) is { } name)
        {
            Disk disk = disks.Find(name);
            if (disk.Partition is not null)
            {
                request.Note($"{disk.Partition} is a partition of {disk.Name}: showing {disk.Name}");
            }

            device = disk.Device.InKernel;
        }

        bool isQueued = request.Has(BioLatencyOptions.Queued);
        ulong unit = request.Has(BioLatencyOptions.Milliseconds) ? BioLatencyMode.UnitNsMilliseconds : BioLatencyMode.UnitNsMicroseconds;
        return new()
        {
            Queued = isQueued,
            PerDisk = request.Has(BioLatencyOptions.PerDisk),
            PerFlags = request.Has(BioLatencyOptions.PerFlags),
            OneDisk = request.Has(BioLatencyOptions.Disk),
            BySubmitter = filter.IsByProcess,
            UnitNs = unit,
            Disk = device,
            Filter = filter.Settings,
            Held = new() { IsAsked = isQueued, OneDisk = request.Has(BioLatencyOptions.Disk), Disk = device, UnitNs = unit },
        };
    }

    private static RequestFlags FlagsOf(Kernel kernel)
    {
        // Called req_opf before Linux 6.0.
        var operations = kernel.GetEnumerators("req_op");
        return new(operations.Count > 0 ? operations : kernel.GetEnumerators("req_opf"), kernel.GetEnumerators("req_flag_bits"));
    }
}
