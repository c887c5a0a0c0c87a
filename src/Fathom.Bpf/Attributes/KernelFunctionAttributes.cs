namespace Fathom.Bpf;

/// <summary>
/// Runs when a kernel function is called (<c>kprobe</c>, Linux 4.1): the method takes its first arguments, typed, at most 6, or one
/// <see cref="PtRegs"/>. Through pointers the kernel's memory is read with <c>bpf_probe_read_kernel</c>.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/Documentation/trace/kprobes.rst">kprobes.rst</see>
/// </summary>
/// <param name="function">Name of the function; null if it is said when attaching.</param>
public sealed class KprobeAttribute(string? function = null) : BpfProgramAttribute
{
    /// <summary>Name of the function; null if it is said when attaching.</summary>
    public string? Function { get; } = function;
}

/// <summary>
/// Runs when a kernel function returns (<c>kretprobe</c>, Linux 4.1): the method takes its
/// result, typed, or a <see cref="PtRegs"/>. Of calls that are made
/// while too many have not returned yet, the kernel does not see the return.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/Documentation/trace/kprobes.rst">kprobes.rst</see>
/// </summary>
/// <param name="function">Name of the function; null if it is said when attaching.</param>
public sealed class KretprobeAttribute(string? function = null) : BpfProgramAttribute
{
    /// <summary>Name of the function; null if it is said when attaching.</summary>
    public string? Function { get; } = function;
}

/// <summary>
/// Runs when any of many kernel functions is called (<c>kprobe.multi</c>, Linux 5.18), which are attached in one step: the method takes
/// what that of <see cref="KprobeAttribute"/> takes. <see cref="Helpers.GetFuncIp"/> says which it was, <see cref="Helpers.GetAttachCookie"/> what was given for it.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/trace/bpf_trace.c">bpf_trace.c</see> (<c>bpf_kprobe_multi_link_attach</c>)
/// </summary>
/// <param name="pattern">Pattern of names, with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</param>
public sealed class KprobeMultiAttribute(string? pattern = null) : BpfProgramAttribute
{
    /// <summary>Pattern of names, with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</summary>
    public string? Pattern { get; } = pattern;
}

/// <summary>
/// Runs when any of many kernel functions returns (<c>kretprobe.multi</c>, Linux 5.18), as <see cref="KprobeMultiAttribute"/> does at their calls.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/trace/bpf_trace.c">bpf_trace.c</see> (<c>bpf_kprobe_multi_link_attach</c>)
/// </summary>
/// <param name="pattern">Pattern of names, with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</param>
public sealed class KretprobeMultiAttribute(string? pattern = null) : BpfProgramAttribute
{
    /// <summary>Pattern of names, with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</summary>
    public string? Pattern { get; } = pattern;
}

/// <summary>
/// Runs when any of many kernel functions is called, and again when that call returns (<c>kprobe.session</c>, Linux 6.10): the method takes a
/// <see cref="PtRegs"/>, or nothing. What it returns at the call says whether it runs at the return: 0 if it does, 1 if not.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/trace/bpf_trace.c">bpf_trace.c</see> (<c>kprobe_multi_link_handler</c>)
/// </summary>
/// <param name="pattern">Pattern of names, with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</param>
public sealed class KprobeSessionAttribute(string? pattern = null) : BpfProgramAttribute
{
    /// <summary>Pattern of names, with <c>*</c> and <c>?</c>; null if the functions are said when attaching.</summary>
    public string? Pattern { get; } = pattern;
}

/// <summary>
/// Runs when a kernel function is called, with its arguments, typed (<c>fentry</c>, Linux 5.5): the method takes the first, or all.
/// Pointers to structs are trusted: their fields are plain loads. The method returns nothing.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/bpf/trampoline.c">trampoline.c</see>
/// </summary>
/// <param name="function">Name of the function; null if it is said when loading.</param>
public sealed class FentryAttribute(string? function = null) : BpfProgramAttribute
{
    /// <summary>Name of the function; null if it is said when loading.</summary>
    public string? Function { get; } = function;
}

/// <summary>
/// Runs when a kernel function returns, with its arguments, typed, and its result behind them (<c>fexit</c>, Linux 5.5). Pointers
/// to structs are trusted: their fields are plain loads. The method takes all of them, and returns nothing.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/bpf/trampoline.c">trampoline.c</see>
/// </summary>
/// <param name="function">Name of the function; null if it is said when loading.</param>
public sealed class FexitAttribute(string? function = null) : BpfProgramAttribute
{
    /// <summary>Name of the function; null if it is said when loading.</summary>
    public string? Function { get; } = function;
}

/// <summary>
/// Runs when a kernel function is called, with its arguments, typed, in the best way that the kernel has. The method becomes two programs, one
/// at the function's entry (<c>?fentry/f</c>, Linux 5.5) and one on a kprobe (<c>?kprobe/f</c>, with <c>__kprobe</c> behind its name), of which
/// one is loaded. Name the first arguments, at most 6; fields of kernel structs are plain loads in the one and <c>bpf_probe_read_kernel</c> in
/// the other. The method returns nothing.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/bpf/trampoline.c">trampoline.c</see>
/// </summary>
/// <param name="function">Name of the function.</param>
public sealed class KernelFunctionAttribute(string function) : BpfProgramAttribute
{
    /// <summary>Name of the function.</summary>
    public string Function { get; } = function;
}

/// <summary>
/// Runs when a kernel function returns, with its result, typed, in the best way that the kernel has. The method becomes two programs, one at the
/// function's exit (<c>?fexit/f</c>, Linux 5.5) and one on a return probe (<c>?kretprobe/f</c>, with <c>__kprobe</c> behind its name), of which
/// one is loaded. It takes the result or nothing, and returns nothing.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/bpf/trampoline.c">trampoline.c</see>
/// </summary>
/// <param name="function">Name of the function.</param>
public sealed class KernelFunctionReturnAttribute(string function) : BpfProgramAttribute
{
    /// <summary>Name of the function.</summary>
    public string Function { get; } = function;

    /// <summary>
    /// How many arguments the function has, behind which the kernel keeps the result. Where it is not given, the program at the exit asks for the
    /// result (<c>bpf_get_func_ret</c>), which takes Linux 5.17, but is right whatever the function looks like in a kernel.
    /// </summary>
    public int Arguments { get; set; } = -1;
}
