using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.Testing.Tests;

/// <summary>A record of <see cref="ExitWatch"/>.</summary>
internal struct Exit
{
    public ulong Time;
    public int Process;
    public int Code;
}

/// <summary>Exits of processes, with what a test can make up: constants, time, records, globals, memory that is not there.</summary>
[BpfObject]
internal static unsafe partial class ExitWatch
{
    /// <summary>The user whose processes count.</summary>
    [Constant]
    public static readonly uint OnlyUser;

    internal static ulong Skipped;

    [Map(MaxEntries = 4096)]
    internal static readonly RingBuffer Exits = new();

    [Map(MaxEntries = 4)]
    internal static readonly PerCpuArray<ulong> Counts = new();

    [TracepointBtf("sched_process_exit")]
    private static void Exited(TaskStruct* task)
    {
        if (OnlyUser != 0 && (uint)Helpers.GetCurrentUidGid() != OnlyUser)
        {
            Skipped++;
            return;
        }

        ulong* count = Counts.Lookup(0);
        if (count != null)
        {
            *count += 1;
        }

        Exit* exit = Exits.Reserve<Exit>();
        if (exit == null)
        {
            return;
        }

        exit->Time = Helpers.KtimeGetNs();
        exit->Process = (int)(Helpers.GetCurrentPidTgid() >> 32);
        exit->Code = task->group_leader->exit_code;
        Exits.Submit(exit);
    }

    /// <summary>Gives 1 where threads have the field of new kernels.</summary>
    [Syscall]
    private static int IsNew()
    {
        TaskStruct* task = (TaskStruct*)Helpers.GetCurrentTask();
        return Core.FieldExists(task->__state) ? 1 : 0;
    }

    /// <summary>Reads a thread's name through a pointer that nobody has checked.</summary>
    [Syscall]
    private static int FirstLetter()
    {
        TaskStruct* task = (TaskStruct*)Helpers.GetCurrentTask();
        byte first = 0;
        return Helpers.ProbeReadKernel(&first, 1, &task->comm[0]) == 0 ? first : -1;
    }

    [Xdp]
    private static XdpAction DropShort(XdpContext* context)
    {
        byte* packet = (byte*)(ulong)context->Data;
        byte* end = (byte*)(ulong)context->DataEnd;
        if (packet + 14 > end)
        {
            return XdpAction.Drop;
        }

        packet[0] = 0xff;
        return XdpAction.Pass;
    }
}
