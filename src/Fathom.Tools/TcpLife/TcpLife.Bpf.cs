using System.Buffers.Binary;
using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Cost;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.TcpLife;

/// <summary>TCP sessions, when they end.</summary>
/// <remarks>
/// <para>
/// What a session is known by is kept from its beginning: when this side opens it, or when it is established by the other side. A socket that
/// listens never is a session. All else is in the socket when it ends.
/// </para>
/// <para>
/// A state may change in an interrupt, over whatever task is current. A socket that is marked as owned is locked by a system call of the
/// current task: the handlers of packets and timers leave such a socket alone, or run within that call
/// (https://github.com/torvalds/linux/blob/v6.18/net/ipv4/tcp_ipv4.c, tcp_v4_rcv: sock_owned_by_user). Only then the current task has anything
/// to do with the session.
/// </para>
/// </remarks>
[BpfObject]
[Includes(typeof(TaskFilter))]
[Includes(typeof(RunCost))]
internal static unsafe partial class TcpLifeProbe
{
    private const ushort Tcp = 6, Mptcp = 262;
    private const ushort FamilyIPv6 = 10;

    // PF_KTHREAD
    private const uint KernelThread = 0x0020_0000;

    // Who reads is looked for as long as no more than this has been read.
    private const ulong FirstBytes = 64 * 1024;

    /// <summary>Only IPv4, also that of IPv6 sockets.</summary>
    [Constant]
    public static readonly bool OnlyIPv4;

    /// <summary>Only IPv6.</summary>
    [Constant]
    public static readonly bool OnlyIPv6;

    /// <summary>Only the local ports in <see cref="Ports"/>.</summary>
    [Constant]
    public static readonly bool ByLocalPort;

    /// <summary>Only the remote ports in <see cref="Ports"/>.</summary>
    [Constant]
    public static readonly bool ByRemotePort;

    /// <summary>Only some processes.</summary>
    [Constant]
    public static readonly bool ByProcess;

    /// <summary>The only network namespace; 0 for all.</summary>
    [Constant]
    public static readonly uint NetworkNamespace;

    /// <summary>The kernel shows who reads from a session.</summary>
    [Constant, HasTracepoint("tcp_rcv_space_adjust", Arguments = 1)]
    public static readonly bool SeesReads;

    /// <summary>The kernel shows who sends with MPTCP.</summary>
    [Constant, HasTracepoint("mptcp_subflow_get_send", Arguments = 1)]
    public static readonly bool SeesWholes;

    /// <summary>Sessions that found no room in <see cref="Events"/>.</summary>
    [Loss("lost", "sessions not shown, because the buffer was full (-b gives it more room)")]
    internal static ulong Lost;

    /// <summary>Sessions whose beginning found no room in <see cref="Sessions"/>.</summary>
    [Loss("crowded", "sessions whose beginning found no room, so that their duration is not known (--max-sessions gives more)")]
    internal static ulong Crowded;

    /// <summary>Sessions that left their entry to another with the same socket.</summary>
    [Loss("unended", "sessions not shown, because the kernel did not show their end")]
    internal static ulong Unended;

    /// <summary>Sessions whose process was asked for, and not known.</summary>
    [Loss("anonymous", "sessions not shown, because it is not known which process they belong to")]
    internal static ulong Anonymous;

    /// <summary>Sessions that have ended.</summary>
    [Map(MaxEntries = 2 * 1024 * 1024)]
    internal static readonly RingBuffer Events = new();

    /// <summary>Sessions that have begun, by the address of the socket.</summary>
    [Map(MaxEntries = 131_072, Flags = MapFlags.NoPreallocation)]
    internal static readonly HashMap<ulong, TcpSession> Sessions = new();

    /// <summary>
    /// Whose a session of MPTCP is, by the address of its socket: its parts are opened and closed by the kernel. What is not asked for leaves by itself.
    /// </summary>
    [Map(MaxEntries = 8_192)]
    internal static readonly LruHashMap<ulong, TcpSession> Wholes = new();

