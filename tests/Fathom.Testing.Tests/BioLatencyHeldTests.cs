using System;
using System.Text;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.BioLatency;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Histograms;
using Xunit;

namespace Fathom.Testing.Tests;

/// <summary>Which sleeps count as held back before the disk, without a kernel.</summary>
public sealed unsafe class BioLatencyHeldTests
{
    private const uint Service = 42;
    private const uint Sleeping = 2;

    private readonly BpfTest _bpf = BpfTest.Load(BioLatencyProbe.GetObjectFile(), new BpfTestOptions
    {
        CpuCount = 2,
        // As since Linux 5.18.
        Exists = static what => !what.EndsWith(".rq_disk", StringComparison.Ordinal) && !what.EndsWith(".bi_disk", StringComparison.Ordinal),
    });

    private readonly KernelMemory<TaskStruct> _service;

    public BioLatencyHeldTests()
    {
        _bpf.Global<HeldBackSettings>("Held") = new();
        _bpf.Global<bool>("HeldStateIsArgument") = true;
        _service = _bpf.Place(new TaskStruct { pid = 42, tgid = 42, __state = Sleeping });
        _bpf.Now = 1_000_000;
    }

    private ulong Waits => Sum(static totals => totals.Count);

    private ulong HeldNs => Sum(static totals => totals.SumNs);

    [Fact]
    public void A_wait_lasts_from_the_sleep_to_the_release_of_what_it_is_for()
    {
        var bio = _bpf.Place(new Bio());
        Sleep();
        _bpf.Now += 20_000_000;
        Release(bio, "kthrotld");
        // The time on the disk is that of a request.
        _bpf.Now += 300_000;
        Complete(bio);
        Wake();
        Assert.Equal((1UL, 20_000_000UL), (Waits, HeldNs));
        Assert.Equal((1UL, 1UL, 1UL), (_bpf.Global<ulong>("HeldBios"), _bpf.Global<ulong>("HeldCompleted"), _bpf.Global<ulong>("HeldWaitedFor")));
    }

    [Fact]
    public void Who_sleeps_for_the_same_bio_is_held_back_too()
    {
        var bio = _bpf.Place(new Bio());
        var other = _bpf.Place(new TaskStruct { pid = 43, tgid = 43, __state = Sleeping });
        Sleep();
        _bpf.Now += 1_000_000;
        Sleep(other);
        _bpf.Now += 1_000_000;
        Release(bio, "kthrotld");
        Complete(bio);
        Wake();
        Wake(other);
        Assert.Equal((2UL, 3_000_000UL), (Waits, HeldNs));
        Assert.Equal(1UL, _bpf.Global<ulong>("HeldWaitedFor"));
    }

    [Theory]
    [InlineData("kblockd")]
    [InlineData("kthrotld2")]
    [InlineData("kthrotl")]
    public void Another_workqueue_holds_nothing_back(string workqueue)
    {
        var bio = _bpf.Place(new Bio());
        Sleep();
        _bpf.Now += 20_000_000;
        Release(bio, workqueue);
        Complete(bio);
        Wake();
        Assert.Equal(0UL, Waits);
        Assert.Equal(0UL, _bpf.Global<ulong>("HeldBios"));
    }

    [Fact]
    public void What_other_completions_wake_was_not_held_back()
    {
        var held = _bpf.Place(new Bio());
        var free = _bpf.Place(new Bio());
        Sleep();
        _bpf.Now += 20_000_000;
        Release(held, "kthrotld");
        Complete(held);
        // In the same interrupt.
        Complete(free);
        Wake();
        Assert.Equal(0UL, Waits);
        Assert.Equal((1UL, 0UL), (_bpf.Global<ulong>("HeldCompleted"), _bpf.Global<ulong>("HeldWaitedFor")));
    }

    [Fact]
    public void What_is_woken_later_or_elsewhere_was_not_held_back()
    {
        var bio = _bpf.Place(new Bio());
        Sleep();
        _bpf.Now += 20_000_000;
        Release(bio, "kthrotld");
        Complete(bio);
        _bpf.Cpu = 1;
        Wake();
        Sleep();
        _bpf.Cpu = 0;
        _bpf.Now += HeldBackSettings.LongestCompletionNs + 1;
        Wake();
        Assert.Equal(0UL, Waits);
    }

    [Fact]
    public void Who_sleeps_only_after_the_release_was_not_held_back()
    {
        var bio = _bpf.Place(new Bio());
        Release(bio, "kthrotld");
        Sleep();
        _bpf.Now += 300_000;
        Complete(bio);
        Wake();
        Assert.Equal(0UL, Waits);
    }

