using System;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.BioLatency;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Histograms;
using Xunit;

namespace Fathom.Testing.Tests;

/// <summary>The kernel side of a tool that is shipped, without a kernel.</summary>
public sealed class BioLatencyTests
{
    private readonly BpfTest _bpf = BpfTest.Load(BioLatencyProbe.GetObjectFile(), new BpfTestOptions
    {
        // As since Linux 5.17: the disk is found through the queue.
        Exists = static what => !what.EndsWith(".rq_disk", StringComparison.Ordinal),
    });

    [Fact]
    public void A_request_is_counted_in_the_slot_of_its_latency()
    {
        var request = _bpf.Place(new Request { __data_len = 4096 });
        _bpf.Now = 1_000_000;
        _bpf.Run(BioLatencyProbe.Programs.Issued, request);
        // 10 µs are 80 units of an eighth: the slot of 80 to 83.
        _bpf.Now += 10_000;
        // A part of it is no completion.
        _bpf.Run(BioLatencyProbe.Programs.Completed, request, 0, 512u);
        _bpf.Run(BioLatencyProbe.Programs.Completed, request, 0, 4096u);
        _bpf.Run(BioLatencyProbe.Programs.Completed, request, 0, 4096u);

        var totals = _bpf.Map<uint, SlotTotals>(nameof(Latencies.Totals));
        uint slot = (2 << 4) + (80 >> 2);
        Assert.Equal(new SlotTotals { Count = 1, SumNs = 10_000, MaxNs = 10_000 }, totals[slot]);
        Assert.Equal(1UL, _bpf.Global<ulong>(nameof(BioLatencyProbe.Unstarted)));
    }

    [Fact]
    public unsafe void Disks_are_told_apart()
    {
        var disk = _bpf.Place(new GenDisk { major = 8, first_minor = 16 });
        var queue = _bpf.Place(new RequestQueue { disk = disk.Pointer });
        var request = _bpf.Place(new Request { q = queue.Pointer });
        var diskless = _bpf.Place(new Request());
        _bpf.Global<bool>("PerDisk") = true;
        _bpf.Global<bool>("ByKey") = true;
        foreach (var one in new[] { request, diskless })
        {
            _bpf.Run(BioLatencyProbe.Programs.Issued, one);
            _bpf.Run(BioLatencyProbe.Programs.Completed, one, 0, 0u);
        }

        var keyed = KeyedSlots.Of(_bpf);
        Assert.Equal(2, keyed.Count);
        Assert.Equal(1UL, keyed[new SlotKey { Low = (8u << 20) | 16 }].Count);
        Assert.Equal(1UL, keyed[new SlotKey { Low = 0 }].Count);
    }

    [Fact]
    public void Only_the_chosen_process_counts()
    {
        _bpf.Global<bool>("BySubmitter") = true;
        _bpf.Global<TaskFilterSettings>("Filter") = new() { Process = 42 };
        var request = _bpf.Place(new Request());
        foreach (uint process in (uint[])[41, 42])
        {
            _bpf.ProcessId = process;
            _bpf.Run(BioLatencyProbe.Programs.IssuedChosen, request, 0);
            _bpf.Now += 125;
            _bpf.Run(BioLatencyProbe.Programs.Completed, request, 0, 0u);
        }

        Assert.Equal(1UL, _bpf.Map<uint, SlotTotals>(nameof(Latencies.Totals))[1].Count);
    }
}
