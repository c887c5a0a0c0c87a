using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.Shared.Names;

/// <summary>The names that processes had when they ended: procfs knows those of the others.</summary>
[BpfPart]
internal static unsafe partial class ProcessNames
{
    /// <summary>Whether names are asked for.</summary>
    [Constant]
    public static readonly bool KeepNames;

    /// <summary>The names by number.</summary>
    [Map(MaxEntries = 16_384), LoadIf(nameof(KeepNames))]
    internal static readonly LruHashMap<uint, CommandWords> EndedNames = new();

    [TracepointBtf("sched_process_exit"), LoadIf(nameof(KeepNames))]
    private static void NameEnded(TaskStruct* task)
    {
        CommandWords name = default;
        Helpers.ProbeReadKernelString(&name, CommandWords.Size, task->group_leader->comm);
        EndedNames.Update((uint)task->tgid, name);
    }
}
