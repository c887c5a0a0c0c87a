// Programs at functions, in iterators and in cgroups, which the running kernel must accept.
using System;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

#pragma warning disable

unsafe struct Text
{
    public Text* Next;
    public long Number;
}

[BpfObject(License = "GPL")]
static unsafe partial class Probes
{
    internal static long Argument, Result, Pointed, Cookie;

    [Kprobe]
    static void Reads(KernelFile* file, byte* buffer, ulong count, long* position)
    {
        byte first = 0;
        Helpers.ProbeReadUser(&first, 1, buffer);
        Argument = (long)count + first + *position + file->f_flags;
        if (file->f_path.dentry != null) { Pointed = file->f_path.dentry->d_name.name[0]; }
    }

    [Kprobe] static void Registers(PtRegs* registers) => Argument = (long)(registers->Rdi + registers->Rip + Helpers.GetFuncIp(registers));
    [Kprobe] static int Nothing() => 0;
    [Kretprobe] static void Returned(int result) { if (result < 0) { Result = result; } }

    [Uprobe]
    static void Called(int number, Text* text, sbyte narrow)
    {
        Text copy = *text;
        Argument = number + narrow;
        Pointed = copy.Number + text->Next->Number + text[1].Number;
        Cookie = (long)Helpers.GetAttachCookie(Helpers.Context());
    }

    [Uprobe] static void Absolute(long number) { if (number == -4242424242) { Argument = number; } }
    [Uretprobe] static void Absolutely(long result) { if (result == 4242424242) { Result = result; } }
    [Usdt] static void Probe(PtRegs* registers) => Argument = (long)registers->Rsp;
}

[BpfObject(License = "GPL")]
static unsafe partial class Usdts
{
    internal static long Sum, Text, Last;

    [Usdt]
    static void Probe(long number, byte* text, short narrow, int unused, ulong last)
    {
        Sum += number + narrow;
        Last = (long)last;
        if (text != null) { Text = text[0]; }
    }
}

[BpfObject(License = "GPL")]
static unsafe partial class Tasks
{
    [Iterator("task")]
    static int Each(IteratorMeta* meta, TaskStruct* task)
    {
        if (task != null)
        {
            int process = task->tgid;
            Helpers.SeqWrite(meta->Sequence, in process);
        }

        return 0;
    }
}

[BpfObject(License = "GPL")]
static unsafe partial class Cgroups
{
    internal static ulong Seen;

    [CgroupSkb(CgroupDirection.Ingress)]
    static CgroupVerdict Received(SocketBuffer* packet)
    {
        Seen += packet->Length;
        return packet->Family == 2 && packet->RemoteIp4 != 0 && packet->LocalPort != 5 ? CgroupVerdict.Allow : CgroupVerdict.Refuse;
    }

    [CgroupSkb(CgroupDirection.Egress)]
    static CgroupVerdict Sent(SocketBuffer* packet)
    {
        byte* data = (byte*)packet->Data;
        byte* end = (byte*)packet->DataEnd;
        return data + 20 > end || data[9] == 6 ? CgroupVerdict.Allow : CgroupVerdict.Refuse;
    }

    [CgroupSock(CgroupSockHook.Create)]
    static CgroupVerdict Made(CgroupSocket* socket)
    {
        Seen += Helpers.GetCurrentPidTgid() + Helpers.GetCurrentUidGid() + Helpers.GetCurrentCgroupId();
        return socket->Family == 2 && socket->Protocol == 6 ? CgroupVerdict.Allow : CgroupVerdict.Refuse;
    }

    [CgroupSock(CgroupSockHook.PostBind4)]
    static CgroupVerdict Bound(CgroupSocket* socket) => socket->SourcePort == 80 && socket->SourceIp4 != 1 ? CgroupVerdict.Refuse : CgroupVerdict.Allow;

    [CgroupSockAddr(CgroupSockAddrHook.Connect4)]
    static CgroupVerdict Connects(CgroupSocketAddress* address)
    {
        Span<byte> name = stackalloc byte[16];
        Helpers.GetCurrentComm(name);
        Seen += name[0];
        address->UserIp4 = 0x0100007f;
        address->UserPort = 0x5000;
        return CgroupVerdict.Allow;
    }

    [CgroupSockAddr(CgroupSockAddrHook.Connect6)]
    static CgroupVerdict Connects6(CgroupSocketAddress* address)
    {
        Seen += Helpers.GetCurrentPidTgid() + address->UserIp6[2];
        return CgroupVerdict.Allow;
    }

    [CgroupSockAddr(CgroupSockAddrHook.ReceiveMessage4)] static CgroupVerdict Receives(CgroupSocketAddress* address) => CgroupVerdict.Allow;
}

[BpfObject(License = "GPL")]
static unsafe partial class Functions
{
    internal static long Sum;

    [KernelFunction("vfs_read")]
    static void Reads(KernelFile* file, byte* buffer, ulong count, long* position)
    {
        Sum += file->f_flags + (long)count + *position;
        byte first = 0;
        Helpers.ProbeReadUser(&first, 1, buffer);
        Sum += first;
    }

    [KernelFunctionReturn("vfs_read")] static void Returned(long result) { if (result > 0) { Sum += result; } }
    [KernelFunctionReturn("vfs_read", Arguments = 4)] static void ReturnedFifth(long result) { if (result > 0) { Sum += result; } }
    [KernelFunctionReturn("vfs_read")] static void ReturnedUnread() => Sum++;
}
