using System.Runtime.CompilerServices;
using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' tcplife: TCP sessions and how long they lasted.</summary>
[BpfObject]
internal static unsafe partial class Tcplife
{
    private const int ProtocolTcp = 6;
    private const ushort FamilyInet = 2;
    private const int SynSent = 2;
    private const int FinWait1 = 4;
    private const int Close = 7;
    private const int LastAck = 9;

    [Constant]
    internal static readonly bool FilterSourcePort;

    [Constant]
    internal static readonly bool FilterDestinationPort;

    [Constant]
    internal static readonly PortList SourcePorts;

    [Constant]
    internal static readonly PortList DestinationPorts;

    [Constant]
    internal static readonly uint TargetProcess;

    [Constant]
    internal static readonly ushort TargetFamily;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ulong, ulong> Births = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ulong, Identity> Identities = new();

    [Map]
    internal static readonly PerfEventArray Events = new();

    [InlineArray(1024)]
    internal struct PortList
    {
        private ushort _first;
    }

    internal struct Identity
    {
        public uint ProcessId;
        public fixed byte Command[16];
    }

    internal struct LifeEvent
    {
        public InternetAddress Source;
        public InternetAddress Destination;
        public ulong TimeUs;
        public ulong SpanUs;
        public ulong Received;
        public ulong Sent;
        public uint ProcessId;
        public ushort SourcePort;
        public ushort DestinationPort;
        public ushort Family;
        public fixed byte Command[16];
        public fixed byte Filler[6];
    }

    [KernelStruct("tcp_sock")]
    internal struct TcpSocket
    {
        public ulong bytes_received;
        public ulong bytes_acked;
    }

    // The original reads the record by BPF_CORE_READ, which is bpf_probe_read_kernel: so does this, through a pointer that is made of a number.
    [Tracepoint("sock", "inet_sock_set_state")]
    private static void StateSet(InetSockSetState* context)
    {
        var record = (InetSockSetState*)(ulong)context;
        if (record->protocol != ProtocolTcp)
        {
            return;
        }

        ushort family = record->family;
        if (TargetFamily != 0 && family != TargetFamily)
        {
            return;
        }

        ushort sourcePort = record->sport;
        if (FilterSourcePort && !IsListed(SourcePorts, sourcePort))
        {
            return;
        }

        ushort destinationPort = record->dport;
        if (FilterDestinationPort && !IsListed(DestinationPorts, destinationPort))
        {
            return;
        }

        ulong socket = (ulong)record->skaddr;
        if (record->newstate < FinWait1)
        {
            Births.Update(socket, Helpers.KtimeGetNs());
        }

        if (record->newstate == SynSent || record->newstate == LastAck)
        {
            uint process = (uint)(Helpers.GetCurrentPidTgid() >> 32);
            if (TargetProcess != 0 && process != TargetProcess)
            {
                return;
            }

            Identity identity = default;
            identity.ProcessId = process;
            Helpers.GetCurrentComm(identity.Command, 16);
            Identities.Update(socket, identity);
        }

        if (record->newstate != Close)
        {
            return;
        }

        ulong* birth = Births.Lookup(socket);
        if (birth == null)
        {
            Identities.Delete(socket);
            return;
        }

        ulong now = Helpers.KtimeGetNs();
        ulong spanUs = (now - *birth) / 1000;
        Identity* known = Identities.Lookup(socket);
        uint owner = known != null ? known->ProcessId : (uint)(Helpers.GetCurrentPidTgid() >> 32);
        if (TargetProcess == 0 || owner == TargetProcess)
        {
            var tcp = (TcpSocket*)socket;
            LifeEvent life = default;
            life.TimeUs = now / 1000;
            life.SpanUs = spanUs;
            life.Received = tcp->bytes_received;
            life.Sent = tcp->bytes_acked;
            life.ProcessId = owner;
            life.SourcePort = sourcePort;
            life.DestinationPort = destinationPort;
            life.Family = family;
            if (known == null)
            {
                Helpers.GetCurrentComm(life.Command, 16);
            }
            else
            {
                Helpers.ProbeReadKernel(life.Command, 16, known->Command);
            }

            // Twice: what BPF_CORE_READ gives of an array is a copy on the stack, which the original copies again.
            byte* copy = stackalloc byte[16];
            if (family == FamilyInet)
            {
                Helpers.ProbeReadKernel(copy, 4, record->saddr);
                Helpers.ProbeReadKernel(&life.Source, 4, copy);
                Helpers.ProbeReadKernel(copy, 4, record->daddr);
                Helpers.ProbeReadKernel(&life.Destination, 4, copy);
            }
            else
            {
                Helpers.ProbeReadKernel(copy, 16, record->saddr_v6);
                Helpers.ProbeReadKernel(&life.Source, 16, copy);
                Helpers.ProbeReadKernel(copy, 16, record->daddr_v6);
                Helpers.ProbeReadKernel(&life.Destination, 16, copy);
            }

            Events.Output(context, PerfEventArray.CurrentCpu, life);
        }

        Births.Delete(socket);
        Identities.Delete(socket);
    }

    private static bool IsListed(in PortList ports, ushort port)
    {
        foreach (ushort listed in ports)
        {
            if (listed == 0)
            {
                return false;
            }

            if (listed == port)
            {
                return true;
            }
        }

        return false;
    }
}
