namespace Fathom.Bpf;

/// <summary>Context of a raw tracepoint program (<c>struct bpf_raw_tracepoint_args</c>): the tracepoint's arguments as numbers.</summary>
[KernelContext("bpf_raw_tracepoint_args")]
public unsafe struct RawTracepointContext
{
    /// <summary>The arguments; index them with constants, cast pointers. Kernel memory is read by <c>bpf_probe_read_kernel</c>.</summary>
    public fixed ulong Arguments[12];
}

/// <summary>Context of a perf event program on x86-64 (<c>struct bpf_perf_event_data</c>).</summary>
[KernelContext("bpf_perf_event_data")]
public struct PerfEventContext
{
    /// <summary>Registers at the event.</summary>
    public PtRegs Registers;

    /// <summary>Period of the event.</summary>
    public ulong SamplePeriod;

    /// <summary>Address of the event, where it has one.</summary>
    public ulong Address;
}

/// <summary>
/// Registers of x86-64 (<c>struct pt_regs</c>), also the context of programs on functions: at a call the arguments are in <see cref="Rdi"/>,
/// <see cref="Rsi"/>, <see cref="Rdx"/>, <see cref="Rcx"/>, <see cref="R8"/>, <see cref="R9"/>, at a return the result is in <see cref="Rax"/>.
/// </summary>
[KernelStruct("pt_regs")]
public struct PtRegs
{
#pragma warning disable CS1591 // The names of the registers say all there is to say.
    [KernelField("r15")] public ulong R15;
    [KernelField("r14")] public ulong R14;
    [KernelField("r13")] public ulong R13;
    [KernelField("r12")] public ulong R12;
    [KernelField("bp")] public ulong Rbp;
    [KernelField("bx")] public ulong Rbx;
    [KernelField("r11")] public ulong R11;
    [KernelField("r10")] public ulong R10;
    [KernelField("r9")] public ulong R9;
    [KernelField("r8")] public ulong R8;
    [KernelField("ax")] public ulong Rax;
    [KernelField("cx")] public ulong Rcx;
    [KernelField("dx")] public ulong Rdx;
    [KernelField("si")] public ulong Rsi;
    [KernelField("di")] public ulong Rdi;
    [KernelField("orig_ax")] public ulong OriginalRax;
    [KernelField("ip")] public ulong Rip;
    [KernelField("cs")] public ulong Cs;
    [KernelField("flags")] public ulong Flags;
    [KernelField("sp")] public ulong Rsp;
    [KernelField("ss")] public ulong Ss;
#pragma warning restore CS1591
}

/// <summary>Record of a syscall's entry, for programs on <c>syscalls:sys_enter_*</c> and <c>raw_syscalls:sys_enter</c>.</summary>
[KernelContext("trace_event_raw_sys_enter")]
public unsafe struct SyscallEnterContext
{
    /// <summary>Fields of every record.</summary>
    public ulong Common;

    /// <summary>Number of the system call.</summary>
    public long Number;

    /// <summary>Arguments of the system call; index them with constants.</summary>
    [UserPointer] public fixed ulong Arguments[6];
}

/// <summary>Record of a syscall's exit, for programs on <c>syscalls:sys_exit_*</c> and <c>raw_syscalls:sys_exit</c>.</summary>
[KernelContext("trace_event_raw_sys_exit")]
public struct SyscallExitContext
{
    /// <summary>Fields of every record.</summary>
    public ulong Common;

    /// <summary>Number of the system call.</summary>
    public long Number;

    /// <summary>Result: negative errno on failure.</summary>
    public long Result;
}

/// <summary>What every iterator has (<c>struct bpf_iter_meta</c>).</summary>
[KernelStruct("bpf_iter_meta")]
public unsafe struct IteratorMeta
{
    /// <summary>Where <see cref="Helpers.SeqWrite(void*, void*, uint)"/> writes to.</summary>
    [KernelField("seq")] public SequenceFile* Sequence;

    /// <summary>Number of the reading, a new one each time that the iterator is opened.</summary>
    [KernelField("session_id")] public ulong Session;

    /// <summary>Number of the object in the reading, from 0.</summary>
    [KernelField("seq_num")] public ulong Index;
}

/// <summary>A file that an iterator writes (<c>struct seq_file</c>).</summary>
[KernelStruct("seq_file")]
public struct SequenceFile
{
    /// <summary>Bytes in the buffer.</summary>
    [KernelField("count")] public ulong Count;
}
