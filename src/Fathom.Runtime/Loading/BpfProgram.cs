using System;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>A program in the kernel: verified, and attached by <see cref="LoadedObject.Attach()"/> or the methods here.</summary>
public sealed unsafe class BpfProgram
{
    internal BpfProgram(Kernel kernel, KernelDescriptor descriptor, string name, ProgramSection section)
    {
        Kernel = kernel;
        Descriptor = descriptor;
        Name = name;
        Section = section;
    }

    /// <summary>Its name: that of its function.</summary>
    public string Name { get; }

    /// <summary>Its type.</summary>
    public ProgramType Type => Section.Type;

    /// <summary>What its section's name says it attaches to; empty if that is said when attaching.</summary>
    public string Target => Section.Target;

    /// <summary>The kind of its section: <c>tp_btf</c>, <c>fentry</c>, <c>kprobe</c>, <c>kprobe.multi</c> and so on.</summary>
    public string Kind => Section.Kind;

    internal Kernel Kernel { get; }

    internal KernelDescriptor Descriptor { get; }

    internal ProgramSection Section { get; }

    /// <summary>What it takes its context for, where the object says so.</summary>
    internal DeclaredContext? Context { get; init; }

    /// <summary>Whether it has been attached since it was loaded.</summary>
    internal bool WasAttached { get; set; }

    /// <summary>Id, sizes, and what it has cost so far (<c>BPF_OBJ_GET_INFO_BY_FD</c>).</summary>
    public ProgramInfo GetInfo()
    {
        var info = default(RawProgramInfo);
        var attributes = new InfoAttributes { Descriptor = Descriptor.Value, Length = (uint)sizeof(RawProgramInfo), Info = &info };
        int result = Kernel.Calls.Bpf(BpfCommand.GetInfo, ref attributes);
        GC.KeepAlive(this);
        return result >= 0
            ? new ProgramInfo(
                (int)info.Id, (int)info.TranslatedSize, (int)info.JitedSize, (int)info.VerifiedInstructions, (long)info.RunTime, (long)info.RunCount, (long)info.RecursionMisses)
            : throw new BpfException("read information on program", Name, -result, "the kernel gave no reason.");
    }

    /// <summary>Runs it once (<c>BPF_PROG_TEST_RUN</c>): for syscall, raw tracepoint, XDP, tc and socket programs.</summary>
    /// <param name="context">For syscall and raw tracepoint programs, the context; what a syscall program writes into it comes back.</param>
    /// <param name="packet">For network programs, the packet: at least 14 bytes.</param>
    /// <param name="packetOut">For network programs, where the packet goes that the program leaves.</param>
    /// <exception cref="BpfException">Programs of this type cannot be run so, or the arguments do not fit.</exception>
    public TestRunResult TestRun(Span<byte> context = default, ReadOnlySpan<byte> packet = default, Span<byte> packetOut = default)
    {
        fixed (byte* contextPointer = context, packetPointer = packet, outPointer = packetOut)
        {
            var attributes = new TestRunAttributes
            {
                Program = Descriptor.Value,
                ContextIn = contextPointer,
                ContextSizeIn = (uint)context.Length,
                DataIn = packetPointer,
                DataSizeIn = (uint)packet.Length,
                DataOut = outPointer,
                DataSizeOut = (uint)packetOut.Length,
            };
            int result = Kernel.Calls.Bpf(BpfCommand.ProgramTestRun, ref attributes);
            GC.KeepAlive(this);
            return result >= 0
                ? new TestRunResult(attributes.ReturnValue, (int)attributes.DataSizeOut, attributes.Duration)
                : throw new BpfException("run program", Name, -result, -result switch
                {
                    Errno.ENOTSUPP or Errno.EOPNOTSUPP => $"a {Section.Kind} program cannot be run by hand on this kernel.",
                    Errno.ENOSPC => "the packet that it leaves is longer than the buffer.",
                    Errno.EINVAL => "the context or the packet does not fit a program of this type.",
                    _ => "the kernel gave no further reason.",
                });
        }
    }

