using Fathom.Tools.Shared.Kernel;

namespace Fathom.Tools.TcpLife;

/// <summary>States of a TCP socket: https://github.com/torvalds/linux/blob/v6.18/include/net/tcp_states.h.</summary>
internal enum TcpState : byte
{
    Established = 1,
    SynSent = 2,
    SynReceived = 3,
    FinWait1 = 4,
    FinWait2 = 5,
    TimeWait = 6,
    Close = 7,
    CloseWait = 8,
    LastAck = 9,
    Listen = 10,
    Closing = 11,
}

/// <summary>What is known of a session.</summary>
internal static class TcpSessionFlags
{
    /// <summary>The process is known.</summary>
    public const uint ProcessKnown = 1;

    /// <summary>It is none of those that were asked for.</summary>
    public const uint Unwanted = 2;

    /// <summary>This side opened it.</summary>
    public const uint Active = 4;

    /// <summary>Both sides opened it at once.</summary>
    public const uint Simultaneous = 8;

    /// <summary>The beginning was not seen.</summary>
    public const uint Unbegun = 16;

    /// <summary>The other side has sent all it had to send.</summary>
    public const uint RemoteDone = 32;

    /// <summary>This side has sent all it had to send: it only waits for the other.</summary>
    public const uint Closing = 64;

    /// <summary>It is a part of a session of MPTCP.</summary>
    public const uint Part = 128;
}

/// <summary>A session that has begun.</summary>
internal struct TcpSession
{
    /// <summary>When this side began to open it, in ns since boot; 0 if the other side did.</summary>
    public ulong OpenedNs;

    /// <summary>When it was established, in ns since boot; 0 if it is not, or that was not seen.</summary>
    public ulong EstablishedNs;

    /// <summary>How long the handshake took; 0 if that is not known.</summary>
    public ulong HandshakeNs;

    /// <summary>The process.</summary>
    public uint Process;

    /// <summary>What is known (<see cref="TcpSessionFlags"/>).</summary>
    public uint Flags;

    /// <summary>The name of the thread.</summary>
    public CommandBytes Command;
}

/// <summary>An address of IPv6 as it is sent; IPv4 is mapped into it.</summary>
internal struct TcpAddress
{
    /// <summary>The third word of an IPv4 address that is mapped, as a number of this machine.</summary>
    public const uint Mapped = 0xffff_0000;

    /// <summary>The first four bytes.</summary>
    public uint Word0;

    /// <summary>The next four.</summary>
    public uint Word1;

    /// <summary>The next four.</summary>
    public uint Word2;

    /// <summary>The last four: the IPv4 address.</summary>
    public uint Word3;

    /// <summary>Whether it is an IPv4 address.</summary>
    public readonly bool IsIPv4 => Word2 == Mapped && (Word0 | Word1) == 0;
}

/// <summary>A session that has ended.</summary>
internal unsafe struct TcpRecord
{
    /// <summary>When it ended, in ns since boot.</summary>
    public ulong TimeNs;

    /// <summary>When it was established, in ns since boot; 0 if it never was, or that was not seen.</summary>
    public ulong EstablishedNs;

    /// <summary>How long the handshake took, or the attempt where it failed; 0 if that is not known.</summary>
    public ulong HandshakeNs;

    /// <summary>Bytes that the other side has acknowledged.</summary>
    public ulong SentBytes;

    /// <summary>Bytes that have come.</summary>
    public ulong ReceivedBytes;

    /// <summary>This side.</summary>
    public TcpAddress Local;

    /// <summary>The other side.</summary>
    public TcpAddress Remote;

    /// <summary>The process.</summary>
    public uint Process;

    /// <summary>What is known (<see cref="TcpSessionFlags"/>).</summary>
    public uint Flags;

    /// <summary>The number of the network namespace.</summary>
    public uint NetworkNamespace;

    /// <summary>The smoothed time of a round trip, in eighths of a microsecond; 0 if none was measured.</summary>
    public uint SmoothedRttEighths;

    /// <summary>Segments that were sent again.</summary>
    public uint Retransmits;

    /// <summary>The error of the socket; 0 for none.</summary>
    public int Error;

    /// <summary>The local port.</summary>
    public ushort LocalPort;

    /// <summary>The remote port.</summary>
    public ushort RemotePort;

    /// <summary>The state before the end.</summary>
    public TcpState LastState;

    /// <summary>Whether the socket is one of IPv6.</summary>
    public byte IsIPv6Socket;

    private fixed byte _rest[2];

    /// <summary>The name of the thread.</summary>
    public CommandBytes Command;
}
