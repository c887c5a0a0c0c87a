namespace Fathom.Bpf;

/// <summary>Context of an XDP program (<c>struct xdp_md</c>). The packet is <c>(byte*)(ulong)context->Data</c> up to <see cref="DataEnd"/>.</summary>
[KernelContext("xdp_md")]
public struct XdpContext
{
    /// <summary>Start of the packet: cast it to a pointer.</summary>
    public uint Data;

    /// <summary>End of the packet: cast it to a pointer and compare.</summary>
    public uint DataEnd;

    /// <summary>Start of the metadata before the packet.</summary>
    public uint DataMeta;

    /// <summary>Index of the interface that received the packet.</summary>
    public uint IngressInterface;

    /// <summary>Number of the receive queue.</summary>
    public uint ReceiveQueue;

    /// <summary>Index of the interface that sends it (device map programs).</summary>
    public uint EgressInterface;
}

/// <summary>What becomes of a packet (<c>enum xdp_action</c>).</summary>
public enum XdpAction
{
    /// <summary>Error: dropped and traced.</summary>
    Aborted = 0,
    /// <summary>Dropped.</summary>
    Drop = 1,
    /// <summary>Goes on into the network stack.</summary>
    Pass = 2,
    /// <summary>Sent back out of the interface that it came from.</summary>
    Transmit = 3,
    /// <summary>Goes where a helper said.</summary>
    Redirect = 4,
}
