using System;
using System.Globalization;
using System.Text;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Programs on functions of the kernel: trampolines (fentry), single kprobes, and many in one link.</summary>
internal static unsafe class KernelFunctionAttachment
{
    private const uint FlagReturn = 1;

    /// <summary>Attaches a fentry or fexit program to the function that it was verified for.</summary>
    public static BpfLink AttachTrampoline(BpfProgram program, ulong cookie)
    {
        string way = program.Section.Kind + " link";
        var attributes = new LinkCreateAttributes { AttachType = program.Section.AttachType, TracingCookie = cookie };
        KernelDescriptor? link = Attacher.CreateLink(program, ref attributes, way, out int error);
        if (error == Errno.EINVAL && cookie == 0)
        {
            // Links of these by LINK_CREATE: Linux 5.19. https://github.com/torvalds/linux/commit/df86ca0d2f0f
            var older = new RawTracepointAttributes { Program = program.Descriptor.Value };
            link = program.Kernel.Calls.BpfOpen(BpfCommand.RawTracepointOpen, ref older, program.Name + " (link)", out error);
            GC.KeepAlive(program);
        }

        return link is not null ? new BpfLink(program, link, null, way) : throw Attacher.Failure(program, "", error, error switch
        {
            Errno.EBUSY => "the function has no place for it, or something else (such as live patching) has taken it.",
            Errno.E2BIG => "too many programs are attached to this function already.",
            _ => Attacher.Reason(error),
        });
    }

    /// <summary>Attaches to one function, through perf or, where its kprobes are missing or forbidden, through tracefs.</summary>
    /// <param name="program">A kprobe or kretprobe program.</param>
    /// <param name="function">The function's name; empty if <paramref name="offset"/> is an address.</param>
    /// <param name="offset">Bytes from its start, or the address.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives; 0 for none (Linux 5.15).</param>
    public static BpfLink AttachKprobe(BpfProgram program, string function, ulong offset, ulong cookie)
    {
        Attacher.Expect(program, program.Section.Kind is "kprobe" or "kretprobe");
        string where = function.Length == 0 ? Hexadecimal(offset) : offset == 0 ? function : function + "+" + Hexadecimal(offset);
        KernelDescriptor? perfEvent = PerfEvents.OpenFunction(
            program.Kernel, isUser: false, program.Section.IsReturn, function, offset, 0, 0, out int error);
        if (perfEvent is not null)
        {
            return PerfEvents.Attach(program, perfEvent, cookie, where);
        }

        int? second = null;
        BpfLink? link = error is Errno.EOPNOTSUPP or Errno.EACCES or Errno.EPERM
            ? TracefsProbes.TryAttach(program, "kprobe_events", where, cookie, where, out second)
            : null;
        return link ?? throw Failure(program, where, second ?? error);
    }

    /// <summary>Attaches to many functions at once (<c>kprobe_multi</c>, Linux 5.18, with <c>CONFIG_FPROBE</c>).</summary>
    /// <param name="program">A program for many functions.</param>
    /// <param name="addresses">The functions' addresses, each once.</param>
    /// <param name="cookies">What <c>bpf_get_attach_cookie</c> gives at each; empty for none.</param>
    /// <param name="error">0, or the errno.</param>
    /// <returns>The link, or null.</returns>
    public static BpfLink? TryAttachMany(BpfProgram program, ReadOnlySpan<ulong> addresses, ReadOnlySpan<ulong> cookies, out int error)
    {
        fixed (ulong* addressPointer = addresses, cookiePointer = cookies)
        {
            var attributes = new LinkCreateAttributes { KprobeCount = (uint)addresses.Length, KprobeAddresses = addressPointer, KprobeCookies = cookiePointer };
            return TryAttachMany(program, ref attributes, cookies.Length, out error);
        }
    }

    /// <summary>The same by name, for who may not know addresses. A name that is not unique, or not to be traced, fails them all.</summary>
    public static BpfLink? TryAttachMany(BpfProgram program, ReadOnlySpan<string> functions, ReadOnlySpan<ulong> cookies, out int error)
    {
        byte[] names = Encoding.UTF8.GetBytes(string.Join('\0', functions!) + "\0");
        byte*[] starts = new byte*[functions.Length];
        fixed (byte* namePointer = names)
        fixed (byte** startPointer = starts)
        fixed (ulong* cookiePointer = cookies)
        {
            for (int i = 0, at = 0; i < starts.Length; i++)
            {
                starts[i] = namePointer + at;
                at += names.AsSpan(at).IndexOf((byte)0) + 1;
            }

            var attributes = new LinkCreateAttributes { KprobeCount = (uint)functions.Length, KprobeSymbols = startPointer, KprobeCookies = cookiePointer };
            return TryAttachMany(program, ref attributes, cookies.Length, out error);
        }
    }

    private static BpfLink? TryAttachMany(BpfProgram program, ref LinkCreateAttributes attributes, int cookies, out int error)
    {
        const string Way = "kprobe_multi link";
        Attacher.Expect(program, program.Section.Kind is "kprobe.multi" or "kretprobe.multi" or "kprobe.session");
        if (cookies != 0)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(cookies, (int)attributes.KprobeCount);
        }

        attributes.AttachType = program.Section.AttachType;
        attributes.KprobeFlags = program.Section.IsReturn ? FlagReturn : 0;
        KernelDescriptor? link = Attacher.CreateLink(program, ref attributes, Way, out error);
        return link is null ? null : new BpfLink(program, link, null, Way);
    }

    /// <summary>The exception for functions that could not be attached to at once.</summary>
    public static BpfException ManyFailure(BpfProgram program, int error) => Attacher.Failure(program, "many functions", error, error switch
    {
        Errno.EOPNOTSUPP => "this kernel is built without CONFIG_FPROBE, so only one function at a time can be probed.",
        Errno.EINVAL or Errno.ENOENT or Errno.ESRCH => "one of the functions cannot be traced, or this kernel has no kprobe_multi (Linux 5.18).",
        _ => Attacher.Reason(error),
    }, error == Errno.EOPNOTSUPP ? RefusalCause.MissingConfig : error == Errno.EINVAL ? RefusalCause.TooOld : RefusalCause.Other);

    // tracefs says EINVAL of a function that is not there, since Linux 6.12:
    // https://github.com/torvalds/linux/blob/v6.12/kernel/trace/trace_kprobe.c (trace_kprobe_create_internal: BAD_PROBE_ADDR)
    private static BpfException Failure(BpfProgram program, string where, int error) => Attacher.Failure(program, where, error, error switch
    {
        Errno.EOPNOTSUPP => "this kernel is built without kprobes (CONFIG_KPROBE_EVENTS).",
        Errno.ENOENT => "this kernel has no such function, or it was inlined; /proc/kallsyms names those that there are.",
        Errno.EADDRNOTAVAIL => "several functions have this name, or a probe cannot be put there: give the address of one that is not on the kernel's blacklist.",
        Errno.EINVAL => "a probe cannot be put there: there is no such function, it is on the kernel's blacklist, or this is not the start of an instruction.",
        Errno.EILSEQ => "the address is not the start of an instruction.",
        _ => Attacher.Reason(error),
    }, error == Errno.EOPNOTSUPP ? RefusalCause.MissingConfig : RefusalCause.Other);

    private static string Hexadecimal(ulong value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);
}
