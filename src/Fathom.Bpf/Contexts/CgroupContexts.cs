namespace Fathom.Bpf;

/// <summary>
/// Context of a program on sockets of a cgroup (<c>struct bpf_sock</c>). Which fields there are depends on the hook: of a new socket the first six.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/bpf.h">bpf.h</see>
/// </summary>
[KernelContext("bpf_sock")]
public unsafe struct CgroupSocket
{
    /// <summary>Interface that the socket is bound to; a program may set it when the socket is made.</summary>
    public uint BoundInterface;

    /// <summary>Address family.</summary>
    public uint Family;

    /// <summary>Type of the socket (<c>SOCK_*</c>).</summary>
    public uint Type;

    /// <summary>Protocol (<c>IPPROTO_*</c>).</summary>
    public uint Protocol;

    /// <summary>Mark; a program may set it when the socket is made.</summary>
    public uint Mark;

    /// <summary>Priority; a program may set it when the socket is made.</summary>
    public uint Priority;

    /// <summary>IPv4 address of this side, in network byte order.</summary>
    public uint SourceIp4;

    /// <summary>IPv6 address of this side, in network byte order.</summary>
    public fixed uint SourceIp6[4];

    /// <summary>Port of this side, in host byte order.</summary>
    public uint SourcePort;

    /// <summary>Port of the other side, in network byte order.</summary>
    public ushort DestinationPort;

    /// <summary>Not used.</summary>
    public ushort Reserved;

    /// <summary>IPv4 address of the other side, in network byte order.</summary>
    public uint DestinationIp4;

    /// <summary>IPv6 address of the other side, in network byte order.</summary>
    public fixed uint DestinationIp6[4];

    /// <summary>State of the connection (<c>TCP_*</c>).</summary>
    public uint State;
}

/// <summary>
/// Context of a program on socket addresses of a cgroup (<c>struct bpf_sock_addr</c>).
/// <see href="https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/bpf.h">bpf.h</see>
/// </summary>
[KernelContext("bpf_sock_addr")]
public unsafe struct CgroupSocketAddress
{
    /// <summary>Family of the address that the process gave.</summary>
    public uint UserFamily;

    /// <summary>IPv4 address that the process gave, in network byte order; a program may set it.</summary>
    public uint UserIp4;

    /// <summary>IPv6 address that the process gave, in network byte order; a program may set it.</summary>
    public fixed uint UserIp6[4];

    /// <summary>Port that the process gave, in network byte order; a program may set it.</summary>
    public uint UserPort;

    /// <summary>Address family of the socket.</summary>
    public uint Family;

    /// <summary>Type of the socket (<c>SOCK_*</c>).</summary>
    public uint Type;

    /// <summary>Protocol (<c>IPPROTO_*</c>).</summary>
    public uint Protocol;

    /// <summary>IPv4 address that a message is sent from, in network byte order; a program may set it.</summary>
    public uint MessageSourceIp4;

    /// <summary>IPv6 address that a message is sent from, in network byte order; a program may set it.</summary>
    public fixed uint MessageSourceIp6[4];
}
