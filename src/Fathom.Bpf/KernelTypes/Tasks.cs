namespace Fathom.Bpf.KernelTypes;

#pragma warning disable CS1591 // Fields have the names of the kernel's, where they are documented.

/// <summary>View of a thread (<c>struct task_struct</c>).</summary>
[KernelStruct("task_struct")]
public unsafe struct TaskStruct
{
    public ThreadInfo thread_info;
    public uint __state;
    public int exit_code;
    public int pid;
    public int tgid;
    public int prio;
    public uint flags;
    public TaskStruct* real_parent;
    public TaskStruct* parent;
    public TaskStruct* group_leader;
    public MmStruct* mm;
    public FsStruct* fs;
    public FilesStruct* files;
    public SignalStruct* signal;
    public CssSet* cgroups;
    public ulong start_time;
    public ulong start_boottime;
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

/// <summary>View of a thread before Linux 5.14, where the state has another name.</summary>
[KernelStruct("task_struct___old")]
public struct TaskStructOld
{
    public long state;
}

/// <summary>View of an address space (<c>struct mm_struct</c>).</summary>
[KernelStruct("mm_struct")]
public struct MmStruct
{
    public ulong arg_start;
    public ulong arg_end;
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
