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
    [Helper(67, ProgramTypes = ProgramTypes.TracepointBtf | ProgramTypes.RawTracepoint | ProgramTypes.Tracepoint | ProgramTypes.PerfEvent)]
    public static long GetStack(void* context, Span<byte> buffer, StackFlags flags = StackFlags.None) => throw DeviceOnlyException.Create();

    /// <summary>Writes the addresses of the current stack; gives the bytes written, or a negative errno (<c>bpf_get_stack</c>).</summary>
    [Helper(67, ProgramTypes = ProgramTypes.TracepointBtf | ProgramTypes.RawTracepoint | ProgramTypes.Tracepoint | ProgramTypes.PerfEvent)]
    public static long GetStack(void* context, void* buffer, uint bytes, StackFlags flags = StackFlags.None) => throw DeviceOnlyException.Create();

    /// <summary>Writes the addresses of a trusted task's stack; gives the bytes written, or a negative errno (<c>bpf_get_task_stack</c>).</summary>
    [Helper(141, Since = "5.9", ProgramTypes = ProgramTypes.Tracing)]
    public static long GetTaskStack(void* task, void* buffer, uint bytes, StackFlags flags = StackFlags.None) => throw DeviceOnlyException.Create();

    /// <summary>The number that was given when the program was attached; in programs on raw and typed tracepoints since Linux 6.10 (<c>bpf_get_attach_cookie</c>).</summary>
    [Helper(174, Since = "5.15", ProgramTypes = ProgramTypes.TracepointBtf | ProgramTypes.RawTracepoint | ProgramTypes.Tracepoint | ProgramTypes.PerfEvent)]
    public static ulong GetAttachCookie(void* context) => throw DeviceOnlyException.Create();

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
