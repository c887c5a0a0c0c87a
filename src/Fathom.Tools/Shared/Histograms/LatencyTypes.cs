namespace Fathom.Tools.Shared.Histograms;

/// <summary>The scale of latencies.</summary>
internal static class LatencyScale
{
    /// <summary>Nanoseconds in a unit where microseconds are shown: an eighth, so that powers of two of microseconds fall on powers of two of units.</summary>
    public const ulong Microseconds = 125;

    /// <summary>Nanoseconds in a unit where milliseconds are shown: a sixty-fourth of one.</summary>
    public const ulong Milliseconds = 15_625;

    /// <summary>Slots of the log-linear scale for units of 32 bits; the last holds everything beyond.</summary>
    public const int SlotCount = 464;
}

/// <summary>A slot of one of many histograms.</summary>
internal struct SlotKey
{
    /// <summary>The lower half of the key.</summary>
    public uint Low;

    /// <summary>Its upper half.</summary>
    public uint High;

    /// <summary>The slot.</summary>
    public uint Slot;
}

/// <summary>What a slot holds.</summary>
internal struct SlotTotals
{
    /// <summary>How many latencies.</summary>
    public ulong Count;

    /// <summary>Their sum in ns.</summary>
    public ulong SumNs;

    /// <summary>The greatest of them in ns.</summary>
    public ulong MaxNs;
}

/// <summary>What a slot of one of many histograms holds, with whose it is.</summary>
internal struct KeyedTotals
{
    /// <summary>The slot.</summary>
    public SlotKey Key;

    /// <summary>1 where there is one.</summary>
    public uint IsTaken;

    /// <summary>What it holds.</summary>
    public SlotTotals Totals;
}
