using Fathom.Format.Btf;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

// What is found out by giving a program to the verifier. Numbers are those of
// https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h (enum bpf_prog_type, enum bpf_attach_type, enum bpf_func_id).
public static unsafe partial class KernelFeatures
{
    private const uint KprobeType = 2;
    private const uint CgroupSocketBufferType = 8;
    private const uint SecurityType = 29;
    private const uint Sleepable = 1u << 4;
    private const int GetAttachCookie = 174;

    /// <summary>Names of programs.</summary>
    public static KernelFeature ProgramNames { get; } = new("names of programs", "4.15", static kernel =>
        TryProgram(kernel, new ProgramLoadAttributes { Type = (uint)ProgramType.SocketFilter, Name = ObjectName.From("probe") }, CapabilitySet.Bpf, "a program with a name"));

    /// <summary>Atomic operations with a result, and others than addition.</summary>
    public static KernelFeature Atomics { get; } = new("atomic operations with a result, or other than addition", "5.12", static kernel =>

        // mov r1, 1; stx64 [r10-8], r1; atomic64 fetch add [r10-8], r1; mov r0, 0; exit
        TryProgram(
            kernel, new ProgramLoadAttributes { Type = (uint)ProgramType.SocketFilter }, CapabilitySet.Bpf, "a program that adds atomically and takes the result",
            0x1_0000_01b7, 0xfff8_1a7b, 0x1_fff8_1adb, 0xb7, 0x95));

    /// <summary>Raw tracepoints.</summary>
    public static KernelFeature RawTracepoints { get; } = new("raw tracepoint", "4.17", static kernel =>
        TryProgram(kernel, new ProgramLoadAttributes { Type = (uint)ProgramType.RawTracepoint }, ToTrace, "a raw tracepoint program"), "CONFIG_BPF_EVENTS");

    /// <summary>Tracepoints by BTF.</summary>
    public static KernelFeature TypedTracepoints { get; } = new("tp_btf", "5.5", static kernel =>
    {
        using KernelDescriptor? program = LoadTypedTracepoint(kernel, out FeatureAnswer answer);
        return answer;
    }, "CONFIG_DEBUG_INFO_BTF");

    /// <summary>uprobe programs that may wait for memory to be read in (<c>bpf_copy_from_user</c>).</summary>
    public static KernelFeature SleepableUprobes { get; } = new("sleepable uprobe", "6.0", static kernel =>
        TryProgram(kernel, new ProgramLoadAttributes { Type = KprobeType, Flags = Sleepable }, ToTrace, "a sleepable program of type kprobe"), "CONFIG_BPF_EVENTS");

    /// <summary><c>bpf_get_attach_cookie</c> in programs on kprobes, uprobes and perf tracepoints: one program tells its attachments apart.</summary>
    public static KernelFeature AttachCookies { get; } = new("cookies of kprobes, uprobes, perf tracepoints", "5.15", static kernel =>
        ProbeHelper(kernel, GetAttachCookie, new ProgramLoadAttributes { Type = KprobeType }), "CONFIG_BPF_EVENTS");

    /// <summary><c>bpf_get_attach_cookie</c> in programs on raw tracepoints and tracepoints by BTF.</summary>
    public static KernelFeature TracepointCookies { get; } = new("cookies of raw tracepoints and tp_btf", "6.10", static kernel =>
        ProbeHelper(kernel, GetAttachCookie, new ProgramLoadAttributes { Type = (uint)ProgramType.RawTracepoint }), "CONFIG_BPF_EVENTS");

    /// <summary>LSM programs: they see, and may refuse, what security modules are asked. They run only where <c>bpf</c> is among the active modules.</summary>
    public static KernelFeature SecurityModules { get; } = new("LSM programs", "5.7", ProbeSecurityModules, "CONFIG_BPF_LSM");

    private static FeatureAnswer ProbeSecurityModules(Kernel kernel)
    {
        const string Active = "/sys/kernel/security/lsm";
        if (!TryFind(kernel, BtfKind.Function, out string hook, out uint id, out FeatureAnswer answer, "bpf_lsm_syslog"))
        {
            return answer;
        }

        // BPF_LSM_MAC
        var attributes = new ProgramLoadAttributes { Type = SecurityType, ExpectedAttachType = 27, AttachBtfId = id };
        answer = TryProgram(kernel, attributes, ToTrace, "a program at " + hook);
        if (answer.Support != FeatureSupport.Yes)
        {
            return answer;
        }

        string? modules = kernel.Calls.ReadText(Active, out int error)?.Trim();
        return modules is null
            ? answer with { Evidence = $"{answer.Evidence}; whether bpf is an active module is not known ({Active} gives {Errno.NameOf(error)})" }
            : System.Array.IndexOf(modules.Split(','), "bpf") >= 0
            ? answer with { Evidence = $"{answer.Evidence}, and bpf is among the active modules" }
            : new FeatureAnswer(FeatureSupport.No, $"bpf is not among the active modules ({modules}): boot with lsm={modules},bpf") { Cause = RefusalCause.MissingConfig };
    }

    private static KernelDescriptor? LoadTypedTracepoint(Kernel kernel, out FeatureAnswer answer)
    {
        // A tracepoint that every kernel has, and that hardly ever fires.
        if (!TryFind(kernel, BtfKind.Typedef, out _, out uint id, out answer, "btf_trace_sched_kthread_stop"))
        {
            // Tracepoints come and go: that this one is not there says nothing of the others.
            answer = answer.Cause == RefusalCause.None ? answer with { Support = FeatureSupport.Unknown, Cause = RefusalCause.Other } : answer;
            return null;
        }

        return LoadTracing(kernel, ProgramSection.TraceRawTracepoint, id, "a program at tp_btf/sched_kthread_stop", out answer);
    }

    private static KernelDescriptor? LoadTracing(Kernel kernel, uint attachType, uint typeId, string what, out FeatureAnswer answer)
    {
        var attributes = new ProgramLoadAttributes { Type = (uint)ProgramType.Tracing, ExpectedAttachType = attachType, AttachBtfId = typeId };
        KernelDescriptor? program = Load(kernel, ref attributes, ReturnZero, out int error, out VerifierLog log);
        answer = Judge(kernel, error, what, ToTrace, log);
        return program;
    }

    private static KernelDescriptor? LoadProbe(Kernel kernel, uint type, uint attachType, CapabilitySet needed, string what, out FeatureAnswer answer)
    {
        var attributes = new ProgramLoadAttributes { Type = type, ExpectedAttachType = attachType };
        KernelDescriptor? program = Load(kernel, ref attributes, ReturnZero, out int error, out VerifierLog log);
        answer = Judge(kernel, error, what, needed, log);
        return program;
    }
}
