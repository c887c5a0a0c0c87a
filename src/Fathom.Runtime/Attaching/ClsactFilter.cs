using System;
using System.Buffers.Binary;
using System.Text;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// A tc program as a filter of the queueing discipline clsact, for kernels before tcx. A filter does not end with a descriptor: the link
/// removes it when it is disposed of, and, if it made the discipline, that too once no other filter is on it. A process that is killed leaves it.
/// </summary>
internal static class ClsactFilter
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/rtnetlink.h and pkt_sched.h, pkt_cls.h, netlink.h
    private const ushort NewQdisc = 36;
    private const ushort DeleteQdisc = 37;
    private const ushort NewFilter = 44;
    private const ushort DeleteFilter = 45;
    private const ushort Request = 1;
    private const ushort Acknowledge = 4;
    private const ushort Exclusive = 0x200;
    private const ushort Create = 0x400;
    private const uint Clsact = 0xffff_fff1;
    private const uint Ingress = 0xffff_fff2;
    private const uint Egress = 0xffff_fff3;
    private const uint ClsactHandle = 0xffff_0000;
    private const ushort AttributeKind = 1;
    private const ushort AttributeOptions = 2;
    private const ushort Nested = 0x8000;
    private const ushort BpfDescriptor = 6;
    private const ushort BpfName = 7;
    private const ushort BpfFlags = 8;
    private const uint DirectAction = 1;
    private const int HeaderSize = 16;
    private const int TcMessageSize = 20;
    private const uint AllProtocols = 0x0300;

    private static uint s_priority = 0xc000;

    /// <summary>Attaches.</summary>
    public static BpfLink Attach(BpfProgram program, int networkInterface, string name, bool outgoing)
    {
        KernelCalls calls = program.Kernel.Calls;
        int made = Ask(calls, Message(NewQdisc, Create | Exclusive, networkInterface, ClsactHandle, Clsact, 0, static (ref Writer w) => w.Text(AttributeKind, "clsact")));
        if (made is not (0 or Errno.EEXIST))
        {
            throw NetworkAttachment.Failure(program, name, made);
        }

        // A priority of its own makes the filter one that can be named when it is removed.
        uint parent = outgoing ? Egress : Ingress;
        uint information = (System.Threading.Interlocked.Increment(ref s_priority) << 16) | AllProtocols;
        int descriptor = program.Descriptor.Value;
        string shown = program.Name;
        int error = Ask(calls, Message(NewFilter, Create | Exclusive, networkInterface, 1, parent, information, (ref Writer w) =>
        {
            w.Text(AttributeKind, "bpf");
            int options = w.Begin(AttributeOptions | Nested);
            w.Number(BpfDescriptor, (uint)descriptor);
            w.Text(BpfName, shown);
            w.Number(BpfFlags, DirectAction);
            w.End(options);
        }));
        GC.KeepAlive(program);
        void RemoveQdisc()
        {
            // Only our own, which is empty again; with filters of others on it, it stays.
            if (made == 0)
            {
                Ask(calls, Message(DeleteQdisc, 0, networkInterface, ClsactHandle, Clsact, 0, static (ref Writer w) => w.Text(AttributeKind, "clsact")));
            }
        }

        if (error != 0)
        {
            RemoveQdisc();
            throw NetworkAttachment.Failure(program, name, error);
        }

        return new BpfLink(program, null, null, "clsact filter", () =>
        {
            Ask(calls, Message(DeleteFilter, 0, networkInterface, 1, parent, information, static (ref Writer w) => w.Text(AttributeKind, "bpf")));
            RemoveQdisc();
        });
    }

    private delegate void Fill(ref Writer writer);

    private static byte[] Message(ushort type, int flags, int networkInterface, uint handle, uint parent, uint information, Fill fill)
    {
        var writer = new Writer(new byte[512], HeaderSize + TcMessageSize);
        fill(ref writer);
        byte[] bytes = writer.Bytes[..writer.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), (ushort)(flags | Request | Acknowledge));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), 1);
        Span<byte> body = bytes.AsSpan(HeaderSize);
        BinaryPrimitives.WriteInt32LittleEndian(body[4..], networkInterface);
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], handle);
        BinaryPrimitives.WriteUInt32LittleEndian(body[12..], parent);
        BinaryPrimitives.WriteUInt32LittleEndian(body[16..], information);
        return bytes;
    }

    // 0, or the errno, of the call itself or of the answer.
    private static int Ask(KernelCalls calls, ReadOnlySpan<byte> message)
    {
        const int Netlink = 16;
        const int RawCloseOnExec = 3 | 0x80000;
        const ushort ErrorType = 2;
        using KernelDescriptor? socket = calls.OpenSocket(Netlink, RawCloseOnExec, 0, out int error);
        if (socket is null || (error = calls.Write(socket, message)) != 0)
        {
            return error;
        }

        Span<byte> answer = stackalloc byte[4096];
        int count = calls.Read(socket, answer);
        return count < 0 ? -count
            : count >= HeaderSize + 4 && BinaryPrimitives.ReadUInt16LittleEndian(answer[4..]) == ErrorType ? -BinaryPrimitives.ReadInt32LittleEndian(answer[HeaderSize..])
            : Errno.EINVAL;
    }

    /// <summary>Writes attributes of netlink: length, type, value, each at a multiple of four bytes.</summary>
    private ref struct Writer(byte[] bytes, int length)
    {
        public readonly byte[] Bytes = bytes;
        public int Length = length;

        public int Begin(int type)
        {
            int start = Length;
            BinaryPrimitives.WriteUInt16LittleEndian(Bytes.AsSpan(start + 2), (ushort)type);
            Length += 4;
            return start;
        }

        public void End(int start)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(Bytes.AsSpan(start), (ushort)(Length - start));
            Length = (Length + 3) & ~3;
        }

        public void Number(ushort type, uint value)
        {
            int start = Begin(type);
            BinaryPrimitives.WriteUInt32LittleEndian(Bytes.AsSpan(Length), value);
            Length += 4;
            End(start);
        }

        public void Text(ushort type, string value)
        {
            int start = Begin(type);
            Length += Encoding.UTF8.GetBytes(value, Bytes.AsSpan(Length)) + 1;
            End(start);
        }
    }
}
