using System;
using System.Runtime.InteropServices;

namespace Fathom.Runtime;

/// <summary>The entries of a map, for one <c>foreach</c>. A batch is read from the kernel when the one before is used up.</summary>
public readonly struct MapEntries<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    private readonly MapWalker _walker;

    internal MapEntries(MapWalker walker) => _walker = walker;

    /// <summary>Starts the walk that was asked for.</summary>
    public Enumerator GetEnumerator() => new(_walker);

    /// <summary>Walks over the entries.</summary>
    public struct Enumerator
    {
        private readonly MapWalker _walker;
        private int _index;

        internal Enumerator(MapWalker walker)
        {
            _walker = walker;
            _index = -1;
        }

        /// <summary>The entry at hand.</summary>
        public readonly MapEntry<TKey, TValue> Current =>
            new(MemoryMarshal.Read<TKey>(_walker.Key(_index)), MemoryMarshal.Read<TValue>(_walker.Value(_index)));

        /// <summary>Goes to the next entry.</summary>
        /// <exception cref="MapException">The kernel refuses to read the map.</exception>
        public bool MoveNext()
        {
            if (++_index < _walker.Count)
            {
                return true;
            }

            _index = 0;
            return _walker.Next();
        }
    }
}

/// <summary>An entry of a map.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value.</param>
public readonly record struct MapEntry<TKey, TValue>(TKey Key, TValue Value);

/// <summary>The entries of a per-CPU map, for one <c>foreach</c>.</summary>
public readonly struct PerCpuMapEntries<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    private readonly MapWalker _walker;
    private readonly int _stride;

    internal PerCpuMapEntries(MapWalker walker, int stride)
    {
        _walker = walker;
        _stride = stride;
    }

    /// <summary>Starts the walk that was asked for.</summary>
    public Enumerator GetEnumerator() => new(_walker, _stride);

    /// <summary>Walks over the entries.</summary>
    public struct Enumerator
    {
        private readonly MapWalker _walker;
        private readonly int _stride;
        private int _index;

        internal Enumerator(MapWalker walker, int stride)
        {
            _walker = walker;
            _stride = stride;
            _index = -1;
        }

        /// <summary>The entry at hand; its values are gone after the next step.</summary>
        public readonly PerCpuMapEntry<TKey, TValue> Current =>
            new(MemoryMarshal.Read<TKey>(_walker.Key(_index)), new PerCpuValues<TValue>(_walker.Value(_index), _stride));

        /// <summary>Goes to the next entry.</summary>
        /// <exception cref="MapException">The kernel refuses to read the map.</exception>
        public bool MoveNext()
        {
            if (++_index < _walker.Count)
            {
                return true;
            }

            _index = 0;
            return _walker.Next();
        }
    }
}

/// <summary>An entry of a per-CPU map.</summary>
public readonly ref struct PerCpuMapEntry<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    internal PerCpuMapEntry(TKey key, PerCpuValues<TValue> values)
    {
        Key = key;
        Values = values;
    }

    /// <summary>Its key.</summary>
    public TKey Key { get; }

    /// <summary>Its value on each possible CPU.</summary>
    public PerCpuValues<TValue> Values { get; }

    /// <summary>Key and values.</summary>
    public void Deconstruct(out TKey key, out PerCpuValues<TValue> values)
    {
        key = Key;
        values = Values;
    }
}

/// <summary>One value for each possible CPU, as the kernel lays them out: at multiples of 8 bytes.</summary>
public readonly ref struct PerCpuValues<TValue>
    where TValue : unmanaged
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _stride;

    internal PerCpuValues(ReadOnlySpan<byte> bytes, int stride)
    {
        _bytes = bytes;
        _stride = stride;
    }

    /// <summary>Number of possible CPUs.</summary>
    public int Length => _bytes.Length / _stride;

    /// <summary>The value on one CPU, without a copy.</summary>
    public ref readonly TValue this[int cpu] => ref MemoryMarshal.AsRef<TValue>(_bytes.Slice(cpu * _stride, _stride));

    /// <summary>Walks over the values.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>Walks over the values.</summary>
    public ref struct Enumerator
    {
        private readonly PerCpuValues<TValue> _values;
        private int _cpu;

        internal Enumerator(PerCpuValues<TValue> values)
        {
            _values = values;
            _cpu = -1;
        }

        /// <summary>The value at hand.</summary>
        public readonly ref readonly TValue Current => ref _values[_cpu];

        /// <summary>Goes to the next CPU.</summary>
        public bool MoveNext() => ++_cpu < _values.Length;
    }
}
