using System;
using System.Text;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Programs on tracepoints: typed, raw, and through perf.</summary>
internal static unsafe class TracepointAttachment
{
    /// <summary>Attaches to the tracepoint that the program was verified for.</summary>
    /// <param name="program">A tp_btf program.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives; 0 for none (Linux 6.10).</param>
    public static BpfLink AttachTyped(BpfProgram program, ulong cookie)
    {
        // A link by LINK_CREATE since Linux 5.19 (tracing programs of other kinds earlier); before, EINVAL, and the older command does it.
        const string Way = "tp_btf link";
        var attributes = new LinkCreateAttributes { AttachType = ProgramSection.TraceRawTracepoint, TracingCookie = cookie };
        KernelDescriptor? link = Attacher.CreateLink(program, ref attributes, Way, out int error);
        return error switch
        {
            0 => new BpfLink(program, link, null, Way),
            Errno.EINVAL => OpenRaw(program, "", cookie, Way),
            _ => throw Attacher.Failure(program, "", error, Reason(error)),
        };
    }

    /// <summary>Attaches to a tracepoint by name.</summary>
    /// <param name="program">A raw_tp program.</param>
    /// <param name="name">The tracepoint, without its category.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives; 0 for none (Linux 6.10).</param>
    public static BpfLink AttachRaw(BpfProgram program, string name, ulong cookie)
    {
        Attacher.Expect(program, program.Type == ProgramType.RawTracepoint);
        return OpenRaw(program, name, cookie, "raw tracepoint");
    }

    /// <summary>Attaches to a tracepoint through perf and tracefs.</summary>
    /// <param name="program">A tracepoint program.</param>
    /// <param name="name"><c>category/name</c>.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives; 0 for none (Linux 5.15).</param>
    public static BpfLink AttachPerf(BpfProgram program, string name, ulong cookie)
    {
        Attacher.Expect(program, program.Type == ProgramType.Tracepoint);
        TracepointRecord.MustFit(program, name);
        KernelDescriptor perfEvent = PerfEvents.OpenTracepoint(program.Kernel, program.Kernel.Tracefs.ReadId(name), out int error)
            ?? throw Attacher.Failure(program, name, error, Reason(error));
        return PerfEvents.Attach(program, perfEvent, cookie, name);
    }

    private static BpfLink OpenRaw(BpfProgram program, string name, ulong cookie, string way)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name + "\0");
        fixed (byte* pointer = bytes)
        {
            // The name is none for tp_btf, where the program itself says it.
            var attributes = new RawTracepointAttributes
            {
                Name = name.Length == 0 ? null : pointer,
                Program = program.Descriptor.Value,
                Cookie = cookie,
            };
            KernelDescriptor? link = program.Kernel.Calls.BpfOpen(BpfCommand.RawTracepointOpen, ref attributes, program.Name + " (link)", out int error);
            GC.KeepAlive(program);
            bool isOlder = error is Errno.EINVAL or Errno.E2BIG && cookie != 0;
            return link is not null
                ? new BpfLink(program, link, null, way)
                : throw Attacher.Failure(
                    program, name, error, isOlder ? "this kernel has no cookies for raw tracepoints (Linux 6.10)." : Reason(error),
                    isOlder ? RefusalCause.TooOld : RefusalCause.Other);
        }
    }

    private static string Reason(int error) => error == Errno.ENOENT ? "this kernel has no such tracepoint." : Attacher.Reason(error);
}
