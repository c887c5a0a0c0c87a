using System.Collections.Generic;

namespace Fathom.Interpreter;

/// <summary>The world as helpers tell it. Nothing here changes by itself, but for the random numbers.</summary>
public sealed class MachineState
{
    private ulong? _bootTimeNs;
    private ulong? _taiTimeNs;

    /// <summary>Nanoseconds since boot without sleep (<c>bpf_ktime_get_ns</c>).</summary>
    public ulong TimeNs { get; set; } = 1_000_000_000;

    /// <summary>Nanoseconds since boot (<c>bpf_ktime_get_boot_ns</c>); <see cref="TimeNs"/> if it was never set.</summary>
    public ulong BootTimeNs
    {
        get => _bootTimeNs ?? TimeNs;
        set => _bootTimeNs = value;
    }

    /// <summary>Nanoseconds of atomic time (<c>bpf_ktime_get_tai_ns</c>); <see cref="TimeNs"/> if it was never set.</summary>
    public ulong TaiTimeNs
    {
        get => _taiTimeNs ?? TimeNs;
        set => _taiTimeNs = value;
    }

    /// <summary>Ticks of the kernel's clock (<c>bpf_jiffies64</c>).</summary>
    public ulong Jiffies { get; set; }

    /// <summary>The process (<c>tgid</c>), the high half of <c>bpf_get_current_pid_tgid</c>.</summary>
    public uint ProcessId { get; set; } = 1;

    /// <summary>The thread (the kernel's <c>pid</c>), the low half of <c>bpf_get_current_pid_tgid</c>.</summary>
    public uint ThreadId { get; set; } = 1;

    /// <summary>The user, the low half of <c>bpf_get_current_uid_gid</c>.</summary>
    public uint UserId { get; set; }

    /// <summary>The group, the high half of <c>bpf_get_current_uid_gid</c>.</summary>
    public uint GroupId { get; set; }

    /// <summary>The name of the thread (<c>bpf_get_current_comm</c>); the kernel keeps its first 15 bytes.</summary>
    public string Comm { get; set; } = "init";

    /// <summary>The CPU that runs the program (<c>bpf_get_smp_processor_id</c>).</summary>
    public int Cpu { get; set; }

    /// <summary>The memory node of the CPU (<c>bpf_get_numa_node_id</c>).</summary>
    public int NumaNode { get; set; }

    /// <summary>The cgroup (<c>bpf_get_current_cgroup_id</c>).</summary>
    public ulong CgroupId { get; set; } = 1;

    /// <summary>Its ancestors by level (<c>bpf_get_current_ancestor_cgroup_id</c>); 0 for a level that is not there.</summary>
    public IDictionary<int, ulong> AncestorCgroupIds { get; } = new Dictionary<int, ulong>();

    /// <summary>The guest address of the thread's <c>task_struct</c> (<c>bpf_get_current_task</c>): memory that the host has made.</summary>
    public ulong CurrentTask { get; set; }

    /// <summary>What was given when the program was attached (<c>bpf_get_attach_cookie</c>).</summary>
    public ulong AttachCookie { get; set; }

    /// <summary>The address of the traced function (<c>bpf_get_func_ip</c>).</summary>
    public ulong FunctionAddress { get; set; }

    /// <summary>
    /// How many words at the start of the context are arguments of the traced function (<c>bpf_get_func_arg_cnt</c>). In the word behind them is its
    /// result, if the context has one (<c>bpf_get_func_ret</c>).
    /// </summary>
    public int FunctionArgumentCount { get; set; }

    /// <summary>What iterators gave to their reader, one element for each time (<c>bpf_seq_write</c>).</summary>
    public IList<byte[]> Sequence { get; } = [];

    /// <summary>From what the next random number is made (<c>bpf_get_prandom_u32</c>); not 0.</summary>
    public ulong RandomSeed { get; set; } = 0x9e37_79b9_7f4a_7c15;

    /// <summary>What programs wrote with <c>bpf_trace_printk</c>.</summary>
    public IList<string> Trace { get; } = [];

    /// <summary>Signals that programs sent to the current process (<c>bpf_send_signal</c>).</summary>
    public IList<int> Signals { get; } = [];

    internal uint NextRandom()
    {
        ulong x = RandomSeed == 0 ? 1 : RandomSeed;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        RandomSeed = x;
        return (uint)(x >> 32);
    }
}