    /// <summary>Attaches it where its section's name says.</summary>
    /// <exception cref="BpfException">The section names no target, or the kernel refuses.</exception>
    public BpfLink Attach() => Attacher.Attach(this);

    /// <summary>Attaches it to a tracepoint (raw_tp and tracepoint programs).</summary>
    /// <param name="tracepoint">Its name; for a tracepoint program with the category: <c>sched/sched_switch</c>.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives; 0 for none. Linux 6.10 for raw tracepoints, 5.15 for perf's.</param>
    /// <exception cref="BpfException">There is no such tracepoint, or the kernel refuses.</exception>
    public BpfLink AttachTracepoint(string tracepoint, ulong cookie = 0) => Type == ProgramType.RawTracepoint
        ? TracepointAttachment.AttachRaw(this, tracepoint, cookie)
        : TracepointAttachment.AttachPerf(this, tracepoint, cookie);

    /// <summary>Attaches it to one function of the kernel (kprobe and kretprobe programs), through perf or else through tracefs.</summary>
    /// <param name="function">The function's name; empty if <paramref name="offset"/> is an address.</param>
    /// <param name="offset">Bytes from its start, or the address.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives; 0 for none (Linux 5.15).</param>
    /// <exception cref="BpfException">There is no such function, it cannot be probed, or the kernel refuses.</exception>
    public BpfLink AttachKprobe(string function, ulong offset = 0, ulong cookie = 0) =>
        KernelFunctionAttachment.AttachKprobe(this, function, offset, cookie);

    /// <summary>Attaches it to many functions of the kernel in one link (kprobe.multi, kretprobe.multi and kprobe.session programs; Linux 5.18).</summary>
    /// <param name="addresses">The functions' addresses, each once: by name, one that is not unique would fail them all.</param>
    /// <param name="cookies">What <c>bpf_get_attach_cookie</c> gives at each; empty for none (Linux 5.19).</param>
    /// <exception cref="BpfException">One of the functions cannot be traced, or the kernel refuses.</exception>
    public BpfLink AttachKprobes(ReadOnlySpan<ulong> addresses, ReadOnlySpan<ulong> cookies = default) =>
        KernelFunctionAttachment.TryAttachMany(this, addresses, cookies, out int error) ?? throw KernelFunctionAttachment.ManyFailure(this, error);

    /// <summary>As <see cref="AttachKprobes"/>; gives null and the reason in place of an exception.</summary>
    public BpfLink? TryAttachKprobes(ReadOnlySpan<ulong> addresses, ReadOnlySpan<ulong> cookies, out BpfException? reason)
    {
        BpfLink? link = KernelFunctionAttachment.TryAttachMany(this, addresses, cookies, out int error);
        reason = link is null ? KernelFunctionAttachment.ManyFailure(this, error) : null;
        return link;
    }

    /// <summary>As <see cref="TryAttachKprobes(ReadOnlySpan{ulong}, ReadOnlySpan{ulong}, out BpfException?)"/>, by name, for who may not know addresses (CAP_SYSLOG).</summary>
    public BpfLink? TryAttachKprobes(ReadOnlySpan<string> functions, ReadOnlySpan<ulong> cookies, out BpfException? reason)
    {
        BpfLink? link = KernelFunctionAttachment.TryAttachMany(this, functions, cookies, out int error);
        reason = link is null ? KernelFunctionAttachment.ManyFailure(this, error) : null;
        return link;
    }

    /// <summary>Attaches it to a place in the code of a file (uprobe, uretprobe and usdt programs), through perf or else through tracefs.</summary>
    /// <remarks>
    /// A return probe ends processes with a seccomp filter on kernels from 6.11 to their repair (6.12.14, 6.13.3, 6.14): there it is refused where
    /// such a process is concerned, which is found out on a child. A process that comes later, or sets a filter later, is not seen.
    /// </remarks>
    /// <param name="path">The file.</param>
    /// <param name="probe">The place.</param>
    /// <param name="process">The only process; 0 for all.</param>
    /// <exception cref="ProbeRefusedException">The traced program would not be the same with a probe there; the kernel is not asked.</exception>
    /// <exception cref="BpfException">There is no such place, or the kernel refuses. Perf's uprobes need CAP_SYS_ADMIN.</exception>
    public BpfLink AttachUprobe(string path, UserProbe probe, int process = 0) => UserFunctionAttachment.Attach(this, path, probe, process);

