using System;
using System.Runtime.InteropServices;
using Fathom.Format.Objects;

namespace Fathom.Runtime;

/// <summary>
/// A hash table with a value on each CPU (<c>BPF_MAP_TYPE_PERCPU_HASH</c>, <c>BPF_MAP_TYPE_LRU_PERCPU_HASH</c>): programs change their
/// CPU's value without atomic operations, and user space adds them up.
/// </summary>
/// <typeparam name="TKey">Key, laid out as the program lays it out, without padding.</typeparam>
/// <typeparam name="TValue">Value on one CPU.</typeparam>
public unsafe class BpfPerCpuHashMap<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    private readonly MapWalker _walker;
    private byte[]? _entry;

    /// <summary>A typed view of a map.</summary>
    /// <exception cref="ArgumentException">The map has another type, or keys or values of another size.</exception>
    public BpfPerCpuHashMap(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        Map = map.Expect(sizeof(TKey), sizeof(TValue), MapType.PerCpuHash, MapType.LruPerCpuHash);
        _walker = new MapWalker(map);
    }

    /// <summary>The map.</summary>
    public BpfMap Map { get; }

    /// <summary>Number of values of each entry: the CPUs that the machine can have.</summary>
    public int CpuCount => Map.Kernel.PossibleCpus;

    /// <summary>Reads the values of one entry.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="values"><see cref="CpuCount"/> values, one for each possible CPU.</param>
    /// <returns>False if there is no such entry.</returns>
    public bool TryGet(in TKey key, Span<TValue> values)
    {
        byte[] entry = PerCpuCopy.Buffer(Map, ref _entry, values.Length);
        return Map.TryLookup(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)), entry) && PerCpuCopy.Read(Map, entry, values);
    }

    /// <summary>Writes the values of one entry.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="values"><see cref="CpuCount"/> values, one for each possible CPU.</param>
    public void Set(in TKey key, ReadOnlySpan<TValue> values)
    {
        byte[] entry = PerCpuCopy.Buffer(Map, ref _entry, values.Length);
        PerCpuCopy.Write(Map, values, entry);
        Map.Update(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)), entry);
    }

    /// <summary>Deletes one entry; false if there was none.</summary>
    public bool Delete(in TKey key) => Map.Delete(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)));

    /// <summary>All entries. One walk at a time.</summary>
    public PerCpuMapEntries<TKey, TValue> Read()
    {
        _walker.Start(delete: false);
        return new(_walker, Map.ValueStride);
    }

    /// <summary>
    /// All entries, deleting each as it is read, in one step where the kernel has batches. Walk to the end: what a batch has taken out of the
    /// map is in no other place.
    /// </summary>
    public PerCpuMapEntries<TKey, TValue> ReadAndClear()
    {
        _walker.Start(delete: true);
        return new(_walker, Map.ValueStride);
    }

    /// <summary>All entries, so that <c>foreach</c> over the map itself works.</summary>
    public PerCpuMapEntries<TKey, TValue>.Enumerator GetEnumerator() => Read().GetEnumerator();

    /// <summary>Deletes all entries.</summary>
    public void Clear()
    {
        foreach (PerCpuMapEntry<TKey, TValue> _ in ReadAndClear())
        {
        }
    }
}

/// <summary>A per-CPU hash table that forgets what was least recently used (<c>BPF_MAP_TYPE_LRU_PERCPU_HASH</c>).</summary>
/// <typeparam name="TKey">Key.</typeparam>
/// <typeparam name="TValue">Value on one CPU.</typeparam>
/// <param name="map">The map.</param>
public sealed class BpfLruPerCpuHashMap<TKey, TValue>(BpfMap map) : BpfPerCpuHashMap<TKey, TValue>(map)
    where TKey : unmanaged
    where TValue : unmanaged;

/// <summary>Between values side by side and the kernel's layout, in which each CPU's value starts at a multiple of 8 bytes.</summary>
internal static class PerCpuCopy
{
    /// <summary>The buffer for one entry, made at first use.</summary>
    public static byte[] Buffer(BpfMap map, ref byte[]? buffer, int values)
    {
        if (values != map.Kernel.PossibleCpus)
        {
            throw new ArgumentException($"Map {map.Name} has {map.Kernel.PossibleCpus} values for each key, one for each possible CPU, not {values}.");
        }

        return buffer ??= new byte[map.EntrySize];
    }

    /// <summary>From the kernel's layout; always true.</summary>
    public static bool Read<TValue>(BpfMap map, ReadOnlySpan<byte> entry, Span<TValue> values)
        where TValue : unmanaged
    {
        for (int cpu = 0; cpu < values.Length; cpu++)
        {
            values[cpu] = MemoryMarshal.Read<TValue>(entry[(cpu * map.ValueStride)..]);
        }

        return true;
    }

    /// <summary>To the kernel's layout.</summary>
    public static void Write<TValue>(BpfMap map, ReadOnlySpan<TValue> values, Span<byte> entry)
        where TValue : unmanaged
    {
        for (int cpu = 0; cpu < values.Length; cpu++)
        {
            MemoryMarshal.Write(entry[(cpu * map.ValueStride)..], values[cpu]);
        }
    }
}
