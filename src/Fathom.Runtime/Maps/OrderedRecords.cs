using System;
using System.Buffers.Binary;
using System.Diagnostics;

namespace Fathom.Runtime;

/// <summary>
/// Records of a ring buffer in the order of their times, which are the first 8 bytes of each, in ns since boot (<c>bpf_ktime_get_ns</c>).
/// CPUs take the time before they get their place in the buffer, so that records come nearly in order but not quite: they are held back for
/// a moment, and sorted. A record that comes later than that is given late, never lost.
/// </summary>
/// <remarks>
/// <see cref="Take"/> copies what waits out of the ring buffer, which makes room for the kernel at once, however long the caller then takes
/// to show it. The copies are bounded: beyond that records stay where they are, and the kernel counts what finds no room.
/// Nothing is allocated for a record once the memory has grown to what is needed.
/// </remarks>
/// <param name="ring">The ring buffer; this does not dispose it.</param>
/// <param name="window">How long records are held back: 10 ms by default.</param>
/// <param name="mostBytes">Bytes of copies.</param>
public sealed class OrderedRecords(BpfRingBuffer ring, TimeSpan? window = null, int mostBytes = 64 * 1024 * 1024)
{
    private const int UsualBytes = 4 * 1024 * 1024;

    private readonly ulong _windowNs = (ulong)(window ?? TimeSpan.FromMilliseconds(10)).TotalNanoseconds;
    private byte[] _bytes = new byte[64 * 1024];
    private byte[] _spare = [];
    private Entry[] _entries = new Entry[1024];
    private int _used;
    private int _first;
    private int _end;
    private ulong _until;

    /// <summary>Records that were taken and not given yet.</summary>
    public int Waiting => _end - _first;

    /// <summary>Whether the ring buffer is so full that the next <see cref="Take"/> should not wait.</summary>
    public bool IsPressing => ring.PendingBytes > ring.Capacity / 4 && _used < mostBytes;

    /// <summary>Takes what waits. What was given by <see cref="TryNext"/> before is gone.</summary>
    /// <param name="isLast">Whether nothing can follow any more: then nothing is held back.</param>
    /// <returns>The number of records taken.</returns>
    public int Take(bool isLast = false)
    {
        Compact();

        // The time before the ring buffer is read: what is older than the window and not there yet is later than it may be.
        ulong now = (ulong)(Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency));
        _until = isLast ? ulong.MaxValue : now - Math.Min(now, _windowNs);
        int before = _end;
        if (_used < mostBytes)
        {
            foreach (ReadOnlySpan<byte> record in ring.Drain())
            {
                Add(record);
                if (_used >= mostBytes)
                {
                    break;
                }
            }
        }

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

    internal void Add(ReadOnlySpan<byte> record)
    {
        if (_bytes.Length - _used < record.Length)
        {
            Array.Resize(ref _bytes, Math.Max(Math.Min(_bytes.Length * 2, mostBytes), _used + record.Length));
        }

        if (_end == _entries.Length)
        {
            Array.Resize(ref _entries, _entries.Length * 2);
        }

        record.CopyTo(_bytes.AsSpan(_used));
        var entry = new Entry(BinaryPrimitives.ReadUInt64LittleEndian(record), _used, record.Length);
        _used += record.Length;

        // Nearly always its place is the last one. Those of the same time stay in the order in which they came.
        int place = _end++;
        while (place > _first && _entries[place - 1].Time > entry.Time)
        {
            _entries[place] = _entries[place - 1];
            place--;
        }

        _entries[place] = entry;
    }

    // Moves what is still held back to the front, once that is the smaller part: so each byte is moved about once.
    private void Compact()
    {
        if (_first == _end)
        {
            _first = _end = _used = 0;
            if (_bytes.Length > UsualBytes)
            {
                // A flood is over.
                (_bytes, _spare, _entries) = (new byte[UsualBytes], [], new Entry[1024]);
            }

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
}
