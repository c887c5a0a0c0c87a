using System;

namespace Fathom.Bpf;

// Sockets and packets.
public static unsafe partial class Helpers
{
    /// <summary>A trusted socket as a trusted <c>tcp_sock</c>, null if it is none (<c>bpf_skc_to_tcp_sock</c>).</summary>
    [Helper(137, Since = "5.9", ProgramTypes = ProgramTypes.TracepointBtf | ProgramTypes.Fentry | ProgramTypes.Iterator, Result = PointerKind.Trusted)]
    public static void* SkcToTcpSock(void* socket) => throw DeviceOnlyException.Create();

    /// <summary>Moves the start of the packet; pointers into it must be made anew (<c>bpf_xdp_adjust_head</c>).</summary>
    [Helper(44, ProgramTypes = ProgramTypes.Xdp)]
    public static long XdpAdjustHead(XdpContext* context, int delta) => throw DeviceOnlyException.Create();

    /// <summary>Moves the end of the packet; pointers into it must be made anew (<c>bpf_xdp_adjust_tail</c>).</summary>
    [Helper(65, ProgramTypes = ProgramTypes.Xdp)]
    public static long XdpAdjustTail(XdpContext* context, int delta) => throw DeviceOnlyException.Create();

    /// <summary>Bytes of the whole packet (<c>bpf_xdp_get_buff_len</c>).</summary>
    [Helper(188, Since = "5.18", ProgramTypes = ProgramTypes.Xdp)]
    public static ulong XdpGetBufferLength(XdpContext* context) => throw DeviceOnlyException.Create();

    /// <summary>Copies bytes from the packet (<c>bpf_xdp_load_bytes</c>).</summary>
    [Helper(189, Since = "5.18", ProgramTypes = ProgramTypes.Xdp)]
    public static long XdpLoadBytes(XdpContext* context, uint offset, Span<byte> destination) => throw DeviceOnlyException.Create();

    /// <summary>Copies bytes to the packet (<c>bpf_xdp_store_bytes</c>).</summary>
    [Helper(190, Since = "5.18", ProgramTypes = ProgramTypes.Xdp)]
    public static long XdpStoreBytes(XdpContext* context, uint offset, Span<byte> source) => throw DeviceOnlyException.Create();

    /// <summary>Sends the packet to another interface; its result is the program's (<c>bpf_redirect</c>).</summary>
    [Helper(23, ProgramTypes = ProgramTypes.Xdp | ProgramTypes.TrafficControl)]
    public static long Redirect(uint interfaceIndex, ulong flags = 0) => throw DeviceOnlyException.Create();

    /// <summary>Copies bytes from the packet (<c>bpf_skb_load_bytes</c>).</summary>
    [Helper(26, ProgramTypes = ProgramTypes.TrafficControl | ProgramTypes.CgroupSkb)]
    public static long SkbLoadBytes(SocketBuffer* context, uint offset, Span<byte> destination) => throw DeviceOnlyException.Create();

    /// <summary>Copies bytes to the packet (<c>bpf_skb_store_bytes</c>).</summary>
    [Helper(9, ProgramTypes = ProgramTypes.TrafficControl)]
    public static long SkbStoreBytes(SocketBuffer* context, uint offset, ReadOnlySpan<byte> source, ulong flags = 0) => throw DeviceOnlyException.Create();

    /// <summary>Makes bytes of the packet directly readable; pointers into it must be made anew (<c>bpf_skb_pull_data</c>).</summary>
    [Helper(39, ProgramTypes = ProgramTypes.TrafficControl)]
    public static long SkbPullData(SocketBuffer* context, uint bytes) => throw DeviceOnlyException.Create();

    /// <summary>Changes the length of the packet (<c>bpf_skb_change_tail</c>).</summary>
    [Helper(38, ProgramTypes = ProgramTypes.TrafficControl)]
    public static long SkbChangeTail(SocketBuffer* context, uint bytes, ulong flags = 0) => throw DeviceOnlyException.Create();

    /// <summary>Updates a checksum of layer 3 (<c>bpf_l3_csum_replace</c>).</summary>
    [Helper(10, ProgramTypes = ProgramTypes.TrafficControl)]
    public static long L3CsumReplace(SocketBuffer* context, uint offset, ulong from, ulong to, ulong size) => throw DeviceOnlyException.Create();

    /// <summary>Updates a checksum of layer 4 (<c>bpf_l4_csum_replace</c>).</summary>
    [Helper(11, ProgramTypes = ProgramTypes.TrafficControl)]
    public static long L4CsumReplace(SocketBuffer* context, uint offset, ulong from, ulong to, ulong flags) => throw DeviceOnlyException.Create();

    /// <summary>Difference of checksums; lengths are multiples of 4 (<c>bpf_csum_diff</c>).</summary>
    [Helper(28, ProgramTypes = ProgramTypes.Xdp | ProgramTypes.TrafficControl)]
    public static long CsumDiff(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, uint seed) => throw DeviceOnlyException.Create();
}
