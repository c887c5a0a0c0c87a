using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' tcpstates: changes of the state of TCP sockets.</summary>
[BpfObject]
internal static unsafe partial class Tcpstates
{
    private const int ProtocolTcp = 6;
    private const ushort FamilyInet = 2;
    private const int Close = 7;

    [Constant]
    internal static readonly bool FilterBySourcePort;

    [Constant]
    internal static readonly bool FilterByDestinationPort;

    [Constant]
    internal static readonly short TargetFamily;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ushort, ushort> SourcePorts = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ushort, ushort> DestinationPorts = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ulong, ulong> Times = new();

    [Map]
    internal static readonly PerfEventArray Events = new();

    internal struct StateEvent
    {
        public InternetAddress Source;
        public InternetAddress Destination;
        public ulong Socket;
        public ulong TimeUs;
        public ulong DeltaUs;
        public uint ProcessId;
        public int OldState;
        public int NewState;
        public ushort Family;
        public ushort SourcePort;
        public ushort DestinationPort;
        public fixed byte Command[16];
        public fixed byte Filler[6];
    }

    [KernelStruct("sock")]
    internal struct Sock
    {
        public SockCommon __sk_common;
    }

    [KernelStruct("sock_common")]
    internal struct SockCommon
    {
        public uint skc_daddr;
        public uint skc_rcv_saddr;
        public In6Address skc_v6_daddr;
        public In6Address skc_v6_rcv_saddr;
    }

    [KernelStruct("in6_addr")]
    internal struct In6Address
    {
        public In6Union in6_u;
    }

    internal struct In6Union
    {
        public fixed uint u6_addr32[4];
    }

    [Tracepoint("sock", "inet_sock_set_state")]
    private static void StateSet(InetSockSetState* context)
    {
        var socket = (Sock*)(ulong)context->skaddr;
        ushort family = context->family;
        ushort sourcePort = context->sport;
        ushort destinationPort = context->dport;
        StateEvent record = default;
        if (context->protocol != ProtocolTcp)
        {
            return;
        }

        if (TargetFamily != 0 && TargetFamily != family)
        {
            return;
        }

        if (FilterBySourcePort && SourcePorts.Lookup(sourcePort) == null)
        {
            return;
        }

        if (FilterByDestinationPort && DestinationPorts.Lookup(destinationPort) == null)
        {
            return;
        }

        ulong* last = Times.Lookup((ulong)socket);
        ulong now = Helpers.KtimeGetNs();
        record.Socket = (ulong)socket;
        record.TimeUs = now / 1000;
        record.DeltaUs = last == null ? 0 : (now - *last) / 1000;
        record.ProcessId = (uint)(Helpers.GetCurrentPidTgid() >> 32);
        record.OldState = context->oldstate;
        record.NewState = context->newstate;
        record.Family = family;
        record.SourcePort = sourcePort;
        record.DestinationPort = destinationPort;
        Helpers.GetCurrentComm(record.Command, 16);
        if (family == FamilyInet)
        {
            Helpers.ProbeReadKernel(&record.Source, 16, &socket->__sk_common.skc_rcv_saddr);
            Helpers.ProbeReadKernel(&record.Destination, 16, &socket->__sk_common.skc_daddr);
        }
        else
        {
            Helpers.ProbeReadKernel(&record.Source, 16, &socket->__sk_common.skc_v6_rcv_saddr);
            Helpers.ProbeReadKernel(&record.Destination, 16, &socket->__sk_common.skc_v6_daddr);
        }

        Events.Output(context, PerfEventArray.CurrentCpu, record);
        if (context->newstate == Close)
        {
            Times.Delete((ulong)socket);
        }
        else
        {
            Times.Update((ulong)socket, now);
        }
    }
}
