using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Fathom.Format.Linux;
using Fathom.Format.Objects;

namespace Fathom.Interpreter;

/// <summary>An array (<c>BPF_MAP_TYPE_ARRAY</c>, <c>PERCPU_ARRAY</c>); data sections are arrays of one value.</summary>
public sealed class ArrayMap : InterpretedMap
{
    private readonly int _cpus;
    private readonly int _stride;

    internal ArrayMap(AddressSpace memory, MapDefinition definition, int cpus)
        : base(definition)
    {
        _cpus = cpus;
        if (definition.KeySize != sizeof(int))
        {
            throw new ArgumentException($"The array {definition.Name} has keys of {definition.KeySize} bytes, not 4: the kernel refuses it.", nameof(definition));
        }

        long cells = (long)definition.MaxEntries * cpus;
        Values = MakeValues(memory, definition, cells, out _stride);
        Values.Owner = this;
        if (cells == 1)
        {
            Values.Resize(definition.ValueSize);
            Values.CellSize = (ulong)definition.ValueSize;
        }
        else
        {
            Values.Resize(checked((int)(cells * _stride)));
            Values.DivideIntoCells(definition.ValueSize, (ulong)_stride);
        }

        if (definition.InitialValue is { } initial)
        {
            Values.Name = definition.Name;
            initial.Span.CopyTo(Values.Bytes);
        }
    }

    /// <inheritdoc/>
    public override int ValuesPerEntry => _cpus;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Keys
    {
        get
        {
            for (int i = 0; i < MaxEntries; i++)
            {
                byte[] key = new byte[sizeof(int)];
                BinaryPrimitives.WriteInt32LittleEndian(key, i);
                yield return key;
            }
        }
    }

    internal MemoryRegion Values { get; }

    /// <summary>A value, to read and to write.</summary>
    /// <param name="index">Which.</param>
    /// <param name="cpu">Of which CPU, for per-CPU arrays.</param>
    public Span<byte> GetValue(int index, int cpu = 0)
    {
        if ((uint)index >= (uint)MaxEntries || (uint)cpu >= (uint)_cpus)
        {
            throw new ArgumentOutOfRangeException(nameof(index));
        }

        return Values.Bytes.AsSpan(((index * _cpus) + cpu) * _stride, ValueSize);
    }

    /// <inheritdoc/>
    public override Span<byte> GetValue(ReadOnlySpan<byte> key, int cpu = 0) =>
        Index(key) is var index && index < (uint)MaxEntries ? GetValue((int)index, cpu) : default;

    internal override ulong Lookup(ReadOnlySpan<byte> key, int cpu) =>
        Index(key) is var index && index < (uint)MaxEntries ? Values.Start + ((((ulong)index * (ulong)_cpus) + (ulong)cpu) * (ulong)_stride) : 0;

    // In the kernel's order: https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/arraymap.c (array_map_update_elem).
    internal override int Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags)
    {
        if (flags > HashMap.Exists)
        {
            return -Errno.EINVAL;
        }

        uint index = Index(key);
        if (index >= (uint)MaxEntries)
        {
            return -Errno.E2BIG;
        }

        if (flags == HashMap.NotExists)
        {
            return -Errno.EEXIST;
        }

        value.CopyTo(GetValue((int)index, _cpus == 1 ? 0 : State!.Cpu));
        return 0;
    }

    private static uint Index(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadUInt32LittleEndian(key);
}
