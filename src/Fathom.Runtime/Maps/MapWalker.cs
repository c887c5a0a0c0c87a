using System;
using System.Diagnostics;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// Walks over all entries of a map, a batch at a time into buffers that are kept for the next walk: with the batch commands where the
/// kernel and the map have them (Linux 5.6), key by key where not. While a program changes the map an entry may be met twice or not at
/// all, as with any walk over a live hash table.
/// </summary>
internal sealed unsafe class MapWalker(BpfMap map)
{
    // Batches are bounded in bytes and not in entries: one entry of a per-CPU map can be hundreds of kilobytes on a large machine.
    private const int BufferBytes = 256 * 1024;

    private byte[] _keys = [];
    private byte[] _values = [];
    private byte[] _cursor = [];
    private byte[] _nextCursor = [];
    private int _capacity;
    private bool _started;
    private bool _ended;
    private bool _delete;
    private long _visited;

    /// <summary>Entries in the batch at hand.</summary>
    public int Count { get; private set; }

    /// <summary>Goes back to the start.</summary>
    /// <param name="delete">Whether entries are deleted as they are read.</param>
    public void Start(bool delete)
    {
        if (_capacity == 0)
        {
            Grow(Math.Clamp(BufferBytes / (map.KeySize + map.EntrySize), 1, Math.Max(1, map.MaxEntries)));
        }

        _started = false;
        _ended = false;
        _delete = delete;
        _visited = 0;
        Count = 0;
    }

    /// <summary>Reads the next batch; false at the end.</summary>
    public bool Next()
    {
        while (!_ended)
        {
            if (map.HasNoBatches)
            {
                NextByKey();
            }
            else
            {
                NextBatch();
            }

            if (Count > 0)
            {
                return true;
            }
        }

        Count = 0;
        return false;
    }

    /// <summary>The key of an entry of the batch at hand.</summary>
    public ReadOnlySpan<byte> Key(int index) => _keys.AsSpan(index * map.KeySize, map.KeySize);

    /// <summary>The value of an entry, of all CPUs for per-CPU maps.</summary>
    public ReadOnlySpan<byte> Value(int index) => _values.AsSpan(index * map.EntrySize, map.EntrySize);

    private void NextBatch()
    {
        int error;
        do
        {
            fixed (byte* keys = _keys, values = _values, cursor = _cursor, next = _nextCursor)
            {
                var attributes = new MapBatchAttributes
                {
                    Map = map.Descriptor.Value,
                    InBatch = _started ? cursor : null,
                    OutBatch = next,
                    Keys = keys,
                    Values = values,
                    Count = (uint)_capacity,
                };
                var command = _delete ? BpfCommand.MapLookupAndDeleteBatch : BpfCommand.MapLookupBatch;
                int result = map.Kernel.Calls.Bpf(command, ref attributes);
                error = result < 0 ? -result : 0;
                Count = error is 0 or Errno.ENOENT ? (int)attributes.Count : 0;
            }

            if (error == Errno.ENOSPC)
            {
                // One bucket of the hash table holds more entries than the buffers:
                // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/hashtab.c (__htab_map_lookup_and_delete_batch)
                Grow(_capacity * 2);
            }
        }
        while (error is Errno.ENOSPC or Errno.EAGAIN);

        switch (error)
        {
            case 0:
                break;
            case Errno.ENOENT:
                // The end, and the count of the last batch is valid all the same.
                _ended = true;
                break;
            case Errno.EINVAL or Errno.ENOTSUPP or Errno.EOPNOTSUPP when !_started:
                map.HasNoBatches = true;
                return;
            default:
                throw map.Failure("read map", error);
        }

        _started = true;
        (_cursor, _nextCursor) = (_nextCursor, _cursor);
    }

    private void NextByKey()
    {
        Count = 0;
        Span<byte> current = _cursor.AsSpan(0, map.KeySize);
        Span<byte> next = _nextCursor.AsSpan(0, map.KeySize);
        if (!_started)
        {
            _started = true;
            _ended = !map.TryNextKey([], current);
        }

        // A key that was deleted behind our back sends the walk back to the start: bounded, or a busy map would hold us for ever.
        long bound = 2L * Math.Max(1, map.MaxEntries);
        while (!_ended && Count < _capacity)
        {
            if (++_visited > bound)
            {
                _ended = true;
                return;
            }

            // The next key is asked for before this one goes, so that the walk does not start over.
            bool hasNext = map.TryNextKey(current, next);
            Span<byte> value = _values.AsSpan(Count * map.EntrySize, map.EntrySize);
            if (map.TryLookup(current, value) && (!_delete || map.Delete(current)))
            {
                current.CopyTo(_keys.AsSpan(Count * map.KeySize));
                Count++;
            }

            next.CopyTo(current);
            _ended = !hasNext;
        }
    }

    private void Grow(int capacity)
    {
        if (capacity <= 0)
        {
            throw new UnreachableException("A batch beyond two billion entries.");
        }

        if (_capacity == 0)
        {
            // The cursor is a bucket's number in hash tables and a whole key in others; the kernel writes at least four bytes. A walk that
            // finds its buffers too small goes on from where it is.
            _cursor = new byte[Math.Max(8, map.KeySize)];
            _nextCursor = new byte[_cursor.Length];
        }

        _keys = new byte[capacity * map.KeySize];
        _values = new byte[checked(capacity * map.EntrySize)];
        _capacity = capacity;
    }
}
