namespace Fathom.Runtime;

/// <summary>Types of programs, with the kernel's numbers (<c>enum bpf_prog_type</c>).</summary>
public enum ProgramType
{
    /// <summary>No program.</summary>
    Unspecified = 0,
    /// <summary>Filter on a socket.</summary>
    SocketFilter = 1,
    /// <summary>Functions of the kernel and of user programs: kprobes, uprobes, USDT.</summary>
    Kprobe = 2,
    /// <summary>Classifier of packets (tc).</summary>
    Classifier = 3,
    /// <summary>Tracepoint through perf and tracefs.</summary>
    Tracepoint = 5,
    /// <summary>Packets at the driver.</summary>
    Xdp = 6,
    /// <summary>Samples of a perf event.</summary>
    PerfEvent = 7,
    /// <summary>Packets of a cgroup (Linux 4.10).</summary>
    CgroupSkb = 8,
    /// <summary>Sockets of a cgroup: made, bound, released (Linux 4.10).</summary>
    CgroupSock = 9,
    /// <summary>TCP events of a cgroup (Linux 4.13).</summary>
    SockOps = 13,
    /// <summary>Devices that a cgroup opens (Linux 4.15).</summary>
    CgroupDevice = 15,
    /// <summary>Tracepoint with its raw arguments.</summary>
    RawTracepoint = 17,
    /// <summary>Addresses of a cgroup: bind, connect, sendmsg, recvmsg (Linux 4.17).</summary>
    CgroupSockAddr = 18,
    /// <summary>Settings (sysctl) that a cgroup reads and writes (Linux 5.2).</summary>
    CgroupSysctl = 23,
    /// <summary>Tracing by BTF: tp_btf, fentry, fexit, iterators (Linux 5.5).</summary>
    Tracing = 26,
    /// <summary>Run by user space (Linux 5.14).</summary>
    Syscall = 31,
}
