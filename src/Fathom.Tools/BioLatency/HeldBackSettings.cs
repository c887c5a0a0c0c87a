namespace Fathom.Tools.BioLatency;

/// <summary>What <see cref="HeldBack"/> asks, and what it takes a sleep for.</summary>
internal struct HeldBackSettings
{
    /// <summary>A sleep that signals do not end: <c>TASK_UNINTERRUPTIBLE</c>.</summary>
    public const uint Uninterruptible = 2;

    /// <summary>With <c>TASK_NOLOAD</c>, which makes it the idling of a kernel thread.</summary>
    /// <remarks>https://github.com/torvalds/linux/blob/v6.18/include/linux/sched.h (TASK_IDLE)</remarks>
    public const uint SleepBits = Uninterruptible | 0x400;

    /// <summary>A worker of a workqueue: <c>PF_WQ_WORKER</c>.</summary>
    public const uint WorkerFlag = 0x20;

    /// <summary>"kthrotld".</summary>
    public const ulong ThrottleQueue = 0x646c_746f_7268_746b;

    /// <summary>How long after the completion of a bio a wake-up in the same context is its own.</summary>
    public const ulong LongestCompletionNs = 200_000;

    /// <summary>How many bios of a request are looked at.</summary>
    public const int MostBios = 16;

    /// <summary>Whether anything is asked at all.</summary>
    public bool IsAsked;

    /// <summary>Only one disk counts.</summary>
    public bool OneDisk;

    /// <summary>The disk that counts, as <c>dev_t</c>.</summary>
    public uint Disk;
}

/// <summary>The completion of what was held back.</summary>
internal struct HeldCompletion
{
    /// <summary>When it was released, in ns since boot; 0 if what completed last was not held back.</summary>
    public ulong Released;

    /// <summary>When it completed.</summary>
    public ulong Time;

    /// <summary>The task that was running.</summary>
    public ulong Task;

    /// <summary>How many bios it is of.</summary>
    public ulong Bios;

    /// <summary>How many waits it has ended.</summary>
    public ulong Waits;
}
