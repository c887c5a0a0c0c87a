using System;
using System.Collections.Generic;

namespace Fathom.Runtime;

/// <summary>What a section's name says of the program in it: type, way of attaching, and target.</summary>
/// <param name="Name">The section's name.</param>
/// <param name="Kind">The first part of the name in its usual form, for messages: <c>tp_btf</c>, <c>kprobe.multi</c>.</param>
/// <param name="Type">Type of the program.</param>
/// <param name="AttachType">The kernel's number of the way of attaching (<c>enum bpf_attach_type</c>), as far as loading must know it.</param>
/// <param name="Target">What it attaches to: a tracepoint (<c>category/name</c> for perf's), a function, empty if that is said when attaching.</param>
/// <param name="IsOptional">True if the name starts with <c>?</c>: loaded only when it is asked for.</param>
internal readonly record struct ProgramSection(
    string Name, string Kind, ProgramType Type, uint AttachType, string Target, bool IsOptional)
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h (enum bpf_attach_type)
    public const uint TraceRawTracepoint = 23;
    public const uint TraceFentry = 24;
    public const uint TraceFexit = 25;
    public const uint TraceIterator = 28;
    public const uint AttachXdpDevmap = 33;
    public const uint AttachXdpCpumap = 35;
    public const uint AttachXdp = 37;
    public const uint AttachPerfEvent = 41;
    public const uint TraceKprobeMulti = 42;
    public const uint AttachTcxIngress = 46;
    public const uint AttachTcxEgress = 47;
    public const uint TraceUprobeMulti = 48;
    public const uint TraceKprobeSession = 56;
    public const uint TraceUprobeSession = 57;

    // Section names are those of libbpf: https://docs.kernel.org/bpf/libbpf/program_types.html
    private static readonly Dictionary<string, (ProgramType Type, uint AttachType)> s_kinds = new(StringComparer.Ordinal)
    {
        ["tp_btf"] = (ProgramType.Tracing, TraceRawTracepoint),
        ["fentry"] = (ProgramType.Tracing, TraceFentry),
        ["fexit"] = (ProgramType.Tracing, TraceFexit),
        ["iter"] = (ProgramType.Tracing, TraceIterator),
        ["raw_tp"] = (ProgramType.RawTracepoint, 0),
        ["tracepoint"] = (ProgramType.Tracepoint, 0),
        ["kprobe"] = (ProgramType.Kprobe, 0),
        ["kretprobe"] = (ProgramType.Kprobe, 0),
        ["kprobe.multi"] = (ProgramType.Kprobe, TraceKprobeMulti),
        ["kretprobe.multi"] = (ProgramType.Kprobe, TraceKprobeMulti),
        ["kprobe.session"] = (ProgramType.Kprobe, TraceKprobeSession),
        ["uprobe"] = (ProgramType.Kprobe, 0),
        ["uretprobe"] = (ProgramType.Kprobe, 0),
        ["uprobe.multi"] = (ProgramType.Kprobe, TraceUprobeMulti),
        ["uretprobe.multi"] = (ProgramType.Kprobe, TraceUprobeMulti),
        ["uprobe.session"] = (ProgramType.Kprobe, TraceUprobeSession),
        ["usdt"] = (ProgramType.Kprobe, 0),
        ["usdt.multi"] = (ProgramType.Kprobe, TraceUprobeMulti),
        ["xdp"] = (ProgramType.Xdp, AttachXdp),
        ["xdp/devmap"] = (ProgramType.Xdp, AttachXdpDevmap),
        ["xdp/cpumap"] = (ProgramType.Xdp, AttachXdpCpumap),
        ["tc"] = (ProgramType.Classifier, 0),
        ["tcx/ingress"] = (ProgramType.Classifier, 0),
        ["tcx/egress"] = (ProgramType.Classifier, 0),
        ["perf_event"] = (ProgramType.PerfEvent, 0),
        ["syscall"] = (ProgramType.Syscall, 0),
        ["socket"] = (ProgramType.SocketFilter, 0),
        ["cgroup_skb/ingress"] = (ProgramType.CgroupSkb, 0),
        ["cgroup_skb/egress"] = (ProgramType.CgroupSkb, 1),
        ["cgroup/sock_create"] = (ProgramType.CgroupSock, 2),
        ["sockops"] = (ProgramType.SockOps, 3),
        ["cgroup/dev"] = (ProgramType.CgroupDevice, 6),
        ["cgroup/bind4"] = (ProgramType.CgroupSockAddr, 8),
        ["cgroup/bind6"] = (ProgramType.CgroupSockAddr, 9),
        ["cgroup/connect4"] = (ProgramType.CgroupSockAddr, 10),
        ["cgroup/connect6"] = (ProgramType.CgroupSockAddr, 11),
        ["cgroup/post_bind4"] = (ProgramType.CgroupSock, 12),
        ["cgroup/post_bind6"] = (ProgramType.CgroupSock, 13),
        ["cgroup/sendmsg4"] = (ProgramType.CgroupSockAddr, 14),
        ["cgroup/sendmsg6"] = (ProgramType.CgroupSockAddr, 15),
        ["cgroup/sysctl"] = (ProgramType.CgroupSysctl, 18),
        ["cgroup/recvmsg4"] = (ProgramType.CgroupSockAddr, 19),
        ["cgroup/recvmsg6"] = (ProgramType.CgroupSockAddr, 20),
        ["cgroup/sock_release"] = (ProgramType.CgroupSock, 34),
    };

    private static readonly Dictionary<string, string> s_otherNames = new(StringComparer.Ordinal)
    {
        ["raw_tracepoint"] = "raw_tp",
        ["tp"] = "tracepoint",
        ["classifier"] = "tc",
        ["tcx"] = "tc",
        ["tc/ingress"] = "tcx/ingress",
        ["tc/egress"] = "tcx/egress",
        ["cgroup/skb"] = "cgroup_skb/ingress",
        ["cgroup/sock"] = "cgroup/sock_create",
    };

    /// <summary>The capabilities that loading and attaching it takes.</summary>
    /// <remarks>https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/syscall.c (is_net_admin_prog_type, is_perfmon_prog_type)</remarks>
    public CapabilitySet Needed => Type switch
    {
        ProgramType.Xdp or ProgramType.Classifier or ProgramType.CgroupSock or ProgramType.SockOps or ProgramType.CgroupDevice
            or ProgramType.CgroupSockAddr or ProgramType.CgroupSysctl or ProgramType.CgroupSkb => CapabilitySet.Bpf | CapabilitySet.NetAdmin,
        ProgramType.Syscall or ProgramType.SocketFilter => CapabilitySet.Bpf,
        _ => CapabilitySet.Bpf | CapabilitySet.PerfMon,
    };

    /// <summary>True if the name says all that attaching needs.</summary>
    public bool AttachesByName => Target.Length > 0 && Kind is "tp_btf" or "raw_tp" or "tracepoint" or "fentry" or "fexit" or "kprobe" or "kretprobe";

    /// <summary>True if it runs when the function returns, and not when it begins.</summary>
    public bool IsReturn => Kind is "kretprobe" or "kretprobe.multi" or "uretprobe" or "uretprobe.multi" or "fexit";

    /// <summary>True if it is attached to functions of the kernel by one of the ways of kprobes.</summary>
    public bool IsKernelProbe => Kind.StartsWith("kprobe", StringComparison.Ordinal) || Kind.StartsWith("kretprobe", StringComparison.Ordinal);

    /// <summary>True if it is attached to the code of user programs.</summary>
    public bool IsUserProbe => Type == ProgramType.Kprobe && !IsKernelProbe;

    /// <summary>True if the program belongs to a cgroup.</summary>
    public bool IsCgroup => Type is ProgramType.CgroupSkb or ProgramType.CgroupSock or ProgramType.SockOps or ProgramType.CgroupDevice
        or ProgramType.CgroupSockAddr or ProgramType.CgroupSysctl;

    /// <summary>Reads a section's name.</summary>
    /// <exception cref="BpfException">The name is not one that is known here.</exception>
    public static ProgramSection Parse(string name)
    {
        bool isOptional = name.StartsWith('?');
        string text = isOptional ? name[1..] : name;
        (string kind, string target) = Split(text);
        if (!s_kinds.TryGetValue(kind, out (ProgramType Type, uint AttachType) known))
        {
            throw new BpfException("load program of section", name, 0,
                "sections are named tp_btf/, raw_tp/, tracepoint/, fentry/, fexit/, kprobe/, kretprobe/, kprobe.multi, uprobe, uprobe.multi, usdt, iter/, "
                + "xdp, tc, tcx/, cgroup/, cgroup_skb/, perf_event, syscall or socket; this one is not known.");
        }

        bool isPerf = known.Type == ProgramType.Tracepoint;
        if ((isPerf && target.Length > 0 && !target.Contains('/')) || (kind is "tp_btf" or "iter" && target.Length == 0))
        {
            throw new BpfException("load program of section", name, 0, isPerf
                ? "write tracepoint/CATEGORY/NAME."
                : $"write {kind}/NAME: the kernel must know it when it verifies the program.");
        }

        return new ProgramSection(name, kind, known.Type, known.AttachType, target, isOptional);
    }

    // The kind is the longest beginning that is one: "cgroup/connect4" has a slash itself, and "kprobe/vfs_read" has one before its target.
    private static (string Kind, string Target) Split(string text)
    {
        for (int end = text.Length; end > 0; end = text.LastIndexOf('/', end - 1))
        {
            string kind = text[..end];
            kind = s_otherNames.GetValueOrDefault(kind, kind);
            if (s_kinds.ContainsKey(kind))
            {
                return (kind, end == text.Length ? "" : text[(end + 1)..]);
            }
        }

        return (text, "");
    }
}
