using System;
using System.Collections;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Fathom.Interpreter;

namespace Fathom.Testing;

/// <summary>A map of a test's machine with its types: the keys and values that programs and test read and write.</summary>
/// <typeparam name="TKey">Key.</typeparam>
/// <typeparam name="TValue">Value, on each CPU for per-CPU maps.</typeparam>
public sealed class TestMap<TKey, TValue> : IEnumerable<KeyValuePair<TKey, TValue>>
    where TKey : unmanaged
    where TValue : unmanaged
{
    private readonly InterpretedMap _map;

    internal unsafe TestMap(InterpretedMap map)
    {
        _map = map.KeySize == sizeof(TKey) && map.ValueSize == sizeof(TValue)
            ? map
            : throw new ArgumentException($"{map.Name} has keys of {map.KeySize} and values of {map.ValueSize} bytes, not {sizeof(TKey)} and {sizeof(TValue)}.");
    }

    /// <summary>How many entries there are.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            foreach (byte[] _ in _map.Keys)
            {
                count++;
            }

            return count;
        }
    }

    /// <summary>The value of a key, on CPU 0 for per-CPU maps; setting it there sets it on every CPU.</summary>
    /// <exception cref="KeyNotFoundException">There is no such entry.</exception>
    public TValue this[TKey key]
    {
        get => TryGet(key, out TValue value) ? value : throw new KeyNotFoundException($"{_map.Name} has no entry {key}.");
        set
        {
            int result = _map.Set(Bytes(in key), Bytes(in value));
            if (result != 0)
            {
                throw new InvalidOperationException($"{_map.Name}[{key}] cannot be set: the map gives errno {-result}.");
            }
        }
    }

    /// <summary>The value of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="cpu">Of which CPU, for per-CPU maps.</param>
    /// <returns>False if there is no such entry.</returns>
    public bool TryGet(TKey key, out TValue value, int cpu = 0)
    {
        Span<byte> bytes = _map.GetValue(Bytes(in key), cpu);
        value = bytes.IsEmpty ? default : MemoryMarshal.Read<TValue>(bytes);
        return !bytes.IsEmpty;
    }

    /// <summary>Deletes an entry.</summary>
    /// <returns>False if there is none.</returns>
    public bool Delete(TKey key) => _map.Delete(Bytes(in key)) == 0;

    /// <summary>All entries, in no order; of per-CPU maps the values of CPU 0.</summary>
    public IEnumerator<KeyValuePair<TKey, TValue>> GetEnumerator()
    {
        foreach (byte[] bytes in _map.Keys)
        {
            TKey key = MemoryMarshal.Read<TKey>(bytes);
            yield return new(key, this[key]);
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static ReadOnlySpan<byte> Bytes<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));
}
