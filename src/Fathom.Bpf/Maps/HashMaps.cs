namespace Fathom.Bpf;

/// <summary>Hash table (<c>BPF_MAP_TYPE_HASH</c>).</summary>
/// <typeparam name="TKey">Key.</typeparam>
/// <typeparam name="TValue">Value.</typeparam>
[MapKind(1)]
public sealed class HashMap<TKey, TValue> : HashMapBase<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
}

/// <summary>Hash table with a value on each CPU: no contention (<c>BPF_MAP_TYPE_PERCPU_HASH</c>).</summary>
/// <typeparam name="TKey">Key.</typeparam>
/// <typeparam name="TValue">Value on one CPU.</typeparam>
[MapKind(5)]
public sealed class PerCpuHashMap<TKey, TValue> : HashMapBase<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
}

/// <summary>Hash table that drops what was least recently used when it is full (<c>BPF_MAP_TYPE_LRU_HASH</c>).</summary>
/// <typeparam name="TKey">Key.</typeparam>
/// <typeparam name="TValue">Value.</typeparam>
[MapKind(9)]
public sealed class LruHashMap<TKey, TValue> : HashMapBase<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
}

/// <summary>LRU hash table with a value on each CPU (<c>BPF_MAP_TYPE_LRU_PERCPU_HASH</c>).</summary>
/// <typeparam name="TKey">Key.</typeparam>
/// <typeparam name="TValue">Value on one CPU.</typeparam>
[MapKind(10)]
public sealed class LruPerCpuHashMap<TKey, TValue> : HashMapBase<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
}
