using System;
using System.Collections.Generic;
using Fathom.Format.Linux;
using Fathom.Format.Objects;

namespace Fathom.Interpreter;

/// <summary>A hash table (<c>BPF_MAP_TYPE_HASH</c>, <c>LRU_HASH</c> and their per-CPU forms).</summary>
/// <remarks>
/// As in the kernel, an update writes a new element, so that a pointer to the value from before still sees the old one; per-CPU maps write in place.
/// What the kernel's LRU maps evict is only about the least recently used entry; here it is exactly that.
/// </remarks>
public sealed class HashMap : InterpretedMap
{
    internal const ulong NotExists = 1;
    internal const ulong Exists = 2;
    private const int None = -1;

    private readonly int _cpus;
    private readonly int _stride;
    private readonly bool _isLru;
    private readonly bool _isPerCpu;
    private readonly MemoryRegion _values;
    private int[] _buckets = Emptied(16);
    private int[] _next = new int[16];
    private byte[] _keys;
    private byte[] _used = new byte[16];
    private int _free = None;
    private int _capacity;

    // Elements by last use, as a ring through element 0 of these arrays plus one: the oldest is _younger[0].
    private int[] _older = new int[17];
    private int[] _younger = new int[17];

    internal HashMap(AddressSpace memory, MapDefinition definition, int cpus)
        : base(definition)
    {
        if (definition.KeySize <= 0)
        {
            throw new ArgumentException($"The map {definition.Name} has keys of no size: the kernel refuses it.", nameof(definition));
        }

        _cpus = cpus;
        _isLru = definition.Type is MapType.LruHash or MapType.LruPerCpuHash;
        // Not by the number of CPUs: there may be one.
        _isPerCpu = definition.Type is MapType.PerCpuHash or MapType.LruPerCpuHash;
        // One more than entries: what an update of a full map writes to.
        _values = MakeValues(memory, definition, ((long)definition.MaxEntries + 1) * cpus, out _stride);
        _values.Owner = this;
        _values.DivideIntoCells(definition.ValueSize, (ulong)_stride);
        _keys = new byte[16 * definition.KeySize];
    }

    /// <summary>How many entries there are.</summary>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public override int ValuesPerEntry => _cpus;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Keys
    {
        get
        {
            for (int i = 0; i < _capacity; i++)
            {
                if (_used[i] != 0)
                {
                    yield return Key(i).ToArray();
                }
            }
        }
    }

    /// <inheritdoc/>
    public override Span<byte> GetValue(ReadOnlySpan<byte> key, int cpu = 0) => Find(key) is >= 0 and int element ? Value(element, cpu) : default;

    /// <inheritdoc/>
    public override int Delete(ReadOnlySpan<byte> key)
    {
        int element = Find(key);
        if (element == None)
        {
            return -Errno.ENOENT;
        }

        Unlink(element);
        return 0;
    }

    internal override ulong Lookup(ReadOnlySpan<byte> key, int cpu)
    {
        int element = Find(key);
        if (element == None)
        {
            return 0;
        }

        Touch(element);
        return AddressOf(element, cpu);
    }

    internal override ulong Peek(ReadOnlySpan<byte> key, int cpu) => Find(key) is >= 0 and int element ? AddressOf(element, cpu) : 0;

