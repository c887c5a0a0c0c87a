using System;

namespace Fathom.Bpf;

// The current task, its user, its cgroup.
public static unsafe partial class Helpers
{
    /// <summary>Process id in the upper half, thread id in the lower (<c>bpf_get_current_pid_tgid</c>).</summary>
    [Helper(14, ProgramTypes = ProgramTypes.Tracing | ProgramTypes.CgroupSyscalls)]
    public static ulong GetCurrentPidTgid() => throw DeviceOnlyException.Create();

    /// <summary>Group id in the upper half, user id in the lower (<c>bpf_get_current_uid_gid</c>).</summary>
    [Helper(15, ProgramTypes = ProgramTypes.Tracing | ProgramTypes.CgroupSyscalls)]
    public static ulong GetCurrentUidGid() => throw DeviceOnlyException.Create();

    /// <summary>Name of the current thread, with its NUL; 16 bytes suffice (<c>bpf_get_current_comm</c>).</summary>
    [Helper(16, ProgramTypes = ProgramTypes.Tracing | ProgramTypes.CgroupSyscalls)]
    public static long GetCurrentComm(Span<byte> buffer) => throw DeviceOnlyException.Create();

    /// <summary>Name of the current thread, with its NUL; 16 bytes suffice (<c>bpf_get_current_comm</c>).</summary>
    [Helper(16, ProgramTypes = ProgramTypes.Tracing | ProgramTypes.CgroupSyscalls)]
    public static long GetCurrentComm(void* buffer, uint bytes) => throw DeviceOnlyException.Create();

    /// <summary>The current <c>task_struct</c>, read by <c>bpf_probe_read_kernel</c> (<c>bpf_get_current_task</c>).</summary>
    [Helper(35, ProgramTypes = ProgramTypes.Tracing, Result = PointerKind.Kernel)]
    public static void* GetCurrentTask() => throw DeviceOnlyException.Create();

    /// <summary>The current <c>task_struct</c>, trusted: its fields are plain loads (<c>bpf_get_current_task_btf</c>).</summary>
    [Helper(158, Since = "5.11", ProgramTypes = ProgramTypes.Tracing, Result = PointerKind.Trusted)]
    public static void* GetCurrentTaskBtf() => throw DeviceOnlyException.Create();

    /// <summary>Process and thread id as a pid namespace, given by device and inode of its file, sees them (<c>bpf_get_ns_current_pid_tgid</c>).</summary>
    [Helper(120, Since = "5.7", ProgramTypes = ProgramTypes.Tracing)]
    public static long GetNsCurrentPidTgid(ulong device, ulong inode, [FollowedBySize] out PidTgid ids) => throw DeviceOnlyException.Create();

    /// <summary>Id of the current task's cgroup (version 2) (<c>bpf_get_current_cgroup_id</c>).</summary>
    [Helper(80, ProgramTypes = ProgramTypes.Tracing | ProgramTypes.CgroupSyscalls)]
    public static ulong GetCurrentCgroupId() => throw DeviceOnlyException.Create();

    /// <summary>Id of the ancestor, at a level below the root, of the current task's cgroup (<c>bpf_get_current_ancestor_cgroup_id</c>).</summary>
    [Helper(123, Since = "5.7", ProgramTypes = ProgramTypes.Tracing | ProgramTypes.CgroupSyscalls)]
    public static ulong GetCurrentAncestorCgroupId(int level) => throw DeviceOnlyException.Create();

    /// <summary>Sends a signal to the current process (<c>bpf_send_signal</c>).</summary>
    [Helper(109, ProgramTypes = ProgramTypes.Tracing)]
    public static long SendSignal(uint signal) => throw DeviceOnlyException.Create();

    /// <summary>Sends a signal to the current thread (<c>bpf_send_signal_thread</c>).</summary>
    [Helper(117, Since = "5.6", ProgramTypes = ProgramTypes.Tracing)]
    public static long SendSignalThread(uint signal) => throw DeviceOnlyException.Create();

    /// <summary>The saved user registers (<c>pt_regs</c>) of a trusted task (<c>bpf_task_pt_regs</c>).</summary>
    [Helper(175, Since = "5.15", ProgramTypes = ProgramTypes.Tracing, Result = PointerKind.Trusted)]
    public static void* TaskPtRegs(void* task) => throw DeviceOnlyException.Create();
}
