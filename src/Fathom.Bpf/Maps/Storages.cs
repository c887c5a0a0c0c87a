namespace Fathom.Bpf;

/// <summary>A value with each task, gone when the task is (<c>BPF_MAP_TYPE_TASK_STORAGE</c>, Linux 5.11).</summary>
/// <typeparam name="TValue">Value.</typeparam>
[MapKind(29)]
public sealed unsafe class TaskStorage<TValue>
    where TValue : unmanaged
{
    /// <summary>The address of a task's value, null if there is none (<c>bpf_task_storage_get</c>).</summary>
    /// <param name="task">A trusted pointer to the task.</param>
    /// <param name="initial">What a new value is; null for zeros.</param>
    /// <param name="flags">Whether it is made if it is not there.</param>
    [Helper(156, Since = "5.11", ProgramTypes = ProgramTypes.Tracing, Result = PointerKind.MapValue)]
    public TValue* Get([Trusted] void* task, TValue* initial, StorageFlags flags) => throw DeviceOnlyException.Create();

    /// <summary>Removes a task's value (<c>bpf_task_storage_delete</c>).</summary>
    /// <returns>0, or -ENOENT.</returns>
    [Helper(157, Since = "5.11", ProgramTypes = ProgramTypes.Tracing)]
    public long Delete([Trusted] void* task) => throw DeviceOnlyException.Create();
}

/// <summary>A value with each cgroup, gone when the cgroup is (<c>BPF_MAP_TYPE_CGRP_STORAGE</c>, Linux 6.2).</summary>
/// <typeparam name="TValue">Value.</typeparam>
[MapKind(32)]
public sealed unsafe class CgroupStorage<TValue>
    where TValue : unmanaged
{
    /// <summary>The address of a cgroup's value, null if there is none (<c>bpf_cgrp_storage_get</c>).</summary>
    /// <param name="cgroup">A trusted pointer to the cgroup.</param>
    /// <param name="initial">What a new value is; null for zeros.</param>
    /// <param name="flags">Whether it is made if it is not there.</param>
    [Helper(210, Since = "6.2", ProgramTypes = ProgramTypes.Tracing, Result = PointerKind.MapValue)]
    public TValue* Get([Trusted] void* cgroup, TValue* initial, StorageFlags flags) => throw DeviceOnlyException.Create();

    /// <summary>Removes a cgroup's value (<c>bpf_cgrp_storage_delete</c>).</summary>
    /// <returns>0, or -ENOENT.</returns>
    [Helper(211, Since = "6.2", ProgramTypes = ProgramTypes.Tracing)]
    public long Delete([Trusted] void* cgroup) => throw DeviceOnlyException.Create();
}

/// <summary>Whether a storage makes a value that is not there.</summary>
public enum StorageFlags
{
    /// <summary>No.</summary>
    None = 0,
    /// <summary>Yes (<c>BPF_LOCAL_STORAGE_GET_F_CREATE</c>).</summary>
    Create = 1,
}
