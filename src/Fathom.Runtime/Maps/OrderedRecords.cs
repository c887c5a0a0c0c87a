using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;

namespace Fathom.Runtime;

/// <summary>
/// Records of a ring buffer in the order of their times, which are the first 8 bytes of each, in ns since boot (<c>bpf_ktime_get_ns</c>).
/// CPUs take the time before they get their place in the buffer, so that records come nearly in order but not quite: they are held back for
/// a moment, and sorted. A record that comes later than that is given late, never lost.
/// </summary>
/// <remarks>
/// <see cref="Fill"/> copies what waits out of the ring buffer, which makes room for the kernel at once; it may be called from another thread,
/// as <see cref="RingWatch"/> does. <see cref="Take"/> does it too, and puts a part of what was copied in order. The copies are bounded: beyond
/// that records stay where they are, and the kernel counts what finds no room. Nothing is allocated for a record once the memory has grown to
/// what is needed.
/// </remarks>
/// <param name="ring">The ring buffer; this does not dispose it.</param>
/// <param name="window">How long records are held back: 10 ms by default.</param>
/// <param name="mostBytes">Bytes of copies, with 8 for each record and rounded up to 8.</param>
public sealed class OrderedRecords(BpfRingBuffer ring, TimeSpan? window = null, int mostBytes = 64 * 1024 * 1024)
{
    private const int BlockBytes = 512 * 1024;

    // Blocks that are kept when a flood is over.
    private const int UsualBlocks = 8;

    private readonly ulong _windowNs = (ulong)(window ?? TimeSpan.FromMilliseconds(10)).TotalNanoseconds;

    // Of both threads.
    private readonly Lock _filling = new();
    private readonly Queue<Block> _filled = new();
    private readonly Stack<Block> _free = new();
    private Block? _last;
    private int _filledBytes;
    private bool _isCut;
    private ulong _readNs;

    // Of the reader alone.
    private byte[] _bytes = new byte[64 * 1024];
    private byte[] _spare = [];
    private Entry[] _entries = new Entry[1024];
    private int _used;
    private int _first;
    private int _end;
    private ulong _until;
    private ulong _newestNs;

    /// <summary>Records that were taken and not given yet.</summary>
    public int Waiting => _end - _first;

    /// <summary>Whether the next <see cref="Take"/> should not wait: more is there than it has taken.</summary>
    public bool IsPressing
    {
        get
        {
            lock (_filling)
            {
                return _filledBytes > 0 || _isCut;
            }
        }
    }

    /// <summary>Copies what waits in the ring buffer. May be called from any thread.</summary>
    public void Fill()
    {
        lock (_filling)
        {
            // The time before the ring buffer is read: what is older than the window and not there yet is later than it may be.
            ulong now = (ulong)(Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency));
            _isCut = false;
            while (ring.FirstRecordBytes() is > 0 and int needed)
            {
                if (_filledBytes + needed > mostBytes)
                {
                    _isCut = true;
                    return;
                }

                if (_last is null || _last.Bytes.Length - _last.Used < needed)
                {
                    _last = needed <= BlockBytes && _free.TryPop(out Block? free) ? free : new(Math.Max(needed, BlockBytes));
                    _filled.Enqueue(_last);
                }

                int moved = ring.MoveTo(_last.Bytes.AsSpan(_last.Used, Math.Min(_last.Bytes.Length - _last.Used, mostBytes - _filledBytes)));
                _last.Used += moved;
                _filledBytes += moved;
            }

            _readNs = now;
        }
    }

    /// <summary>Takes of what waits. What was given by <see cref="TryNext"/> before is gone.</summary>
    /// <param name="isLast">Whether nothing can follow any more: then nothing is held back.</param>
    /// <returns>The number of records taken; more may wait (<see cref="IsPressing"/>).</returns>
    public int Take(bool isLast = false)
    {
        Compact();
        Fill();
        Block? block;
        bool isMore;
        ulong read;
        lock (_filling)
        {
            // From here on it is the reader's alone.
            _filled.TryDequeue(out block);
            _last = _last == block ? null : _last;
            _filledBytes -= block?.Used ?? 0;
            isMore = _filledBytes > 0 || _isCut;
            read = _readNs;
        }

        int before = _end;
        if (block is not null)
        {
            AddAll(block.Bytes.AsSpan(0, block.Used));
            GiveBack(block);
        }

        // What has not been taken yet is not much older than what has been.
        _until = !isMore ? isLast ? ulong.MaxValue : Older(read) : Older(_newestNs);
        return _end - before;
    }

    /// <summary>The next record, unless those that are left are still held back.</summary>
    /// <param name="record">The record, until the next <see cref="Take"/>.</param>
    public bool TryNext(out ReadOnlySpan<byte> record)
    {
        if (_first == _end || _entries[_first].Time > _until)
        {
            record = default;
            return false;
        }

        ref readonly Entry entry = ref _entries[_first++];
        record = _bytes.AsSpan(entry.Offset, entry.Length);
        return true;
    }

    private ulong Older(ulong timeNs) => timeNs - Math.Min(timeNs, _windowNs);

    private void AddAll(ReadOnlySpan<byte> records)
    {
        if (_bytes.Length - _used < records.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + records.Length));
        }

        // As one, and in place: the headers between them stay.
        records.CopyTo(_bytes.AsSpan(_used));
        for (int at = 0; at < records.Length;)
        {
            uint header = BinaryPrimitives.ReadUInt32LittleEndian(records[at..]);
            (int room, int length) = BpfRingBuffer.Measure(header);
            if ((header & BpfRingBuffer.DiscardBit) == 0)
            {
                Add(_used + at + BpfRingBuffer.HeaderSize, length);
            }

            at += room;
        }

        _used += records.Length;
    }

    private void Add(int offset, int length)
    {
        if (_end == _entries.Length)
        {
            Array.Resize(ref _entries, _entries.Length * 2);
        }

        var entry = new Entry(BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(offset)), offset, length);
        _newestNs = Math.Max(_newestNs, entry.Time);

        // Nearly always its place is the last one. Those of the same time stay in the order in which they came.
        int place = _end++;
        while (place > _first && _entries[place - 1].Time > entry.Time)
        {
            _entries[place] = _entries[place - 1];
            place--;
        }

        _entries[place] = entry;
    }

    private void GiveBack(Block block)
    {
        lock (_filling)
        {
            block.Used = 0;
            if (block.Bytes.Length == BlockBytes && _free.Count < UsualBlocks)
            {
                _free.Push(block);
            }
        }
    }

    // Moves what is still held back to the front, once that is the smaller part: so each byte is moved about once.
    private void Compact()
    {
        if (_first == _end)
        {
            _first = _end = _used = 0;
            return;
        }

        if (_first <= _end - _first)
        {
            return;
        }

        int used = 0, count = 0;
        if (_spare.Length < _bytes.Length)
        {
            _spare = new byte[_bytes.Length];
        }

        for (int i = _first; i < _end; i++)
        {
            Entry entry = _entries[i];
            _bytes.AsSpan(entry.Offset, entry.Length).CopyTo(_spare.AsSpan(used));
            _entries[count++] = entry with { Offset = used };
            used += entry.Length;
        }

        (_bytes, _spare) = (_spare, _bytes);
        (_first, _end, _used) = (0, count, used);
    }

    private readonly record struct Entry(ulong Time, int Offset, int Length);

    // Records with their headers, as they lay in the ring buffer.
    private sealed class Block(int bytes)
    {
        public byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(bytes);

        public int Used { get; set; }
    }
}
