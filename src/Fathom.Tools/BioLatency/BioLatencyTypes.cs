using System.Runtime.CompilerServices;

namespace Fathom.Tools.BioLatency;

/// <summary>Numbers that <see cref="BioLatencyProbe"/> and its user side share: its scale, and what it asks of requests.</summary>
internal static class BioLatencyMode
{
    /// <summary>The bits of <c>cmd_flags</c> that are the operation (<c>REQ_OP_MASK</c>), from Linux 5.10 on.</summary>
    public const uint OperationBits = 0xff;

    /// <summary>The operation of a write (<c>REQ_OP_WRITE</c>).</summary>
    public const uint OperationWrite = 1;

    /// <summary>Eight units to the microsecond: powers of two of microseconds fall on powers of two of units.</summary>
    public const ulong UnitNsMicroseconds = 125;

    /// <summary>Sixty-four units to the millisecond.</summary>
    public const ulong UnitNsMilliseconds = 15_625;

    /// <summary>Slots of the log-linear scale for units of 32 bits; the last holds everything beyond.</summary>
    public const int SlotCount = 464;
}

/// <summary>A request in flight, in a cache line of its own: requests that lie side by side are started and completed by different CPUs.</summary>
internal unsafe struct InFlight
{
    /// <summary>Bytes of this struct.</summary>
    public const int Size = 64;

    /// <summary>What identifies it; 0 if the place is free.</summary>
    public ulong Request;

    /// <summary>When it started, in ns since boot; 0 if it has not started.</summary>
    public ulong Start;

    /// <summary>
    /// Requests that were begun at this place. A kernel need not run a program at every event: it does not where the program is running
    /// already, and some kernels spare certain tasks, with the interrupts that come while they run. What was begun and has not ended tells.
    /// </summary>
    public ulong Begun;

    /// <summary>Those of them that were seen to end.</summary>
    public ulong Ended;

    private fixed ulong _rest[4];
}

/// <summary>Places for requests in flight.</summary>
[InlineArray(Length)]
internal struct InFlightTable
{
    /// <summary>How many: 512 KB for each run of the tool.</summary>
    public const int Length = 8_192;

    private InFlight _first;
}

/// <summary>A slot of one of many histograms.</summary>
internal struct SlotKey
{
    /// <summary>The disk as <c>dev_t</c>; 0 if disks are not told apart.</summary>
    public uint Device;

    /// <summary>The request's <c>cmd_flags</c>; 0 if kinds are not told apart.</summary>
    public uint Flags;

    /// <summary>The slot.</summary>
    public uint Slot;
}

/// <summary>What a slot holds.</summary>
internal struct SlotTotals
{
    /// <summary>Requests.</summary>
    public ulong Count;

    /// <summary>The sum of their latencies in ns.</summary>
    public ulong SumNs;

    /// <summary>The greatest of their latencies in ns.</summary>
    public ulong MaxNs;
}
