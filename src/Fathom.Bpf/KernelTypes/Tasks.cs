using System.Runtime.CompilerServices;

namespace Fathom.Bpf.KernelTypes;

#pragma warning disable CS1591 // Fields have the names of the kernel's, where they are documented.

/// <summary>View of a thread (<c>struct task_struct</c>).</summary>
[KernelStruct("task_struct")]
public unsafe struct TaskStruct
{
    public ThreadInfo thread_info;
    public void* stack;
    public uint __state;
    public int exit_code;
    public int pid;
    public int tgid;
    public int prio;
    public uint flags;

    /// <summary>
    /// 1 while it runs. Kernels that are built for one CPU alone do not have it. An int up to Linux 6.18 and one byte in 7.3, hence unsigned:
    /// a load of a signed integer cannot be made to fit another size.
    /// </summary>
    public uint on_cpu;
    public TaskStruct* real_parent;
    public TaskStruct* parent;
    public TaskStruct* group_leader;
    public MmStruct* mm;
    public FsStruct* fs;
    public FilesStruct* files;
    public SignalStruct* signal;
    public CssSet* cgroups;
    public PidStruct* thread_pid;
    public ulong start_time;
    public ulong start_boottime;

    /// <summary>What a kernel thread or an I/O worker keeps of itself, a <see cref="Kthread"/> in the former (Linux 5.17).</summary>
    public void* worker_private;
    public fixed byte comm[16];
}

/// <summary>What the entry code keeps of a thread (<c>struct thread_info</c>, x86).</summary>
[KernelStruct("thread_info")]
public struct ThreadInfo
{
    /// <summary>In <see cref="status"/>: the system call that runs is one of the 32-bit interface (<c>TS_COMPAT</c>).</summary>
    /// <remarks>https://github.com/torvalds/linux/blob/v6.18/arch/x86/include/asm/thread_info.h</remarks>
    public const uint Compat = 2;

    public uint status;
}

/// <summary>View of a thread before Linux 5.14, where the state has another name, and before 5.17, where a kernel thread's own is elsewhere.</summary>
[KernelStruct("task_struct___old")]
public unsafe struct TaskStructOld
{
    public long state;

    /// <summary>In a kernel thread, its <see cref="Kthread"/>.</summary>
    public void* set_child_tid;
}

/// <summary>View of the numbers of a thread, one in each namespace that sees it (<c>struct pid</c>).</summary>
[KernelStruct("pid")]
public struct PidStruct
{
    /// <summary>Which of <see cref="numbers"/> is that of the innermost namespace, which the thread itself sees.</summary>
    public uint level;
    public UpidList numbers;
}

/// <summary>Numbers of a thread: as many as it is deep in namespaces.</summary>
[InlineArray(1)]
public struct UpidList
{
    private Upid _first;
}

/// <summary>View of the number of a thread in a namespace (<c>struct upid</c>).</summary>
[KernelStruct("upid")]
public unsafe struct Upid
{
    public int nr;
    public PidNamespace* ns;
}

/// <summary>View of a namespace of process numbers (<c>struct pid_namespace</c>).</summary>
[KernelStruct("pid_namespace")]
public struct PidNamespace
{
    public NsCommon ns;
}

/// <summary>View of what a kernel thread keeps of itself (<c>struct kthread</c>).</summary>
[KernelStruct("kthread")]
public unsafe struct Kthread
{
    /// <summary>What it was started with: in a worker of a workqueue, its <see cref="Worker"/>.</summary>
    public void* data;
}

/// <summary>View of a worker of workqueues (<c>struct worker</c>).</summary>
[KernelStruct("worker")]
public unsafe struct Worker
{
    /// <summary>Where its current work comes from.</summary>
    public PoolWorkqueue* current_pwq;
}

/// <summary>View of a part of a workqueue (<c>struct pool_workqueue</c>).</summary>
[KernelStruct("pool_workqueue")]
public unsafe struct PoolWorkqueue
{
    public WorkqueueStruct* wq;
}

/// <summary>View of a workqueue (<c>struct workqueue_struct</c>).</summary>
[KernelStruct("workqueue_struct")]
public unsafe struct WorkqueueStruct
{
    public fixed byte name[24];
}

/// <summary>View of an address space (<c>struct mm_struct</c>).</summary>
[KernelStruct("mm_struct")]
public struct MmStruct
{
    [UserPointer] public ulong arg_start;
    [UserPointer] public ulong arg_end;
}

/// <summary>What the threads of a process share (<c>struct signal_struct</c>).</summary>
[KernelStruct("signal_struct")]
public struct SignalStruct
{
    public AtomicCounter live;
}

/// <summary>A counter (<c>atomic_t</c>).</summary>
[KernelStruct("atomic_t")]
public struct AtomicCounter
{
    public int counter;
}
