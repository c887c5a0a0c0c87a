using System;

namespace Fathom.Bpf;

/// <summary>Ring buffer for events to user space, shared by all CPUs (<c>BPF_MAP_TYPE_RINGBUF</c>, Linux 5.8).</summary>
[MapKind(27)]
public sealed unsafe class RingBuffer
{
    /// <summary>Reserves room for a record, null if the buffer is full (<c>bpf_ringbuf_reserve</c>). It must be submitted or discarded on every path.</summary>
    /// <typeparam name="T">The record; it must have no padding.</typeparam>
    [Helper(131, Since = "5.8", Result = PointerKind.RingRecord)]
    public T* Reserve<T>()
        where T : unmanaged => throw DeviceOnlyException.Create();

    /// <summary>Hands a reserved record over (<c>bpf_ringbuf_submit</c>).</summary>
    [Helper(132, Since = "5.8")]
    public void Submit(void* record, RingBufferFlags flags = RingBufferFlags.None) => throw DeviceOnlyException.Create();

    /// <summary>Gives a reserved record up (<c>bpf_ringbuf_discard</c>).</summary>
    [Helper(133, Since = "5.8")]
    public void Discard(void* record, RingBufferFlags flags = RingBufferFlags.None) => throw DeviceOnlyException.Create();

    /// <summary>Copies a record into the buffer (<c>bpf_ringbuf_output</c>).</summary>
    /// <typeparam name="T">The record; it must have no padding.</typeparam>
    /// <returns>0, or -EAGAIN if the buffer is full.</returns>
    [Helper(130, Since = "5.8")]
    public long Output<T>([FollowedBySize] in T record, RingBufferFlags flags = RingBufferFlags.None)
        where T : unmanaged => throw DeviceOnlyException.Create();

    /// <summary>Copies bytes into the buffer, as many as the span has (<c>bpf_ringbuf_output</c>): records of different lengths.</summary>
    /// <returns>0, or -EAGAIN if the buffer is full.</returns>
    [Helper(130, Since = "5.8")]
    public long Output(ReadOnlySpan<byte> record, RingBufferFlags flags = RingBufferFlags.None) => throw DeviceOnlyException.Create();

    /// <summary>Copies bytes into the buffer (<c>bpf_ringbuf_output</c>).</summary>
    /// <returns>0, or -EAGAIN if the buffer is full.</returns>
    [Helper(130, Since = "5.8")]
    public long Output(void* record, ulong bytes, RingBufferFlags flags = RingBufferFlags.None) => throw DeviceOnlyException.Create();

    /// <summary>Asks for a property of the buffer (<c>bpf_ringbuf_query</c>).</summary>
    [Helper(134, Since = "5.8")]
    public ulong Query(RingBufferQuery query) => throw DeviceOnlyException.Create();
}

/// <summary>When the reader of a ring buffer is woken (<c>BPF_RB_*</c>).</summary>
public enum RingBufferFlags
{
    /// <summary>When it has read everything before.</summary>
    None = 0,
    /// <summary>Never: it looks by itself.</summary>
    NoWakeup = 1,
    /// <summary>Always.</summary>
    ForceWakeup = 2,
}

/// <summary>Properties of a ring buffer (<c>BPF_RB_*</c>).</summary>
public enum RingBufferQuery
{
    /// <summary>Bytes that are not read yet.</summary>
    AvailableData = 0,
    /// <summary>Bytes of the buffer.</summary>
    Size = 1,
    /// <summary>Position of the reader.</summary>
    ConsumerPosition = 2,
    /// <summary>Position of the writers.</summary>
    ProducerPosition = 3,
}
