using System.Globalization;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

// What only attaching shows. Numbers are those of https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h (enum bpf_attach_type).
public static unsafe partial class KernelFeatures
{
    private const uint FunctionEntryType = 24;
    private const uint IteratorType = 28;
    private const uint KprobeMultiType = 42;
    private const uint UprobeMultiType = 48;
    private const uint KprobeSessionType = 56;
    private const uint UprobeSessionType = 57;
    private const string KprobePmu = "/sys/bus/event_source/devices/kprobe/type";
    private const string UprobePmu = "/sys/bus/event_source/devices/uprobe/type";
    private const string NoFile = "/proc/self/no-such-file";

    // disabled, exclude_kernel, exclude_hv: https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/perf_event.h
    private const ulong Disabled = 1;
    private const ulong UserOnly = (1 << 5) | (1 << 6);

    /// <summary>Links for tracepoints by BTF from <c>BPF_LINK_CREATE</c>; without it, <c>BPF_RAW_TRACEPOINT_OPEN</c> makes them.</summary>
    public static KernelFeature TracingLinks { get; } = new("tp_btf by link", "5.19", static kernel =>
    {
        using KernelDescriptor? program = LoadTypedTracepoint(kernel, out FeatureAnswer answer);
        return program is null ? answer : TryLink(
            kernel, new() { Program = program.Value, AttachType = ProgramSection.TraceRawTracepoint }, "BPF_LINK_CREATE of a tp_btf program", ToTrace);
    });

    /// <summary>Perf tracepoints, through tracefs.</summary>
    public static KernelFeature PerfTracepoints { get; } = new("perf tracepoint", "4.7", static kernel =>
    {
        try
        {
            return new FeatureAnswer(FeatureSupport.Yes, $"sched/sched_switch has id {kernel.Tracefs.ReadId("sched/sched_switch")}");
        }
        catch (TracefsException e)
        {
            return WithoutTracefs(kernel, $"its id gives {e.ErrorName}", e.ErrorNumber, CapabilitySet.ReadSearch);
        }
    }, "CONFIG_BPF_EVENTS");

    /// <summary>Links for programs on perf events (<c>BPF_PERF_EVENT</c>).</summary>
    public static KernelFeature PerfLinks { get; } = new("perf link", "5.15", ProbePerfLinks);

    /// <summary>fentry and fexit: kernel functions by trampoline.</summary>
    public static KernelFeature FunctionEntry { get; } = new("fentry", "5.5", ProbeFunctionEntry, "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS");

    /// <summary>kprobes from <c>perf_event_open</c> (<c>/sys/bus/event_source/devices/kprobe</c>).</summary>
    public static KernelFeature KprobeEvents { get; } = new("kprobe by perf", "4.17", static kernel =>
        TryProbeEvent(kernel, KprobePmu, RareFunctions[0], CapabilitySet.PerfMon, isThere: true), "CONFIG_KPROBES", "CONFIG_KPROBE_EVENTS");

    /// <summary>kprobes from a file of tracefs, <c>kprobe_events</c>.</summary>
    public static KernelFeature TracefsKprobes { get; } = new("kprobe by tracefs", "4.1", ProbeTracefsKprobes, "CONFIG_KPROBES", "CONFIG_KPROBE_EVENTS");

    /// <summary>One program at many kernel functions (<c>BPF_TRACE_KPROBE_MULTI</c>).</summary>
    public static KernelFeature KprobeMulti { get; } = new("kprobe_multi", "5.18", static kernel =>
        TryKprobes(kernel, KprobeMultiType), "CONFIG_FPROBE");

    /// <summary>One program at the entry and the end of kernel functions (<c>BPF_TRACE_KPROBE_SESSION</c>).</summary>
    public static KernelFeature KprobeSession { get; } = new("kprobe session", "6.10", static kernel =>
        TryKprobes(kernel, KprobeSessionType), "CONFIG_FPROBE");

    /// <summary>uprobes from <c>perf_event_open</c> (<c>/sys/bus/event_source/devices/uprobe</c>). They take CAP_SYS_ADMIN since Linux 6.16, and where that was taken back.</summary>
    public static KernelFeature UprobeEvents { get; } = new("uprobe by perf", "4.17", static kernel =>

        // The file is looked for last: https://github.com/torvalds/linux/blob/v6.18/kernel/events/core.c (perf_uprobe_event_init)
        TryProbeEvent(kernel, UprobePmu, NoFile, CapabilitySet.SysAdmin, isThere: false), "CONFIG_UPROBES", "CONFIG_UPROBE_EVENTS");

