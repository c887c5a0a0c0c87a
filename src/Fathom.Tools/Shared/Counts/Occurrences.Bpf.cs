using System.Threading;
using Fathom.Bpf;

namespace Fathom.Tools.Shared.Counts;

/// <summary>How often each of several things happens, counted in the kernel: things with small numbers, or with any key.</summary>
/// <remarks>Each has a counter on each CPU, and none is ever cleared: a report is the difference of two readings.</remarks>
[BpfPart]
internal static unsafe partial class Occurrences
{
    /// <summary>Whether things have keys, and not numbers.</summary>
    [Constant]
    public static readonly bool CountsByKey;

    /// <summary>What found no room in <see cref="MoreKeyedCounts"/>.</summary>
    [Loss("full", "not counted, because more is told apart than the map has room for")]
    internal static ulong CountsFull;

    /// <summary>The counts of things with numbers; as many as are asked for when it is loaded.</summary>
    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<ulong> NumberedCounts = new();

    /// <summary>The counts of things with keys, each at the place that the low bits of its key name.</summary>
    [Map(MaxEntries = (int)Places), LoadIf(nameof(CountsByKey))]
    internal static readonly PerCpuArray<KeyedCount> KeyedCounts = new();

    /// <summary>The counts of those whose place was taken.</summary>
    [Map(MaxEntries = 16_384), LoadIf(nameof(CountsByKey))]
    internal static readonly PerCpuHashMap<ulong, ulong> MoreKeyedCounts = new();

    private const uint Places = 4096;

    /// <summary>The count of a thing with a number; null if it is out of bounds.</summary>
    public static ulong* Numbered(uint number) => NumberedCounts.Lookup(number);

    /// <summary>The count of a thing with a key, with <see cref="CountsByKey"/>; null if there is no room for it.</summary>
    /// <param name="key">The key, not 0. No two programs that ask for one may interrupt each other.</param>
    public static ulong* Keyed(ulong key)
    {
        KeyedCount* place = KeyedCounts.Lookup((uint)key & (Places - 1));
        if (place != null)
        {
            if (place->Key == 0)
            {
                place->Key = key;
            }

            if (place->Key == key)
            {
                return &place->Count;
            }
        }

        ulong* count = MoreKeyedCounts.Lookup(key);
        if (count == null)
        {
            MoreKeyedCounts.Update(key, 0UL, UpdateMode.MustBeNew);
            count = MoreKeyedCounts.Lookup(key);
        }

        return count;
    }

    /// <summary>
    /// Counts one, if there is room. The addition is atomic, although each CPU has a counter of its own: some kinds of programs are interrupted by another
    /// thread on their CPU.
    /// </summary>
    public static void Add(ulong* count)
    {
        if (count != null)
        {
            Interlocked.Increment(ref *count);
        }
        else
        {
            Interlocked.Increment(ref CountsFull);
        }
    }
}

/// <summary>A count and what it is of.</summary>
internal struct KeyedCount
{
    /// <summary>The key; 0 where there is nothing yet.</summary>
    public ulong Key;

    /// <summary>How often.</summary>
    public ulong Count;
}
