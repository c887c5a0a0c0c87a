using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.Tools.Shared.Filters;

/// <summary>Whether the command that is traced has begun: what its process has done so far is none of the command's.</summary>
[BpfPart]
internal static unsafe partial class CommandStart
{
    /// <summary>The process of a command that has not begun yet; 0 for none.</summary>
    internal static uint Awaited;

    /// <summary>Whether it has begun, or there is none.</summary>
    public static bool HasBegun => !TaskFilter.Filter.ByTree || Awaited == 0;

    private static bool HasCommand => TaskFilter.Filter.ByTree;

    [TracepointBtf("sched_process_exec"), LoadIf(nameof(HasCommand))]
    private static void CommandBegins(TaskStruct* task)
    {
        if ((uint)task->tgid == Awaited)
        {
            Awaited = 0;
        }
    }
}