    /// <summary>The ports that count: remote ones with <see cref="RemotePort"/>.</summary>
    [Map(MaxEntries = 131_072)]
    internal static readonly HashMap<uint, uint> Ports = new();

    /// <summary>Marks a remote port in <see cref="Ports"/>.</summary>
    internal const uint RemotePort = 0x1_0000;

    /// <summary>Only some addresses and ports.</summary>
    private static bool ByEnds => OnlyIPv4 || OnlyIPv6 || ByLocalPort || ByRemotePort;

    [TracepointBtf("inet_sock_set_state")]
    private static void StateSet(Sock* socket, int oldState, int newState)
    {
        TcpState old = (TcpState)oldState;
        if (socket->sk_protocol == Mptcp)
        {
            WholeSet(socket, old, (TcpState)newState);
            return;
        }

        switch ((TcpState)newState)
        {
            case TcpState.SynSent:
                if (Counts(socket))
                {
                    Open(socket);
                }

                break;
            case TcpState.SynReceived:
                if (old == TcpState.SynSent && Counts(socket))
                {
                    OpenBoth(socket);
                }

                break;
            case TcpState.Established:
                if (Counts(socket))
                {
                    Establish(socket, old);
                }

                break;
            case TcpState.FinWait1:
            case TcpState.LastAck:
                if (Counts(socket))
                {
                    if (old == TcpState.SynReceived)
                    {
                        // Data that came with the SYN was answered before the handshake was over.
                        Establish(socket, old);
                    }

                    Learn(socket, isClosing: true);
                }

                break;
            case TcpState.Close:
                if (old != TcpState.Close && old != TcpState.Listen && Counts(socket))
                {
                    End(socket, old);
                }

                break;
        }
    }

    [TracepointBtf("tcp_rcv_space_adjust"), LoadIf(nameof(SeesReads))]
    private static void Read(Sock* socket)
    {
        // What has come can still be read when the session has ended and been shown.
        if (socket->sk_lock.owned == 0 || socket->__sk_common.skc_state == (byte)TcpState.Close)
        {
            return;
        }

        var tcp = (TcpSock*)Helpers.SkcToTcpSock(socket);
        if (tcp != null && tcp->bytes_received - (tcp->rcv_nxt - tcp->copied_seq) <= FirstBytes && Counts(socket))
        {
            Learn(socket, isClosing: false);
        }
    }

    /// <summary>A session of MPTCP sends: who asked for it has its socket locked.</summary>
    [TracepointBtf("mptcp_subflow_get_send"), LoadIf(nameof(SeesWholes))]
    private static void WholeSends(MptcpPart* part) => NameWhole(part->conn);

    private static void WholeSet(Sock* whole, TcpState old, TcpState state)
    {
        switch (state)
        {
            case TcpState.Established when old != TcpState.SynSent:
                // What was known of this address is another session's.
                ulong id = (ulong)whole;
                Wholes.Delete(id);
                break;
            case TcpState.SynSent:
            case TcpState.FinWait1:
            case TcpState.LastAck:
            case TcpState.Close:
                NameWhole(whole);
                break;
        }
    }

    private static void NameWhole(Sock* whole)
    {
        ulong id = (ulong)whole;
        if (whole->sk_lock.owned != 0 && !IsKernelThread() && Wholes.Lookup(id) == null)
        {
            TcpSession named = default;
            Name(&named);
            Wholes.Update(id, &named);
        }
    }

    /// <summary>A part of a session of MPTCP is the whole's.</summary>
    private static void NameByWhole(TcpSock* tcp, TcpSession* session)
    {
        ulong id = (ulong)((MptcpPart*)(ulong)tcp->inet_conn.icsk_ulp_data)->conn;
        TcpSession* whole = Wholes.Lookup(id);
        if (whole != null)
        {
            session->Process = whole->Process;
            session->Command = whole->Command;
            session->Flags = (session->Flags & ~TcpSessionFlags.Unwanted) | whole->Flags;
        }
    }

