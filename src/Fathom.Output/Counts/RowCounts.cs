using System;
using System.Buffers;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Fathom.Output.Json;
using Fathom.Output.Rows;

namespace Fathom.Output.Counts;

/// <summary>Counts rows by some of their columns, in bounded memory.</summary>
/// <remarks>
/// Where there is no more room, the less frequent half of the groups is forgotten. What stays may have been forgotten before: its count is then too low, by no
/// more than the counts of those that were forgotten with it. So a frequent group is never missed, and how wrong a count can be is known (lossy
/// counting: Manku and Motwani, "Approximate Frequency Counts over Data Streams", 2002).
/// </remarks>
/// <typeparam name="T">The row.</typeparam>
/// <param name="columns">What rows of a group have in common.</param>
/// <param name="most">How many groups are shown.</param>
/// <param name="room">How many are kept.</param>
/// <param name="bytes">How many bytes their names may take.</param>
public sealed class RowCounts<T>(IReadOnlyList<Column<T>> columns, int most, int room = 65_536, long bytes = 32 * 1024 * 1024)
    where T : allows ref struct
{
    private readonly Dictionary<byte[], Group> _groups = new(Utf8Comparer.Instance);
    private readonly ArrayBufferWriter<byte> _key = new(256);
    private readonly Utf8Line _text = new();
    private Utf8JsonWriter? _json;
    private long _bytes;
    private ulong _forgotten, _error;

    /// <summary>Whether columns are separated by commas for people.</summary>
    public bool CommaSeparated { get; init; }

    /// <summary>Counts a row. One of a group that is known allocates nothing.</summary>
    public void Add(in T row)
    {
        _key.ResetWrittenCount();
        Utf8JsonWriter json = _json ??= new(_key, JsonText.Options);
        json.WriteStartObject();
        for (int i = 0; i < columns.Count; i++)
        {
            columns[i].WriteJson(row, json);
        }

        json.WriteEndObject();
        json.Flush();
        json.Reset();
        if (!_groups.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(_key.WrittenSpan, out Group? group))
        {
            group = new(_key.WrittenSpan.ToArray(), CellsOf(row));
            if (_groups.Count >= room || _bytes + group.Bytes > bytes)
            {
                Forget();
            }

            _groups.Add(group.Json, group);
            _bytes += group.Bytes;
        }

        group.Count++;
    }

    /// <summary>Hands over what has been counted, and begins anew.</summary>
    public RowCountTable Take()
    {
        Group[] sorted = Sorted();
        Group[] shown = sorted[..Math.Min(most, sorted.Length)], rest = sorted[shown.Length..];
        var table = new RowCountTable(
            [.. columns.Select(static column => new CountedColumn(column.Header, column.Width))],
            [.. shown.Select(static group => new RowCount(group.Cells, group.Json, group.Count))],
            (ulong)rest.Length, Sum(rest), _forgotten, _error)
        {
            CommaSeparated = CommaSeparated,
        };
        _groups.Clear();
        (_bytes, _forgotten, _error) = (0, 0, 0);
        return table;
    }

    private static ulong Sum(Group[] groups) => groups.Aggregate(0UL, static (sum, group) => sum + group.Count);

    // The most frequent first; of equals the one that comes first by name, so that the order is the same each time.
    private Group[] Sorted() =>
        [.. _groups.Values.OrderByDescending(static group => group.Count).ThenBy(static group => group.Json, Utf8Comparer.Instance)];

    private void Forget()
    {
        Group[] sorted = Sorted(), less = sorted[(sorted.Length / 2)..];
        foreach (Group group in less)
        {
            _groups.Remove(group.Json);
            _bytes -= group.Bytes;
        }

        _forgotten += Sum(less);
        _error += less.Length > 0 ? less[0].Count : 0;
    }

    private byte[][] CellsOf(in T row)
    {
        var cells = new byte[columns.Count][];
        for (int i = 0; i < cells.Length; i++)
        {
            _text.Clear();
            columns[i].WriteText(row, _text);
            cells[i] = _text.Written.ToArray();
        }

        return cells;
    }

    private sealed class Group(byte[] json, byte[][] cells)
    {
        // About what the objects themselves take.
        private const int Overhead = 128, CellOverhead = 32;

        public byte[] Json => json;

        public byte[][] Cells => cells;

        public ulong Count { get; set; }

        public long Bytes { get; } = Overhead + json.Length + cells.Sum(static cell => (long)cell.Length + CellOverhead);
    }

    private sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>, IComparer<byte[]>
    {
        public static Utf8Comparer Instance { get; } = new();

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
