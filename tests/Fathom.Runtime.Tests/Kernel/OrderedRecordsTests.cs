using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Runtime.Tests.Kernel;

public sealed class OrderedRecordsTests : IDisposable
{
    private readonly LoadedObject _loaded;
    private readonly BpfRingBuffer _ring;
    private readonly byte[] _context = new byte[16];

    public OrderedRecordsTests()
    {
        const int NoWakeup = 1, ForceWakeup = 2;
        _loaded = LoadedObject.Load(
            Require.Root(), Samples.Object([Emitting("emit", NoWakeup), Emitting("wake", ForceWakeup)], [Samples.Map(MapType.RingBuffer, 0, 0, 1 << 16, "ring")]));
        _ring = new BpfRingBuffer(_loaded.GetMap("ring"));

        // A record of the context's 16 bytes: a time and a number.
        static BpfFunction Emitting(string name, int flags) => new()
        {
            Name = name,
            Section = "syscall",
            Instructions =
            [
                Instruction.Alu64(AluOperation.Move, Register.R2, Register.R1),
                Instruction.Load(MemorySize.Double, Register.R3, Register.R1, 0),
                Instruction.Store(MemorySize.Double, Register.R10, -16, Register.R3),
                Instruction.Load(MemorySize.Double, Register.R3, Register.R1, 8),
                Instruction.Store(MemorySize.Double, Register.R10, -8, Register.R3),
                Instruction.LoadImmediate64(Register.R1, 0),
                Instruction.Alu64(AluOperation.Move, Register.R2, Register.R10),
                Instruction.Alu64(AluOperation.Add, Register.R2, -16),
                Instruction.Alu64(AluOperation.Move, Register.R3, 16),
                Instruction.Alu64(AluOperation.Move, Register.R4, flags),
                Instruction.Call(CallKind.Helper, 130),
                Instruction.Exit(),
            ],
            References = [new Reference(5, ReferenceKind.Map, "ring")],
        };
    }

    private static ulong Now => (ulong)(Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency));

    public void Dispose()
    {
        _ring.Dispose();
        _loaded.Dispose();
    }

    [Fact]
    public void Records_come_in_the_order_of_their_times_and_equal_ones_as_they_came()
    {
        var records = new OrderedRecords(_ring);
        foreach ((ulong time, ulong number) in ((ulong, ulong)[])[(10, 0), (30, 1), (20, 2), (20, 3), (5, 4), (40, 5)])
        {
            Emit(time, number);
        }

        Assert.Equal(6, records.Take());
        Assert.Equal([4, 0, 2, 3, 1, 5], Drain(records));
        Assert.Equal(0, records.Waiting);
    }

    [Fact]
    public void What_is_young_is_held_back_until_nothing_older_can_come()
    {
        var records = new OrderedRecords(_ring, TimeSpan.FromHours(1));
        ulong now = Now;
        Emit(now, 1);

        // Older than the window whenever the machine was started.
        Emit(0, 0);
        records.Take();
        Assert.Equal([0], Drain(records));
        Assert.Equal(1, records.Waiting);

        // Later than it should be: it is given all the same, before what is held back.
        Emit(now - 1, 2);
        records.Take();
        Assert.Empty(Drain(records));
        records.Take(isLast: true);
        Assert.Equal([2, 1], Drain(records));
    }

    [Fact]
    public void Nothing_gets_lost_or_mixed_up_over_many_rounds_and_nothing_is_allocated_then()
    {
        var records = new OrderedRecords(_ring, TimeSpan.FromMilliseconds(1));
        var random = new Random(7);
        var expected = new List<(ulong Time, ulong Number)>();
        var got = new List<ulong>(100_000);
        long allocated = 0;
        for (ulong round = 0; round < 100; round++)
        {
            for (ulong i = 0; i < 97; i++)
            {
                // One in three is held back to the end.
                ulong time = random.Next(3) == 0 ? ulong.MaxValue - 1000 + i : (round * 1000) + (ulong)random.Next(1000);
                expected.Add((time, (round * 97) + i));
                Emit(time, (round * 97) + i);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            records.Take(isLast: round == 99);
            while (records.TryNext(out ReadOnlySpan<byte> record))
            {
                got.Add(MemoryMarshal.Cast<byte, ulong>(record)[1]);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(expected.OrderBy(static record => record.Time).Select(static record => record.Number), got);
        Assert.Equal(0, allocated);
        Assert.Equal(0, _ring.PendingBytes);
    }

    [Fact]
    public void Copies_are_bounded_and_what_is_beyond_waits_in_the_buffer()
    {
        // Of 24 bytes each, and a second apart: the newest is held back as long as more wait.
        var records = new OrderedRecords(_ring, mostBytes: 240);
        for (ulong i = 0; i < 25; i++)
        {
            Emit(1_000_000_000 * (i + 1), i);
        }

        Assert.Equal(10, records.Take());
        Assert.True(records.IsPressing);
        Assert.Equal(15 * 24, _ring.PendingBytes);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8], Drain(records));
        Assert.Equal(10, records.Take(isLast: true));
        Assert.Equal([9, 10, 11, 12, 13, 14, 15, 16, 17, 18], Drain(records));
        Assert.Equal(5, records.Take(isLast: true));
        Assert.False(records.IsPressing);
        Assert.Equal([19, 20, 21, 22, 23, 24], Drain(records));
        Assert.Equal(0, records.Take(isLast: true));
    }

    [Fact]
    public void A_reader_that_is_held_up_loses_nothing_while_the_buffer_is_watched()
    {
        // Much more than the buffer of 64 KB has room for; its own program counts nothing, so that each must find room.
        const ulong Count = 20_000;
        var records = new OrderedRecords(_ring);
        using (var watch = new RingWatch(_ring, records))
        {
            for (ulong i = 0; i < Count; i++)
            {
                while (_ring.PendingBytes > _ring.Capacity / 2)
                {
                    // Only the watch makes room here.
                    Thread.Yield();
                }

                Emit(i, i);
            }
        }

        var numbers = new List<ulong>();
        while (records.Take(isLast: true) > 0 || records.IsPressing)
        {
            numbers.AddRange(Drain(records));
        }

        Assert.Equal(Count, (ulong)numbers.Count);
        Assert.Equal(numbers.Order(), numbers);
    }

    [Fact]
    public void A_wake_up_of_the_kernel_is_seen_at_once()
    {
        Emit(1, 1);
        var records = new OrderedRecords(_ring);
        using var watch = new RingWatch(_ring, records);
        Wake(2, 2);
        while (_ring.PendingBytes > 0)
        {
            Thread.Yield();
        }

        Assert.Equal(2, records.Take(isLast: true));
    }

    private static List<ulong> Drain(OrderedRecords records)
    {
        var numbers = new List<ulong>();
        while (records.TryNext(out ReadOnlySpan<byte> record))
        {
            Assert.Equal(16, record.Length);
            numbers.Add(MemoryMarshal.Cast<byte, ulong>(record)[1]);
        }

        return numbers;
    }

    private void Emit(ulong time, ulong number) => Run("emit", time, number);

    private void Wake(ulong time, ulong number) => Run("wake", time, number);

    private void Run(string program, ulong time, ulong number)
    {
        MemoryMarshal.Write(_context, time);
        MemoryMarshal.Write(_context.AsSpan(8), number);
        Assert.Equal(0u, _loaded.GetProgram(program).TestRun(_context).ReturnValue);
    }
}
