namespace Fathom.Tools.BioLatency;

/// <summary>The histograms of biolatency in the kernel.</summary>
internal static unsafe class LatencySlots
{
    /// <summary>Adds a latency to its slot on this CPU.</summary>
    public static void Add(SlotTotals* totals, ulong ns)
    {
        totals->Count++;
        totals->SumNs += ns;
        if (ns > totals->MaxNs)
        {
            totals->MaxNs = ns;
        }
    }

    /// <summary>The log-linear slot of a latency: sixteen to each power of two.</summary>
    public static uint SlotOf(ulong units)
    {
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
