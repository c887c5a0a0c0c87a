using System.Runtime.CompilerServices;

namespace Fathom.Tools.BioLatency;

/// <summary>What <see cref="BioLatencyProbe"/> asks of the flags of requests.</summary>
internal static class BioLatencyMode
{
    /// <summary>The bits of <c>cmd_flags</c> that are the operation (<c>REQ_OP_MASK</c>), from Linux 5.10 on.</summary>
    public const uint OperationBits = 0xff;

    /// <summary>The operation of a write (<c>REQ_OP_WRITE</c>).</summary>
    public const uint OperationWrite = 1;
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
