using System;

namespace Fathom.Bpf;

/// <summary>Marks a static method that the kernel runs. The derived attribute says when.</summary>
[AttributeUsage(AttributeTargets.Method)]
public abstract class BpfProgramAttribute : Attribute
{
    private protected BpfProgramAttribute()
    {
    }
}

/// <summary>
/// Runs at a kernel tracepoint with the tracepoint's own arguments, typed (<c>tp_btf</c>, Linux 5.5). Pointer arguments are trusted:
/// their fields are plain loads.
/// </summary>
/// <param name="name">Name of the tracepoint without its category, for example <c>block_rq_issue</c>.</param>
public sealed class TracepointBtfAttribute(string name) : BpfProgramAttribute
{
    /// <summary>Name of the tracepoint.</summary>
    public string Name { get; } = name;
}

/// <summary>Runs at a kernel tracepoint with its raw arguments (<c>raw_tp</c>, Linux 4.17): the method takes a <see cref="RawTracepointContext"/>.</summary>
/// <param name="name">Name of the tracepoint without its category; null if it is said when attaching.</param>
public sealed class RawTracepointAttribute(string? name = null) : BpfProgramAttribute
{
    /// <summary>Name of the tracepoint, null if it is said when attaching.</summary>
    public string? Name { get; } = name;
}

/// <summary>Runs at a perf tracepoint (<c>tracepoint</c>): the method takes a pointer to the tracepoint's record.</summary>
public sealed class TracepointAttribute : BpfProgramAttribute
{
    /// <summary>The tracepoint is said when attaching.</summary>
    public TracepointAttribute()
    {
    }

    /// <summary>Runs at one tracepoint.</summary>
    /// <param name="category">Category, for example <c>syscalls</c>.</param>
    /// <param name="name">Name, for example <c>sys_enter_openat</c>.</param>
    public TracepointAttribute(string category, string name) => (Category, Name) = (category, name);

    /// <summary>Category of the tracepoint, null if it is said when attaching.</summary>
    public string? Category { get; }

    /// <summary>Name of the tracepoint, null if it is said when attaching.</summary>
    public string? Name { get; }
}

/// <summary>Runs for each packet that a network device receives (<c>xdp</c>): the method takes an <see cref="XdpContext"/> and returns an <see cref="XdpAction"/>.</summary>
public sealed class XdpAttribute : BpfProgramAttribute
{
}

/// <summary>Runs for each packet in traffic control: the method takes a <see cref="SocketBuffer"/> and returns a <see cref="TrafficControlAction"/>.</summary>
public sealed class TrafficControlAttribute : BpfProgramAttribute
{
    /// <summary>Where it is attached.</summary>
    public TrafficControlHook Hook { get; set; }
}

/// <summary>Where a traffic control program is attached.</summary>
public enum TrafficControlHook
{
    /// <summary>As a classifier of a queueing discipline (section <c>tc</c>).</summary>
    Classifier,
    /// <summary>Incoming packets (section <c>tcx/ingress</c>, Linux 6.6).</summary>
    Ingress,
    /// <summary>Outgoing packets (section <c>tcx/egress</c>, Linux 6.6).</summary>
    Egress,
}

/// <summary>Runs when user space says so, through BPF_PROG_TEST_RUN (<c>syscall</c>, Linux 5.14).</summary>
public sealed class SyscallAttribute : BpfProgramAttribute
{
}

/// <summary>Runs at each overflow of a perf event, such as a clock tick (<c>perf_event</c>): the method takes a <see cref="PerfEventContext"/>.</summary>
public sealed class PerfEventAttribute : BpfProgramAttribute
{
}

/// <summary>
/// Runs for each object of a kind when user space reads the iterator (<c>iter</c>, Linux 5.8), and writes what it makes of it to the reader with
/// <see cref="Helpers.SeqWrite(void*, void*, uint)"/>. The method takes what the kernel's iterator has (<c>struct bpf_iter__*</c>): an
/// <see cref="IteratorMeta"/>, then the object, which is null after the last one. For <c>task</c> that is
/// <c>(IteratorMeta* meta, TaskStruct* task)</c>. It returns 0, or 1 to get the same object again.
/// <see href="https://github.com/torvalds/linux/blob/v6.12/kernel/bpf/task_iter.c">task_iter.c</see>
/// </summary>
/// <param name="kind">What is iterated over: <c>task</c>, <c>task_file</c>, <c>tcp</c>, <c>bpf_map</c>, ...</param>
public sealed class IteratorAttribute(string kind) : BpfProgramAttribute
{
    /// <summary>What is iterated over.</summary>
    public string Kind { get; } = kind;
}
