using System;
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

    internal Kernel Kernel { get; }

    internal KernelDescriptor Descriptor { get; }

    internal ProgramSection Section { get; }

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

    /// <summary>Attaches it to a network interface, at the driver where that can (XDP programs; Linux 5.9).</summary>
    public BpfLink AttachXdp(string networkInterface) => Attacher.AttachNetwork(this, ProgramType.Xdp, ProgramSection.AttachXdp, networkInterface);

    /// <summary>Attaches it to a network interface's incoming or outgoing packets (tc programs, as tcx; Linux 6.6).</summary>
    public BpfLink AttachTc(string networkInterface, bool outgoing) => Attacher.AttachNetwork(
        this, ProgramType.Classifier, outgoing ? ProgramSection.AttachTcxEgress : ProgramSection.AttachTcxIngress, networkInterface);

    /// <summary>Attaches it to a clock on each CPU (perf_event programs).</summary>
    /// <param name="frequency">Samples a second on each CPU that is busy.</param>
    public LinkSet AttachSampling(int frequency) => Attacher.AttachSampling(this, frequency);
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
