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
        BioLatencyProbe.Constants constants = ConstantsOf(request, disks);
        var view = new BioLatencyView(
            request.Has(BioLatencyOptions.Milliseconds) ? TimeUnit.Milliseconds : TimeUnit.Microseconds,
            request.Has(BioLatencyOptions.PerDisk),
            request.Has(BioLatencyOptions.PerFlags),
            request.Has(BioLatencyOptions.Extension));

        Kernel kernel = Kernel.Running;
        Func<ulong, string> flagsName = view.PerFlags ? FlagsOf(kernel).Name : static _ => "";
        string DiskName(uint device) => device == 0 ? "none" : disks.NameOf(DeviceNumber.FromKernel(device));
        var limits = new IoLimitNotes(request.Has(BioLatencyOptions.Queued), (constants.Mode & BioLatencyMode.BySubmitter) != 0, constants.Disk, DiskName);
        return new BioLatencyTracing(
            BioLatencyProbeSource.Start(kernel, constants, filter),
            view,
            new Histogram(constants.UnitNs, BioLatencyMode.SlotCount),
            DiskName,
            flagsName,
            () => limits.Of(new IoLimits().Find(request.Pid != 0 ? request.Pid : request.ProcessTree)));
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

    private static BioLatencyProbe.Constants ConstantsOf(ToolRequest request, Disks disks)
    {
        uint mode = 0;
        uint device = 0;
        if (request.ValueOf(BioLatencyOptions.Disk) is { } name)
        {
            Disk disk = disks.Find(name);
            if (disk.Partition is not null)
            {
                request.Note($"{disk.Partition} is a partition of {disk.Name}: showing {disk.Name}");
            }

            device = disk.Device.InKernel;
            mode |= BioLatencyMode.OneDisk;
        }

        mode |= request.Has(BioLatencyOptions.Queued) ? BioLatencyMode.Queued : 0;
        mode |= request.Has(BioLatencyOptions.PerDisk) ? BioLatencyMode.PerDisk : 0;
        mode |= request.Has(BioLatencyOptions.PerFlags) ? BioLatencyMode.PerFlags : 0;
        bool bySubmitter = request.Pid != 0 || request.Comm is not null || request.Cgroup is not null || request.ProcessTree != 0;
        mode |= bySubmitter ? BioLatencyMode.BySubmitter : 0;
        return new()
        {
            Mode = mode,
            UnitNs = request.Has(BioLatencyOptions.Milliseconds) ? BioLatencyMode.UnitNsMilliseconds : BioLatencyMode.UnitNsMicroseconds,
            Disk = device,
        };
    }

    private static RequestFlags FlagsOf(Kernel kernel)
    {
        // Called req_opf before Linux 6.0.
        var operations = kernel.GetEnumerators("req_op");
        return new(operations.Count > 0 ? operations : kernel.GetEnumerators("req_opf"), kernel.GetEnumerators("req_flag_bits"));
    }
}