    private static bool IsPart(TcpSock* tcp) => Core.FieldExists(tcp->is_mptcp) && tcp->is_mptcp;

    private static bool Counts(Sock* socket) =>
        socket->sk_protocol == Tcp && (NetworkNamespace == 0 || socket->__sk_common.skc_net.net->ns.inum == NetworkNamespace);

    /// <summary>This side begins.</summary>
    private static void Open(Sock* socket)
    {
        TcpSession session = default;
        session.OpenedNs = Helpers.KtimeGetNs();
        session.Flags = TcpSessionFlags.Active;

        // The kernel opens further parts of a session of MPTCP by itself, for whoever has the whole.
        var tcp = (TcpSock*)Helpers.SkcToTcpSock(socket);
        if (tcp == null || !IsPart(tcp) || !IsKernelThread())
        {
            Name(&session);
        }

        Keep(socket, &session);
    }

    private static void OpenBoth(Sock* socket)
    {
        TcpSession* session = Sessions.Lookup((ulong)socket);
        if (session != null)
        {
            session->Flags |= TcpSessionFlags.Simultaneous;
        }
    }

    private static void Establish(Sock* socket, TcpState old)
    {
        ulong now = Helpers.KtimeGetNs();
        var tcp = (TcpSock*)Helpers.SkcToTcpSock(socket);
        if (tcp == null)
        {
            return;
        }

        if (ByEnds)
        {
            // Asked again at the end. Here it keeps the map to those that count.
            TcpEnds ends = default;
            FindEnds(socket, tcp, &ends);
            if (!Wants(&ends))
            {
                Sessions.Delete((ulong)socket);
                return;
            }
        }

        TcpSession* known = null;
        if (old == TcpState.SynSent)
        {
            known = Sessions.Lookup((ulong)socket);
        }

        if (known != null)
        {
            known->EstablishedNs = now;
            known->HandshakeNs = now - known->OpenedNs;
            return;
        }

        TcpSession session = default;
        session.EstablishedNs = now;
        if (old == TcpState.SynReceived)
        {
            // The first round trip is that of the SYN-ACK.
            session.HandshakeNs = tcp->srtt_us * 125UL;
        }
        else
        {
            // It was being opened when tracing began.
            session.Flags = TcpSessionFlags.Active;
            if (socket->sk_lock.owned != 0)
            {
                Name(&session);
            }
        }

        Keep(socket, &session);
    }

    private static void Keep(Sock* socket, TcpSession* session)
    {
        ulong id = (ulong)socket;
        long error = Sessions.Update(id, session, UpdateMode.MustBeNew);
        if (error == 0)
        {
            return;
        }

        TcpSession* old = Sessions.Lookup(id);
        if (old == null)
        {
            // One that this side opened is kept when it begins: it is that which counts.
            if ((session->Flags & TcpSessionFlags.Active) == 0 || session->OpenedNs != 0)
            {
                Interlocked.Increment(ref Crowded);
            }

            return;
        }

        if ((old->Flags & TcpSessionFlags.Simultaneous) != 0 && old->EstablishedNs == 0)
        {
            old->EstablishedNs = session->EstablishedNs;
            old->HandshakeNs = session->EstablishedNs - old->OpenedNs;
            return;
        }

        Interlocked.Increment(ref Unended);
        Sessions.Update(id, session);
    }

    /// <summary>Remembers the current task, if it is at work on the socket, for a session whose process is not known.</summary>
    private static void Learn(Sock* socket, bool isClosing)
    {
        ulong id = (ulong)socket;
        TcpSession* session = Sessions.Lookup(id);
        if (isClosing && session != null)
        {
            session->Flags |= TcpSessionFlags.Closing;
        }

        if (socket->sk_lock.owned == 0)
        {
            return;
        }

        if (session == null)
        {
            if ((!isClosing || !IsKernelThread()) && MayCount(socket))
            {
                TcpSession late = default;
                late.Flags = isClosing ? TcpSessionFlags.Unbegun | TcpSessionFlags.Closing : TcpSessionFlags.Unbegun;
                Name(&late);

                // One that found no room when it began was counted then.
                Sessions.Update(id, &late);
            }
        }
        else if ((session->Flags & TcpSessionFlags.ProcessKnown) == 0 && (!isClosing || !IsKernelThread()))
        {
            Name(session);
        }
    }

