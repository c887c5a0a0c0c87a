namespace Fathom.Runtime.Interop;

/// <summary>A limit of a process (<c>struct rlimit64</c>).</summary>
internal struct ResourceLimit
{
    /// <summary><c>RLIMIT_NOFILE</c>: numbers that descriptors may have.</summary>
    public const int OpenFiles = 7;

    /// <summary><c>RLIMIT_MEMLOCK</c>: bytes of memory that stays in RAM.</summary>
    public const int LockedMemory = 8;

    /// <summary><c>RLIM64_INFINITY</c>.</summary>
    public const ulong Infinity = ulong.MaxValue;

    /// <summary>What holds.</summary>
    public ulong Soft;

    /// <summary>How far the process may raise it; further only with CAP_SYS_RESOURCE.</summary>
    public ulong Hard;
}