    /// <summary>Attaches it to many places in the code of a file in one link (uprobe.multi and the like; Linux 6.6).</summary>
    /// <remarks>Of return probes, among them sessions, and seccomp filters the same holds as for <see cref="AttachUprobe"/>.</remarks>
    /// <param name="path">The file.</param>
    /// <param name="probes">The places, each once.</param>
    /// <param name="process">
    /// The only process, in whose memory alone breakpoints are set; 0 for all. Without <see cref="KernelFeatures.UprobeMultiProcess"/> it is the number of a
    /// thread, and the program runs for that thread only.
    /// </param>
    /// <exception cref="ProbeRefusedException">The traced program would not be the same with a probe at one of them; the kernel is not asked.</exception>
    /// <exception cref="BpfException">One of the places is wrong, or the kernel refuses.</exception>
    public BpfLink AttachUprobes(string path, ReadOnlySpan<UserProbe> probes, int process = 0) =>
        UserFunctionAttachment.TryAttachMany(this, path, probes, process, out BpfException? reason) ?? throw reason!;

    /// <summary>As <see cref="AttachUprobes"/>; gives null and the reason in place of an exception.</summary>
    public BpfLink? TryAttachUprobes(string path, ReadOnlySpan<UserProbe> probes, int process, out BpfException? reason) =>
        UserFunctionAttachment.TryAttachMany(this, path, probes, process, out reason);

    /// <summary>Attaches it to a network interface, at the driver where that can (XDP programs; Linux 5.9).</summary>
    public BpfLink AttachXdp(string networkInterface) => NetworkAttachment.AttachXdp(this, networkInterface);

    /// <summary>
    /// Attaches it to a network interface's incoming or outgoing packets (tc programs): by a tcx link (Linux 6.6), otherwise as a filter of
    /// clsact, which does not end by itself if the process is killed.
    /// </summary>
    public BpfLink AttachTc(string networkInterface, bool outgoing) => NetworkAttachment.AttachTc(this, networkInterface, outgoing);

    /// <summary>Attaches it to a cgroup of version 2 and those below it (cgroup programs; Linux 5.7).</summary>
    /// <param name="path">The cgroup's directory.</param>
    public BpfLink AttachCgroup(string path) => CgroupAttachment.Attach(this, path);

    /// <summary>Begins a pass over what it iterates (iter programs; Linux 5.8).</summary>
    public BpfIterator OpenIterator() => BpfIterator.Open(this);

    /// <summary>Attaches it to a clock on each CPU (perf_event programs).</summary>
    /// <param name="frequency">Samples a second on each CPU that is busy.</param>
    public LinkSet AttachSampling(int frequency) => PerfEvents.AttachSampling(this, frequency);
}

/// <summary>What the kernel knows of a program.</summary>
/// <param name="Id">Its id.</param>
/// <param name="TranslatedSize">Bytes of BPF code after verification.</param>
/// <param name="NativeSize">Bytes of machine code, 0 if it is interpreted.</param>
/// <param name="VerifiedInstructions">Instructions that the verifier went through, over all paths (Linux 5.16, else 0).</param>
/// <param name="RunTimeNs">Nanoseconds in it, while statistics were on (<see cref="KernelStatistics"/>).</param>
/// <param name="RunCount">Runs, while statistics were on.</param>
/// <param name="RecursionMisses">Events it missed because it was running already (Linux 5.12, else 0).</param>
public readonly record struct ProgramInfo(
    int Id, int TranslatedSize, int NativeSize, int VerifiedInstructions, long RunTimeNs, long RunCount, long RecursionMisses);

/// <summary>What a run by hand gave.</summary>
/// <param name="ReturnValue">What the program returned.</param>
/// <param name="PacketSize">Bytes of the packet it left.</param>
/// <param name="DurationNs">Nanoseconds that it took.</param>
public readonly record struct TestRunResult(uint ReturnValue, int PacketSize, long DurationNs);
