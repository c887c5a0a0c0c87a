namespace Fathom.Bpf;

/// <summary>Perf buffers, one for each CPU (<c>BPF_MAP_TYPE_PERF_EVENT_ARRAY</c>), for kernels without <see cref="RingBuffer"/>.</summary>
[MapKind(4)]
public sealed unsafe class PerfEventArray
{
    /// <summary>Index that means the current CPU (<c>BPF_F_CURRENT_CPU</c>).</summary>
    public const ulong CurrentCpu = 0xffff_ffff;

    /// <summary>Copies a record into the buffer of a CPU (<c>bpf_perf_event_output</c>).</summary>
    /// <typeparam name="T">The record; it must have no padding.</typeparam>
    /// <param name="context">The program's context.</param>
    /// <param name="index">The CPU.</param>
    /// <param name="record">The record.</param>
    /// <returns>0, or a negative errno.</returns>
    [Helper(25)]
    public long Output<T>(void* context, ulong index, [FollowedBySize] in T record)
        where T : unmanaged => throw DeviceOnlyException.Create();

    /// <summary>Copies bytes into the buffer of a CPU (<c>bpf_perf_event_output</c>): records of different lengths.</summary>
    /// <param name="context">The program's context.</param>
    /// <param name="index">The CPU.</param>
    /// <param name="record">The record.</param>
    /// <param name="bytes">Its length.</param>
    /// <returns>0, or a negative errno.</returns>
    [Helper(25)]
    public long Output(void* context, ulong index, void* record, ulong bytes) => throw DeviceOnlyException.Create();
}
