using System;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.RunqLat;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Histograms;
using Fathom.Tools.Shared.Starts;
using Xunit;

namespace Fathom.Testing.Tests;

/// <summary>Which waits for a CPU count, without a kernel.</summary>
public sealed unsafe class RunqLatTests
{
    private const uint Asleep = 1;

    private readonly BpfTest _bpf = BpfTest.Load(RunqLatProbe.GetObjectFile());
    private readonly KernelMemory<TaskStruct> _idle;

    public RunqLatTests()
    {
        _idle = _bpf.Place(new TaskStruct());
        _bpf.Now = 1_000_000;
    }

    private ulong Waits => Sum(static totals => totals.Count);

    private ulong WaitedNs => Sum(static totals => totals.SumNs);

    [Fact]
    public void A_wait_lasts_from_the_wake_up_to_the_switch()
    {
        var task = Task(42);
        Wake(task, 10_000);
        Switch(_idle, task);
        // The next switch to it has no wait before it that was seen.
        Switch(_idle, task);

        // 10 µs are 80 units of an eighth: the slot of 80 to 83.
        uint slot = (2 << 4) + (80 >> 2);
        Assert.Equal(new SlotTotals { Count = 1, SumNs = 10_000, MaxNs = 10_000 }, _bpf.Map<uint, SlotTotals>(nameof(Latencies.Totals))[slot]);
        Assert.Equal(1UL, Waits);
    }

    [Fact]
    public void A_new_thread_waits_from_its_creation()
    {
        var task = Task(42);
        _bpf.Run(RunqLatProbe.Programs.Created, task);
        _bpf.Now += 5_000;
        Switch(_idle, task);
        Assert.Equal((1UL, 5_000UL), (Waits, WaitedNs));
    }

    [Theory]
    [InlineData(false, 0u, 1ul)]
    [InlineData(true, 0u, 1ul)]
    // It was preempted on its way to sleep.
    [InlineData(true, Asleep, 1ul)]
    [InlineData(false, Asleep, 0ul)]
    // Another CPU wakes it already, and will say so.
    [InlineData(false, 0x200u, 0ul)]
    // It has ended.
    [InlineData(false, 0x80u, 0ul)]
    public void Who_is_taken_from_a_CPU_waits_if_it_could_go_on(bool preempt, uint state, ulong waits)
    {
        var task = Task(42, state: state);
        Switch(task, _idle, preempt);
        _bpf.Now += 3_000;
        Switch(_idle, task);
        Assert.Equal((waits, waits * 3_000), (Waits, WaitedNs));
    }

    [Fact]
    public void One_that_is_woken_while_it_runs_does_not_wait()
    {
        var task = _bpf.Place(new TaskStruct { pid = 42, tgid = 42, on_cpu = 1 });
        Wake(task, 1_000);
        Switch(_idle, task);
        Assert.Equal(0UL, Waits);
    }

    [Fact]
    public void Idle_tasks_do_not_wait()
    {
        var task = Task(42);
        Switch(_idle, task);
        _bpf.Now += 1_000;
        Switch(task, _idle, preempt: true);
        Assert.Equal(0UL, Waits);
    }

    [Fact]
    public void Threads_whose_numbers_end_alike_wait_side_by_side_and_what_finds_no_room_is_told()
    {
        var tasks = new KernelMemory<TaskStruct>[StartRow.Length + 1];
        for (int i = 0; i < tasks.Length; i++)
        {
            tasks[i] = Task(7 + (i * (int)StartTable.Length));
            Wake(tasks[i], 1_000);
        }

        // In an order of their own: those that wait on keep their places.
        foreach (int i in (int[])[1, 0, 3, 2, 4])
        {
            Switch(_idle, tasks[i]);
        }

        Assert.Equal((4UL, (ulong)((4 + 5 + 2 + 3) * 1_000)), (Waits, WaitedNs));
        Assert.Equal(1UL, _bpf.Global<ulong>(nameof(ThreadStarts.Crowded)));
        Wake(tasks[4], 500);
        Switch(_idle, tasks[4]);
        Assert.Equal(5UL, Waits);
    }

    [Fact]
    public void A_second_wake_up_begins_anew_wherever_the_first_one_is_kept()
    {
        var (first, second) = (Task(7), Task(7 + (int)StartTable.Length));
        Wake(first, 0);
        Wake(second, 1_000);
        Switch(_idle, first);
        // The first place is free now, and the second thread keeps its own.
        Wake(second, 500);
        Switch(_idle, second);
        Switch(_idle, second);
        Assert.Equal((2UL, 1_500UL), (Waits, WaitedNs));
    }

