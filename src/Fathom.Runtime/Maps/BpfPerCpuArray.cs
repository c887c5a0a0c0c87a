using System;
using System.Runtime.InteropServices;
using Fathom.Format.Linux;
using Fathom.Format.Objects;

namespace Fathom.Runtime;

/// <summary>An array with a value on each CPU (<c>BPF_MAP_TYPE_PERCPU_ARRAY</c>). All its elements always exist.</summary>
/// <typeparam name="TValue">Element on one CPU, laid out as the program lays it out.</typeparam>
public sealed unsafe class BpfPerCpuArray<TValue>
    where TValue : unmanaged
{
    private byte[]? _entry;
    private byte[]? _all;

    /// <summary>A typed view of a map.</summary>
    /// <exception cref="ArgumentException">The map has another type, or values of another size.</exception>
    public BpfPerCpuArray(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        Map = map.Expect(sizeof(uint), sizeof(TValue), MapType.PerCpuArray);
    }

    /// <summary>The map.</summary>
    public BpfMap Map { get; }

    /// <summary>Number of elements.</summary>
    public int Count => Map.MaxEntries;

    /// <summary>Number of values of each element: the CPUs that the machine can have.</summary>
    public int CpuCount => Map.Kernel.PossibleCpus;

    /// <summary>Reads one element.</summary>
    /// <param name="index">Its index.</param>
    /// <param name="values"><see cref="CpuCount"/> values, one for each possible CPU.</param>
    public void Read(int index, Span<TValue> values)
    {
        Check(index);
        byte[] entry = PerCpuCopy.Buffer(Map, ref _entry, values.Length);
        if (!Map.TryLookup(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in index)), entry))
        {
            throw Map.Failure("look up in map", Errno.ENOENT);
        }

        PerCpuCopy.Read(Map, entry, values);
    }

    /// <summary>Writes one element.</summary>
    /// <param name="index">Its index.</param>
    /// <param name="values"><see cref="CpuCount"/> values, one for each possible CPU.</param>
    public void Write(int index, ReadOnlySpan<TValue> values)
    {
        Check(index);
        byte[] entry = PerCpuCopy.Buffer(Map, ref _entry, values.Length);
        PerCpuCopy.Write(Map, values, entry);
        Map.Update(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in index)), entry);
    }

    /// <summary>Reads all elements, with one system call where the kernel has batches (Linux 5.13 for this type).</summary>
    /// <param name="values">Where to: <see cref="Count"/> times <see cref="CpuCount"/> values, the CPUs of the first element first.</param>
    public void ReadAll(Span<TValue> values)
    {
        int cpus = CpuCount;
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, checked(Count * cpus));
        bool isDense = Map.ValueStride == sizeof(TValue);
        Span<byte> all = isDense ? MemoryMarshal.AsBytes(values) : _all ??= new byte[Count * Map.EntrySize];
        if (!ArrayReader.TryReadBatch(Map, all, Count))
        {
            for (int i = 0; i < Count; i++)
            {
                Read(i, values.Slice(i * cpus, cpus));
            }
        }
        else if (!isDense)
        {
            for (int i = 0; i < Count; i++)
            {
                PerCpuCopy.Read(Map, all[(i * Map.EntrySize)..], values.Slice(i * cpus, cpus));
            }
        }
    }

    private void Check(int index)
    {
        if ((uint)index >= (uint)Count)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"Map {Map.Name} has {Count} elements.");
        }
    }
}
