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

    /// <summary>What the slots hold, where all latencies are one histogram: one element for each CPU.</summary>
    [Map, LoadIf(nameof(IsOneHistogram))]
    internal static readonly ArrayMap<SlotTable> Totals = new();

    /// <summary>What each slot of each key holds, at a place that both name.</summary>
    [Map(MaxEntries = 1 << PlaceBits), LoadIf(nameof(ByKey))]
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
    public static SlotTotals* Find(uint slot) => Find(Totals.Lookup((uint)Helpers.GetSmpProcessorId()), slot);

    /// <summary>A slot of a table; null if that cannot be.</summary>
    /// <remarks>All slots of a CPU are one element of an array: of a per-CPU map each event would read an address first, in a line of its own of the cache.</remarks>
    public static SlotTotals* Find(SlotTable* table, uint slot) => table == null || slot >= LatencyScale.SlotCount ? null : (SlotTotals*)table + slot;

    /// <summary>A slot of the histogram of a key, with <see cref="ByKey"/>; null if there is no room for it.</summary>
    public static SlotTotals* Find(SlotKey key)
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

        SlotTotals* totals = Keyed.Lookup(key);
        if (totals == null)
        {
            SlotTotals none = default;
            Keyed.Update(key, none, UpdateMode.MustBeNew);
            totals = Keyed.Lookup(key);
        }

        return totals;
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
        // A product in place of a division, as far as 32 bits go: 2^35 / 125, rounded up.
        ulong units = LatencyUnitNs == LatencyScale.Microseconds && ns <= uint.MaxValue ? (ns * 274_877_907) >> 35 : ns / LatencyUnitNs;
        uint value = units > uint.MaxValue ? uint.MaxValue : (uint)units;
        uint shift = Log2(value | 16) - 4;
        return (shift << 4) + (value >> (int)shift);
    }

    /// <summary>
    /// Without a branch, which would double the paths that the verifier follows; and without a table, which is memory that nothing else keeps in the
    /// cache. In 64 bits a difference is negative, and its first bit 1, if the value is larger.
    /// </summary>
    private static uint Log2(uint value)
    {
        ulong rest = value;
        ulong sixteen = (0xffff - rest) >> 63 << 4;
        rest >>= (int)sixteen;
        ulong eight = (0xff - rest) >> 63 << 3;
        rest >>= (int)eight;
        ulong four = (0xf - rest) >> 63 << 2;
        rest >>= (int)four;
        ulong two = (3 - rest) >> 63 << 1;
        rest >>= (int)two;
        return (uint)(sixteen | eight | four | two | rest >> 1);
    }
}
