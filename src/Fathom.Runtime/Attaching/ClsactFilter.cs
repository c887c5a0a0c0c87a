using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Fathom.Format.Linux;
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
    private const ushort GetFilter = 46;
    private const ushort ErrorAnswer = 2;
    private const ushort EndOfList = 3;
    private const ushort Request = 1;
    private const ushort Acknowledge = 4;
    private const ushort Exclusive = 0x200;
    private const ushort Dump = 0x300;
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

    private const uint FirstPriority = 0xc000;
    private const uint LastPriority = 0xffff;
    private const int MostTries = 100;

    // The interfaces whose discipline was made here. Also the lock of everything here.
    private static readonly HashSet<int> Made = [];

    private static uint s_priority = FirstPriority;

    /// <summary>Attaches.</summary>
    public static BpfLink Attach(BpfProgram program, int networkInterface, string name, bool outgoing)
    {
        KernelCalls calls = program.Kernel.Calls;
        uint parent = outgoing ? Egress : Ingress;
        uint information;
        lock (Made)
        {
            int error = Ask(calls, Qdisc(NewQdisc, Create | Exclusive, networkInterface));
            if (error == 0)
            {
                Made.Add(networkInterface);
            }
            else if (error != Errno.EEXIST)
            {
                throw Failure(program, name, error);
            }

            // A priority of its own makes the filter one that can be named when it is removed; where another process has taken it, the next.
            int tries = 0;
            do
            {
                s_priority = s_priority == LastPriority ? FirstPriority : s_priority + 1;
                information = (s_priority << 16) | AllProtocols;
                error = Ask(calls, Filter(program, networkInterface, parent, information));
            }
            while (error == Errno.EEXIST && ++tries < MostTries);
            if (error != 0)
            {
                RemoveQdisc(calls, networkInterface);
                throw Failure(program, name, error);
            }
        }

        return new BpfLink(program, null, null, "clsact filter", () =>
        {
            lock (Made)
            {
                Ask(calls, Message(DeleteFilter, 0, networkInterface, 1, parent, information, static (ref Writer w) => w.Text(AttributeKind, "bpf")));
                RemoveQdisc(calls, networkInterface);
            }
        });
    }

    private static BpfException Failure(BpfProgram program, string name, int error) => error != Errno.ENOENT
        ? NetworkAttachment.Failure(program, name, error)
        : Attacher.Failure(
            program, name, error,
            "this kernel has no queueing discipline clsact or no filters of BPF (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF); load the modules sch_ingress and cls_bpf.",
            RefusalCause.MissingConfig);

    // Only one that was made here, and only once it is empty: the filters of others would go with it.
    private static void RemoveQdisc(KernelCalls calls, int networkInterface)
    {
        if (Made.Contains(networkInterface) && !HasFilters(calls, networkInterface, Ingress) && !HasFilters(calls, networkInterface, Egress))
        {
            Ask(calls, Qdisc(DeleteQdisc, 0, networkInterface));
            Made.Remove(networkInterface);
        }
    }

    private static byte[] Qdisc(ushort type, int flags, int networkInterface) =>
        Message(type, flags, networkInterface, ClsactHandle, Clsact, 0, static (ref Writer w) => w.Text(AttributeKind, "clsact"));

    private static byte[] Filter(BpfProgram program, int networkInterface, uint parent, uint information) =>
        Message(NewFilter, Create | Exclusive, networkInterface, 1, parent, information, (ref Writer w) =>
        {
            w.Text(AttributeKind, "bpf");
            int options = w.Begin(AttributeOptions | Nested);
            w.Number(BpfDescriptor, (uint)program.Descriptor.Value);
            w.Text(BpfName, program.Name);
            w.Number(BpfFlags, DirectAction);
            w.End(options);
        });

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
        Span<byte> answer = stackalloc byte[4096];
        int count = Ask(calls, message, answer);
        return count < 0 ? -count
            : TypeOf(answer[..count]) == ErrorAnswer && count >= HeaderSize + 4 ? -BinaryPrimitives.ReadInt32LittleEndian(answer[HeaderSize..])
            : Errno.EINVAL;
    }

    // The list of filters comes as a message for each, and one at the end. What is no list says nothing, and there may be some.
    private static bool HasFilters(KernelCalls calls, int networkInterface, uint parent)
    {
        Span<byte> answer = stackalloc byte[8192];
        int count = Ask(calls, Message(GetFilter, Dump, networkInterface, 0, parent, 0, static (ref Writer _) => { }), answer);
        return count < 0 || TypeOf(answer[..count]) != EndOfList;
    }

    private static int Ask(KernelCalls calls, ReadOnlySpan<byte> message, Span<byte> answer)
    {
        const int Netlink = 16;
        const int RawCloseOnExec = 3 | 0x80000;
        using KernelDescriptor? socket = calls.OpenSocket(Netlink, RawCloseOnExec, 0, out int error);
        return socket is null || (error = calls.Write(socket, message)) != 0 ? -error : calls.Read(socket, answer);
    }

    private static ushort TypeOf(ReadOnlySpan<byte> answer) => answer.Length >= HeaderSize ? BinaryPrimitives.ReadUInt16LittleEndian(answer[4..]) : (ushort)0;

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
