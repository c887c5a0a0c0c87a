using System;
using System.Runtime.CompilerServices;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>How an entry may be written (<c>BPF_ANY</c>, <c>BPF_NOEXIST</c>, <c>BPF_EXIST</c>).</summary>
public enum MapUpdate
{
    /// <summary>Add or replace.</summary>
    Any = 0,
    /// <summary>Add only.</summary>
    Add = 1,
    /// <summary>Replace only.</summary>
    Replace = 2,
}

/// <summary>
/// A map in the kernel, untyped: keys and values are bytes. The typed maps (<see cref="BpfHashMap{TKey,TValue}"/> and so on) are views of
/// one. It belongs to its <see cref="LoadedObject"/>, which closes it. Reading and writing need no capability once it is open.
/// </summary>
public sealed unsafe class BpfMap
{
    internal BpfMap(Kernel kernel, KernelDescriptor descriptor, string name, MapType type, int keySize, int valueSize, int maxEntries, uint flags)
    {
        Kernel = kernel;
        Descriptor = descriptor;
        Name = name;
        Type = type;
        KeySize = keySize;
        ValueSize = valueSize;
        MaxEntries = maxEntries;
        Flags = flags;
    }

    /// <summary>Its name in the object.</summary>
    public string Name { get; }

    /// <summary>Its type.</summary>
    public MapType Type { get; }

    /// <summary>Bytes of a key.</summary>
    public int KeySize { get; }

    /// <summary>Bytes of a value, on each CPU for per-CPU maps.</summary>
    public int ValueSize { get; }

    /// <summary>Number of entries that it can hold; bytes of a ring buffer.</summary>
    public int MaxEntries { get; }

    /// <summary>The flags that it was created with (<c>BPF_F_*</c>).</summary>
    public uint Flags { get; }

    /// <summary>True if each entry has a value on each possible CPU.</summary>
    public bool IsPerCpu => Type is MapType.PerCpuHash or MapType.PerCpuArray or MapType.LruPerCpuHash;

    /// <summary>Bytes from one CPU's value to the next in what the kernel gives: the size of a value, rounded up to 8.</summary>
    public int ValueStride => IsPerCpu ? (ValueSize + 7) & ~7 : ValueSize;

    /// <summary>Bytes that reading one entry gives: all CPUs' values.</summary>
    public int EntrySize => IsPerCpu ? ValueStride * Kernel.PossibleCpus : ValueSize;

    internal Kernel Kernel { get; }

    internal KernelDescriptor Descriptor { get; }

    internal bool HasNoBatches { get; set; }

    /// <summary>Reads one entry.</summary>
    /// <param name="key"><see cref="KeySize"/> bytes.</param>
    /// <param name="value"><see cref="EntrySize"/> bytes.</param>
    /// <returns>False if there is no such entry.</returns>
    public bool TryLookup(ReadOnlySpan<byte> key, Span<byte> value) => Element(BpfCommand.MapLookup, "look up in map", key, value, 0);

    /// <summary>Reads one entry and deletes it (<c>BPF_MAP_LOOKUP_AND_DELETE_ELEM</c>, Linux 5.14 for hash tables).</summary>
    /// <returns>False if there is no such entry.</returns>
    public bool TryTake(ReadOnlySpan<byte> key, Span<byte> value) => Element(BpfCommand.MapLookupAndDelete, "take from map", key, value, 0);

