using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.Tools.Shared.Filters;

/// <summary>Which tasks count, asked in the kernel before anything is reserved for an event.</summary>
/// <remarks>What nobody asked for costs nothing: the settings are constants, and the verifier drops the questions that are off.</remarks>
[BpfPart]
internal static unsafe class TaskFilter
{
    /// <summary>What is asked.</summary>
    [Constant]
    public static readonly TaskFilterSettings Filter;

    /// <summary>Descendants that found no room in <see cref="FilterTree"/>.</summary>
    internal static ulong Untracked;

    /// <summary>The cgroup that counts, with those below it.</summary>
    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray FilterCgroup = new();

    /// <summary>The processes that count: one and its descendants.</summary>
    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<uint, uint> FilterTree = new();

    [TracepointBtf("sched_process_fork")]
    private static void FilterForked(TaskStruct* parent, TaskStruct* child)
    {
        uint process = (uint)parent->tgid;
        if (FilterTree.Lookup(process) != null)
        {
            uint added = (uint)child->tgid;
            if (FilterTree.Update(added, added) != 0)
            {
                Interlocked.Increment(ref Untracked);
            }
        }
    }

    [TracepointBtf("sched_process_exit")]
    private static void FilterExited(TaskStruct* task)
    {
        // The number of threads left has been counted down before the tracepoint: the last one takes the process away.
        if (task->signal->live.counter == 0)
        {
            uint process = (uint)task->tgid;
            FilterTree.Delete(process);
        }
    }

    /// <summary>Whether the current task counts.</summary>
    public static bool WantsCurrent()
    {
        ulong ids = Helpers.GetCurrentPidTgid();

        // A tool does not observe itself.
        if (Filter.Self != 0 && (uint)(ids >> 32) == Filter.Self)
        {
            return false;
        }

        if (Filter.Thread != 0 && (uint)ids != Filter.Thread)
        {
            return false;
        }

        if ((Filter.Mode & TaskFilterSettings.OneUser) != 0 && (uint)Helpers.GetCurrentUidGid() != Filter.User)
        {
            return false;
        }

        if (Filter.Parent != 0)
        {
            var task = (TaskStruct*)Helpers.GetCurrentTask();
            if ((uint)task->real_parent->tgid != Filter.Parent)
            {
                return false;
            }
        }

        return WantsCurrentProcess();
    }

    /// <summary>Whether the current process counts: the questions that every tool has, alone.</summary>
    public static bool WantsCurrentProcess()
    {
        uint process = (uint)(Helpers.GetCurrentPidTgid() >> 32);
        if (Filter.Process != 0 && process != Filter.Process)
        {
            return false;
        }

        if ((Filter.Mode & TaskFilterSettings.OneCommand) != 0)
        {
            CommandWords name = default;
            Helpers.GetCurrentComm(&name, CommandWords.Size);
            if (name.Low != Filter.Command.Low || name.High != Filter.Command.High)
            {
                return false;
            }
        }

        if ((Filter.Mode & TaskFilterSettings.OneCgroup) != 0 && FilterCgroup.ContainsCurrentTask(0) != 1)
        {
            return false;
        }

        return (Filter.Mode & TaskFilterSettings.OneTree) == 0 || FilterTree.Lookup(process) != null;
    }
}
