namespace Fathom.Bpf;

/// <summary>Context of a program in traffic control and on packets of a cgroup (<c>struct __sk_buff</c>).</summary>
[KernelContext("__sk_buff")]
public unsafe struct SocketBuffer
{
    /// <summary>Bytes of the packet.</summary>
    public uint Length;

    /// <summary>Kind of the packet (<c>PACKET_*</c>).</summary>
    public uint PacketType;

    /// <summary>Mark.</summary>
    public uint Mark;

    /// <summary>Queue.</summary>
    public uint QueueMapping;

    /// <summary>Protocol, in network byte order.</summary>
    public uint Protocol;

    /// <summary>1 if a VLAN tag is present.</summary>
    public uint VlanPresent;

    /// <summary>VLAN tag.</summary>
    public uint VlanTag;

    /// <summary>VLAN protocol.</summary>
    public uint VlanProtocol;

    /// <summary>Priority.</summary>
    public uint Priority;

    /// <summary>Index of the interface that received the packet.</summary>
    public uint IngressInterface;

    /// <summary>Index of the interface.</summary>
    public uint Interface;

    /// <summary>Index of traffic control.</summary>
    public uint TrafficControlIndex;

    /// <summary>Five words to use freely.</summary>
    public fixed uint ControlBuffer[5];

    /// <summary>Hash.</summary>
    public uint Hash;

    /// <summary>Class of traffic control.</summary>
    public uint ClassId;

    /// <summary>Start of the packet: cast it to a pointer.</summary>
    public uint Data;

    /// <summary>End of the packet: cast it to a pointer and compare.</summary>
    public uint DataEnd;

    /// <summary>Id of the NAPI structure that received the packet.</summary>
    public uint NapiId;

    /// <summary>Address family (<c>AF_INET</c>, <c>AF_INET6</c>). This and what follows is for programs on a cgroup.</summary>
    public uint Family;

    /// <summary>IPv4 address of the other side, in network byte order.</summary>
    public uint RemoteIp4;

    /// <summary>IPv4 address of this side, in network byte order.</summary>
    public uint LocalIp4;

    /// <summary>IPv6 address of the other side, in network byte order.</summary>
    public fixed uint RemoteIp6[4];

    /// <summary>IPv6 address of this side, in network byte order.</summary>
    public fixed uint LocalIp6[4];

    /// <summary>Port of the other side, in network byte order in the upper half.</summary>
    public uint RemotePort;

    /// <summary>Port of this side, in host byte order.</summary>
    public uint LocalPort;
}

/// <summary>What becomes of a packet in traffic control (<c>TC_ACT_*</c>).</summary>
public enum TrafficControlAction
{
    /// <summary>As the classifier says.</summary>
    Unspecified = -1,
    /// <summary>Goes on.</summary>
    Ok = 0,
    /// <summary>Classified again.</summary>
    Reclassify = 1,
    /// <summary>Dropped.</summary>
    Drop = 2,
    /// <summary>On to the next action.</summary>
    Pipe = 3,
    /// <summary>Taken.</summary>
    Stolen = 4,
    /// <summary>Goes where a helper said.</summary>
    Redirect = 7,
}