    /// <summary>One program at many functions of a file (<c>BPF_TRACE_UPROBE_MULTI</c>).</summary>
    public static KernelFeature UprobeMulti { get; } = new("uprobe_multi", "6.6", static kernel =>
        TryUprobes(kernel, UprobeMultiType), "CONFIG_UPROBES", "CONFIG_UPROBE_EVENTS");

    /// <summary>
    /// Links of <see cref="UprobeMulti"/> for one process run the program for all of its threads. Without it they run it for the one thread whose number
    /// was given, though all threads of the process meet the breakpoints.
    /// </summary>
    public static KernelFeature UprobeMultiProcess { get; } = new("uprobe_multi of a process", "6.10", ProbeUprobesOfProcess, "CONFIG_UPROBES", "CONFIG_UPROBE_EVENTS");

    /// <summary>One program at the entry and the end of functions of a file (<c>BPF_TRACE_UPROBE_SESSION</c>).</summary>
    public static KernelFeature UprobeSession { get; } = new("uprobe session", "6.13", static kernel =>
        TryUprobes(kernel, UprobeSessionType), "CONFIG_UPROBES", "CONFIG_UPROBE_EVENTS");

    /// <summary>Iterators: programs that are run for each task, socket and so on.</summary>
    public static KernelFeature Iterators { get; } = new("iterator over tasks", "5.8", static kernel =>
    {
        if (!TryFind(kernel, BtfKind.Function, out string target, out uint id, out FeatureAnswer answer, "bpf_iter_task"))
        {
            return answer;
        }

        using KernelDescriptor? program = LoadTracing(kernel, IteratorType, id, "a program at " + target, out answer);
        return program is null ? answer : TryLink(kernel, new() { Program = program.Value, AttachType = IteratorType }, "BPF_LINK_CREATE of an iterator", ToTrace);
    });

    /// <summary>Programs that belong to a cgroup, by link.</summary>
    public static KernelFeature CgroupPrograms { get; } = new("cgroup programs by link", "5.7", static kernel =>
    {
        using KernelDescriptor? program = LoadProbe(kernel, CgroupSocketBufferType, 0, CapabilitySet.Bpf, "a cgroup_skb program", out FeatureAnswer answer);
        return program is null ? answer : TryLink(
            kernel, new() { Program = program.Value, Target = -1 }, "BPF_LINK_CREATE of a cgroup_skb program to no cgroup", ToNetwork, Errno.EBADF);
    }, "CONFIG_CGROUP_BPF");

    /// <summary>XDP programs by link.</summary>
    public static KernelFeature XdpLinks { get; } = new("XDP link", "5.9", static kernel =>
    {
        using KernelDescriptor? program = LoadProbe(kernel, (uint)ProgramType.Xdp, ProgramSection.AttachXdp, ToNetwork, "an XDP program", out FeatureAnswer answer);
        long loopback = program is null ? 0 : kernel.Calls.Raw.GetInterfaceIndex("lo");
        if (loopback < 0)
        {
            return new FeatureAnswer(FeatureSupport.Unknown, "there is no interface lo to try it on") { Cause = RefusalCause.Other };
        }

        // XDP_FLAGS_DRV_MODE, which the driver of lo lacks. A link that does not exist, and no interface, are both EINVAL:
        // https://github.com/torvalds/linux/blob/v6.18/net/core/dev.c (bpf_xdp_link_attach)
        return program is null ? answer : TryLink(
            kernel, new() { Program = program.Value, Target = (int)loopback, AttachType = ProgramSection.AttachXdp, Flags = 1 << 2 },
            "BPF_LINK_CREATE of an XDP program to the driver of lo, which has no XDP,", ToNetwork, Errno.EOPNOTSUPP);
    });

    /// <summary>tc programs by link.</summary>
    public static KernelFeature Tcx { get; } = new("tcx", "6.6", static kernel =>
    {
        using KernelDescriptor? program = LoadProbe(kernel, (uint)ProgramType.Classifier, 0, ToNetwork, "a tc program", out FeatureAnswer answer);
        return program is null ? answer : TryLink(
            kernel, new() { Program = program.Value, Target = int.MaxValue, AttachType = ProgramSection.AttachTcxIngress },
            "BPF_LINK_CREATE of a tc program to no interface", ToNetwork, Errno.ENODEV);
    }, "CONFIG_NET_XGRESS");

    /// <summary>What programs cost, measured by the kernel (<c>BPF_ENABLE_STATS</c>).</summary>
    public static KernelFeature Statistics { get; } = new("BPF_ENABLE_STATS", "5.8", static kernel =>
    {
        var attributes = default(EnableStatisticsAttributes);
        using KernelDescriptor? statistics = kernel.Calls.BpfOpen(BpfCommand.EnableStatistics, ref attributes, "probe", out int error);
        return Judge(kernel, error, "BPF_ENABLE_STATS", CapabilitySet.SysAdmin);
    });

