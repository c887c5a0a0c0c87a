using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Xunit;

namespace Fathom.Testing.Tests;

public sealed class BpfTestTests
{
    [Fact]
    public unsafe void Records_tell_what_the_test_made_up()
    {
        var bpf = BpfTest.Load(ExitWatch.GetObjectFile());
        var leader = bpf.Place(new TaskStruct { exit_code = 256 });
        var thread = bpf.Place(new TaskStruct { exit_code = 1, group_leader = leader.Pointer });
        bpf.Now = 5_000;
        bpf.ProcessId = 77;
        bpf.Run(ExitWatch.Programs.Exited, thread);
        leader.Value.exit_code = 9;
        bpf.Now = 6_000;
        bpf.Run(ExitWatch.Programs.Exited, thread);

        var exits = bpf.TakeRecords<Exit>("Exits");
        Assert.Equal([new Exit { Time = 5_000, Process = 77, Code = 256 }, new Exit { Time = 6_000, Process = 77, Code = 9 }], exits);
        Assert.Empty(bpf.TakeRecords<Exit>("Exits"));
    }

    [Fact]
    public void A_constant_chooses_the_branch()
    {
        var bpf = BpfTest.Load(ExitWatch.GetObjectFile());
        bpf.Global<uint>("OnlyUser") = 1000;
        var task = bpf.Place(new TaskStruct());
        bpf.UserId = 0;
        bpf.Run(ExitWatch.Programs.Exited, task);
        Assert.Equal(1UL, bpf.Global<ulong>("Skipped"));
        bpf.UserId = 1000;
        bpf.Run(ExitWatch.Programs.Exited, task);
        Assert.Equal(1UL, bpf.Global<ulong>("Skipped"));
        Assert.Single(bpf.TakeRecords<Exit>("Exits"));
    }

    [Fact]
    public void A_null_pointer_reads_as_zero_as_in_the_kernel()
    {
        var bpf = BpfTest.Load(ExitWatch.GetObjectFile());
        bpf.Run(ExitWatch.Programs.Exited, bpf.Place(new TaskStruct { exit_code = 3 }));
        Assert.Equal(0, bpf.TakeRecords<Exit>("Exits").Single().Code);
    }

    [Fact]
    public void Each_cpu_counts_for_itself()
    {
        var bpf = BpfTest.Load(ExitWatch.GetObjectFile(), new BpfTestOptions { CpuCount = 2 });
        var task = bpf.Place<TaskStruct>();
        bpf.Run(ExitWatch.Programs.Exited, task);
        bpf.Cpu = 1;
        bpf.Run(ExitWatch.Programs.Exited, task);
        bpf.Run(ExitWatch.Programs.Exited, task);
        var counts = bpf.Map<uint, ulong>("Counts");
        Assert.True(counts.TryGet(0, out ulong first, cpu: 0) && counts.TryGet(0, out ulong second, cpu: 1) && first == 1 && second == 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => bpf.Cpu = 2);
    }

    [Fact]
    public void A_full_ring_loses_what_comes()
    {
        var bpf = BpfTest.Load(ExitWatch.GetObjectFile());
        var task = bpf.Place<TaskStruct>();
        for (int i = 0; i < 200; i++)
        {
            bpf.Run(ExitWatch.Programs.Exited, task);
        }

        // 16 bytes and a header each, and the ring never quite full.
        Assert.Equal(170, bpf.TakeRecords<Exit>("Exits").Count);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void The_test_says_which_fields_the_kernel_has(bool exists, int result)
    {
        List<string> asked = [];
        var bpf = BpfTest.Load(ExitWatch.GetObjectFile(), new BpfTestOptions
        {
            Exists = what =>
            {
                asked.Add(what);
                return exists;
            },
        });
        Assert.Equal(result, bpf.Run(ExitWatch.Programs.IsNew).ReturnValue);
        Assert.Equal(["struct task_struct.__state"], asked);
        Assert.Equal(1, BpfTest.Load(ExitWatch.GetObjectFile()).Run(ExitWatch.Programs.IsNew).ReturnValue);
    }

    [Fact]
    public unsafe void Memory_that_is_not_there_fails_as_in_the_kernel()
    {
        var bpf = BpfTest.Load(ExitWatch.GetObjectFile());
        Assert.Equal(-1, bpf.Run(ExitWatch.Programs.FirstLetter).ReturnValue);
        TaskStruct task = default;
        task.comm[0] = (byte)'x';
        bpf.CurrentTask = bpf.Place(task).Address;
        Assert.Equal('x', bpf.Run(ExitWatch.Programs.FirstLetter).ReturnValue);
    }

    [Fact]
    public void A_packet_is_dropped_or_changed()
    {
        var bpf = BpfTest.Load(ExitWatch.GetObjectFile());
        Assert.Equal(XdpAction.Drop, bpf.RunXdp(ExitWatch.Programs.DropShort, new byte[13]));
        byte[] packet = new byte[14];
        Assert.Equal(XdpAction.Pass, bpf.RunXdp(ExitWatch.Programs.DropShort, packet));
        Assert.Equal(0xff, packet[0]);
    }

    [Fact]
    public void Wrong_names_and_sizes_are_said()
    {
        var bpf = BpfTest.Load(ExitWatch.GetObjectFile());
        Assert.Throws<KeyNotFoundException>(() => bpf.Map<uint, ulong>("Nothing"));
        Assert.Throws<ArgumentException>(() => bpf.Map<ulong, ulong>("Counts"));
        Assert.Throws<ArgumentException>(() => bpf.Global<uint>("Skipped"));
        Assert.Throws<KeyNotFoundException>(() => bpf.Global<uint>("Nothing"));
        Assert.Throws<ArgumentException>(() => bpf.TakeRecordBytes("Counts"));
        bpf.Run(ExitWatch.Programs.Exited, bpf.Place<TaskStruct>());
        Assert.Throws<InvalidOperationException>(() => bpf.TakeRecords<int>("Exits"));
    }
}
