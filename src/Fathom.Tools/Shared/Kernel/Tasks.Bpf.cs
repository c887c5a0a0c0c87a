using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.Tools.Shared.Kernel;

/// <summary>What the kernel knows of a thread, wherever the kernel at hand keeps it.</summary>
internal static unsafe class Tasks
{
    /// <summary>
    /// The state of a thread, as bits; 0 if it runs or could. At a switch this says better than the tracepoint's argument whether the thread that goes
    /// stays runnable: kernels take the argument before they look for signals, so that one which a signal keeps awake seems to sleep
    /// (https://github.com/torvalds/linux/blob/v6.1/kernel/sched/core.c, __schedule). What another CPU may write here meanwhile is not 0 (TASK_WAKING).
    /// </summary>
    public static uint StateOf(TaskStruct* task) => Core.FieldExists(task->__state) ? task->__state : (uint)((TaskStructOld*)task)->state;

    /// <summary>Whether a thread runs, which one that is woken may: it was about to sleep.</summary>
    public static bool IsRunning(TaskStruct* task) => Core.FieldExists(task->on_cpu) ? task->on_cpu != 0 : (ulong)task == (ulong)Helpers.GetCurrentTask();

    /// <summary>The number of the namespace of process numbers that a thread lives in.</summary>
    public static uint PidNamespaceOf(TaskStruct* task)
    {
        PidStruct* pid = task->thread_pid;
        return pid->numbers[(int)pid->level].ns->ns.inum;
    }
}
