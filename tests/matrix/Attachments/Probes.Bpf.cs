using System.Threading;
using Fathom.Bpf;

namespace Fathom.Attachments;

/// <summary>
/// A program for each way of attaching. All do the same: they add up how often they ran and what they saw. Sums, so that every event must be
/// right and not only the last one.
/// </summary>
[BpfObject]
internal static unsafe partial class Probes
{
    /// <summary>The only process that counts; 0 for all.</summary>
    [Constant]
    public static readonly uint Process;

    /// <summary>Whether cookies are read, and functions' addresses, which is as new: Linux 5.15.</summary>
    [Constant]
    public static readonly uint WantsCookies;

    /// <summary>The system call that tracepoints count.</summary>
    [Constant]
    public static readonly long SystemCall;

    /// <summary>Bytes of the packets that count.</summary>
    [Constant]
    public static readonly uint PacketLength;

    internal static ulong Calls, Cookies, Addresses;
    internal static long First, Second, Third, Results;

    [Fentry("vfs_fallocate")]
    private static void Entered(void* file, int mode, long offset, long length) => Called(null, mode, offset, length);

    [Fexit("vfs_fallocate")]
    private static void Left(void* file, int mode, long offset, long length, int result)
    {
        Called(null, mode, offset, length);
        AddResult(result);
    }

    [Kprobe]
    private static void KernelCall(void* file, int mode, long offset, long length)
    {
        Called(Helpers.Context(), mode, offset, length);
        AddAddress();
    }

    [Kretprobe]
    private static void KernelReturn(int result) => Returned(Helpers.Context(), result);

    [KprobeMulti]
    private static void KernelCalls(void* first, int second)
    {
        Called(Helpers.Context(), 0, 0, 0);
        AddAddress();
    }

    [KretprobeMulti]
    private static void KernelReturns(int result)
    {
        Returned(Helpers.Context(), result);
        AddAddress();
    }

    [KprobeSession]
    private static int KernelSession()
    {
        Called(Helpers.Context(), 0, 0, 0);
        return 0;
    }

    [KernelFunction("vfs_fallocate")]
    private static void PairCall(void* file, int mode, long offset, long length) => Called(null, mode, offset, length);

    [KernelFunctionReturn("vfs_fallocate")]
    private static void PairReturn(int result) => Returned(null, result);

    [KernelFunctionReturn("vfs_fallocate", Arguments = 4)]
    private static void PairReturnOfFour(int result) => Returned(null, result);

    [Uprobe]
    private static void UserCall(int argument) => Called(Helpers.Context(), argument, 0, 0);

    [Uretprobe]
    private static void UserReturn(int result) => Returned(Helpers.Context(), result);

    [UprobeMulti]
    private static void UserCalls(int argument) => Called(Helpers.Context(), argument, 0, 0);

    [UretprobeMulti]
    private static void UserReturns(int result) => Returned(Helpers.Context(), result);

    [UprobeSession]
    private static int UserSession()
    {
        Called(Helpers.Context(), 0, 0, 0);
        return 0;
    }

    [Usdt]
    private static void StaticProbe(PtRegs* registers) => Called(registers, (int)registers->Rdi, 0, 0);

    [RawTracepoint]
    private static void RawEntry(RawTracepointContext* context)
    {
        if ((long)context->Arguments[1] == SystemCall)
        {
            Called(context, 0, 0, 0);
        }
    }

    [Tracepoint]
    private static void PerfEntry(SyscallEnterContext* context) =>
        Called(context, (int)context->Arguments[1], (long)context->Arguments[2], (long)context->Arguments[3]);

    [TracepointBtf("sys_enter")]
    private static void TypedEntry(PtRegs* registers, long number)
    {
        if (number == SystemCall)
        {
            Called(null, (int)registers->Rsi, (long)registers->Rdx, (long)registers->R10);
        }
    }

    [PerfEvent]
    private static void Sample(PerfEventContext* context) => Called(null, 0, 0, 0);

    [Xdp]
    private static XdpAction Received(XdpContext* context)
    {
        if (context->DataEnd - context->Data == PacketLength)
        {
            Interlocked.Increment(ref Calls);
        }

        return XdpAction.Pass;
    }

    [TrafficControl]
    private static TrafficControlAction Passed(SocketBuffer* packet)
    {
        CountPacket(packet->Length);
        return TrafficControlAction.Ok;
    }

    [CgroupSkb(CgroupDirection.Ingress)]
    private static CgroupVerdict CgroupReceived(SocketBuffer* packet)
    {
        CountPacket(packet->Length);
        return CgroupVerdict.Allow;
    }

    [CgroupSkb(CgroupDirection.Egress)]
    private static CgroupVerdict CgroupSent(SocketBuffer* packet)
    {
        CountPacket(packet->Length);
        return CgroupVerdict.Allow;
    }

    [CgroupSockAddr(CgroupSockAddrHook.Connect4)]
    private static CgroupVerdict Connects(CgroupSocketAddress* address)
    {
        // In the order of the network.
        Count(((address->UserPort & 0xff) << 8) | ((address->UserPort >> 8) & 0xff), address->UserIp4, 0);
        return CgroupVerdict.Allow;
    }

    [CgroupSock(CgroupSockHook.Create)]
    private static CgroupVerdict Makes(CgroupSocket* socket)
    {
        Count(socket->Family, socket->Type, 0);
        return CgroupVerdict.Allow;
    }

    [Iterator("task")]
    private static int Task(IteratorMeta* meta, Fathom.Bpf.KernelTypes.TaskStruct* task)
    {
        // Leaders of thread groups: each process once.
        if (task != null && task->pid == task->tgid)
        {
            int process = task->tgid;
            Helpers.SeqWrite(meta->Sequence, in process);
        }

        return 0;
    }

    private static void Called(void* context, long first, long second, long third)
    {
        Count(first, second, third);
        if (WantsCookies != 0 && context != null && IsOurs())
        {
            Interlocked.Add(ref Cookies, Helpers.GetAttachCookie(context));
        }
    }

    private static void Count(long first, long second, long third)
    {
        if (IsOurs())
        {
            Interlocked.Increment(ref Calls);
            Interlocked.Add(ref First, first);
            Interlocked.Add(ref Second, second);
            Interlocked.Add(ref Third, third);
        }
    }

    private static void Returned(void* context, int result)
    {
        Called(context, 0, 0, 0);
        AddResult(result);
    }

    private static void AddResult(int result)
    {
        if (IsOurs())
        {
            Interlocked.Add(ref Results, result);
        }
    }

    private static void AddAddress()
    {
        if (WantsCookies != 0 && IsOurs())
        {
            Interlocked.Add(ref Addresses, Helpers.GetFuncIp(Helpers.Context()));
        }
    }

    private static void CountPacket(uint length)
    {
        if (length == PacketLength)
        {
            Interlocked.Increment(ref Calls);
        }
    }

    private static bool IsOurs() => Process == 0 || (uint)(Helpers.GetCurrentPidTgid() >> 32) == Process;
}
