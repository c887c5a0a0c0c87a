using System;
using System.Threading;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// The reading side of a ring buffer (<c>BPF_MAP_TYPE_RINGBUF</c>, Linux 5.8). Records are read in place, without a copy and without a
/// system call, and drained by a timer of the caller's: a wake-up for each event costs a hundred times what the event costs.
/// One reader at a time. Dispose it to unmap the memory; the map itself belongs to its object.
/// </summary>
public sealed unsafe class BpfRingBuffer : IDisposable
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h (BPF_RINGBUF_BUSY_BIT, _DISCARD_BIT, _HDR_SZ)
    internal const int HeaderSize = 8;
    internal const uint DiscardBit = 1u << 30;
    private const uint BusyBit = 1u << 31;

    private readonly MappedMemory _consumer;
    private readonly MappedMemory _producer;
    private readonly ulong _mask;

    /// <summary>Maps the ring buffer's memory.</summary>
    /// <exception cref="ArgumentException">The map has another type.</exception>
    /// <exception cref="MapException">The kernel refuses to map it.</exception>
    public BpfRingBuffer(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        Map = map.Expect(0, 0, MapType.RingBuffer);
        _mask = (ulong)map.MaxEntries - 1;

        // One page with the consumer's position, which we write; then a page with the producer's position and the data twice in a row,
        // so that a record that wraps is contiguous. The latter may only be mapped read-only.
        // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/ringbuf.c (ringbuf_map_mmap_kern)
        nuint page = (nuint)Environment.SystemPageSize;
        KernelCalls calls = map.Kernel.Calls;
        _consumer = calls.Map(page, writable: true, shared: true, map.Descriptor, 0, map.Name + " (consumer)", out int error)
            ?? throw map.Failure("map memory of", error);
        MappedMemory? producer = calls.Map(
            page + (2 * (nuint)map.MaxEntries), writable: false, shared: true, map.Descriptor, (long)page, map.Name + " (producer)", out error);
        if (producer is null)
        {
            _consumer.Dispose();
            throw map.Failure("map memory of", error);
        }

        _producer = producer;
    }

    /// <summary>Receives one record; it is gone when this returns.</summary>
    /// <typeparam name="TState">What is passed through.</typeparam>
    /// <param name="record">The record.</param>
    /// <param name="state">Passed through.</param>
    public delegate void RecordHandler<TState>(ReadOnlySpan<byte> record, ref TState state)
        where TState : allows ref struct;

    /// <summary>The map.</summary>
    public BpfMap Map { get; }

    /// <summary>Bytes that wait to be read, headers included.</summary>
    public long PendingBytes => (long)(Volatile.Read(ref ProducerPosition) - ConsumerPosition);

    /// <summary>Size in bytes.</summary>
    public int Capacity => Map.MaxEntries;

    private ref ulong ConsumerPosition => ref *(ulong*)_consumer.Address;

    private ref ulong ProducerPosition => ref *(ulong*)_producer.Address;

    private byte* Data => (byte*)_producer.Address + Environment.SystemPageSize;

    /// <summary>The records that wait, for one <c>foreach</c>. Each is gone, and its space free again, after the step to the next or out of the loop.</summary>
    public Records Drain() => new(this);

    /// <summary>
    /// Waits until a program has submitted a record with a wake-up (<c>BPF_RB_FORCE_WAKEUP</c>, or without <c>BPF_RB_NO_WAKEUP</c> when the reader had
    /// caught up), or for so long. For rare events that must be seen at once: a wake-up costs microseconds.
    /// </summary>
    /// <param name="longest">The longest wait.</param>
    /// <returns>Whether there is something to read.</returns>
    public bool Wait(TimeSpan longest) => PendingBytes > 0 || Map.Kernel.Calls.WaitUntilReadable(Map.Descriptor, (int)longest.TotalMilliseconds);

    /// <summary>Hands each record that waits to a handler.</summary>
    /// <returns>The number of records.</returns>
    public int Drain<TState>(ref TState state, RecordHandler<TState> handler)
        where TState : allows ref struct
    {
        ArgumentNullException.ThrowIfNull(handler);
        int count = 0;
        foreach (ReadOnlySpan<byte> record in Drain())
        {
            handler(record, ref state);
            count++;
        }

        return count;
    }

    /// <summary>
    /// Copies records out as they lie in the buffer, each behind its header and rounded up to 8 bytes, and frees their room: only whole ones, as
    /// many as there is room for. Discarded ones are among them.
    /// </summary>
    /// <returns>The bytes; 0 if nothing waits, or the first record has no room.</returns>
    internal int MoveTo(Span<byte> to)
    {
        ulong start = ConsumerPosition, end = Volatile.Read(ref ProducerPosition), position = start;
        while (position < end)
        {
            uint header = HeaderAt(position);
            ulong next = position + RoomOf(header);
            if ((header & BusyBit) != 0 || next - start > (ulong)to.Length)
            {
                break;
            }

            position = next;
        }

        int bytes = (int)(position - start);
        new ReadOnlySpan<byte>(Data + (start & _mask), bytes).CopyTo(to);
        Volatile.Write(ref ConsumerPosition, position);
        return bytes;
    }

    /// <summary>Bytes that the first record takes, if one waits and is complete; otherwise 0.</summary>
    internal int FirstRecordBytes()
    {
        ulong start = ConsumerPosition;
        uint header = start < Volatile.Read(ref ProducerPosition) ? HeaderAt(start) : BusyBit;
        return (header & BusyBit) != 0 ? 0 : (int)RoomOf(header);
    }

    /// <summary>Bytes that a record takes with its header, and of it.</summary>
    internal static (int Room, int Length) Measure(uint header) => ((int)RoomOf(header), (int)(header & ~(BusyBit | DiscardBit)));

    /// <inheritdoc/>
    public void Dispose()
    {
        _consumer.Dispose();
        _producer.Dispose();
    }

    private static ulong RoomOf(uint header) => ((ulong)(header & ~(BusyBit | DiscardBit)) + HeaderSize + 7) & ~7UL;

    // Acquire: the record's bytes are read after its header says that they are complete. Pairs with the xchg of
    // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/ringbuf.c (bpf_ringbuf_commit)
    private uint HeaderAt(ulong position) => Volatile.Read(ref *(uint*)(Data + (position & _mask)));

    /// <summary>Records that wait in a ring buffer.</summary>
    public ref struct Records
    {
        private readonly BpfRingBuffer _ring;
        private readonly ulong _end;
        private ulong _position;
        private ulong _next;
        private uint _length;

        internal Records(BpfRingBuffer ring)
        {
            _ring = ring;

            // Only this side writes the consumer's position, so that a plain read is enough. The producer's is read with acquire, which
            // pairs with the kernel's smp_store_release, and only up to here: a program that is faster than us must not hold us for ever.
            // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/ringbuf.c (__bpf_ringbuf_reserve)
            _position = _next = ring.ConsumerPosition;
            _end = Volatile.Read(ref ring.ProducerPosition);
        }

        /// <summary>The record at hand.</summary>
        public readonly ReadOnlySpan<byte> Current => new(_ring.Data + (_position & _ring._mask) + HeaderSize, (int)_length);

        /// <summary>The records themselves.</summary>
        public readonly Records GetEnumerator() => this;

        /// <summary>Frees the record at hand and goes to the next.</summary>
        public bool MoveNext()
        {
            while (true)
            {
                Dispose();
                if (_position >= _end)
                {
                    return false;
                }

                uint header = _ring.HeaderAt(_position);
                if ((header & BusyBit) != 0)
                {
                    // Reserved and not committed yet: what lies behind must wait, records come in their order.
                    return false;
                }

                _length = header & ~(BusyBit | DiscardBit);
                _next = _position + RoomOf(header);
                if ((header & DiscardBit) == 0)
                {
                    return true;
                }
            }
        }

        /// <summary>Frees the record at hand.</summary>
        public void Dispose()
        {
            if (_next != _position)
            {
                // Release: our reads of the record are done before the kernel may write over it. Pairs with its smp_load_acquire.
                _position = _next;
                Volatile.Write(ref _ring.ConsumerPosition, _position);
            }
        }
    }
}
