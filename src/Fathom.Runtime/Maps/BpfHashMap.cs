using System;
using System.Runtime.CompilerServices;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// A hash table shared with programs (<c>BPF_MAP_TYPE_HASH</c>, <c>BPF_MAP_TYPE_LRU_HASH</c>). No operation allocates, but for the buffers
/// of the first walk. Single operations are safe from several threads; a walk is not.
/// </summary>
/// <typeparam name="TKey">Key, laid out as the program lays it out, without padding.</typeparam>
/// <typeparam name="TValue">Value.</typeparam>
public unsafe class BpfHashMap<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    private readonly MapWalker _walker;

    /// <summary>A typed view of a map.</summary>
    /// <exception cref="ArgumentException">The map has another type, or keys or values of another size.</exception>
    public BpfHashMap(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        Map = map.Expect(sizeof(TKey), sizeof(TValue), MapType.Hash, MapType.LruHash);
        _walker = new MapWalker(map);
    }

    /// <summary>The map.</summary>
    public BpfMap Map { get; }

    /// <summary>Reads one entry.</summary>
    public bool TryGet(in TKey key, out TValue value)
    {
        Unsafe.SkipInit(out value);
        fixed (TKey* keyPointer = &key)
        fixed (TValue* valuePointer = &value)
        {
            bool found = Map.Found("look up in map", Map.Call(BpfCommand.MapLookup, keyPointer, valuePointer, 0));
            if (!found)
            {
                value = default;
            }

            return found;
        }
    }

    /// <summary>Reads one entry and deletes it in one step (Linux 5.14).</summary>
    public bool TryTake(in TKey key, out TValue value)
    {
        value = default;
        fixed (TKey* keyPointer = &key)
        fixed (TValue* valuePointer = &value)
        {
            return Map.Found("take from map", Map.Call(BpfCommand.MapLookupAndDelete, keyPointer, valuePointer, 0));
        }
    }

    /// <summary>Adds or replaces one entry.</summary>
    /// <exception cref="MapException">The map is full.</exception>
    public void Set(in TKey key, in TValue value) => Write(key, value, MapUpdate.Any);

    /// <summary>Adds one entry; false if there is one with this key.</summary>
    /// <exception cref="MapException">The map is full.</exception>
    public bool TryAdd(in TKey key, in TValue value) => Write(key, value, MapUpdate.Add);

    /// <summary>Deletes one entry; false if there was none.</summary>
    public bool Delete(in TKey key)
    {
        fixed (TKey* keyPointer = &key)
        {
            return Map.Found("delete from map", Map.Call(BpfCommand.MapDelete, keyPointer, null, 0));
        }
    }

    /// <summary>All entries. One walk at a time.</summary>
    public MapEntries<TKey, TValue> Read()
    {
        _walker.Start(delete: false);
        return new(_walker);
    }

    /// <summary>
    /// All entries, deleting each as it is read, in one step where the kernel has batches. Walk to the end: what a batch has taken out of the
    /// map is in no other place.
    /// </summary>
    public MapEntries<TKey, TValue> ReadAndClear()
    {
        _walker.Start(delete: true);
        return new(_walker);
    }

    /// <summary>All entries, so that <c>foreach</c> over the map itself works.</summary>
    public MapEntries<TKey, TValue>.Enumerator GetEnumerator() => Read().GetEnumerator();

    /// <summary>Deletes all entries.</summary>
    public void Clear()
    {
        foreach (MapEntry<TKey, TValue> _ in ReadAndClear())
        {
        }
    }

    private bool Write(in TKey key, in TValue value, MapUpdate mode)
    {
        fixed (TKey* keyPointer = &key)
        fixed (TValue* valuePointer = &value)
        {
            int error = Map.Call(BpfCommand.MapUpdate, keyPointer, valuePointer, (ulong)mode);
            return error == 0 || (error == Errno.EEXIST && mode == MapUpdate.Add ? false : throw Map.Failure("update map", error));
        }
    }
}

/// <summary>A hash table that forgets what was least recently used (<c>BPF_MAP_TYPE_LRU_HASH</c>).</summary>
/// <typeparam name="TKey">Key.</typeparam>
/// <typeparam name="TValue">Value.</typeparam>
/// <param name="map">The map.</param>
public sealed class BpfLruHashMap<TKey, TValue>(BpfMap map) : BpfHashMap<TKey, TValue>(map)
    where TKey : unmanaged
    where TValue : unmanaged;