    /// <summary>Writes one entry.</summary>
    /// <param name="key"><see cref="KeySize"/> bytes.</param>
    /// <param name="value"><see cref="EntrySize"/> bytes.</param>
    /// <param name="mode">Whether it may exist already.</param>
    /// <returns>False if <paramref name="mode"/> forbids it.</returns>
    /// <exception cref="MapException">The map is full, frozen, or cannot be written from here.</exception>
    public bool Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, MapUpdate mode = MapUpdate.Any)
    {
        Check(key.Length, KeySize, "key");
        Check(value.Length, EntrySize, "value");
        fixed (byte* keyPointer = key, valuePointer = value)
        {
            int error = Call(BpfCommand.MapUpdate, keyPointer, valuePointer, (ulong)mode);
            return error switch
            {
                0 => true,
                Errno.EEXIST when mode == MapUpdate.Add => false,
                Errno.ENOENT when mode == MapUpdate.Replace => false,
                _ => throw Failure("update map", error),
            };
        }
    }

    /// <summary>Deletes one entry.</summary>
    /// <returns>False if there was none.</returns>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        Check(key.Length, KeySize, "key");
        fixed (byte* keyPointer = key)
        {
            return Found("delete from map", Call(BpfCommand.MapDelete, keyPointer, null, 0));
        }
    }

    /// <summary>The key after <paramref name="key"/>, or the first one if that is empty or was deleted meanwhile.</summary>
    /// <returns>False at the end.</returns>
    public bool TryNextKey(ReadOnlySpan<byte> key, Span<byte> next)
    {
        Check(next.Length, KeySize, "key");
        fixed (byte* keyPointer = key, nextPointer = next)
        {
            return Found("walk map", Call(BpfCommand.MapNextKey, keyPointer, nextPointer, 0));
        }
    }

    /// <summary>Makes the map unchangeable for user space (<c>BPF_MAP_FREEZE</c>, Linux 5.2), so that the verifier may trust its contents.</summary>
    public void Freeze()
    {
        var attributes = new MapElementAttributes { Map = Descriptor.Value };
        int result = Kernel.Calls.Bpf(BpfCommand.MapFreeze, ref attributes);
        if (result < 0)
        {
            throw Failure("freeze map", -result);
        }
    }

    /// <summary>One command on one element: 0, or the errno.</summary>
    internal int Call(BpfCommand command, void* key, void* value, ulong flags)
    {
        var attributes = new MapElementAttributes { Map = Descriptor.Value, Key = key, Value = value, Flags = flags };
        int result = Kernel.Calls.Bpf(command, ref attributes);
        GC.KeepAlive(this);
        return result < 0 ? -result : 0;
    }

    /// <summary>Turns ENOENT into false and any other error into an exception.</summary>
    internal bool Found(string operation, int error) => error switch
    {
        0 => true,
        Errno.ENOENT => false,
        _ => throw Failure(operation, error),
    };

    internal MapException Failure(string operation, int error) => new(operation, Name, error, error switch
    {
        Errno.E2BIG => $"the map is full ({MaxEntries} entries), or the index lies behind its end.",
        Errno.ENOSPC => "the buffer is too small for one bucket of the map.",
        Errno.ENOMEM => "the kernel has no memory for another entry.",
        Errno.EPERM => "the map is frozen, or was created so that user space may not do this.",
        Errno.EBUSY => "another CPU holds the bucket's lock; try again.",
        Errno.EINVAL => $"a map of type {Type} does not have this operation, or the kernel is too old for it.",
        Errno.EOPNOTSUPP or Errno.ENOTSUPP => $"a map of type {Type} does not have this operation.",
        _ => "the kernel gave no further reason.",
    });

    /// <summary>Throws if a typed view does not fit.</summary>
    internal BpfMap Expect(int keySize, int valueSize, MapType type, MapType alternative = MapType.Unspecified)
    {
        if (Type != type && (Type != alternative || alternative == MapType.Unspecified))
        {
            throw new ArgumentException($"Map {Name} is of type {Type}, not {type}.");
        }

        if (keySize != KeySize || valueSize != ValueSize)
        {
            throw new ArgumentException(
                $"Map {Name} has keys of {KeySize} and values of {ValueSize} bytes; this view has {keySize} and {valueSize}.");
        }

        return this;
    }

    private bool Element(BpfCommand command, string operation, ReadOnlySpan<byte> key, Span<byte> value, ulong flags)
    {
        Check(key.Length, KeySize, "key");
        Check(value.Length, EntrySize, "value");
        fixed (byte* keyPointer = key, valuePointer = value)
        {
            return Found(operation, Call(command, keyPointer, valuePointer, flags));
        }
    }

    // The kernel copies as many bytes as it knows the key and the value to have, whatever the caller's buffer holds.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Check(int length, int expected, string what)
    {
        if (length != expected)
        {
            throw new ArgumentException($"A {what} of map {Name} takes {expected} bytes, not {length}.");
        }
    }
}
