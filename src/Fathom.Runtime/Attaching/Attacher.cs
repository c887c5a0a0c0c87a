using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Attaches programs, each the best way that the kernel has. The kinds of places have a class each; what they share is here.</summary>
internal static class Attacher
{
    /// <summary>Attaches a program where its section's name says.</summary>
    public static BpfLink Attach(BpfProgram program) => program.Section.Kind switch
    {
        _ when program.Target.Length == 0 && program.Section.Kind is not "sockops" => throw NoTarget(program),
        "tp_btf" => TracepointAttachment.AttachTyped(program, 0),
        "fentry" or "fexit" => KernelFunctionAttachment.AttachTrampoline(program, 0),
        "raw_tp" => TracepointAttachment.AttachRaw(program, program.Target, 0),
        "tracepoint" => TracepointAttachment.AttachPerf(program, program.Target, 0),
        "kprobe" or "kretprobe" => KernelFunctionAttachment.AttachKprobe(program, program.Target, 0, 0),
        _ => throw NoTarget(program),
    };

    /// <summary>Asks for a link.</summary>
    /// <returns>The link, or null with the errno.</returns>
    public static KernelDescriptor? CreateLink(BpfProgram program, ref LinkCreateAttributes attributes, string way, out int error)
    {
        attributes.Program = program.Descriptor.Value;
        KernelDescriptor? link = program.Kernel.Calls.BpfOpen(BpfCommand.LinkCreate, ref attributes, $"{program.Name} ({way})", out error);
        GC.KeepAlive(program);
        return link;
    }

    /// <summary>A program of another kind was meant: the caller's mistake.</summary>
    public static void Expect(BpfProgram program, bool isRight)
    {
        if (!isRight)
        {
            throw new InvalidOperationException($"{program.Name} is a {program.Section.Kind} program, which is attached otherwise.");
        }
    }

    /// <summary>The exception for an attachment that the kernel refused.</summary>
    /// <param name="program">The program.</param>
    /// <param name="where">To what; empty for what the section's name says.</param>
    /// <param name="error">The errno.</param>
    /// <param name="advice">What to say if it is no matter of rights.</param>
    /// <param name="cause">The cause, if it is no matter of rights.</param>
    public static BpfException Failure(BpfProgram program, string where, int error, string advice, RefusalCause cause = RefusalCause.Other)
    {
        string target = where.Length == 0 ? program.Target : where;
        if (error == Errno.EACCES && IsShutByParanoia(program))
        {
            return new AttachException(target.Length == 0 ? program.Name : $"{program.Name} to {target}", error,
                "perf events are for the administrator alone here (kernel.perf_event_paranoid is above 2): set it to 2, or run this with CAP_SYS_ADMIN.",
                RefusalCause.MissingCapability);
        }

        return Refusal.IsForbidden(error)
            ? Refusal.Explain(program.Kernel, "attach", program.Name, error, program.Section.Needed, $"to attach {program.Section.Kind} programs")
            : new AttachException(target.Length == 0 ? program.Name : $"{program.Name} to {target}", error, advice, cause);
    }

    /// <summary>What an errno means wherever a program is attached.</summary>
    public static string Reason(int error) => error switch
    {
        Errno.EEXIST => "this program is attached there already, and this kernel allows that once.",
        Errno.E2BIG => "64 programs are attached to this tracepoint, which is the most.",
        Errno.EBUSY => "something else is attached there already.",
        Errno.ENODEV => "the CPU or device is off.",
        Errno.ENOMEM => "the kernel has no memory for it.",
        Errno.EOPNOTSUPP or Errno.ENOTSUPP => "this kernel cannot attach programs of this type.",
        _ => "the kernel gave no further reason.",
    };

    // A level that Debian and others add, and that CAP_PERFMON does not open.
    private static bool IsShutByParanoia(BpfProgram program) => program.Type is ProgramType.Kprobe or ProgramType.Tracepoint or ProgramType.PerfEvent
        && !program.Kernel.Capabilities.Contains(CapabilitySet.SysAdmin)
        && int.TryParse(program.Kernel.Calls.ReadText("/proc/sys/kernel/perf_event_paranoid", out _), out int level) && level > 2;

    /// <summary>The exception for an object that is to be attached with programs that do not say to what.</summary>
    /// <param name="programs">These; none if the object has no program that is loaded.</param>
    public static BpfException NoTargets(IReadOnlyList<BpfProgram> programs)
    {
        if (programs.Count == 0)
        {
            return new("attach", "object", 0, "none of its programs is loaded: LoadOptions.With names those that are optional, LoadOptions.Without leaves out.");
        }

        string ways = string.Join("; ", programs.Select(static program => $"{program.Name} ({program.Kind}): {WayOf(program)}"));
        return new("attach", "object", 0,
            $"not every program says to what: {ways}. Attach those by these methods first, name the ones to attach, or leave them out with LoadOptions.Without.");
    }

    private static BpfException NoTarget(BpfProgram program) => new("attach", program.Name, 0, WayOf(program) + ".");

    private static string WayOf(BpfProgram program) => program.Section.Kind switch
    {
        "xdp" => "say to which network interface, with AttachXdp",
        "xdp/devmap" or "xdp/cpumap" => "such a program is not attached but put into a map, whose entry then runs it",
        "tc" or "tcx/ingress" or "tcx/egress" => "say to which network interface, with AttachTc",
        "perf_event" => "say how often, with AttachSampling",
        "raw_tp" or "tracepoint" => "say to which tracepoint, with AttachTracepoint",
        "kprobe" or "kretprobe" => "say to which function, with AttachKprobe",
        "kprobe.multi" or "kretprobe.multi" or "kprobe.session" => "say to which functions, with AttachKprobes",
        "uprobe" or "uretprobe" or "usdt" => "say to which file and place, with AttachUprobe",
        "uprobe.multi" or "uretprobe.multi" or "uprobe.session" or "usdt.multi" => "say to which file and places, with AttachUprobes",
        "iter" => "it is not attached but read, with OpenIterator",
        "syscall" => "such a program is not attached but run, with TestRun",
        _ when program.Section.IsCgroup => "say to which cgroup, with AttachCgroup",
        _ => "its section does not say to what",
    };
}
