using System;
using System.Runtime.InteropServices;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>A value with each task (<c>BPF_MAP_TYPE_TASK_STORAGE</c>, Linux 5.11). It ends with the task.</summary>
/// <typeparam name="TValue">Value, laid out as the program lays it out.</typeparam>
public sealed unsafe class BpfTaskStorage<TValue>
    where TValue : unmanaged
{
    /// <summary>A typed view of a map.</summary>
    /// <exception cref="ArgumentException">The map has another type, or values of another size.</exception>
    public BpfTaskStorage(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        Map = map.Expect(sizeof(int), sizeof(TValue), MapType.TaskStorage);
    }

    /// <summary>The map.</summary>
    public BpfMap Map { get; }

    /// <summary>Reads the value of a process's first thread.</summary>
    /// <returns>False if there is no such process, or it has no value.</returns>
    public bool TryGet(int process, out TValue value)
    {
        using KernelDescriptor? descriptor = OpenProcess(process);
        value = default;
        return descriptor is not null && LocalStorage.TryGet(Map, descriptor, out value);
    }

    /// <summary>Gives a process's first thread a value.</summary>
    /// <returns>False if there is no such process.</returns>
    public bool Set(int process, in TValue value)
    {
        using KernelDescriptor? descriptor = OpenProcess(process);
        return descriptor is not null && LocalStorage.Set(Map, descriptor, value);
    }

    /// <summary>Deletes the value of a process's first thread; false if there was none.</summary>
    public bool Delete(int process)
    {
        using KernelDescriptor? descriptor = OpenProcess(process);
        return descriptor is not null && LocalStorage.Delete(Map, descriptor);
    }

    private KernelDescriptor? OpenProcess(int process)
    {
        KernelDescriptor? descriptor = Map.Kernel.Calls.OpenProcess(process, out int error);
        return descriptor is not null || error == Errno.ESRCH ? descriptor : throw Map.Failure("open a process for map", error);
    }
}

/// <summary>A value with each cgroup (<c>BPF_MAP_TYPE_CGRP_STORAGE</c>, Linux 6.2). It ends with the cgroup.</summary>
/// <typeparam name="TValue">Value, laid out as the program lays it out.</typeparam>
public sealed unsafe class BpfCgroupStorage<TValue>
    where TValue : unmanaged
{
    /// <summary>A typed view of a map.</summary>
    /// <exception cref="ArgumentException">The map has another type, or values of another size.</exception>
    public BpfCgroupStorage(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        Map = map.Expect(sizeof(int), sizeof(TValue), MapType.CgroupStorage);
    }

    /// <summary>The map.</summary>
    public BpfMap Map { get; }

    /// <summary>Reads the value of a cgroup.</summary>
    /// <param name="path">Its directory in a cgroup v2 file system.</param>
    /// <param name="value">The value.</param>
    /// <returns>False if it has none.</returns>
    public bool TryGet(string path, out TValue value)
    {
        using KernelDescriptor descriptor = CgroupDirectory.Open(Map.Kernel, path);
        return LocalStorage.TryGet(Map, descriptor, out value);
    }

    /// <summary>Gives a cgroup a value.</summary>
    /// <param name="path">Its directory in a cgroup v2 file system.</param>
    /// <param name="value">The value.</param>
    public void Set(string path, in TValue value)
    {
        using KernelDescriptor descriptor = CgroupDirectory.Open(Map.Kernel, path);
        LocalStorage.Set(Map, descriptor, value);
    }

    /// <summary>Deletes the value of a cgroup; false if there was none.</summary>
    public bool Delete(string path)
    {
        using KernelDescriptor descriptor = CgroupDirectory.Open(Map.Kernel, path);
        return LocalStorage.Delete(Map, descriptor);
    }
}

/// <summary>Cgroups by index, for programs that ask whether a task is below one (<c>BPF_MAP_TYPE_CGROUP_ARRAY</c>).</summary>
public sealed class BpfCgroupArray
{
    /// <summary>A typed view of a map.</summary>
    /// <exception cref="ArgumentException">The map has another type.</exception>
    public BpfCgroupArray(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        Map = map.Expect(sizeof(uint), sizeof(uint), MapType.CgroupArray);
    }

    /// <summary>The map.</summary>
    public BpfMap Map { get; }

    /// <summary>Puts a cgroup at an index.</summary>
    /// <param name="index">The index.</param>
    /// <param name="path">The cgroup's directory in a cgroup v2 file system.</param>
    /// <exception cref="BpfException">There is no such directory, or it is no cgroup of version 2.</exception>
    public void Set(int index, string path)
    {
        using KernelDescriptor descriptor = CgroupDirectory.Open(Map.Kernel, path);
        int value = descriptor.Value;
        try
        {
            Map.Update(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in index)), MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));
        }
        catch (MapException e) when (e.ErrorNumber == Errno.EBADF)
        {
            throw new BpfException("use cgroup", path, e.ErrorNumber, "this is no directory of a cgroup v2 file system; see /sys/fs/cgroup.");
        }
    }

    /// <summary>Empties an index; false if it was empty.</summary>
    public bool Delete(int index) => Map.Delete(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in index)));
}

/// <summary>Opens cgroups.</summary>
internal static class CgroupDirectory
{
    /// <summary>Opens a cgroup's directory.</summary>
    public static KernelDescriptor Open(Kernel kernel, string path)
    {
        // O_DIRECTORY differs between architectures, so a file is found out by the map, which takes only cgroups.
        return kernel.Calls.Open(path, out int error)
            ?? throw new BpfException("open cgroup", path, error, "name a directory below the mount of cgroup v2, for example /sys/fs/cgroup/system.slice.");
    }
}

/// <summary>What the storages have in common: the key is a descriptor.</summary>
internal static unsafe class LocalStorage
{
    public static bool TryGet<TValue>(BpfMap map, KernelDescriptor descriptor, out TValue value)
        where TValue : unmanaged
    {
        value = default;
        int key = descriptor.Value;
        fixed (TValue* pointer = &value)
        {
            return map.Found("look up in map", map.Call(BpfCommand.MapLookup, &key, pointer, 0));
        }
    }

    public static bool Set<TValue>(BpfMap map, KernelDescriptor descriptor, in TValue value)
        where TValue : unmanaged
    {
        int key = descriptor.Value;
        fixed (TValue* pointer = &value)
        {
            int error = map.Call(BpfCommand.MapUpdate, &key, pointer, 0);

            // ENOENT: the task ended between its opening and now.
            return map.Found("update map", error);
        }
    }

    public static bool Delete(BpfMap map, KernelDescriptor descriptor)
    {
        int key = descriptor.Value;
        return map.Found("delete from map", map.Call(BpfCommand.MapDelete, &key, null, 0));
    }
}