    // An errno that the kernel can only give once it has found the way of attaching is a yes.
    private static FeatureAnswer TryLink(Kernel kernel, LinkCreateAttributes attributes, string what, CapabilitySet needed, int reached = 0)
    {
        using KernelDescriptor? link = kernel.Calls.BpfOpen(BpfCommand.LinkCreate, ref attributes, "probe", out int error);
        return error == reached && error != 0
            ? new FeatureAnswer(FeatureSupport.Yes, $"{what} comes as far as it should ({Errno.NameOf(error)})")
            : Judge(kernel, error, what, needed);
    }

    private static FeatureAnswer ProbeFunctionEntry(Kernel kernel)
    {
        if (!TryFind(kernel, BtfKind.Function, out string function, out uint id, out FeatureAnswer answer, RareFunctions))
        {
            return answer.Cause == RefusalCause.None ? answer with { Support = FeatureSupport.Unknown, Cause = RefusalCause.Other } : answer;
        }

        using KernelDescriptor? program = LoadTracing(kernel, FunctionEntryType, id, "a program at fentry/" + function, out answer);
        if (program is null)
        {
            return answer;
        }

        // The verifier is content where only attaching finds that functions cannot be patched.
        var attributes = new RawTracepointAttributes { Program = program.Value };
        using KernelDescriptor? link = kernel.Calls.BpfOpen(BpfCommand.RawTracepointOpen, ref attributes, "probe", out int error);
        return error == Errno.EBUSY
            ? new FeatureAnswer(FeatureSupport.No, $"to attach to fentry/{function} gives EBUSY")
            : Judge(kernel, error, $"to attach to fentry/{function}", ToTrace);
    }

    private static FeatureAnswer TryKprobes(Kernel kernel, uint attachType)
    {
        using KernelDescriptor? program = LoadProbe(kernel, KprobeType, attachType, ToTrace, "a program of type kprobe", out FeatureAnswer answer);
        if (program is null)
        {
            return answer;
        }

        byte[] name = Encoding.ASCII.GetBytes(RareFunctions[0] + "\0");
        fixed (byte* pointer = name)
        {
            byte* symbol = pointer;
            return TryLink(
                kernel, new() { Program = program.Value, AttachType = attachType, KprobeCount = 1, KprobeSymbols = &symbol },
                $"BPF_LINK_CREATE of type {attachType} at {RareFunctions[0]}", ToTrace);
        }
    }

    private static FeatureAnswer TryUprobes(Kernel kernel, uint attachType)
    {
        using KernelDescriptor? program = LoadProbe(kernel, KprobeType, attachType, ToTrace, "a program of type kprobe", out FeatureAnswer answer);
        if (program is null)
        {
            return answer;
        }

        byte[] path = Encoding.ASCII.GetBytes(NoFile + "\0");
        ulong offset = 0;
        fixed (byte* pointer = path)
        {
            return TryLink(
                kernel, new() { Program = program.Value, AttachType = attachType, UprobeCount = 1, UprobePath = pointer, UprobeOffsets = &offset },
                $"BPF_LINK_CREATE of type {attachType} to no file", ToTrace, Errno.ENOENT);
        }
    }

    // What made links those of processes refuses negative numbers too, before the file is looked at; before it, the file was all there was to refuse:
    // https://github.com/torvalds/linux/commit/46ba0e49b642 (stable kernels since 6.6.33 have it too)
    private static FeatureAnswer ProbeUprobesOfProcess(Kernel kernel)
    {
        FeatureAnswer many = TryUprobes(kernel, UprobeMultiType);
        if (many.Support != FeatureSupport.Yes)
        {
            return many;
        }

        using KernelDescriptor? program = LoadProbe(kernel, KprobeType, UprobeMultiType, ToTrace, "a program of type kprobe", out FeatureAnswer answer);
        if (program is null)
        {
            return answer;
        }

        ulong offset = 0;
        fixed (byte* pointer = "/\0"u8)
        {
            var attributes = new LinkCreateAttributes
            {
                Program = program.Value,
                AttachType = UprobeMultiType,
                UprobeCount = 1,
                UprobePath = pointer,
                UprobeOffsets = &offset,
                UprobeProcess = -1,
            };
            using KernelDescriptor? link = kernel.Calls.BpfOpen(BpfCommand.LinkCreate, ref attributes, "probe", out int error);
            const string What = "BPF_LINK_CREATE of a uprobe_multi link to no process";
            return error switch
            {
                Errno.EINVAL => new FeatureAnswer(FeatureSupport.Yes, What + " is refused for that (EINVAL)"),
                Errno.EBADF => new FeatureAnswer(FeatureSupport.No, What + " is refused for its file only (EBADF)"),
                _ => Judge(kernel, error, What, ToTrace),
            };
        }
    }

