namespace Fathom.Bpf.KernelTypes;

#pragma warning disable CS1591 // Fields have the names of the kernel's, where they are documented.

/// <summary>View of a socket of the network (<c>struct sock</c>).</summary>
[KernelStruct("sock")]
public struct Sock
{
    public SockCommon __sk_common;
    public SocketLock sk_lock;
    public int sk_err;
    public ushort sk_protocol;
}

/// <summary>View of what all kinds of sockets have (<c>struct sock_common</c>).</summary>
[KernelStruct("sock_common")]
public struct SockCommon
{
    public ushort skc_family;
    public byte skc_state;
    public ushort skc_dport;
    public ushort skc_num;
    public uint skc_daddr;
    public uint skc_rcv_saddr;
    public In6Addr skc_v6_daddr;
    public In6Addr skc_v6_rcv_saddr;
    public PossibleNet skc_net;
    public ulong skc_flags;
}

/// <summary>View of the lock of a socket (<c>socket_lock_t</c>).</summary>
[KernelStruct("socket_lock_t")]
public struct SocketLock
{
    public int owned;
}

/// <summary>View of an IPv6 address (<c>struct in6_addr</c>).</summary>
[KernelStruct("in6_addr")]
public struct In6Addr
{
    public In6AddrUnion in6_u;
}

/// <summary>View of the bytes of an IPv6 address.</summary>
[KernelStruct("in6_u")]
public unsafe struct In6AddrUnion
{
    public fixed uint u6_addr32[4];
}

/// <summary>View of a network namespace that may not be there (<c>possible_net_t</c>).</summary>
[KernelStruct("possible_net_t")]
public unsafe struct PossibleNet
{
    public Net* net;
}

/// <summary>View of a network namespace (<c>struct net</c>).</summary>
[KernelStruct("net")]
public struct Net
{
    public NsCommon ns;
}

/// <summary>View of what all kinds of namespaces have (<c>struct ns_common</c>).</summary>
[KernelStruct("ns_common")]
public struct NsCommon
{
    public uint inum;
}

/// <summary>View of a TCP socket (<c>struct tcp_sock</c>).</summary>
[KernelStruct("tcp_sock")]
public struct TcpSock
{
    public InetConnectionSock inet_conn;
    public bool is_mptcp;
    public ulong bytes_received;
    public ulong bytes_acked;
    public ulong bytes_sent;
    public ulong bytes_retrans;
    public uint rcv_nxt;
    public uint copied_seq;
    public uint snd_nxt;
    public uint snd_una;
    public uint write_seq;
    public uint srtt_us;
    public uint total_retrans;
}

/// <summary>View of a connected socket of the internet (<c>struct inet_connection_sock</c>).</summary>
[KernelStruct("inet_connection_sock")]
public unsafe struct InetConnectionSock
{
    public InetSock icsk_inet;
    public void* icsk_ulp_data;
}

/// <summary>View of what MPTCP keeps of a part of a session (<c>struct mptcp_subflow_context</c>).</summary>
[KernelStruct("mptcp_subflow_context")]
public unsafe struct MptcpPart
{
    public Sock* conn;
}

/// <summary>View of a socket of the internet (<c>struct inet_sock</c>).</summary>
[KernelStruct("inet_sock")]
public struct InetSock
{
    public ushort inet_sport;
}

/// <summary>Flags of a socket: numbers of bits (<c>enum sock_flags</c>).</summary>
[KernelEnum("sock_flags")]
public enum SockFlags
{
    /// <summary>The other side has sent its last byte.</summary>
    SOCK_DONE,
}
