using System;

namespace Fathom.Bpf;

// Stacks, cookies, text.
public static unsafe partial class Helpers
{
    /// <summary>
    /// The context of the running program, which <see cref="GetStack(void*, Span{byte}, StackFlags)"/>, <see cref="StackTraces.GetId"/> and
    /// <c>PerfEventArray.Output</c> take. A program on a typed tracepoint has the tracepoint's arguments for parameters, and this beside them.
    /// A subprogram has it only if it is passed on as its first parameter.
    /// </summary>
    public static void* Context() => throw DeviceOnlyException.Create();

    /// <summary>Writes the addresses of the current stack; gives the bytes written, or a negative errno (<c>bpf_get_stack</c>).</summary>
    [Helper(67, ProgramTypes = ProgramTypes.Observing)]
    public static long GetStack(void* context, Span<byte> buffer, StackFlags flags = StackFlags.None) => throw DeviceOnlyException.Create();

    /// <summary>Writes the addresses of the current stack; gives the bytes written, or a negative errno (<c>bpf_get_stack</c>).</summary>
    [Helper(67, ProgramTypes = ProgramTypes.Observing)]
    public static long GetStack(void* context, void* buffer, uint bytes, StackFlags flags = StackFlags.None) => throw DeviceOnlyException.Create();

    /// <summary>Writes the addresses of a trusted task's stack; gives the bytes written, or a negative errno (<c>bpf_get_task_stack</c>).</summary>
    [Helper(141, Since = "5.9", ProgramTypes = ProgramTypes.Tracing)]
    public static long GetTaskStack(void* task, void* buffer, uint bytes, StackFlags flags = StackFlags.None) => throw DeviceOnlyException.Create();

    /// <summary>
    /// The number that was given when the program was attached; in programs at entry and exit of functions since Linux 5.19, on raw and typed
    /// tracepoints since Linux 6.10 (<c>bpf_get_attach_cookie</c>).
    /// </summary>
    [Helper(174, Since = "5.15", ProgramTypes = ProgramTypes.Observing & ~ProgramTypes.Iterator)]
    public static ulong GetAttachCookie(void* context) => throw DeviceOnlyException.Create();

    /// <summary>
    /// Address of the traced function, by which a program on many knows which it is; in programs on functions of user space since Linux 6.6
    /// (<c>bpf_get_func_ip</c>). 0 for a kprobe that is not at the function's start.
    /// </summary>
    [Helper(173, Since = "5.15", ProgramTypes = ProgramTypes.Kprobe | ProgramTypes.Fentry)]
    public static ulong GetFuncIp(void* context) => throw DeviceOnlyException.Create();

    /// <summary>Argument of the traced function by its index, which need not be constant: 0, or -EINVAL if it has fewer (<c>bpf_get_func_arg</c>).</summary>
    [Helper(183, Since = "5.17", ProgramTypes = ProgramTypes.Fentry)]
    public static long GetFuncArg(void* context, uint index, out ulong value) => throw DeviceOnlyException.Create();

    /// <summary>Result of the traced function: 0, or -EOPNOTSUPP in a program at its call (<c>bpf_get_func_ret</c>).</summary>
    [Helper(184, Since = "5.17", ProgramTypes = ProgramTypes.Fentry)]
    public static long GetFuncRet(void* context, out ulong value) => throw DeviceOnlyException.Create();

    /// <summary>Number of arguments of the traced function (<c>bpf_get_func_arg_cnt</c>).</summary>
    [Helper(185, Since = "5.17", ProgramTypes = ProgramTypes.Fentry)]
    public static long GetFuncArgCount(void* context) => throw DeviceOnlyException.Create();

    /// <summary>Gives bytes to the reader of an iterator; -EOVERFLOW where they do not fit, and the kernel calls again with a larger buffer (<c>bpf_seq_write</c>).</summary>
    [Helper(127, Since = "5.8", ProgramTypes = ProgramTypes.Iterator)]
    public static long SeqWrite(void* sequence, void* data, uint bytes) => throw DeviceOnlyException.Create();

    /// <summary>Gives bytes to the reader of an iterator; -EOVERFLOW where they do not fit, and the kernel calls again with a larger buffer (<c>bpf_seq_write</c>).</summary>
    [Helper(127, Since = "5.8", ProgramTypes = ProgramTypes.Iterator)]
    public static long SeqWrite(void* sequence, ReadOnlySpan<byte> data) => throw DeviceOnlyException.Create();

    /// <summary>Gives a record to the reader of an iterator; -EOVERFLOW where it does not fit, and the kernel calls again with a larger buffer (<c>bpf_seq_write</c>).</summary>
    /// <typeparam name="T">The record; it must have no padding.</typeparam>
    [Helper(127, Since = "5.8", ProgramTypes = ProgramTypes.Iterator)]
    public static long SeqWrite<T>(void* sequence, [FollowedBySize] in T record)
        where T : unmanaged => throw DeviceOnlyException.Create();

    /// <summary>Reads counter, time enabled and time running of the perf event, 24 bytes (<c>bpf_perf_prog_read_value</c>).</summary>
    [Helper(56, ProgramTypes = ProgramTypes.PerfEvent)]
    public static long PerfProgReadValue(void* context, void* buffer, uint bytes) => throw DeviceOnlyException.Create();

    /// <summary>Prints to the kernel's trace_pipe, for debugging only. The format must end in <c>\0</c> (<c>bpf_trace_printk</c>).</summary>
    [Helper(6)]
    public static long TracePrintk(ReadOnlySpan<byte> format, ulong a = 0, ulong b = 0, ulong c = 0) => throw DeviceOnlyException.Create();

    /// <summary>Formats text; the format is a literal. Gives the bytes that the whole text takes with its NUL (<c>bpf_snprintf</c>).</summary>
    [Helper(165, Since = "5.13")]
    public static long Snprintf(Span<byte> buffer, [AddressOnly] ReadOnlySpan<byte> format, Span<ulong> values) => throw DeviceOnlyException.Create();

    /// <summary>Compares with a literal, at most as many bytes as the text has, or up to a NUL: negative, 0 or positive (<c>bpf_strncmp</c>).</summary>
    [Helper(182, Since = "5.17")]
    public static long Strncmp(ReadOnlySpan<byte> text, [AddressOnly] ReadOnlySpan<byte> literal) => throw DeviceOnlyException.Create();
}
