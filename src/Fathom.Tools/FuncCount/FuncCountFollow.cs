namespace Fathom.Tools.FuncCount;

/// <summary>What <see cref="FuncCountProbe"/> tells about tasks that come while it counts.</summary>
internal static class FuncCountFollow
{
    /// <summary>New processes are told.</summary>
    public const uint Processes = 1;

    /// <summary>New threads are told.</summary>
    public const uint Threads = 2;

    /// <summary>Kind of an arrival: it is new.</summary>
    public const uint New = 0;

    /// <summary>It counts from now on, and may have been attached to before.</summary>
    public const uint Known = 1;

    /// <summary>It has taken the number of another, which is gone.</summary>
    public const uint TakenOver = 2;

    /// <summary>It may count from now on: user space looks.</summary>
    public const uint Moved = 3;
}

/// <summary>A task that may have to be attached to.</summary>
internal struct FuncCountArrival
{
    /// <summary>The number of its process.</summary>
    public int Process;

    /// <summary>Its number.</summary>
    public int Thread;

    /// <summary>What has come (<see cref="FuncCountFollow"/>).</summary>
    public uint Kind;

    /// <summary>0; records have no padding.</summary>
    public uint Reserved;

    /// <summary>When, in ns of the monotonic clock.</summary>
    public ulong Time;
}
