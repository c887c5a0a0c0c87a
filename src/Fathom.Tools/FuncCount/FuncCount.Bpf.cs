using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Cost;
using Fathom.Tools.Shared.Counts;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.FuncCount;

/// <summary>Counts how often each of many places is passed.</summary>
/// <remarks>
/// There is one program for each way of attaching, and of these one is loaded. Which place it is, the program learns from its cookie, so that
/// one program does however many places there are; where the kernel has no cookies, the program is loaded once for each place, with the place
/// as a constant and the counts shared.
/// </remarks>
[BpfObject]
[Includes(typeof(TaskFilter))]
[Includes(typeof(Occurrences))]
[Includes(typeof(RunCost))]
internal static unsafe partial class FuncCountProbe
{
    /// <summary>Whether the place is the cookie of the attachment.</summary>
    [Constant]
    public static readonly bool ByCookie;

    /// <summary>The place, without <see cref="ByCookie"/>.</summary>
    [Constant]
    public static readonly uint Place;

    /// <summary>Whether the kernel must run an instruction at the place one step at a time, without <see cref="ByCookie"/>.</summary>
    [Constant]
    public static readonly bool IsStepped;

    /// <summary>Whether only what runs on one CPU counts.</summary>
    [Constant]
    public static readonly bool OneCpu;

    /// <summary>That CPU.</summary>
    [Constant]
    public static readonly uint Cpu;

    /// <summary>Whether processes that come to count are told.</summary>
    [Constant]
    public static readonly bool FollowsProcesses;

    /// <summary>Whether new threads are told.</summary>
    [Constant]
    public static readonly bool FollowsThreads;

    /// <summary>Not 0 once nothing counts any more, however long it takes to detach.</summary>
    internal static uint Stopped;

    /// <summary>Arrivals that found no room in <see cref="Arrivals"/>.</summary>
    internal static ulong LostArrivals;

    /// <summary>Tasks that may have to be attached to. They are rare, and user space is woken for each.</summary>
    [Map(MaxEntries = 256 * 1024), LoadIf(nameof(IsFollowing))]
    internal static readonly RingBuffer Arrivals = new();

    /// <summary>
    /// How many of the runs were where the kernel must run an instruction one step at a time, whether or not that counted: they cost more. An estimate, so
    /// that nothing is atomic.
    /// </summary>
    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<ulong> Stepped = new();

    /// <summary>Of each system call by its number: its place plus 1 for the entry and for the exit, 0 for none.</summary>
    [Map(MaxEntries = SystemCallPlaces.Count)]
    internal static readonly ArrayMap<SystemCallPlaces> Calls = new();

    private static bool IsFollowing => FollowsProcesses || FollowsThreads;

    private static bool FollowsNames => FollowsProcesses && TaskFilter.Filter.ByCommand;

    private static bool FollowsMoves => FollowsProcesses && TaskFilter.Filter.ByCgroup;

    /// <summary>Many functions of the kernel.</summary>
    [KprobeMulti]
    private static void KernelFunctions() => PassCookie(Helpers.Context());

    /// <summary>One function of the kernel.</summary>
    [Kprobe]
    private static void KernelFunction() => PassCookie(Helpers.Context());

    /// <summary>One function of the kernel, by trampoline.</summary>
    [Fentry]
    private static void KernelTrampoline() => Pass(Place);

    /// <summary>Many places in a file.</summary>
    [UprobeMulti]
    private static void UserFunctions() => PassCookie(Helpers.Context());

    /// <summary>One place in a file.</summary>
    [Uprobe]
    private static void UserFunction() => PassCookie(Helpers.Context());

    /// <summary>A tracepoint.</summary>
    [RawTracepoint]
    private static void Tracepoint() => PassCookie(Helpers.Context());

    /// <summary>The entry of every system call, in place of a tracepoint for each.</summary>
    [TracepointBtf("sys_enter")]
    private static void CallEntered(PtRegs* registers, long number)
    {
        SystemCallPlaces* places = FindCall(number);
        if (places != null && places->Entry != 0)
        {
            Pass(places->Entry - 1);
        }
    }

    /// <summary>The exit of every system call.</summary>
    [TracepointBtf("sys_exit")]
    private static void CallLeft(PtRegs* registers, long result)
    {
        SystemCallPlaces* places = FindCall((long)registers->OriginalRax);
        if (places != null && places->Exit != 0)
        {
            Pass(places->Exit - 1);
        }
    }

