using System;
using System.Collections.Generic;
using Fathom.Format.Linux;
using Fathom.Format.Objects;

namespace Fathom.Interpreter;

/// <summary>A map of a machine. Keys and values are bytes; the results of changes are the kernel's, negative errno.</summary>
public abstract class InterpretedMap
{
    private protected InterpretedMap(MapDefinition definition) => Definition = definition;

    /// <summary>What the object says of the map.</summary>
    public MapDefinition Definition { get; }

    /// <summary>The map's name.</summary>
    public string Name => Definition.Name;

    /// <summary>Bytes of a key.</summary>
    public int KeySize => Definition.KeySize;

    /// <summary>Bytes of a value, on each CPU for per-CPU maps.</summary>
    public int ValueSize => Definition.ValueSize;

    /// <summary>The most entries; bytes of a ring buffer.</summary>
    public int MaxEntries => Definition.MaxEntries;

    /// <summary>What <c>lddw</c> of this map has as its immediate.</summary>
    public int Descriptor { get; internal set; }

    /// <summary>How many values an entry has: 1, or the machine's CPUs for per-CPU maps.</summary>
    public virtual int ValuesPerEntry => 1;

    internal MachineState? State { get; set; }

    internal MemoryRegion? Handle { get; set; }

    /// <summary>The keys of all entries. The map may not change meanwhile.</summary>
    public virtual IEnumerable<byte[]> Keys => throw Unsupported("keys");

    /// <summary>The value of a key, to read and to write; empty if there is none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cpu">Of which CPU, for per-CPU maps.</param>
    public virtual Span<byte> GetValue(ReadOnlySpan<byte> key, int cpu = 0) => throw Unsupported("values");

    /// <summary>Sets a value as user space does: for per-CPU maps on all CPUs.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, or for per-CPU maps also one for each CPU behind each other.</param>
    /// <param name="flags">0, 1 (<c>BPF_NOEXIST</c>) or 2 (<c>BPF_EXIST</c>).</param>
    /// <returns>0 or the negative errno.</returns>
    public int Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags = 0)
    {
        if (key.Length != KeySize || (value.Length != ValueSize && value.Length != ValueSize * ValuesPerEntry))
        {
            throw new ArgumentException($"A key of {Name} has {KeySize} bytes and a value {ValueSize}, not {key.Length} and {value.Length}.");
        }

        int result = Update(key, value.Slice(0, ValueSize), flags);
        for (int cpu = 0; result == 0 && cpu < ValuesPerEntry; cpu++)
        {
            value.Slice(value.Length == ValueSize ? 0 : cpu * ValueSize, ValueSize).CopyTo(GetValue(key, cpu));
        }

        return result;
    }

    /// <summary>Deletes an entry.</summary>
    /// <returns>0 or the negative errno.</returns>
    public virtual int Delete(ReadOnlySpan<byte> key) => -Errno.EINVAL;

    /// <summary>The guest address of a value; 0 if there is none.</summary>
    internal abstract ulong Lookup(ReadOnlySpan<byte> key, int cpu);

    internal ulong Lookup(ReadOnlySpan<byte> key) => Lookup(key, ValuesPerEntry == 1 ? 0 : State!.Cpu);

    /// <summary>The same, but the entry does not count as used.</summary>
    internal virtual ulong Peek(ReadOnlySpan<byte> key, int cpu) => Lookup(key, cpu);

    internal ulong Peek(ReadOnlySpan<byte> key) => Peek(key, ValuesPerEntry == 1 ? 0 : State!.Cpu);

    internal abstract int Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags);

    private protected NotSupportedException Unsupported(string what) => new($"{Name} is of type {Definition.Type}, which has no {what} in the interpreter.");

    internal static InterpretedMap Create(AddressSpace memory, MapDefinition definition, int cpus)
    {
        switch (definition.Type)
        {
            case MapType.Array or MapType.PerCpuArray:
                return new ArrayMap(memory, definition, definition.Type == MapType.PerCpuArray ? cpus : 1);
            case MapType.Hash or MapType.LruHash:
                return new HashMap(memory, definition, 1);
            case MapType.PerCpuHash or MapType.LruPerCpuHash:
                return new HashMap(memory, definition, cpus);
            case MapType.RingBuffer:
                return new RingBufferMap(memory, definition);
            case MapType.ProgramArray:
                return new ProgramArrayMap(definition);
            case MapType.PerfEventArray:
                return new PerfEventArrayMap(definition);
            default:
                return new UnsupportedMap(definition);
        }
    }

    /// <summary>The values of a map, each in a cell of its own.</summary>
    private protected static MemoryRegion MakeValues(AddressSpace memory, MapDefinition definition, long cells, out int stride)
    {
        if (definition.ValueSize <= 0 || definition.MaxEntries <= 0)
        {
            throw new ArgumentException($"The map {definition.Name} has entries of {definition.ValueSize} bytes and {definition.MaxEntries} of them: the kernel refuses it.", nameof(definition));
        }

        stride = 8;
        while (stride <= definition.ValueSize)
        {
            stride *= 2;
        }

        if (cells * stride > AddressSpace.MaxLength)
        {
            throw new ArgumentException($"The map {definition.Name} takes {cells} times {stride} bytes, more than the interpreter has.", nameof(definition));
        }

        bool isWritable = (definition.Flags & ReadOnlyForPrograms) == 0 && !definition.IsReadOnlyData;
        return memory.Add($"value of map {definition.Name}", [], isWritable);
    }

    /// <summary><c>BPF_F_RDONLY_PROG</c>.</summary>
    private protected const uint ReadOnlyForPrograms = 1 << 7;
}
