namespace Fathom.Bpf;

/// <summary>Thread and process id (<c>struct bpf_pidns_info</c>).</summary>
public struct PidTgid
{
    /// <summary>Thread id, the kernel's "pid".</summary>
    public uint Pid;

    /// <summary>Process id, the kernel's "tgid".</summary>
    public uint Tgid;
}
