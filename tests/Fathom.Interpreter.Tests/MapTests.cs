using System;
using System.Linq;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Interpreter.Tests;

/// <summary>What programs and the host do to maps. The results are the kernel's.</summary>
public sealed class MapTests
{
    private const int NoEntry = -2;
    private const int TooBig = -7;
    private const int Exists = -17;
    private const int Invalid = -22;

    /// <summary>Steps, by programs on CPU 1 of 2: u KEY VALUE FLAGS = RESULT, d KEY = RESULT, l KEY = VALUE (or none). Two entries.</summary>
    [Theory]
    [InlineData(MapType.Array, "l 0 = 0; u 0 5 0 = 0; l 0 = 5; u 1 6 2 = 0; u 1 7 1 = -17; l 1 = 6; u 2 1 0 = -7; u 2 1 1 = -7; u 2 1 3 = -22; l 2 = none; d 0 = -22")]
    [InlineData(MapType.PerCpuArray, "l 0 = 0; u 0 5 0 = 0; l 0 = 5; u 1 7 1 = -17; u 2 1 0 = -7; d 0 = -22; l 2 = none")]
    [InlineData(MapType.Hash, "l 7 = none; u 7 5 2 = -2; u 7 5 1 = 0; l 7 = 5; u 7 6 1 = -17; u 7 6 2 = 0; l 7 = 6; u 8 1 0 = 0; u 9 1 0 = -7; u 8 2 0 = 0; l 8 = 2; u 9 1 3 = -22; d 9 = -2; d 7 = 0; d 7 = -2; l 7 = none; u 9 3 0 = 0; l 9 = 3; l 8 = 2")]
    [InlineData(MapType.PerCpuHash, "l 7 = none; u 7 5 2 = -2; u 7 5 1 = 0; l 7 = 5; u 7 6 1 = -17; u 7 6 2 = 0; l 7 = 6; u 8 1 0 = 0; u 9 1 0 = -7; d 9 = -2; d 7 = 0; l 7 = none; u 9 3 0 = 0; l 9 = 3")]
    [InlineData(MapType.LruHash, "u 1 1 0 = 0; u 2 2 0 = 0; l 1 = 1; u 3 3 0 = 0; l 2 = none; l 1 = 1; l 3 = 3; u 1 4 0 = 0; u 5 5 0 = 0; l 3 = none; l 1 = 4; d 1 = 0; d 1 = -2; u 6 6 1 = 0; l 5 = 5")]
    [InlineData(MapType.LruPerCpuHash, "u 1 1 0 = 0; u 2 2 0 = 0; l 1 = 1; u 3 3 0 = 0; l 2 = none; l 3 = 3; l 1 = 1; d 3 = 0; l 3 = none")]
    public void Programs_get_the_kernels_results(MapType type, string steps)
    {
        Machine machine = new(cpuCount: 2);
        machine.State.Cpu = 1;
        InterpretedMap map = machine.AddMap(Guest.Map(type, 4, 8, 2));
        MemoryRegion key = machine.AddMemory("key", new byte[4]);
        MemoryRegion value = machine.AddMemory("value", new byte[8]);
        foreach (string step in steps.Split(';', StringSplitOptions.TrimEntries))
        {
            string[] words = step.Split(' ');
            string expected = words[^1];
            BitConverter.TryWriteBytes(key.Span, int.Parse(words[1], null));
            string actual;
            switch (words[0])
            {
                case "u":
                    BitConverter.TryWriteBytes(value.Span, long.Parse(words[2], null));
                    actual = $"{(long)machine.Invoke(Guest.CallWithMap(2, map), key.Address, value.Address, ulong.Parse(words[3], null)).Value}";
                    break;
                case "d":
                    actual = $"{(long)machine.Invoke(Guest.CallWithMap(3, map), key.Address).Value}";
                    break;
                default:
                    ulong address = machine.Invoke(Guest.CallWithMap(1, map), key.Address).Value;
                    actual = address == 0 ? "none" : $"{machine.Invoke(Guest.Program("ldxdw %r0, [%r1]\nexit"), address).Value}";
                    break;
            }

            Assert.True(expected == actual, $"{type}: {step}: {actual}");
        }
    }

