using System;

namespace Fathom.Bpf;

/// <summary>Makes a method a kernel helper: arguments go to R1 to R5 in order; a span is two arguments, its address and its bytes.</summary>
/// <param name="number">The helper's number (<c>BPF_FUNC_*</c>).</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HelperAttribute(int number) : Attribute
{
    /// <summary>The helper's number.</summary>
    public int Number { get; } = number;

    /// <summary>First kernel that has it, empty for those older than 5.5.</summary>
    public string Since { get; set; } = "";

    /// <summary>The program types that may call it.</summary>
    public ProgramTypes ProgramTypes { get; set; } = ProgramTypes.All;

    /// <summary>What a pointer result points to.</summary>
    public PointerKind Result { get; set; }
}

/// <summary>Types of programs, as a set.</summary>
[Flags]
public enum ProgramTypes
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary><see cref="TracepointBtfAttribute"/>.</summary>
    TracepointBtf = 1,
    /// <summary><see cref="RawTracepointAttribute"/>.</summary>
    RawTracepoint = 2,
    /// <summary><see cref="TracepointAttribute"/>.</summary>
    Tracepoint = 4,
    /// <summary><see cref="PerfEventAttribute"/>.</summary>
    PerfEvent = 8,
    /// <summary><see cref="SyscallAttribute"/>.</summary>
    Syscall = 16,
    /// <summary><see cref="XdpAttribute"/>.</summary>
    Xdp = 32,
    /// <summary><see cref="TrafficControlAttribute"/>.</summary>
    TrafficControl = 64,
    /// <summary>All of the kernel's type KPROBE: at functions of the kernel and of user space, and <see cref="UsdtAttribute"/>.</summary>
    Kprobe = 128,
    /// <summary><see cref="FentryAttribute"/> and <see cref="FexitAttribute"/>.</summary>
    Fentry = 256,
    /// <summary><see cref="IteratorAttribute"/>.</summary>
    Iterator = 512,
    /// <summary><see cref="CgroupSkbAttribute"/>.</summary>
    CgroupSkb = 1024,
    /// <summary><see cref="CgroupSockAttribute"/>.</summary>
    CgroupSock = 2048,
    /// <summary><see cref="CgroupSockAddrAttribute"/>.</summary>
    CgroupSockAddr = 4096,
    /// <summary>Programs that observe.</summary>
    Observing = TracepointBtf | RawTracepoint | Tracepoint | PerfEvent | Kprobe | Fentry | Iterator,
    /// <summary>Programs that observe, and <see cref="Syscall"/>, which may call whatever they may.</summary>
    Tracing = Observing | Syscall,
    /// <summary>Programs that a system call of a process in a cgroup runs: the current task is that process.</summary>
    CgroupSyscalls = CgroupSock | CgroupSockAddr,
    /// <summary>All.</summary>
    All = Tracing | Xdp | TrafficControl | CgroupSkb | CgroupSyscalls,
}

/// <summary>What a pointer points to: it decides how the compiler reads through it.</summary>
public enum PointerKind
{
    /// <summary>Not known: a kernel address, read by <c>bpf_probe_read_kernel</c>.</summary>
    Kernel = 0,
    /// <summary>A kernel object whose type the verifier knows: plain loads.</summary>
    Trusted = 1,
    /// <summary>The value of a map.</summary>
    MapValue = 2,
    /// <summary>A reserved record of a ring buffer.</summary>
    RingRecord = 3,
}

/// <summary>The argument is followed by its size in bytes.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class FollowedBySizeAttribute : Attribute
{
}

/// <summary>Of a span, only the address is an argument.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class AddressOnlyAttribute : Attribute
{
}
