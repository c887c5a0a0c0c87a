namespace Fathom.Bpf;

/// <summary>
/// Runs for each IP packet of the sockets of a cgroup (<c>cgroup_skb</c>, Linux 4.10): the method takes a <see cref="SocketBuffer"/>, whose packet
/// starts at its IP header, and returns a <see cref="CgroupVerdict"/>.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/bpf/cgroup.c">cgroup.c</see> (<c>__cgroup_bpf_run_filter_skb</c>)
/// </summary>
/// <param name="direction">Which packets.</param>
public sealed class CgroupSkbAttribute(CgroupDirection direction) : BpfProgramAttribute
{
    /// <summary>Which packets.</summary>
    public CgroupDirection Direction { get; } = direction;
}

/// <summary>
/// Runs when a process of a cgroup makes, binds or closes a socket: the method takes a <see cref="CgroupSocket"/> and returns a
/// <see cref="CgroupVerdict"/>.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/bpf/cgroup.c">cgroup.c</see> (<c>__cgroup_bpf_run_filter_sk</c>)
/// </summary>
/// <param name="hook">When.</param>
public sealed class CgroupSockAttribute(CgroupSockHook hook) : BpfProgramAttribute
{
    /// <summary>When it runs.</summary>
    public CgroupSockHook Hook { get; } = hook;
}

/// <summary>
/// Runs when a process of a cgroup hands an address to the kernel, which the program may change: the method takes a
/// <see cref="CgroupSocketAddress"/> and returns a <see cref="CgroupVerdict"/>.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/bpf/cgroup.c">cgroup.c</see> (<c>__cgroup_bpf_run_filter_sock_addr</c>)
/// </summary>
/// <param name="hook">When.</param>
public sealed class CgroupSockAddrAttribute(CgroupSockAddrHook hook) : BpfProgramAttribute
{
    /// <summary>When it runs.</summary>
    public CgroupSockAddrHook Hook { get; } = hook;
}

/// <summary>What a program on a cgroup says to what it sees.</summary>
public enum CgroupVerdict
{
    /// <summary>Refused: a packet is dropped, a system call gives EPERM.</summary>
    Refuse = 0,
    /// <summary>Goes on.</summary>
    Allow = 1,
}

/// <summary>Direction of packets.</summary>
public enum CgroupDirection
{
    /// <summary>Received (section <c>cgroup_skb/ingress</c>).</summary>
    Ingress,
    /// <summary>Sent (section <c>cgroup_skb/egress</c>).</summary>
    Egress,
}

/// <summary>When a program on sockets of a cgroup runs.</summary>
public enum CgroupSockHook
{
    /// <summary>A socket is made (section <c>cgroup/sock_create</c>, Linux 4.10).</summary>
    Create,
    /// <summary>A socket is closed (section <c>cgroup/sock_release</c>, Linux 5.9).</summary>
    Release,
    /// <summary>A socket was bound to an IPv4 address (section <c>cgroup/post_bind4</c>, Linux 4.17).</summary>
    PostBind4,
    /// <summary>A socket was bound to an IPv6 address (section <c>cgroup/post_bind6</c>, Linux 4.17).</summary>
    PostBind6,
}

/// <summary>When a program on socket addresses of a cgroup runs.</summary>
public enum CgroupSockAddrHook
{
    /// <summary><c>connect</c> to an IPv4 address (section <c>cgroup/connect4</c>, Linux 4.17).</summary>
    Connect4,
    /// <summary><c>connect</c> to an IPv6 address (section <c>cgroup/connect6</c>, Linux 4.17).</summary>
    Connect6,
    /// <summary><c>bind</c> to an IPv4 address (section <c>cgroup/bind4</c>, Linux 4.17).</summary>
    Bind4,
    /// <summary><c>bind</c> to an IPv6 address (section <c>cgroup/bind6</c>, Linux 4.17).</summary>
    Bind6,
    /// <summary>A UDP message to an IPv4 address (section <c>cgroup/sendmsg4</c>, Linux 4.18).</summary>
    SendMessage4,
    /// <summary>A UDP message to an IPv6 address (section <c>cgroup/sendmsg6</c>, Linux 4.18).</summary>
    SendMessage6,
    /// <summary>A UDP message from an IPv4 address (section <c>cgroup/recvmsg4</c>, Linux 5.2); it can only be allowed.</summary>
    ReceiveMessage4,
    /// <summary>A UDP message from an IPv6 address (section <c>cgroup/recvmsg6</c>, Linux 5.2); it can only be allowed.</summary>
    ReceiveMessage6,
}