    /// <summary>Whether an established session has the addresses and ports that were asked for.</summary>
    private static bool MayCount(Sock* socket)
    {
        if (!ByEnds)
        {
            return true;
        }

        var tcp = (TcpSock*)Helpers.SkcToTcpSock(socket);
        if (tcp == null)
        {
            return false;
        }

        TcpEnds ends = default;
        FindEnds(socket, tcp, &ends);
        return Wants(&ends);
    }

    // What a kernel thread closes, it closes for somebody else.
    private static bool IsKernelThread()
    {
        var task = (TaskStruct*)Helpers.GetCurrentTask();
        return (task->flags & KernelThread) != 0;
    }

    /// <summary>The session is the current task's.</summary>
    private static void Name(TcpSession* session)
    {
        session->Process = (uint)(Helpers.GetCurrentPidTgid() >> 32);
        if (!TaskFilter.NameAtEnd(&session->Command))
        {
            Helpers.GetCurrentComm(&session->Command, 16);
        }

        session->Flags |= !ByProcess || TaskFilter.WantsCurrent()
            ? TcpSessionFlags.ProcessKnown
            : TcpSessionFlags.ProcessKnown | TcpSessionFlags.Unwanted;
    }

    private static void End(Sock* socket, TcpState old)
    {
        var tcp = (TcpSock*)Helpers.SkcToTcpSock(socket);
        if (tcp == null)
        {
            return;
        }

        ulong now = Helpers.KtimeGetNs();
        ulong id = (ulong)socket;
        TcpSession session = default;
        TcpSession* known = Sessions.Lookup(id);
        if (known != null)
        {
            session = *known;
            Sessions.Delete(id);
        }
        else
        {
            session.Flags = old == TcpState.SynReceived ? 0 : TcpSessionFlags.Unbegun;
        }

        TcpEnds ends = default;
        FindEnds(socket, tcp, &ends);
        if (!Wants(&ends))
        {
            return;
        }

        if (IsPart(tcp))
        {
            session.Flags |= TcpSessionFlags.Part;
            NameByWhole(tcp, &session);
        }

        if ((session.Flags & TcpSessionFlags.ProcessKnown) == 0 && socket->sk_lock.owned != 0 && !IsKernelThread())
        {
            Name(&session);
        }

        if (ByProcess)
        {
            // One that was open before is known to user space, perhaps.
            if ((session.Flags & (TcpSessionFlags.ProcessKnown | TcpSessionFlags.Unbegun)) == 0)
            {
                Interlocked.Increment(ref Anonymous);
                return;
            }

            if ((session.Flags & TcpSessionFlags.Unwanted) != 0)
            {
                return;
            }
        }

        TcpRecord* record = Events.Reserve<TcpRecord>();
        if (record == null)
        {
            Interlocked.Increment(ref Lost);
            return;
        }

        *record = default;
        record->TimeNs = now;
        record->EstablishedNs = session.EstablishedNs;
        record->HandshakeNs = old == TcpState.SynSent && session.OpenedNs != 0 ? now - session.OpenedNs : session.HandshakeNs;
        record->SentBytes = SentBytes(tcp, old, session.Flags);
        bool isRemoteDone = (socket->__sk_common.skc_flags >> (int)Core.EnumValue(SockFlags.SOCK_DONE) & 1) != 0;
        record->ReceivedBytes = tcp->bytes_received - (isRemoteDone ? 1UL : 0);
        record->Local = ends.Local;
        record->Remote = ends.Remote;
        record->Process = session.Process;
        record->Flags = session.Flags | (isRemoteDone ? TcpSessionFlags.RemoteDone : 0);
        record->NetworkNamespace = socket->__sk_common.skc_net.net->ns.inum;
        record->SmoothedRttEighths = tcp->srtt_us;
        record->Retransmits = tcp->total_retrans;
        record->Error = socket->sk_err;
        record->LocalPort = ends.LocalPort;
        record->RemotePort = ends.RemotePort;
        record->LastState = old;
        record->IsIPv6Socket = (byte)ends.IsIPv6Socket;
        record->Command = session.Command;
        Events.Submit(record, RingBufferFlags.NoWakeup);
    }

