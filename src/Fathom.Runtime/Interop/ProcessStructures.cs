using System.Runtime.InteropServices;

namespace Fathom.Runtime.Interop;

/// <summary>What is waited for on a descriptor (<c>struct pollfd</c>).</summary>
internal struct PollEntry
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/asm-generic/poll.h
    public const short In = 1;
    public const short Out = 4;

    /// <summary>Told whether asked for or not: nobody reads a pipe any more (POLLERR), or the other side has hung up (POLLHUP).</summary>
    public const short Gone = 8 | 16;

    /// <summary>The descriptor; a negative one is passed over.</summary>
    public int Descriptor;

    /// <summary>What is asked for.</summary>
    public short Wanted;

    /// <summary>What is the case.</summary>
    public short Found;
}

/// <summary>A time (<c>struct timespec</c>).</summary>
internal struct KernelTime
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/time.h
    public const int Monotonic = 1;
    public const int SinceBoot = 7;

    public long Seconds;
    public long Nanoseconds;

    /// <summary>The whole in ns.</summary>
    public readonly long TotalNs => Seconds * 1_000_000_000 + Nanoseconds;
}

/// <summary>What a process does about a signal (<c>struct sigaction</c> as the kernel has it on x86-64 and arm64).</summary>
internal struct SignalAction
{
    public const nint Default = 0;
    public const nint Ignore = 1;

    /// <summary>The handler, or one of the two constants.</summary>
    public nint Handler;
    public ulong Flags;
    public nint Restorer;
    public ulong Mask;
}

/// <summary>How a child has ended (<c>siginfo_t</c> of SIGCHLD).</summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct ChildStatus
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/wait.h, asm-generic/siginfo.h (CLD_EXITED)
    public const int NoHang = 1;
    public const int Exited = 4;
    public const int ByExit = 1;

    /// <summary>How: <see cref="ByExit"/>, or by a signal.</summary>
    [FieldOffset(8)] public int Code;

    /// <summary>The child; 0 if none has ended.</summary>
    [FieldOffset(16)] public int Process;

    /// <summary>The exit code, or the signal.</summary>
    [FieldOffset(24)] public int Status;
}
