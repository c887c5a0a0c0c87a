namespace Fathom.Bpf;

/// <summary>Array: every index below the number of entries is there (<c>BPF_MAP_TYPE_ARRAY</c>).</summary>
/// <typeparam name="TValue">Value.</typeparam>
[MapKind(2)]
public sealed class ArrayMap<TValue> : KeyedMap<uint, TValue>
    where TValue : unmanaged
{
}

/// <summary>Array with a value on each CPU (<c>BPF_MAP_TYPE_PERCPU_ARRAY</c>); also the place for scratch memory beyond the 512 bytes of stack.</summary>
/// <typeparam name="TValue">Value on one CPU, at most 32 KiB.</typeparam>
[MapKind(6)]
public sealed class PerCpuArray<TValue> : KeyedMap<uint, TValue>
    where TValue : unmanaged
{
}

/// <summary>Array of cgroups (<c>BPF_MAP_TYPE_CGROUP_ARRAY</c>): user space stores descriptors of cgroup directories.</summary>
[MapKind(8)]
public sealed class CgroupArray
{
    /// <summary>Asks if the current task is in, or below, the cgroup at an index (<c>bpf_current_task_under_cgroup</c>).</summary>
    /// <returns>1 if it is, 0 if not, a negative errno if there is no cgroup at the index.</returns>
    [Helper(37, ProgramTypes = ProgramTypes.Tracing)]
    public long ContainsCurrentTask(uint index) => throw DeviceOnlyException.Create();
}

/// <summary>Array of programs to go on with (<c>BPF_MAP_TYPE_PROG_ARRAY</c>).</summary>
[MapKind(3)]
public sealed unsafe class ProgramArray
{
    /// <summary>Goes on with another program and does not come back; returns only if there is none at the index (<c>bpf_tail_call</c>).</summary>
    /// <param name="context">The program's context.</param>
    /// <param name="index">Index of the program.</param>
    [Helper(12)]
    public void TailCall(void* context, uint index) => throw DeviceOnlyException.Create();
}
