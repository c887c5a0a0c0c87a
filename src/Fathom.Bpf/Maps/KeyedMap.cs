namespace Fathom.Bpf;

/// <summary>A map from keys to values.</summary>
/// <typeparam name="TKey">Key; a struct must have no padding, because its bytes are compared.</typeparam>
/// <typeparam name="TValue">Value.</typeparam>
public abstract unsafe class KeyedMap<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    private protected KeyedMap()
    {
    }

    /// <summary>The address of a value, null if the key is not there (<c>bpf_map_lookup_elem</c>).</summary>
    [Helper(1, Result = PointerKind.MapValue)]
    public TValue* Lookup(in TKey key) => throw DeviceOnlyException.Create();

    /// <summary>Writes a value (<c>bpf_map_update_elem</c>).</summary>
    /// <returns>0, or a negative errno: -E2BIG if the map is full, -EEXIST or -ENOENT by the mode.</returns>
    [Helper(2)]
    public long Update(in TKey key, in TValue value, UpdateMode mode = UpdateMode.Any) => throw DeviceOnlyException.Create();

    /// <summary>Writes a value from an address, without a copy of its own (<c>bpf_map_update_elem</c>).</summary>
    /// <returns>0, or a negative errno.</returns>
    [Helper(2)]
    public long Update(in TKey key, TValue* value, UpdateMode mode = UpdateMode.Any) => throw DeviceOnlyException.Create();
}

/// <summary>A map whose entries come and go.</summary>
/// <typeparam name="TKey">Key.</typeparam>
/// <typeparam name="TValue">Value.</typeparam>
public abstract class HashMapBase<TKey, TValue> : KeyedMap<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    private protected HashMapBase()
    {
    }

    /// <summary>Removes an entry (<c>bpf_map_delete_elem</c>).</summary>
    /// <returns>0, or -ENOENT.</returns>
    [Helper(3)]
    public long Delete(in TKey key) => throw DeviceOnlyException.Create();
}
