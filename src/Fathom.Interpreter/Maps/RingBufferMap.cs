using System;
using System.Collections.Generic;
using Fathom.Format.Linux;
using Fathom.Format.Objects;

namespace Fathom.Interpreter;

/// <summary>
/// A ring buffer (<c>BPF_MAP_TYPE_RINGBUF</c>). Records are seen in the order in which they were reserved, and none before those reserved
/// earlier are submitted or discarded; each takes its bytes and a header of 8, rounded up to 8.
/// </summary>
public sealed class RingBufferMap : InterpretedMap
{
    private const int HeaderSize = 8;
    private readonly AddressSpace _memory;
    private readonly Queue<Record> _records = new();
    private readonly Dictionary<ulong, Record> _open = [];
    private long _produced;
    private long _consumed;

    internal RingBufferMap(AddressSpace memory, MapDefinition definition)
        : base(definition)
    {
        _memory = memory;
        if (definition.MaxEntries < 4096 || (definition.MaxEntries & (definition.MaxEntries - 1)) != 0)
        {
            throw new ArgumentException($"The ring buffer {definition.Name} has {definition.MaxEntries} bytes: the kernel takes powers of two of at least a page.", nameof(definition));
        }
    }

    /// <summary>Bytes that are taken: records that were not read yet, with their headers.</summary>
    public int BytesUsed => (int)(_produced - _consumed);

    internal int OpenRecords => _open.Count;

    /// <summary>Takes the next record; null if there is none that is complete.</summary>
    public byte[]? Read()
    {
        while (_records.Count > 0 && !_records.Peek().IsOpen)
        {
            Record record = _records.Dequeue();
            _consumed += record.Taken;
            _memory.Recycle(record.Region);
            if (!record.IsDiscarded)
            {
                return record.Region.Bytes;
            }
        }

        return null;
    }

    // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/ringbuf.c (__bpf_ringbuf_reserve)
    internal MemoryRegion? Reserve(ulong size, byte fill)
    {
        if (size > int.MaxValue / 4)
        {
            return null;
        }

        long taken = ((long)size + HeaderSize + 7) & ~7L;
        if (taken > MaxEntries || _produced + taken - _consumed > MaxEntries - 1)
        {
            return null;
        }

        _produced += taken;
        byte[] bytes = new byte[(int)size];
        bytes.AsSpan().Fill(fill);
        MemoryRegion region = _memory.Add($"record of ring buffer {Name}", bytes, isWritable: true);
        region.Owner = this;
        Record record = new(region, taken);
        _records.Enqueue(record);
        _open.Add(region.Start, record);
        return region;
    }

    /// <summary>Ends a reservation; false if the address is not that of one.</summary>
    internal bool Commit(ulong address, bool discard)
    {
        if (!_open.TryGetValue(address, out Record? record))
        {
            return false;
        }

        _open.Remove(address);
        record.IsOpen = false;
        record.IsDiscarded = discard;
        AddressSpace.Remove(record.Region);
        return true;
    }

    /// <summary>Gives up what a program that was stopped had reserved.</summary>
    internal void DiscardOpen()
    {
        while (_open.Count > 0)
        {
            using Dictionary<ulong, Record>.KeyCollection.Enumerator open = _open.Keys.GetEnumerator();
            open.MoveNext();
            Commit(open.Current, discard: true);
        }
    }

    internal ulong Query(ulong what) => what switch
    {
        0 => (ulong)(_produced - _consumed),
        1 => (ulong)MaxEntries,
        2 => (ulong)_consumed,
        3 => (ulong)_produced,
        _ => 0,
    };

    internal override ulong Lookup(ReadOnlySpan<byte> key, int cpu) => 0;

    internal override int Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags) => -Errno.EINVAL;

    private sealed class Record(MemoryRegion region, long taken)
    {
        internal MemoryRegion Region { get; } = region;

        internal long Taken { get; } = taken;

        internal bool IsOpen { get; set; } = true;

        internal bool IsDiscarded { get; set; }
    }
}
