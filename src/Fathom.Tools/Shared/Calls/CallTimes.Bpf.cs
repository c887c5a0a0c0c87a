using Fathom.Bpf;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Starts;

namespace Fathom.Tools.Shared.Calls;

/// <summary>When system calls begin: an object that includes this ends their <see cref="ThreadStarts"/>.</summary>
[BpfPart]
internal static unsafe partial class CallTimes
{
    /// <summary>Whether times are asked for.</summary>
    [Constant]
    public static readonly bool TimesCalls;

    [TracepointBtf("sys_enter"), LoadIf(nameof(TimesCalls))]
    private static void Entered(PtRegs* registers, long number)
    {
        ulong ids = Helpers.GetCurrentPidTgid();
        if (TaskFilter.WantsCurrent(ids))
        {
            ThreadStarts.Begin((uint)ids);
        }
    }

    /// <summary>A thread that is not the first begins another program, and gets the first one's number for that.</summary>
    [TracepointBtf("sched_process_exec"), LoadIf(nameof(TimesCalls))]
    private static void Renumbered(Bpf.KernelTypes.TaskStruct* task, int oldThread)
    {
        ulong start = oldThread != task->pid ? ThreadStarts.End((uint)oldThread) : 0;
        if (start != 0)
        {
            ThreadStarts.Begin((uint)task->pid, start);
        }
    }
}
