using System;
using System.Globalization;
using System.Text;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Programs on the code of user programs: many places in one link, or one through perf.</summary>
internal static unsafe class UserFunctionAttachment
{
    private const uint FlagReturn = 1;

    /// <summary>Attaches to one place in a file, through perf or, where its uprobes are missing or forbidden, through tracefs.</summary>
    /// <param name="program">A uprobe, uretprobe or usdt program.</param>
    /// <param name="path">The file.</param>
    /// <param name="probe">The place.</param>
    /// <param name="process">The only process; 0 for all.</param>
    public static BpfLink Attach(BpfProgram program, string path, UserProbe probe, int process)
    {
        if (program.Section.Kind == "usdt.multi")
        {
            // What a usdt program becomes where the kernel can: one place is a link of one.
            return TryAttachMany(program, path, [probe], process, out BpfException? refused) ?? throw refused!;
        }

        Attacher.Expect(program, program.Section.Kind is "uprobe" or "uretprobe" or "usdt");
        using ProbeGuard guard = ProbeGuard.Open(program, path, [probe], process);
        string where = string.Create(CultureInfo.InvariantCulture, $"{path}:0x{probe.Offset:x}");
        KernelDescriptor? perfEvent = PerfEvents.OpenFunction(
            program.Kernel, isUser: true, program.Section.IsReturn, guard.Path, probe.Offset, probe.Semaphore, process, out int error);
        if (perfEvent is not null)
        {
            return PerfEvents.Attach(program, perfEvent, probe.Cookie, where);
        }

        int? second = null;
        BpfLink? link = null;

        // A probe by tracefs is one of all processes, and its path ends at the first space.
        if (error is Errno.EOPNOTSUPP or Errno.EACCES or Errno.EPERM && process == 0 && !path.Contains(' ', StringComparison.Ordinal))
        {
            string semaphore = probe.Semaphore == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"(0x{probe.Semaphore:x})");
            link = TracefsProbes.TryAttach(program, "uprobe_events", where + semaphore, probe.Cookie, where, out second);
        }

        return link ?? throw Failure(program, where, second ?? error);
    }

    /// <summary>Attaches to many places of one file at once (<c>uprobe_multi</c>, Linux 6.6).</summary>
    /// <param name="program">A program for many places.</param>
    /// <param name="path">The file.</param>
    /// <param name="probes">The places, each once.</param>
    /// <param name="process">The only process; 0 for all.</param>
    /// <param name="reason">Why there is no link.</param>
    /// <returns>The link, or null.</returns>
    public static BpfLink? TryAttachMany(BpfProgram program, string path, ReadOnlySpan<UserProbe> probes, int process, out BpfException? reason)
    {
        Attacher.Expect(program, program.Section.Kind is "uprobe.multi" or "uretprobe.multi" or "uprobe.session" or "usdt.multi");
        var offsets = new ulong[probes.Length];
        var cookies = new ulong[probes.Length];
        var semaphores = new ulong[probes.Length];
        bool hasSemaphores = false;
        for (int i = 0; i < probes.Length; i++)
        {
            (offsets[i], cookies[i], semaphores[i]) = (probes[i].Offset, probes[i].Cookie, probes[i].Semaphore);
            hasSemaphores |= semaphores[i] != 0;
        }

        ProbeGuard guard;
        try
        {
            guard = ProbeGuard.Open(program, path, probes, process);
        }
        catch (BpfException e) when (e is ProbeRefusedException or AttachException)
        {
            reason = e;
            return null;
        }

        using ProbeGuard held = guard;
        byte[] name = Encoding.UTF8.GetBytes(held.Path + "\0");
        fixed (byte* namePointer = name)
        fixed (ulong* offsetPointer = offsets, cookiePointer = cookies, semaphorePointer = semaphores)
        {
            var attributes = new LinkCreateAttributes
            {
                AttachType = program.Section.AttachType,
                UprobePath = namePointer,
                UprobeOffsets = offsetPointer,
                UprobeSemaphores = hasSemaphores ? semaphorePointer : null,
                UprobeCookies = cookiePointer,
                UprobeCount = (uint)probes.Length,
                UprobeFlags = program.Section.IsReturn ? FlagReturn : 0,
                UprobeProcess = process,
            };
            const string Way = "uprobe_multi link";
            KernelDescriptor? link = Attacher.CreateLink(program, ref attributes, Way, out int error);
            reason = link is null ? ManyFailure(program, path, error) : null;
            return link is null ? null : new BpfLink(program, link, null, Way);
        }
    }

    private static BpfException ManyFailure(BpfProgram program, string path, int error) => Attacher.Failure(program, path, error, error switch
    {
        Errno.EOPNOTSUPP => "this kernel is built without CONFIG_UPROBES.",
        Errno.EINVAL => "this kernel has no uprobe_multi (Linux 6.6), or one of the places is not in the file.",
        _ => Reason(error),
    }, error == Errno.EOPNOTSUPP ? RefusalCause.MissingConfig : error == Errno.EINVAL ? RefusalCause.TooOld : RefusalCause.Other);

    private static BpfException Failure(BpfProgram program, string where, int error) => error is Errno.EACCES or Errno.EPERM
        && program.Kernel.Capabilities.MissingOf(CapabilitySet.SysAdmin) is { IsEmpty: false } missing
        ? new MissingCapabilityException("attach", $"{program.Name} to {where}", error, missing, ProcessStatus.IsRoot(program.Kernel))
        : Attacher.Failure(program, where, error, error switch
        {
            Errno.EOPNOTSUPP => "this kernel is built without uprobes (CONFIG_UPROBE_EVENTS).",
            Errno.EINVAL => "a probe cannot be put there: the place is not in the file's code, or not the start of an instruction.",
            _ => Reason(error),
        }, error == Errno.EOPNOTSUPP ? RefusalCause.MissingConfig : RefusalCause.Other);

    private static string Reason(int error) => error switch
    {
        Errno.ENOENT => "there is no such file.",
        Errno.EBADF or Errno.ENOTDIR => "this is not a file that a probe can be put in.",
        Errno.ESRCH => "the process has ended.",
        Errno.EILSEQ => "the place is not the start of an instruction.",
        Errno.ENOTSUPP => "the instruction there cannot be probed.",
        _ => Attacher.Reason(error),
    };
}