    [Fact]
    public void Many_entries_come_and_go()
    {
        Machine machine = new();
        const int entries = 1000;
        HashMap map = Assert.IsType<HashMap>(machine.AddMap(Guest.Map(MapType.Hash, 4, 4, entries)));
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < entries; i++)
            {
                Assert.Equal(0, map.Set(BitConverter.GetBytes(i), BitConverter.GetBytes(i ^ round)));
            }

            Assert.Equal(TooBig, map.Set(BitConverter.GetBytes(entries), new byte[4]));
            Assert.Equal(entries, map.Count);
            Assert.Equal(Enumerable.Range(0, entries), map.Keys.Select(static key => BitConverter.ToInt32(key)).Order());
            for (int i = round; i < entries; i += 3)
            {
                Assert.Equal(i ^ round, BitConverter.ToInt32(map.GetValue(BitConverter.GetBytes(i))));
                Assert.Equal(0, map.Delete(BitConverter.GetBytes(i)));
                Assert.True(map.GetValue(BitConverter.GetBytes(i)).IsEmpty);
            }
        }
    }

    [Fact]
    public void The_value_from_before_an_update_stays_with_who_has_it()
    {
        Machine machine = new();
        InterpretedMap map = machine.AddMap(Guest.Map(MapType.Hash, 4, 8, 1));
        ulong key = machine.AddMemory("key", new byte[4]).Address;
        map.Set(new byte[4], [1, 0, 0, 0, 0, 0, 0, 0]);
        ulong before = machine.Invoke(Guest.CallWithMap(1, map), key).Value;
        map.Set(new byte[4], [2, 0, 0, 0, 0, 0, 0, 0]);
        InterpretedProgram read = Guest.Program("ldxdw %r0, [%r1]\nexit");
        Assert.Equal(1UL, machine.Invoke(read, before).Value);
        Assert.Equal(2UL, machine.Invoke(read, machine.Invoke(Guest.CallWithMap(1, map), key).Value).Value);
    }

    [Fact]
    public void Each_cpu_has_a_value_of_its_own()
    {
        Machine machine = new(cpuCount: 3);
        ulong key = machine.AddMemory("key", new byte[4]).Address;
        ulong value = machine.AddMemory("value", [9]).Address;
        foreach (MapType type in (MapType[])[MapType.PerCpuArray, MapType.PerCpuHash])
        {
            InterpretedMap map = machine.AddMap(Guest.Map(type, 4, 1, 2));
            Assert.Equal(0, map.Set(new byte[4], [1, 2, 3]));
            machine.State.Cpu = 2;
            machine.Invoke(Guest.CallWithMap(2, map), key, value, 0);
            Assert.Equal([1, 2, 9], Enumerable.Range(0, 3).Select(cpu => map.GetValue(new byte[4], cpu)[0]));
            // bpf_map_lookup_percpu_elem
            Assert.Equal(2UL, machine.Invoke(Guest.Program("ldxb %r0, [%r1]\nexit"), machine.Invoke(Guest.CallWithMap(195, map), key, 1).Value).Value);
            Assert.Equal(0UL, machine.Invoke(Guest.CallWithMap(195, map), key, 3).Value);
        }
    }

    [Theory]
    [InlineData(MapType.PerCpuHash, 1, 9UL)]
    [InlineData(MapType.PerCpuHash, 2, 9UL)]
    [InlineData(MapType.LruPerCpuHash, 1, 9UL)]
    [InlineData(MapType.Hash, 1, 4UL)]
    public void An_update_of_a_value_per_cpu_is_seen_through_a_pointer_from_before(MapType type, int cpus, ulong expected)
    {
        Machine machine = new(cpus);
        InterpretedMap map = machine.AddMap(Guest.Map(type, 4, 8, 2));
        ulong key = machine.AddMemory("key", new byte[4]).Address;
        machine.Invoke(Guest.CallWithMap(2, map), key, machine.AddMemory("value", BitConverter.GetBytes(4L)).Address, 0);
        ulong before = machine.Invoke(Guest.CallWithMap(1, map), key).Value;
        machine.Invoke(Guest.CallWithMap(2, map), key, machine.AddMemory("value", BitConverter.GetBytes(9L)).Address, 0);
        Assert.Equal(expected, machine.Invoke(Guest.Program("ldxdw %r0, [%r1]\nexit"), before).Value);
    }

    [Fact]
    public void A_walk_over_all_entries_uses_none()
    {
        Machine machine = new();
        InterpretedMap map = machine.AddMap(Guest.Map(MapType.LruHash, 4, 8, 2));
        byte[][] keys = [[1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0]];
        map.Set(keys[0], new byte[8]);
        map.Set(keys[1], new byte[8]);
        Assert.NotEqual(0UL, map.Peek(keys[0]));
        map.Set(keys[2], new byte[8]);
        Assert.Equal(0UL, map.Peek(keys[0]));
        Assert.NotEqual(0UL, map.Peek(keys[1]));
    }

    [Fact]
    public void A_new_entry_of_one_cpu_is_zero_on_the_others()
    {
        Machine machine = new(cpuCount: 2);
        InterpretedMap map = machine.AddMap(Guest.Map(MapType.PerCpuHash, 4, 1, 1));
        map.Set(new byte[4], [7, 7]);
        map.Delete(new byte[4]);
        machine.Invoke(Guest.CallWithMap(2, map), machine.AddMemory("key", new byte[4]).Address, machine.AddMemory("value", [9]).Address, 0);
        Assert.Equal([9, 0], Enumerable.Range(0, 2).Select(cpu => map.GetValue(new byte[4], cpu)[0]));
    }

    [Fact]
    public void The_ring_keeps_the_order_of_reservation_and_its_size()
    {
        Machine machine = new() { Fill = 0x11 };
        RingBufferMap ring = Assert.IsType<RingBufferMap>(machine.AddMap(Guest.Map(MapType.RingBuffer, 0, 0, 4096, "ring")));
        // Reserves two, submits the second before the first; R6 and R7 hold them.
        InterpretedProgram two = InterpretedProgram.Create(
        [
            .. Reserve(ring, 16, Register.R6),
            .. Reserve(ring, 8, Register.R7),
            Instruction.Store(MemorySize.Double, Register.R6, 0, 1),
            Instruction.Store(MemorySize.Double, Register.R7, 0, 2),
            .. End(Register.R7, 132),
            .. End(Register.R6, 132),
            Instruction.Exit(),
        ]);
        machine.Run(two);
        Assert.Equal(16 + 8 + (2 * 8), ring.BytesUsed);
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11], ring.Read());
        Assert.Equal([2, 0, 0, 0, 0, 0, 0, 0], ring.Read());
        Assert.Null(ring.Read());
        Assert.Equal(0, ring.BytesUsed);

        // One that is given up is not seen, but takes its place until it is passed over.
        machine.Run(InterpretedProgram.Create([.. Reserve(ring, 8, Register.R6), .. End(Register.R6, 133), Instruction.Exit()]));
        Assert.Equal(16, ring.BytesUsed);
        Assert.Null(ring.Read());
        Assert.Equal(0, ring.BytesUsed);

        // The last byte is never taken, and a record takes its header too: the kernel's rule is less than the size.
        Assert.Equal(0UL, machine.Run(InterpretedProgram.Create([.. Reserve(ring, 4089, Register.R6), Instruction.Exit()])).Value);
        Assert.Equal(0UL, machine.Run(InterpretedProgram.Create([.. Reserve(ring, 4088, Register.R6), Instruction.Exit()])).Value);
        machine.Run(InterpretedProgram.Create([.. Reserve(ring, 4080, Register.R6), .. End(Register.R6, 132), Instruction.Exit()]));
        Assert.Equal(0UL, machine.Run(InterpretedProgram.Create([.. Reserve(ring, 8, Register.R6), Instruction.Exit()])).Value);
    }

    [Fact]
    public void A_record_is_memory_between_reserve_and_submit_only()
    {
        Machine machine = new();
        InterpretedMap ring = machine.AddMap(Guest.Map(MapType.RingBuffer, 0, 0, 4096, "ring"));
        Instruction late = Instruction.Store(MemorySize.Byte, Register.R6, 0, 1);
        MemoryFaultException fault = Assert.Throws<MemoryFaultException>(() => machine.Run(InterpretedProgram.Create(
            [.. Reserve(ring, 8, Register.R6), .. End(Register.R6, 132), late, Instruction.Exit()])));
        Assert.Contains("record of ring buffer ring, which is no more", fault.Near, StringComparison.Ordinal);
        Assert.Contains("not a reserved record", Assert.Throws<BadProgramException>(() => machine.Run(InterpretedProgram.Create(
            [.. Reserve(ring, 8, Register.R6), .. End(Register.R6, 132), .. End(Register.R6, 132), Instruction.Exit()]))).Message, StringComparison.Ordinal);
        Assert.Contains("neither submitted nor discarded", Assert.Throws<BadProgramException>(() => machine.Run(InterpretedProgram.Create(
            [.. Reserve(ring, 8, Register.R6), Instruction.Exit()]))).Message, StringComparison.Ordinal);
        // What a stopped program had reserved is given up.
        machine.Run(InterpretedProgram.Create([.. Reserve(ring, 8, Register.R6), .. End(Register.R6, 132), Instruction.Exit()]));
        Assert.Equal(8, ((RingBufferMap)ring).Read()?.Length);
    }

    [Fact]
    public void Output_copies_into_the_ring_until_it_is_full()
    {
        Machine machine = new();
        RingBufferMap ring = (RingBufferMap)machine.AddMap(Guest.Map(MapType.RingBuffer, 0, 0, 4096));
        ulong data = machine.AddMemory("data", [1, 2, 3]).Address;
        Assert.Equal(Invalid, (long)machine.Invoke(Guest.CallWithMap(130, ring), data, 3, 4).Value);
        int records = 0;
        while (machine.Invoke(Guest.CallWithMap(130, ring), data, 3, 0).Value == 0)
        {
            records++;
        }

        // 16 bytes each, and the ring never quite full.
        Assert.Equal(255, records);
        Assert.Equal(-11, (long)machine.Invoke(Guest.CallWithMap(130, ring), data, 3, 0).Value);
        Assert.Equal([1, 2, 3], ring.Read());
        Assert.Equal([254UL * 16, 4096UL, 16UL, 255UL * 16, 0UL],
            Enumerable.Range(0, 5).Select(what => machine.Invoke(Guest.CallWithMap(134, ring), (ulong)what).Value));
    }

    [Fact]
    public void Maps_that_the_kernel_refuses_are_refused()
    {
        Machine machine = new();
        MapDefinition[] bad =
        [
            Guest.Map(MapType.Array, 8, 8, 1), Guest.Map(MapType.Array, 4, 0, 1), Guest.Map(MapType.Array, 4, 8, 0), Guest.Map(MapType.Hash, 0, 8, 1),
            Guest.Map(MapType.RingBuffer, 0, 0, 4097), Guest.Map(MapType.RingBuffer, 0, 0, 2048), Guest.Map(MapType.Array, 4, 1 << 20, 1 << 20),
        ];
        Assert.All(bad, definition => Assert.Throws<ArgumentException>(() => machine.AddMap(definition)));
        Assert.Throws<ArgumentException>(() => machine.AddMap(Guest.Map(MapType.Hash, 4, 4, 1)).Set([1], new byte[4]));
    }

    [Fact]
    public void A_map_of_another_type_can_be_there_but_not_be_used()
    {
        Machine machine = new();
        InterpretedMap map = machine.AddMap(Guest.Map(MapType.StackTrace, 4, 8, 16));
        BadProgramException stopped = Assert.Throws<BadProgramException>(() => machine.Invoke(Guest.CallWithMap(1, map), 0));
        Assert.Contains("StackTrace", stopped.Message, StringComparison.Ordinal);
        Assert.Contains("is not a map", Assert.Throws<BadProgramException>(() => machine.Invoke(Guest.Call(1), 5)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Host_and_programs_get_the_same_results()
    {
        InterpretedMap map = new Machine().AddMap(Guest.Map(MapType.Hash, 4, 4, 1));
        Assert.Equal(NoEntry, map.Set(new byte[4], new byte[4], flags: 2));
        Assert.Equal(0, map.Set(new byte[4], new byte[4], flags: 1));
        Assert.Equal(Exists, map.Set(new byte[4], new byte[4], flags: 1));
    }

    private static Instruction[] Reserve(InterpretedMap ring, int size, Register to) =>
    [
        Instruction.LoadImmediate64(Register.R1, ring.Descriptor, ImmediateKind.MapDescriptor),
        Instruction.Alu64(AluOperation.Move, Register.R2, size),
        Instruction.Alu64(AluOperation.Move, Register.R3, 0),
        Instruction.Call(CallKind.Helper, 131),
        Instruction.Alu64(AluOperation.Move, to, Register.R0),
    ];

    private static Instruction[] End(Register record, int helper) =>
    [
        Instruction.Alu64(AluOperation.Move, Register.R1, record),
        Instruction.Alu64(AluOperation.Move, Register.R2, 0),
        Instruction.Call(CallKind.Helper, helper),
    ];
}