    internal override int Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags)
    {
        if (flags > Exists)
        {
            return -Errno.EINVAL;
        }

        int element = Find(key);
        if (element != None && flags == NotExists)
        {
            return -Errno.EEXIST;
        }

        if (element == None && flags == Exists)
        {
            return -Errno.ENOENT;
        }

        if (element != None && _isPerCpu)
        {
            value.CopyTo(Value(element, State!.Cpu));
            Touch(element);
            return 0;
        }

        if (element == None && Count == MaxEntries)
        {
            if (!_isLru)
            {
                return -Errno.E2BIG;
            }

            Unlink(_younger[0] - 1);
        }

        int added = Take();
        if (element != None)
        {
            Unlink(element);
        }

        for (int cpu = 0; cpu < _cpus; cpu++)
        {
            Value(added, cpu).Clear();
        }

        value.CopyTo(Value(added, _cpus == 1 ? 0 : State!.Cpu));
        Link(added, key);
        return 0;
    }

    private ulong AddressOf(int element, int cpu) => _values.Start + ((((ulong)element * (ulong)_cpus) + (ulong)cpu) * (ulong)_stride);

    private Span<byte> Value(int element, int cpu) => _values.Bytes.AsSpan(((element * _cpus) + cpu) * _stride, ValueSize);

    private ReadOnlySpan<byte> Key(int element) => _keys.AsSpan(element * KeySize, KeySize);

    private int Find(ReadOnlySpan<byte> key)
    {
        int element = _buckets[Hash(key) & (uint)(_buckets.Length - 1)];
        while (element != None && !Key(element).SequenceEqual(key))
        {
            element = _next[element];
        }

        return element;
    }

    private static uint Hash(ReadOnlySpan<byte> key)
    {
        uint hash = 2166136261;
        foreach (byte b in key)
        {
            hash = (hash ^ b) * 16777619;
        }

        return hash ^ (hash >> 15);
    }

    private int Take()
    {
        if (_free == None)
        {
            int from = _capacity;
            _capacity = (int)Math.Min(Math.Max(_capacity * 2L, 16), MaxEntries + 1L);
            _values.Resize(_capacity * _cpus * _stride);
            Array.Resize(ref _keys, _capacity * KeySize);
            Array.Resize(ref _next, _capacity);
            Array.Resize(ref _used, _capacity);
            Array.Resize(ref _older, _capacity + 1);
            Array.Resize(ref _younger, _capacity + 1);
            Rehash();
            for (int i = _capacity - 1; i >= from; i--)
            {
                _next[i] = _free;
                _free = i;
            }
        }

        int element = _free;
        _free = _next[element];
        return element;
    }

    private void Rehash()
    {
        int size = _buckets.Length;
        while (size < _capacity)
        {
            size *= 2;
        }

        _buckets = Emptied(size);
        for (int i = 0; i < _capacity; i++)
        {
            if (_used[i] != 0)
            {
                ref int bucket = ref _buckets[Hash(Key(i)) & (uint)(size - 1)];
                _next[i] = bucket;
                bucket = i;
            }
        }
    }

    private void Link(int element, ReadOnlySpan<byte> key)
    {
        key.CopyTo(_keys.AsSpan(element * KeySize));
        ref int bucket = ref _buckets[Hash(key) & (uint)(_buckets.Length - 1)];
        _next[element] = bucket;
        bucket = element;
        _used[element] = 1;
        Count++;
        Age(element);
    }

    private void Unlink(int element)
    {
        ref int link = ref _buckets[Hash(Key(element)) & (uint)(_buckets.Length - 1)];
        while (link != element)
        {
            link = ref _next[link];
        }

        link = _next[element];
        _next[element] = _free;
        _free = element;
        _used[element] = 0;
        Count--;
        _younger[_older[element + 1]] = _younger[element + 1];
        _older[_younger[element + 1]] = _older[element + 1];
    }

    private void Touch(int element)
    {
        if (_isLru)
        {
            _younger[_older[element + 1]] = _younger[element + 1];
            _older[_younger[element + 1]] = _older[element + 1];
            Age(element);
        }
    }

    /// <summary>Puts an element to the young end of the ring.</summary>
    private void Age(int element)
    {
        int youngest = _older[0];
        _older[element + 1] = youngest;
        _younger[element + 1] = 0;
        _younger[youngest] = element + 1;
        _older[0] = element + 1;
    }

    private static int[] Emptied(int size)
    {
        int[] buckets = new int[size];
        buckets.AsSpan().Fill(None);
        return buckets;
    }
}
