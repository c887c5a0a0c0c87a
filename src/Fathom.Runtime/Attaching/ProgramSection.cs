namespace Fathom.Runtime;

/// <summary>Types of programs, with the kernel's numbers (<c>enum bpf_prog_type</c>).</summary>
public enum ProgramType
{
    /// <summary>No program.</summary>
    Unspecified = 0,
    /// <summary>Filter on a socket.</summary>
    SocketFilter = 1,
    /// <summary>Classifier of packets (tc).</summary>
    Classifier = 3,
    /// <summary>Tracepoint through perf and tracefs.</summary>
    Tracepoint = 5,
    /// <summary>Packets at the driver.</summary>
    Xdp = 6,
    /// <summary>Samples of a perf event.</summary>
    PerfEvent = 7,
    /// <summary>Tracepoint with its raw arguments.</summary>
    RawTracepoint = 17,
    /// <summary>Tracing by BTF (Linux 5.5).</summary>
    Tracing = 26,
    /// <summary>Run by user space (Linux 5.14).</summary>
    Syscall = 31,
}

/// <summary>What a section's name says of the program in it: type, way of attaching, and target.</summary>
/// <param name="Name">The section's name.</param>
/// <param name="Type">Type of the program.</param>
/// <param name="AttachType">The kernel's number of the way of attaching (<c>enum bpf_attach_type</c>), as far as loading must know it.</param>
/// <param name="Target">What it attaches to: a tracepoint (<c>category/name</c> for perf's), empty if that is said when attaching.</param>
/// <param name="IsOptional">True if the name starts with <c>?</c>: loaded only when it is asked for.</param>
internal readonly record struct ProgramSection(string Name, ProgramType Type, uint AttachType, string Target, bool IsOptional)
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h (enum bpf_attach_type)
    public const uint TraceRawTracepoint = 23;
    public const uint AttachXdp = 37;
    public const uint AttachPerfEvent = 41;
    public const uint AttachTcxIngress = 46;
    public const uint AttachTcxEgress = 47;

    /// <summary>The capabilities that loading and attaching it takes.</summary>
    /// <remarks>https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/syscall.c (is_net_admin_prog_type, is_perfmon_prog_type)</remarks>
    public CapabilitySet Needed => Type switch
    {
        ProgramType.Xdp or ProgramType.Classifier => CapabilitySet.Bpf | CapabilitySet.NetAdmin,
        ProgramType.Syscall or ProgramType.SocketFilter => CapabilitySet.Bpf,
        _ => CapabilitySet.Bpf | CapabilitySet.PerfMon,
    };

    /// <summary>True if the name says all that attaching needs.</summary>
    public bool AttachesByName => Target.Length > 0 && Type is ProgramType.Tracing or ProgramType.RawTracepoint or ProgramType.Tracepoint;

    /// <summary>The program's type in words.</summary>
    public string Kind => Type switch
    {
        ProgramType.Tracing => "tp_btf",
        ProgramType.RawTracepoint => "raw tracepoint",
        ProgramType.Tracepoint => "tracepoint",
        ProgramType.Xdp => "XDP",
        ProgramType.Classifier => "tc",
        ProgramType.PerfEvent => "perf_event",
        ProgramType.Syscall => "syscall",
        _ => "socket filter",
    };

    /// <summary>Reads a section's name.</summary>
    /// <exception cref="BpfException">The name is not one that is known here.</exception>
    public static ProgramSection Parse(string name)
    {
        bool isOptional = name.StartsWith('?');
        string text = isOptional ? name[1..] : name;
        int slash = text.IndexOf('/');
        string kind = slash < 0 ? text : text[..slash];
        string target = slash < 0 ? "" : text[(slash + 1)..];
        (ProgramType type, uint attach) = kind switch
        {
            "tp_btf" => (ProgramType.Tracing, TraceRawTracepoint),
            "raw_tp" or "raw_tracepoint" => (ProgramType.RawTracepoint, 0u),
            "tp" or "tracepoint" => (ProgramType.Tracepoint, 0u),
            "xdp" => (ProgramType.Xdp, AttachXdp),
            "tc" or "tcx" or "classifier" => (ProgramType.Classifier, 0u),
            "syscall" => (ProgramType.Syscall, 0u),
            "perf_event" => (ProgramType.PerfEvent, 0u),
            "socket" => (ProgramType.SocketFilter, 0u),
            _ => throw new BpfException("load program of section", name, 0,
                "sections are named tp_btf/, raw_tp/, tracepoint/, xdp, tc, tcx/, perf_event, syscall or socket; this one is not known."),
        };

        bool isPerf = type == ProgramType.Tracepoint;
        if ((isPerf && target.Length > 0 && !target.Contains('/')) || (type == ProgramType.Tracing && target.Length == 0))
        {
            throw new BpfException("load program of section", name, 0, isPerf
                ? "write tracepoint/CATEGORY/NAME."
                : "write tp_btf/NAME: the kernel must know the tracepoint when it verifies the program.");
        }

        return new ProgramSection(name, type, attach, target, isOptional);
    }
}