    /// <summary>A new process of those that count, or a new thread where each needs an attachment of its own.</summary>
    [TracepointBtf("sched_process_fork"), LoadIf(nameof(IsFollowing))]
    private static void FollowForked(TaskStruct* parent, TaskStruct* child)
    {
        bool isThread = child->tgid == parent->tgid;
        if ((isThread ? FollowsThreads : FollowsProcesses) && TaskFilter.WantsCurrentProcess())
        {
            Announce(child, FuncCountFollow.New);
        }
    }

    /// <summary>
    /// A process begins another program. Where another thread than the first asked for that, it takes the place and the number of the first, which is
    /// what was attached to; and a process that was put into its cgroup when it was made, by somebody outside, is seen here.
    /// </summary>
    [TracepointBtf("sched_process_exec"), LoadIf(nameof(IsFollowing))]
    private static void FollowExecuted(TaskStruct* task, int oldThread)
    {
        bool isAnother = oldThread != task->pid;
        if ((isAnother || TaskFilter.Filter.ByCgroup) && TaskFilter.WantsCurrentProcess())
        {
            Announce(task, isAnother ? FuncCountFollow.TakenOver : FuncCountFollow.Known);
        }
    }

    /// <summary>A thread gets the command name that counts: by a new program, or from itself.</summary>
    [TracepointBtf("task_rename"), LoadIf(nameof(FollowsNames))]
    private static void FollowRenamed(TaskStruct* task, byte* name)
    {
        CommandWords words = default;
        if (Helpers.ProbeReadKernelString(&words, CommandWords.Size, name) > 0 && words.Low == TaskFilter.Filter.Command.Low && words.High == TaskFilter.Filter.Command.High && IsInTree(task))
        {
            Announce(task, FuncCountFollow.Known);
        }
    }

    /// <summary>A process is moved to a cgroup; user space looks whether that counts.</summary>
    [TracepointBtf("cgroup_attach_task"), LoadIf(nameof(FollowsMoves))]
    private static void FollowMoved(Cgroup* to, byte* path, TaskStruct* task)
    {
        if (IsInTree(task))
        {
            Announce(task, FuncCountFollow.Moved);
        }
    }

    private static bool IsInTree(TaskStruct* task)
    {
        if (!TaskFilter.Filter.ByTree)
        {
            return true;
        }

        uint process = (uint)task->tgid;
        return TaskFilter.FilterTree.Lookup(process) != null;
    }

    private static void Announce(TaskStruct* task, uint kind)
    {
        if (Stopped != 0)
        {
            return;
        }

        FuncCountArrival arrival = default;
        arrival.Process = task->tgid;
        arrival.Thread = task->pid;
        arrival.Kind = kind;
        arrival.Time = Helpers.KtimeGetNs();
        if (Arrivals.Output(arrival, RingBufferFlags.ForceWakeup) != 0)
        {
            Interlocked.Increment(ref LostArrivals);
        }
    }

    // Numbers of the 32-bit interface are others, and the kernel's own tracepoints of system calls leave them away too:
    // https://github.com/torvalds/linux/blob/v6.18/kernel/trace/trace_syscalls.c (trace_get_syscall_nr)
    private static SystemCallPlaces* FindCall(long number)
    {
        if ((ulong)number >= SystemCallPlaces.Count)
        {
            return null;
        }

        var task = (TaskStruct*)Helpers.GetCurrentTask();
        return (task->thread_info.status & ThreadInfo.Compat) != 0 ? null : Calls.Lookup((uint)number);
    }

    private static void PassCookie(void* context)
    {
        ulong cookie = ByCookie ? Helpers.GetAttachCookie(context) : Place;
        if (((cookie >> FuncCountCookie.StepShift) & 1) != 0 || IsStepped)
        {
            ulong* stepped = Stepped.Lookup(0);
            if (stepped != null)
            {
                (*stepped)++;
            }
        }

        Pass((uint)cookie, (uint)(cookie >> FuncCountCookie.OwnerShift));
    }

    private static void Pass(uint place, uint owner = 0)
    {
        if (Stopped != 0)
        {
            return;
        }

        // A link of one process runs for whoever shares its memory, and these may have one of their own.
        if (owner != 0 && owner != (uint)(Helpers.GetCurrentPidTgid() >> 32))
        {
            return;
        }

        if (OneCpu && Helpers.GetSmpProcessorId() != Cpu)
        {
            return;
        }

        if (!TaskFilter.WantsCurrent())
        {
            return;
        }

        // What is tried in the tool's own process has no place.
        ulong* count = Occurrences.Numbered(place);
        if (count != null)
        {
            Occurrences.Add(count);
        }
    }
}