    /// <summary>What the other side has acknowledged, without the SYN and the FIN, which the kernel counts as a byte each.</summary>
    private static ulong SentBytes(TcpSock* tcp, TcpState old, uint flags)
    {
        bool hasFinished = old is TcpState.FinWait1 or TcpState.FinWait2 or TcpState.Closing or TcpState.LastAck or TcpState.TimeWait;
        bool allAcknowledged = tcp->snd_una == tcp->write_seq;
        ulong acknowledged = tcp->bytes_acked;
        if (hasFinished && allAcknowledged && acknowledged > 0)
        {
            acknowledged--;
        }

        bool hasSyn = (flags & TcpSessionFlags.Active) != 0;
        if ((flags & TcpSessionFlags.Unbegun) != 0)
        {
            // Which side opened it was not seen: then what was acknowledged beyond what was sent was the SYN.
            uint underway = tcp->snd_nxt - tcp->snd_una;
            if (hasFinished && underway > 0)
            {
                underway--;
            }

            hasSyn = acknowledged + underway > tcp->bytes_sent - tcp->bytes_retrans;
        }

        return hasSyn && acknowledged > 0 ? acknowledged - 1 : acknowledged;
    }

    private static void FindEnds(Sock* socket, TcpSock* tcp, TcpEnds* ends)
    {
        ends->LocalPort = BinaryPrimitives.ReverseEndianness(tcp->inet_conn.icsk_inet.inet_sport);
        ends->RemotePort = BinaryPrimitives.ReverseEndianness(socket->__sk_common.skc_dport);
        if (socket->__sk_common.skc_family == FamilyIPv6 && Core.FieldExists(socket->__sk_common.skc_v6_daddr))
        {
            ends->IsIPv6Socket = 1;
            Copy(&ends->Local, socket->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32);
            Copy(&ends->Remote, socket->__sk_common.skc_v6_daddr.in6_u.u6_addr32);
        }
        else
        {
            ends->Local.Word2 = TcpAddress.Mapped;
            ends->Local.Word3 = socket->__sk_common.skc_rcv_saddr;
            ends->Remote.Word2 = TcpAddress.Mapped;
            ends->Remote.Word3 = socket->__sk_common.skc_daddr;
        }
    }

    private static void Copy(TcpAddress* to, uint* from)
    {
        to->Word0 = from[0];
        to->Word1 = from[1];
        to->Word2 = from[2];
        to->Word3 = from[3];
    }

    /// <summary>Whether the addresses and ports are those that were asked for.</summary>
    private static bool Wants(TcpEnds* ends)
    {
        if (OnlyIPv4 && !ends->Remote.IsIPv4)
        {
            return false;
        }

        if (OnlyIPv6 && ends->Remote.IsIPv4)
        {
            return false;
        }

        if (ByLocalPort && Ports.Lookup(ends->LocalPort) == null)
        {
            return false;
        }

        return !ByRemotePort || Ports.Lookup(ends->RemotePort | RemotePort) != null;
    }

    /// <summary>Between whom a session is.</summary>
    internal struct TcpEnds
    {
        public TcpAddress Local;
        public TcpAddress Remote;
        public ushort LocalPort;
        public ushort RemotePort;
        public uint IsIPv6Socket;
    }
}
