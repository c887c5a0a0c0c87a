namespace Fathom.Bpf;

/// <summary>
/// Runs when a function of a program or library is called (<c>uprobe</c>, Linux 4.1): the method takes its first arguments,
/// typed, at most 6, or one <see cref="PtRegs"/>. Through pointers the process's memory is read with <c>bpf_probe_read_user</c>.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/Documentation/trace/uprobetracer.rst">uprobetracer.rst</see>
/// </summary>
/// <param name="function"><c>PATH:FUNCTION</c>, for example <c>libc.so.6:malloc</c>; null if it is said when attaching.</param>
public sealed class UprobeAttribute(string? function = null) : BpfProgramAttribute
{
    /// <summary><c>PATH:FUNCTION</c>, for example <c>libc.so.6:malloc</c>; null if it is said when attaching.</summary>
    public string? Function { get; } = function;
}

/// <summary>
/// Runs when a function of a program or library returns (<c>uretprobe</c>, Linux 4.1): the method takes its result, typed, or
/// a <see cref="PtRegs"/>.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/Documentation/trace/uprobetracer.rst">uprobetracer.rst</see>
/// </summary>
/// <param name="function"><c>PATH:FUNCTION</c>, for example <c>libc.so.6:malloc</c>; null if it is said when attaching.</param>
public sealed class UretprobeAttribute(string? function = null) : BpfProgramAttribute
{
    /// <summary><c>PATH:FUNCTION</c>, for example <c>libc.so.6:malloc</c>; null if it is said when attaching.</summary>
    public string? Function { get; } = function;
}

/// <summary>
/// Runs when any of many functions of a program or library is called (<c>uprobe.multi</c>, Linux 6.6), which are attached in one step: the method
/// takes what that of <see cref="UprobeAttribute"/> takes. <see cref="Helpers.GetAttachCookie"/> gives what was given for the function.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/trace/bpf_trace.c">bpf_trace.c</see> (<c>bpf_uprobe_multi_link_attach</c>)
/// </summary>
/// <param name="functions"><c>PATH:PATTERN</c>, the pattern of names with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</param>
public sealed class UprobeMultiAttribute(string? functions = null) : BpfProgramAttribute
{
    /// <summary><c>PATH:PATTERN</c>, the pattern of names with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</summary>
    public string? Functions { get; } = functions;
}

/// <summary>
/// Runs when any of many functions of a program or library returns (<c>uretprobe.multi</c>, Linux 6.6), as <see cref="UprobeMultiAttribute"/> does
/// at their calls.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/trace/bpf_trace.c">bpf_trace.c</see> (<c>bpf_uprobe_multi_link_attach</c>)
/// </summary>
/// <param name="functions"><c>PATH:PATTERN</c>, the pattern of names with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</param>
public sealed class UretprobeMultiAttribute(string? functions = null) : BpfProgramAttribute
{
    /// <summary><c>PATH:PATTERN</c>, the pattern of names with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</summary>
    public string? Functions { get; } = functions;
}

/// <summary>
/// Runs when any of many functions of a program or library is called, and again when that call returns (<c>uprobe.session</c>, Linux 6.13): the
/// method takes a <see cref="PtRegs"/>, or nothing. What it returns at the call says whether it runs at the return: 0 if it does, 1 if not.
/// <see href="https://github.com/torvalds/linux/blob/v6.13/kernel/trace/bpf_trace.c">bpf_trace.c</see> (<c>uprobe_multi_link_handler</c>)
/// </summary>
/// <param name="functions"><c>PATH:PATTERN</c>, the pattern of names with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</param>
public sealed class UprobeSessionAttribute(string? functions = null) : BpfProgramAttribute
{
    /// <summary><c>PATH:PATTERN</c>, the pattern of names with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</summary>
    public string? Functions { get; } = functions;
}

/// <summary>
/// Runs at a probe that the author of a program or library put into it (<c>usdt</c>, a uprobe at each of its places): the method takes its first arguments,
/// typed, at most 12, or one <see cref="PtRegs"/>. Where the arguments are differs from place to place: with a cookie for each (Linux 5.15) the
/// program looks it up (<see cref="UsdtSpec"/>). Through pointers the process's memory is read with <c>bpf_probe_read_user</c>.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/tools/lib/bpf/usdt.c">usdt.c</see>
/// </summary>
/// <param name="probe"><c>PATH:PROVIDER:NAME</c>, for example <c>/usr/bin/python3:python:gc__start</c>; null if it is said when attaching.</param>
public sealed class UsdtAttribute(string? probe = null) : BpfProgramAttribute
{
    /// <summary><c>PATH:PROVIDER:NAME</c>, for example <c>/usr/bin/python3:python:gc__start</c>; null if it is said when attaching.</summary>
    public string? Probe { get; } = probe;
}