    [Fact]
    public void A_request_that_is_held_back_only_in_part_is_nobodys_wait()
    {
        var free = _bpf.Place(new Bio());
        var held = _bpf.Place(new Bio { bi_next = free.Pointer });
        Sleep();
        _bpf.Now += 20_000_000;
        Release(held, "kthrotld");
        Complete(held);
        Wake();
        Assert.Equal(0UL, Waits);

        var last = _bpf.Place(new Bio());
        var first = _bpf.Place(new Bio { bi_next = last.Pointer });
        Sleep();
        _bpf.Now += 20_000_000;
        Release(first, "kthrotld");
        _bpf.Now += 1_000;
        Release(last, "kthrotld");
        Complete(first);
        Wake();
        Assert.Equal((1UL, 20_000_000UL), (Waits, HeldNs));
        Assert.Equal((3UL, 2UL), (_bpf.Global<ulong>("HeldCompleted"), _bpf.Global<ulong>("HeldWaitedFor")));
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(0x402u)]
    [InlineData(0u)]
    public void Other_sleeps_are_no_waits_for_a_disk(uint state)
    {
        var bio = _bpf.Place(new Bio());
        _bpf.Run(BioLatencyProbe.Programs.HeldSlept, 0, _service, _service, state);
        _bpf.Now += 20_000_000;
        Release(bio, "kthrotld");
        Complete(bio);
        Wake();
        Assert.Equal(0UL, Waits);
    }

    [Fact]
    public void A_logical_volume_completes_with_the_last_of_its_disks()
    {
        var below = _bpf.Place(new Bio());
        var volume = _bpf.Place(new Bio());
        Sleep();
        _bpf.Now += 20_000_000;
        Release(below, "kthrotld");
        Complete(below);
        _bpf.Run(BioLatencyProbe.Programs.HeldBioEnded, 0, volume);
        Wake();
        Assert.Equal((1UL, 20_000_000UL), (Waits, HeldNs));

        // And where the limit is that of the volume.
        Sleep();
        _bpf.Now += 10_000_000;
        Release(volume, "kthrotld");
        Complete(below);
        _bpf.Run(BioLatencyProbe.Programs.HeldBioEnded, 0, volume);
        Wake();
        Assert.Equal((2UL, 30_000_000UL), (Waits, HeldNs));

        // The same worker submits the bio for the disk then.
        Sleep();
        _bpf.Now += 10_000_000;
        Release(volume, "kthrotld");
        Release(below, "kthrotld");
        Complete(below);
        _bpf.Run(BioLatencyProbe.Programs.HeldBioEnded, 0, volume);
        Wake();
        Assert.Equal((3UL, 40_000_000UL), (Waits, HeldNs));
        Assert.Equal((4UL, 4UL), (_bpf.Global<ulong>("HeldCompleted"), _bpf.Global<ulong>("HeldWaitedFor")));
    }

    [Fact]
    public void Filters_ask_who_sleeps_and_for_which_disk()
    {
        var disk = _bpf.Place(new GenDisk { major = 8, first_minor = 16 });
        var device = _bpf.Place(new BlockDevice { bd_disk = disk.Pointer });
        var bio = _bpf.Place(new Bio { bi_bdev = device.Pointer });
        foreach ((uint process, uint minor, ulong waits) in ((uint, uint, ulong)[])[(41, 16, 0), (42, 17, 0), (42, 16, 1)])
        {
            _bpf.Global<TaskFilterSettings>("Filter") = new() { Process = process };
            _bpf.Global<HeldBackSettings>("Held") = new()
            {
                OneDisk = true,
                Disk = (8u << 20) | minor,
            };
            Sleep();
            _bpf.Now += 20_000_000;
            Release(bio, "kthrotld");
            Complete(bio);
            Wake();
            Assert.Equal(waits, Waits);
        }
    }

    private ulong Sum(Func<SlotTotals, ulong> value)
    {
        var totals = _bpf.Map<uint, SlotTotals>(nameof(HeldBack.HeldTotals));
        ulong sum = 0;
        for (uint slot = 0; slot < LatencyScale.SlotCount; slot++)
        {
            sum += value(totals[slot]);
        }

        return sum;
    }

    private void Sleep() => Sleep(_service);

    private void Sleep(KernelMemory<TaskStruct> task)
    {
        _bpf.ProcessId = Service;
        _bpf.ThreadId = Service;
        _bpf.Run(BioLatencyProbe.Programs.HeldSlept, 0, task, _service, Sleeping);
    }

    private void Release(KernelMemory<Bio> bio, string workqueue)
    {
        var queue = new WorkqueueStruct();
        Encoding.ASCII.GetBytes(workqueue, new Span<byte>(queue.name, 24));
        var from = _bpf.Place(new PoolWorkqueue { wq = _bpf.Place(queue).Pointer });
        var worker = _bpf.Place(new Worker { current_pwq = from.Pointer });
        var thread = _bpf.Place(new Kthread { data = worker.Pointer });
        _bpf.CurrentTask = _bpf.Place(new TaskStruct { flags = HeldBackSettings.WorkerFlag, worker_private = thread.Pointer }).Address;
        _bpf.ProcessId = 3;
        _bpf.ThreadId = 3;
        _bpf.Run(BioLatencyProbe.Programs.HeldReleased, bio, 0);
    }

    private void Complete(KernelMemory<Bio> bio)
    {
        _bpf.ProcessId = 0;
        _bpf.ThreadId = 0;
        _bpf.Run(BioLatencyProbe.Programs.HeldEnded, _bpf.Place(new Request { bio = bio.Pointer }));
    }

    private void Wake() => Wake(_service);

    private void Wake(KernelMemory<TaskStruct> task) => _bpf.Run(BioLatencyProbe.Programs.HeldWoken, task);
}