    private static FeatureAnswer TryProbeEvent(Kernel kernel, string pmu, string name, CapabilitySet needed, bool isThere)
    {
        string? text = kernel.Calls.ReadText(pmu, out int error);
        if (text is null || !uint.TryParse(text.Trim(), NumberStyles.None, null, out uint type))
        {
            bool isHidden = kernel.Calls.ReadText("/sys/devices/system/cpu/possible", out _) is null;
            return new FeatureAnswer(error == Errno.ENOENT && !isHidden ? FeatureSupport.No : FeatureSupport.Unknown, $"{pmu} gives {Errno.NameOf(error)}")
            {
                Cause = error == Errno.ENOENT && !isHidden ? RefusalCause.None : RefusalCause.Other,
            };
        }

        byte[] bytes = Encoding.ASCII.GetBytes(name + "\0");
        fixed (byte* pointer = bytes)
        {
            var attributes = new PerfEventAttributes { Type = type, Size = PerfEventAttributes.Bytes, Flags = Disabled, Name = pointer };
            using KernelDescriptor? perfEvent = kernel.Calls.OpenPerfEvent(ref attributes, -1, 0, out error);
            string what = $"perf_event_open of type {type} at {(isThere ? name : "no file")}";
            return !isThere && error == Errno.ENOENT
                ? new FeatureAnswer(FeatureSupport.Yes, what + " comes as far as it should (ENOENT)")
                : Judge(kernel, error, what, needed);
        }
    }

    private static FeatureAnswer ProbePerfLinks(Kernel kernel)
    {
        // The CPU's clock, of this thread alone, and off.
        var attributes = new PerfEventAttributes { Type = 1, Size = PerfEventAttributes.Bytes, Flags = Disabled | UserOnly };
        using KernelDescriptor? perfEvent = kernel.Calls.OpenPerfEvent(ref attributes, 0, -1, out int error);
        if (perfEvent is null)
        {
            FeatureAnswer clock = Judge(kernel, error, "perf_event_open of a clock", CapabilitySet.PerfMon);
            return clock with { Cause = clock.Cause == RefusalCause.None ? RefusalCause.Other : clock.Cause };
        }

        using KernelDescriptor? program = LoadProbe(kernel, (uint)ProgramType.PerfEvent, 0, ToTrace, "a perf_event program", out FeatureAnswer answer);
        return program is null ? answer : TryLink(
            kernel, new() { Program = program.Value, Target = perfEvent.Value, AttachType = ProgramSection.AttachPerfEvent }, "BPF_LINK_CREATE to a perf event", ToTrace);
    }

    private static FeatureAnswer ProbeTracefsKprobes(Kernel kernel)
    {
        // Only writing with O_TRUNC deletes what others have there:
        // https://github.com/torvalds/linux/blob/v6.18/kernel/trace/trace_kprobe.c (probes_open)
        const int WriteOnly = 1, Append = 0x400;
        TracefsMount tracefs = TracefsMount.Find(kernel);
        string path = tracefs.Root + "/kprobe_events";
        using KernelDescriptor? file = kernel.Calls.Open(path, out int error, WriteOnly | Append);
        return error switch
        {
            0 => new FeatureAnswer(FeatureSupport.Yes, path + " can be written to"),
            Errno.ENOENT when tracefs.State == TracefsState.Readable => new FeatureAnswer(FeatureSupport.No, path + " gives ENOENT"),
            _ => WithoutTracefs(kernel, $"{path} gives {Errno.NameOf(error)}", error, CapabilitySet.DacOverride),
        };
    }

    private static FeatureAnswer WithoutTracefs(Kernel kernel, string gives, int error, CapabilitySet needed)
    {
        TracefsMount tracefs = TracefsMount.Find(kernel);
        if (kernel.Lockdown == "confidentiality")
        {
            // There is no file in it then: https://github.com/torvalds/linux/blob/v6.18/fs/tracefs/inode.c (tracefs_create_file: LOCKDOWN_TRACEFS)
            return new FeatureAnswer(FeatureSupport.No, $"{gives}: kernel lockdown (confidentiality) forbids tracefs") { Cause = RefusalCause.Lockdown };
        }

        return tracefs.State is TracefsState.Readable or TracefsState.Unreadable && Refusal.IsForbidden(error)
            ? Forbidden(kernel, gives, needed)

            // Somebody may mount it, or give the rights: never a lasting no.
            : new FeatureAnswer(FeatureSupport.Unknown, $"{gives}: {tracefs.Sentence}") { Cause = RefusalCause.HiddenTracefs };
    }
}