    [Fact]
    public void A_clock_that_is_behind_makes_a_wait_of_0()
    {
        var task = Task(42);
        Wake(task, 0);
        _bpf.Now -= 100;
        Switch(_idle, task);
        Assert.Equal((1UL, 0UL), (Waits, WaitedNs));
    }

    [Theory]
    [InlineData(RunqLatKey.Process, 42u)]
    [InlineData(RunqLatKey.Thread, 43u)]
    [InlineData(RunqLatKey.PidNamespace, 4026531836u)]
    public void Histograms_are_told_apart(object key, uint expected)
    {
        var space = _bpf.Place(new PidNamespace { ns = new() { inum = 4026531836 } });
        PidStruct numbers = default;
        numbers.numbers[0] = new Upid { nr = 43, ns = space.Pointer };
        var pid = _bpf.Place(numbers);
        var task = _bpf.Place(new TaskStruct { pid = 43, tgid = 42, thread_pid = pid.Pointer });
        _bpf.Global<RunqLatKey>("Key") = (RunqLatKey)key;
        _bpf.Global<bool>("ByKey") = true;
        Wake(task, 125);
        Switch(_idle, task);
        var keyed = KeyedSlots.Of(_bpf);
        Assert.Equal((1, 1UL), (keyed.Count, keyed[new SlotKey { Low = expected, Slot = 1 }].Count));
    }

    [Fact]
    public void Only_what_was_asked_for_counts()
    {
        var root = _bpf.Place(new Cgroup { kn = _bpf.Place(new KernfsNode { id = 1 }).Pointer });
        var service = Below(root, 2);
        var inside = Below(service, 3);
        (string Name, TaskFilterSettings Settings)[] filters =
        [
            ("process", new() { Process = 42 }),
            ("command", new() { ByCommand = true, Command = new() { Low = 0x6b726f77 } }),
            ("cgroup", new() { ByCgroup = true, Cgroup = 2 }),
            ("tree", new() { ByTree = true }),
        ];
        _bpf.Map<uint, ulong>(nameof(TaskFilter.FilterTree))[42] = 0;
        var wanted = Member(42, "work", inside);
        var other = Member(43, "works", root);
        foreach (var (name, settings) in filters)
        {
            _bpf.Global<TaskFilterSettings>("Filter") = settings;
            // The current task is the one that wakes, and is not asked.
            foreach (var (task, expected) in ((KernelMemory<TaskStruct>, ulong)[])[(wanted, 1), (other, 0)])
            {
                ulong before = Waits;
                Wake(task, 1_000);
                Switch(_idle, task);
                Switch(task, _idle);
                Switch(_idle, task);
                Assert.True(Waits - before == 2 * expected, $"{name}: {Waits - before} waits of {2 * expected}");
            }
        }
    }

    private KernelMemory<Cgroup> Below(KernelMemory<Cgroup> parent, ulong number) => _bpf.Place(new Cgroup
    {
        self = new() { parent = (CgroupSubsysState*)parent.Pointer },
        kn = _bpf.Place(new KernfsNode { id = number }).Pointer,
    });

    private KernelMemory<TaskStruct> Member(int process, string name, KernelMemory<Cgroup> cgroup)
    {
        TaskStruct task = new() { pid = process, tgid = process, cgroups = _bpf.Place(new CssSet { dfl_cgrp = cgroup.Pointer }).Pointer };
        for (int i = 0; i < name.Length; i++)
        {
            task.comm[i] = (byte)name[i];
        }

        // What an earlier, longer name left.
        task.comm[name.Length + 2] = (byte)'x';
        return _bpf.Place(task);
    }

    private KernelMemory<TaskStruct> Task(int thread, uint state = 0) => _bpf.Place(new TaskStruct { pid = thread, tgid = thread, __state = state });

    /// <summary>Wakes a thread, and lets time pass.</summary>
    private void Wake(KernelMemory<TaskStruct> task, ulong ns)
    {
        _bpf.Run(RunqLatProbe.Programs.Woken, task);
        _bpf.Now += ns;
    }

    private void Switch(KernelMemory<TaskStruct> previous, KernelMemory<TaskStruct> next, bool preempt = false) =>
        _bpf.Run(RunqLatProbe.Programs.Switched, preempt ? 1 : 0, previous, next);

    private ulong Sum(Func<SlotTotals, ulong> value)
    {
        ulong sum = 0;
        var totals = _bpf.Map<uint, SlotTotals>(nameof(Latencies.Totals));
        for (uint slot = 0; slot < LatencyScale.SlotCount; slot++)
        {
            sum += value(totals[slot]);
        }

        return sum;
    }
}
