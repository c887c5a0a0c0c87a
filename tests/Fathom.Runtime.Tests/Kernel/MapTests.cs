using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Runtime.Tests.Kernels;

public sealed class MapTests
{
    [Theory]
    [InlineData(MapType.Hash)]
    [InlineData(MapType.LruHash)]
    public void A_hash_table_holds_what_was_put_into_it(MapType type)
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.OneMap(type, 4, 8, 100));
        var map = new BpfHashMap<int, long>(loaded.GetMap("map"));

        Assert.False(map.TryGet(7, out _));
        map.Set(7, 70);
        Assert.True(map.TryGet(7, out long value));
        Assert.Equal(70, value);
        Assert.False(map.TryAdd(7, 71));
        Assert.True(map.TryAdd(8, 80));
        Assert.True(map.Delete(7));
        Assert.False(map.Delete(7));
        Assert.True(map.TryTake(8, out value));
        Assert.Equal(80, value);
        Assert.False(map.TryTake(8, out _));
    }

    [Theory]
    [InlineData(false, 9973)]
    [InlineData(true, 9973)]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    public void A_hash_table_is_walked_in_batches_and_key_by_key(bool byKey, int count)
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.OneMap(MapType.Hash, 4, 64, 10_000));
        BpfMap untyped = loaded.GetMap("map");
        untyped.HasNoBatches = byKey;
        var map = new BpfHashMap<int, Wide>(untyped);
        for (int i = 0; i < count; i++)
        {
            map.Set(i, new Wide { First = i * 3L });
        }

        for (int pass = 0; pass < 2; pass++)
        {
            var seen = new HashSet<int>();
            foreach ((int key, Wide value) in map)
            {
                Assert.True(seen.Add(key));
                Assert.Equal(key * 3L, value.First);
            }

            Assert.Equal(count, seen.Count);
        }

        int taken = 0;
        foreach (MapEntry<int, Wide> _ in map.ReadAndClear())
        {
            taken++;
        }

        Assert.Equal(count, taken);
        Assert.False(map.GetEnumerator().MoveNext());
    }

    [Fact]
    public void A_full_hash_table_says_so()
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.OneMap(MapType.Hash, 4, 8, 3));
        var map = new BpfHashMap<int, long>(loaded.GetMap("map"));
        map.Set(1, 1);
        map.Set(2, 2);
        map.Set(3, 3);

        MapException e = Assert.Throws<MapException>(() => map.Set(4, 4));

        Assert.Equal("update map map: E2BIG: the map is full (3 entries), or the index lies behind its end.", e.Message);
        map.Set(3, 4);
        map.Clear();
        map.Set(4, 4);
    }

    [Fact]
    public void An_array_is_read_at_once_and_one_by_one()
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.OneMap(MapType.Array, 4, 4, 101));
        BpfMap untyped = loaded.GetMap("map");
        var array = new BpfArray<int>(untyped);
        for (int i = 0; i < array.Count; i++)
        {
            array[i] = i * i;
        }

        int[] values = new int[101];
        array.Read(values);
        Assert.Equal(100 * 100, values[100]);
        Array.Clear(values);
        untyped.HasNoBatches = true;
        array.Read(values);
        Assert.Equal(100 * 100, values[100]);
        array.Read(values.AsSpan(0, 5));
        Assert.Throws<MapException>(() => array[101]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_per_cpu_array_has_a_value_for_each_cpu(bool byKey)
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.OneMap(MapType.PerCpuArray, 4, 4, 7));
        BpfMap untyped = loaded.GetMap("map");
        untyped.HasNoBatches = byKey;
        var array = new BpfPerCpuArray<int>(untyped);
        int cpus = array.CpuCount;
        int[] values = new int[cpus];
        for (int i = 0; i < array.Count; i++)
        {
            for (int cpu = 0; cpu < cpus; cpu++)
            {
                values[cpu] = (i * 1000) + cpu;
            }

            array.Write(i, values);
        }

        array.Read(6, values);
        Assert.Equal(6000 + cpus - 1, values[cpus - 1]);
        int[] all = new int[7 * cpus];
        array.ReadAll(all);
        for (int i = 0; i < all.Length; i++)
        {
            Assert.Equal((i / cpus * 1000) + (i % cpus), all[i]);
        }
    }

    [Theory]
    [InlineData(MapType.PerCpuHash, false)]
    [InlineData(MapType.PerCpuHash, true)]
    [InlineData(MapType.LruPerCpuHash, false)]
    public void A_per_cpu_hash_table_has_a_value_for_each_cpu(MapType type, bool byKey)
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.OneMap(type, 4, 12, 1024));
        BpfMap untyped = loaded.GetMap("map");
        untyped.HasNoBatches = byKey;
        var map = new BpfPerCpuHashMap<int, Triple>(untyped);
        Triple[] values = new Triple[map.CpuCount];
        for (int key = 0; key < 101; key++)
        {
            for (int cpu = 0; cpu < values.Length; cpu++)
            {
                values[cpu] = new Triple { A = key, B = cpu, C = -1 };
            }

            map.Set(key, values);
        }

        Assert.True(map.TryGet(100, values));
        Assert.Equal(100, values[^1].A);
        Assert.False(map.TryGet(101, values));
        int count = 0;
        foreach ((int key, PerCpuValues<Triple> perCpu) in map.ReadAndClear())
        {
            int cpu = 0;
            foreach (ref readonly Triple value in perCpu)
            {
                Assert.Equal(key, value.A);
                Assert.Equal(cpu++, value.B);
            }

            Assert.Equal(map.CpuCount, cpu);
            count++;
        }

        Assert.Equal(101, count);
        Assert.False(map.GetEnumerator().MoveNext());
    }

    [Fact]
    public void A_ring_buffer_gives_records_in_order_without_those_discarded()
    {
        // Writes the first word of its context: as a record, or as a discarded one if it is odd.
        var function = new BpfFunction
        {
            Name = "emit",
            Section = "syscall",
            Instructions =
            [
                Instruction.Load(MemorySize.Word, Register.R6, Register.R1, 0),
                Instruction.LoadImmediate64(Register.R1, 0),
                Instruction.Alu64(AluOperation.Move, Register.R2, 12),
                Instruction.Alu64(AluOperation.Move, Register.R3, 0),
                Instruction.Call(CallKind.Helper, 131),
                Instruction.Jump64(JumpOperation.Equal, Register.R0, 0, 9),
                Instruction.Store(MemorySize.Word, Register.R0, 0, Register.R6),
                Instruction.Alu64(AluOperation.Move, Register.R1, Register.R0),
                Instruction.Alu64(AluOperation.Move, Register.R2, 1),
                Instruction.Jump64(JumpOperation.AnyBitSet, Register.R6, 1, 3),
                Instruction.Call(CallKind.Helper, 132),
                Instruction.Alu64(AluOperation.Move, Register.R0, 0),
                Instruction.Exit(),
                Instruction.Call(CallKind.Helper, 133),
                Instruction.Alu64(AluOperation.Move, Register.R0, 0),
                Instruction.Exit(),
            ],
            References = [new Reference(1, ReferenceKind.Map, "ring")],
        };

        // A size that the kernel would not take: it is rounded up.
        BpfObject definition = Samples.Object([function], [Samples.Map(MapType.RingBuffer, 0, 0, 5000, "ring")]);
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), definition);
        using var ring = new BpfRingBuffer(loaded.GetMap("ring"));
        Assert.Equal(8192, ring.Capacity);
        BpfProgram program = loaded.GetProgram("emit");
        byte[] context = new byte[4];
        var received = new List<int>();

        // Several times around the buffer.
        for (int i = 0; i < 2003; i++)
        {
            MemoryMarshal.Write(context, i);
            program.TestRun(context);
            if (i % 97 == 0)
            {
                Receive();
            }
        }

        Receive();
        Assert.Equal(0, ring.PendingBytes);
        Assert.Equal(1002, received.Count);
        for (int i = 0; i < received.Count; i++)
        {
            Assert.Equal(2 * i, received[i]);
        }

        void Receive() => ring.Drain(ref received, static (record, ref list) =>
        {
            Assert.Equal(12, record.Length);
            list.Add(MemoryMarshal.Read<int>(record));
        });
    }

    [Fact]
    public void A_view_that_does_not_fit_is_refused()
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.OneMap(MapType.Hash, 4, 8, 3));
        BpfMap map = loaded.GetMap("map");

        Assert.Contains("values of 8 bytes", Assert.Throws<ArgumentException>(() => new BpfHashMap<int, int>(map)).Message, StringComparison.Ordinal);
        Assert.Contains("of type Hash", Assert.Throws<ArgumentException>(() => new BpfArray<long>(map)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => map.TryLookup(new byte[4], new byte[4]));
    }

    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Wide
    {
        public long First;
    }

    private struct Triple
    {
        public int A;
        public int B;
        public int C;
    }
}
