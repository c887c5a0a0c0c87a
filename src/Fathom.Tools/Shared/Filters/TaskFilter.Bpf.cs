using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.Tools.Shared.Filters;

/// <summary>Which tasks count, asked in the kernel before anything is reserved for an event.</summary>
/// <remarks>What nobody asked for costs nothing: the settings are constants, and the verifier drops the questions that are off.</remarks>
[BpfPart]
internal static unsafe partial class TaskFilter
{
    /// <summary>What is asked.</summary>
    [Constant]
    public static readonly TaskFilterSettings Filter;

    /// <summary>Descendants that found no room in <see cref="FilterTree"/>.</summary>
    [Loss("untracked", "child processes not followed, because there are more than the map has room for")]
    internal static ulong Untracked;

    /// <summary>The cgroup that counts, with those below it.</summary>
    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray FilterCgroup = new();

    /// <summary>
    /// The processes that count, one and its descendants, with the time at which each began in ns since boot; 0 for the one, which is not
    /// forgotten: when it ends, so does tracing.
    /// </summary>
    [Map(MaxEntries = 16_384), LoadIf(nameof(HasTree))]
    internal static readonly HashMap<uint, ulong> FilterTree = new();

    // PF_EXITING
    private const uint Exiting = 4;

    // How many cgroups lie in each other, at most; systemd makes about ten.
    private const int DeepestCgroup = 64;

    /// <summary>Only one process and its descendants count: what follows them costs time at every fork.</summary>
    private static bool HasTree => Filter.ByTree;

    [TracepointBtf("sched_process_fork"), LoadIf(nameof(HasTree))]
    private static void FilterForked(TaskStruct* parent, TaskStruct* child)
    {
        uint added = (uint)child->tgid;
        if ((uint)child->pid != added)
        {
            // Another thread of the same process.
            return;
        }

        uint process = (uint)parent->tgid;
        if (FilterTree.Lookup(process) == null)
        {
            // The number may have been that of a process whose memory the kernel has not freed yet.
            FilterTree.Delete(added);
        }
        else if (FilterTree.Update(added, child->start_time) != 0)
        {
            Interlocked.Increment(ref Untracked);
        }
    }

    /// <summary>
    /// A process is forgotten when nothing of it is left. Its exit is announced long before: it is then that its files and sockets are closed, and that
    /// what it has written goes to the disk (https://github.com/torvalds/linux/blob/v6.18/kernel/exit.c, do_exit).
    /// </summary>
    [TracepointBtf("sched_process_free"), LoadIf(nameof(HasTree))]
    private static void FilterFreed(TaskStruct* task)
    {
        uint process = (uint)task->tgid;
        if ((uint)task->pid != process)
        {
            return;
        }

        // The number is free somewhat earlier than the memory: by now it may be another's.
        ulong* began = FilterTree.Lookup(process);
        if (began != null && *began == task->start_time)
        {
            FilterTree.Delete(process);
        }
    }

    /// <summary>Gives the name of the first thread if the current task is at its end: whichever thread is the last closes the files of all.</summary>
    /// <returns>Whether it is at its end.</returns>
    public static bool NameAtEnd(void* name)
    {
        var task = (TaskStruct*)Helpers.GetCurrentTask();
        if ((task->flags & Exiting) == 0)
        {
            return false;
        }

        Helpers.ProbeReadKernel(name, CommandWords.Size, task->group_leader->comm);
        return true;
    }

    /// <summary>Whether the current task counts.</summary>
    public static bool WantsCurrent() => WantsCurrent(Helpers.GetCurrentPidTgid());

    /// <summary>Whether the current task counts.</summary>
    /// <param name="ids">What <see cref="Helpers.GetCurrentPidTgid"/> has given.</param>
    public static bool WantsCurrent(ulong ids)
    {
        // A tool does not observe itself.
        if (Filter.Self != 0 && (uint)(ids >> 32) == Filter.Self)
        {
            return false;
        }

        if (Filter.Thread != 0 && (uint)ids != Filter.Thread)
        {
            return false;
        }

        if (Filter.ByUser && (uint)Helpers.GetCurrentUidGid() != Filter.User)
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

        return WantsCurrentProcess(ids, orAtEnd: true);
    }

    /// <summary>Whether the current process counts: the questions that every tool has, alone.</summary>
    public static bool WantsCurrentProcess() => WantsCurrentProcess(Helpers.GetCurrentPidTgid(), orAtEnd: false);

    // orAtEnd: whether a task at its end may also have the name of its process's first thread; a constant, for some instructions.
    private static bool WantsCurrentProcess(ulong ids, bool orAtEnd)
    {
        uint process = (uint)(ids >> 32);
        if (Filter.Process != 0 && process != Filter.Process)
        {
            return false;
        }

        if (Filter.ByCommand)
        {
            CommandWords name = default;
            Helpers.GetCurrentComm(&name, CommandWords.Size);
            if (!IsWanted(&name) && (!orAtEnd || !NameAtEnd(&name) || !IsWanted(&name)))
            {
                return false;
            }
        }

        if (Filter.ByCgroup && FilterCgroup.ContainsCurrentTask(0) != 1)
        {
            return false;
        }

        return !Filter.ByTree || FilterTree.Lookup(process) != null;
    }

    /// <summary>Whether a task counts, which need not be the current one: the questions that every tool has, alone.</summary>
    public static bool Wants(TaskStruct* task)
    {
        uint process = (uint)task->tgid;
        return (Filter.Process == 0 || process == Filter.Process)
            && (!Filter.ByCommand || HasName(task))
            && (!Filter.ByCgroup || IsInCgroup(task))
            && (!Filter.ByTree || FilterTree.Lookup(process) != null);
    }

    /// <summary>Whether a task has the name that counts: up to its NUL, behind which old kernels leave what was there before.</summary>
    private static bool HasName(TaskStruct* task)
    {
        CommandWords name = default;
        Helpers.ProbeReadKernelString(&name, CommandWords.Size, task->comm);
        return IsWanted(&name);
    }

    /// <summary>Whether a task is in the cgroup that counts, or below it: the helper that <see cref="FilterCgroup"/> is for knows the current task alone.</summary>
    private static bool IsInCgroup(TaskStruct* task)
    {
        Cgroup* cgroup = task->cgroups->dfl_cgrp;
        for (int i = 0; i < DeepestCgroup && cgroup != null; i++)
        {
            if (cgroup->kn->id == Filter.Cgroup)
            {
                return true;
            }

            // A cgroup begins with what its parent is told of: their addresses are the same.
            cgroup = (Cgroup*)(ulong)cgroup->self.parent;
        }

        return false;
    }

    private static bool IsWanted(CommandWords* name) => name->Low == Filter.Command.Low && name->High == Filter.Command.High;
}
