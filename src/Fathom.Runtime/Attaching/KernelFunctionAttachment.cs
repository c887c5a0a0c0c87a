using System;
using System.Globalization;
using System.IO;
using System.Threading;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Programs on functions of the kernel: trampolines (fentry), single kprobes, and many in one link.</summary>
internal static unsafe class KernelFunctionAttachment
{
    private const uint FlagReturn = 1;

    private static int s_made;

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
            Errno.EBUSY => "something else (such as live patching) has changed the function's beginning.",
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
        bool isReturn = program.Section.IsReturn;
        Kernel kernel = program.Kernel;
        string where = function.Length == 0 ? Hexadecimal(offset) : offset == 0 ? function : function + "+" + Hexadecimal(offset);
        KernelDescriptor? perfEvent = PerfEvents.OpenFunction(kernel, isUser: false, isReturn, function, offset, 0, 0, out int error);
        if (perfEvent is not null)
        {
            return PerfEvents.Attach(program, perfEvent, cookie, where);
        }

        if (error is Errno.ENOENT or Errno.EACCES or Errno.EPERM
            && TryTracefs(program, "kprobe_events", (isReturn ? "r" : "p") + ":{0} " + where, cookie, where, out BpfLink? link) is { } other)
        {
            return link ?? throw Failure(program, where, other == Errno.ENOENT ? error : other);
        }

        throw Failure(program, where, error);
    }

    /// <summary>Attaches to many functions at once (<c>kprobe_multi</c>, Linux 5.18, with <c>CONFIG_FPROBE</c>).</summary>
    /// <param name="program">A program for many functions.</param>
    /// <param name="addresses">The functions' addresses, each once.</param>
    /// <param name="cookies">What <c>bpf_get_attach_cookie</c> gives at each; empty for none.</param>
    /// <param name="error">0, or the errno.</param>
    /// <returns>The link, or null.</returns>
    public static BpfLink? TryAttachMany(BpfProgram program, ReadOnlySpan<ulong> addresses, ReadOnlySpan<ulong> cookies, out int error)
    {
        Attacher.Expect(program, program.Section.Kind is "kprobe.multi" or "kretprobe.multi" or "kprobe.session");
        if (!cookies.IsEmpty)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(cookies.Length, addresses.Length);
        }

        fixed (ulong* addressPointer = addresses, cookiePointer = cookies)
        {
            var attributes = new LinkCreateAttributes
            {
                AttachType = program.Section.AttachType,
                KprobeFlags = program.Section.IsReturn ? FlagReturn : 0,
                KprobeCount = (uint)addresses.Length,
                KprobeAddresses = addressPointer,
                KprobeCookies = cookiePointer,
            };
            const string Way = "kprobe_multi link";
            KernelDescriptor? link = Attacher.CreateLink(program, ref attributes, Way, out error);
            return link is null ? null : new BpfLink(program, link, null, Way);
        }
    }

    /// <summary>The exception for functions that could not be attached to at once.</summary>
    public static BpfException ManyFailure(BpfProgram program, int error) => Attacher.Failure(program, "many functions", error, error switch
    {
        Errno.EOPNOTSUPP => "this kernel is built without CONFIG_FPROBE, so only one function at a time can be probed.",
        Errno.EINVAL or Errno.ENOENT or Errno.ESRCH => "one of the functions cannot be traced, or this kernel has no kprobe_multi (Linux 5.18).",
        _ => Attacher.Reason(error),
    }, error == Errno.EOPNOTSUPP ? RefusalCause.MissingConfig : error == Errno.EINVAL ? RefusalCause.TooOld : RefusalCause.Other);

    /// <summary>Makes a probe by a line in tracefs, which is removed when the link ends.</summary>
    /// <param name="program">The program.</param>
    /// <param name="file"><c>kprobe_events</c> or <c>uprobe_events</c>.</param>
    /// <param name="line">The line, with {0} for the name of the probe.</param>
    /// <param name="cookie">The cookie.</param>
    /// <param name="where">To what, for messages.</param>
    /// <param name="link">The link.</param>
    /// <returns>Null if there is no tracefs to write to, otherwise 0 or the errno.</returns>
    public static int? TryTracefs(BpfProgram program, string file, string line, ulong cookie, string where, out BpfLink? link)
    {
        link = null;
        Kernel kernel = program.Kernel;
        if (kernel.Tracefs.Root is not { } root)
        {
            return null;
        }

        string path = root + "/" + file;
        RemoveAbandoned(kernel, path);

        // The process's number is in the name, so that who comes later can tell what a process left that was killed.
        string name = string.Create(CultureInfo.InvariantCulture, $"fathom/p{Environment.ProcessId}_{Interlocked.Increment(ref s_made)}");
        int error = kernel.Calls.Append(path, string.Format(CultureInfo.InvariantCulture, line, name));
        if (error != 0)
        {
            return error;
        }

        Action remove = () => kernel.Calls.Append(path, "-:" + name);
        KernelDescriptor? perfEvent;
        try
        {
            perfEvent = PerfEvents.OpenTracepoint(kernel, kernel.Tracefs.ReadId(name), out error);
        }
        catch
        {
            remove();
            throw;
        }

        if (perfEvent is null)
        {
            remove();
            return error;
        }

        BpfLink attached = PerfEvents.Attach(program, perfEvent, cookie, where, remove);
        link = attached.As("tracefs " + (file[0] == 'k' ? "kprobe" : "uprobe"));
        return 0;
    }

    // What a process that was killed has left: probes named after it, which nothing else removes. One that is in use cannot be removed.
    private static void RemoveAbandoned(Kernel kernel, string path)
    {
        foreach (string line in (kernel.Calls.ReadText(path, out _) ?? "").Split('\n'))
        {
            int start = line.IndexOf(":fathom/p", StringComparison.Ordinal);
            int end = start < 0 ? -1 : line.IndexOf('_', start);
            int space = start < 0 ? -1 : line.IndexOf(' ', start);
            if (end > 0 && space > end
                && int.TryParse(line.AsSpan(start + 9, end - start - 9), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                && process != Environment.ProcessId && !Directory.Exists($"/proc/{process.ToString(CultureInfo.InvariantCulture)}"))
            {
                kernel.Calls.Append(path, "-:" + line[(start + 1)..space]);
            }
        }
    }

    private static BpfException Failure(BpfProgram program, string where, int error)
    {
        if (error == Errno.ENOENT && program.Kernel.Calls.ReadText("/sys/bus/event_source/devices/kprobe/type", out _) is null)
        {
            return Attacher.Failure(program, where, error, "this kernel is built without kprobes (CONFIG_KPROBE_EVENTS).", RefusalCause.MissingConfig);
        }

        return Attacher.Failure(program, where, error, error switch
        {
            Errno.ENOENT => "this kernel has no such function, or it was inlined; /proc/kallsyms names those that there are.",
            Errno.EADDRNOTAVAIL or Errno.EINVAL => "a probe cannot be put there: the function is on the kernel's blacklist, or this is not the start of an instruction.",
            Errno.EILSEQ => "the address is not the start of an instruction.",
            _ => Attacher.Reason(error),
        });
    }

    private static string Hexadecimal(ulong value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);
}
