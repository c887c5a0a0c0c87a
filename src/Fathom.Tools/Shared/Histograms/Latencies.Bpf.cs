using System.Threading;
using Fathom.Bpf;

namespace Fathom.Tools.Shared.Histograms;

/// <summary>Latencies, summed up in the kernel: one histogram of all, or one for each key.</summary>
/// <remarks>
/// The scale is log-linear: sixteen slots to each power of two, whose error is at most 6 %, and which fold exactly into powers of two. Each slot has its
/// count, its sum and its maximum on each CPU.
/// </remarks>
[BpfPart]
internal static unsafe partial class Latencies
{
    /// <summary>Nanoseconds in one unit of latency.</summary>
    [Constant]
    public static readonly ulong LatencyUnitNs = LatencyScale.Microseconds;

    /// <summary>Whether each key has a histogram of its own.</summary>
    [Constant]
    public static readonly bool ByKey;

    /// <summary>Latencies that found no room in <see cref="Keyed"/>.</summary>
    [Loss("uncounted", "latencies not counted, because there are more histograms than the map has room for")]
    internal static ulong Uncounted;

    /// <summary>What each slot holds, where all latencies are one histogram.</summary>
    [Map(MaxEntries = LatencyScale.SlotCount), LoadIf(nameof(IsOneHistogram))]
    internal static readonly PerCpuArray<SlotTotals> Totals = new();

    /// <summary>Whether a slot of a key is looked for at a place that both name, before the map is asked: <see cref="FindAtPlace"/>.</summary>
    [Constant]
    public static readonly bool ByPlace;

    /// <summary>What each slot of each key holds, at its place.</summary>
    [Map(MaxEntries = 1 << PlaceBits), LoadIf(nameof(ByPlace))]
    internal static readonly PerCpuArray<KeyedTotals> KeyedPlaces = new();

    /// <summary>The same of those whose place was taken.</summary>
    [Map(MaxEntries = 16_384), LoadIf(nameof(ByKey))]
    internal static readonly PerCpuHashMap<SlotKey, SlotTotals> Keyed = new();

    private const int PlaceBits = 12;

    private static bool IsOneHistogram => !ByKey;

    /// <summary>The time since a start, in ns; 0 where another CPU has written it for something else at this very moment.</summary>
    public static ulong Since(ulong start)
    {
        ulong ns = Helpers.KtimeGetNs() - start;
        return (long)ns < 0 ? 0 : ns;
    }

    /// <summary>The slot of a latency, where all are one histogram; null if that cannot be.</summary>
    /// <param name="slot">Which: see <see cref="SlotOf"/>.</param>
    public static SlotTotals* Find(uint slot) => Totals.Lookup(slot);

    /// <summary>A slot of the histogram of a key, with <see cref="ByKey"/>; null if there is no room for it.</summary>
    public static SlotTotals* Find(SlotKey key)
    {
        SlotTotals* totals = Keyed.Lookup(key);
        if (totals == null)
        {
            SlotTotals none = default;
            Keyed.Update(key, none, UpdateMode.MustBeNew);
            totals = Keyed.Lookup(key);
        }

        return totals;
    }

    /// <summary>The same with <see cref="ByPlace"/>, for events that are so many that a hash costs: most slots are found without one.</summary>
    public static SlotTotals* FindAtPlace(SlotKey key)
    {
        KeyedTotals* place = KeyedPlaces.Lookup(PlaceOf(key));
        if (place != null)
        {
            if (place->IsTaken == 0)
            {
                place->Key = key;
                place->IsTaken = 1;
            }

            if (place->Key.Slot == key.Slot && place->Key.Low == key.Low && place->Key.High == key.High)
            {
                return &place->Totals;
            }
        }

        return Find(key);
    }

    // The high bits of a product with the golden ratio are as good as random.
    private static uint PlaceOf(SlotKey key) =>
        (uint)((((((ulong)key.High << 32) | key.Low) * LatencyScale.SlotCount) + key.Slot) * 0x9E37_79B9_7F4A_7C15 >> (64 - PlaceBits));

    /// <summary>Adds a latency to its slot on this CPU, if it has one.</summary>
    public static void Add(SlotTotals* totals, ulong ns)
    {
        if (totals == null)
        {
            Interlocked.Increment(ref Uncounted);
            return;
        }

        totals->Count++;
        totals->SumNs += ns;
        if (ns > totals->MaxNs)
        {
            totals->MaxNs = ns;
        }
    }

    /// <summary>The log-linear slot of a latency in ns: sixteen to each power of two.</summary>
    public static uint SlotOf(ulong ns)
    {
        ulong units = ns / LatencyUnitNs;
        uint value = units > uint.MaxValue ? uint.MaxValue : (uint)units;
        uint shift = Log2(value | 16) - 4;
        return (shift << 4) + (value >> (int)shift);
    }

    /// <summary>
    /// Without a branch: each would double the paths that the verifier follows. The highest bit is copied into all below it; a de Bruijn
    /// product then has five bits that differ for each of the 32 results.
    /// </summary>
    private static uint Log2(uint value)
    {
        value |= value >> 1;
        value |= value >> 2;
        value |= value >> 4;
        value |= value >> 8;
        value |= value >> 16;
        fixed (byte* logs = "\x00\x09\x01\x0a\x0d\x15\x02\x1d\x0b\x0e\x10\x12\x16\x19\x03\x1e\x08\x0c\x14\x1c\x0f\x11\x18\x07\x13\x1b\x17\x06\x1a\x05\x04\x1f"u8)
        {
            return logs[(value * 0x07C4ACDDu) >> 27];
        }
    }
}
