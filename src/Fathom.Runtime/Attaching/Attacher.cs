using System;
using System.Text;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Attaches programs, each the best way that the kernel has.</summary>
internal static unsafe class Attacher
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/perf_event.h
    private const uint PerfTypeSoftware = 1;
    private const uint PerfTypeTracepoint = 2;
    private const ulong PerfCpuClock = 0;
    private const ulong PerfFlagFrequency = 1 << 10;
    private const uint PerfIoctlEnable = 0x2400;
    private const uint PerfIoctlSetBpf = 0x40042408;

    /// <summary>Attaches a program where its section's name says.</summary>
    public static BpfLink Attach(BpfProgram program)
    {
        if (program.Target.Length == 0)
        {
            throw new BpfException("attach", program.Name, 0, program.Type switch
            {
                ProgramType.Xdp => "say to which network interface, with AttachXdp.",
                ProgramType.Classifier => "say to which network interface, with AttachTc.",
                ProgramType.PerfEvent => "say how often, with AttachSampling.",
                ProgramType.Syscall => "such a program is not attached but run, with TestRun.",
                _ => "its section does not say to what.",
            });
        }

        return program.Type switch
        {
            ProgramType.Tracing => AttachTracing(program),
            ProgramType.RawTracepoint => OpenRawTracepoint(program, program.Target, "raw tracepoint"),
            ProgramType.Tracepoint => AttachTracepoint(program),
            _ => throw new BpfException("attach", program.Name, 0, $"a {program.Section.Kind} program is not attached by its section's name."),
        };
    }

    /// <summary>Attaches a program to a network interface.</summary>
    public static BpfLink AttachNetwork(BpfProgram program, ProgramType type, uint attachType, string networkInterface)
    {
        if (program.Type != type)
        {
            throw new InvalidOperationException($"{program.Name} is a {program.Section.Kind} program.");
        }

        long index = program.Kernel.Calls.Raw.GetInterfaceIndex(networkInterface);
        if (index < 0)
        {
            throw new AttachException(program.Name, (int)-index, $"there is no network interface {networkInterface}; see `ip link`.");
        }

        string way = type == ProgramType.Xdp ? "XDP link" : "tcx link";
        KernelDescriptor? link = CreateLink(program, (int)index, attachType, way, out int error);
        return link is not null ? new BpfLink(program, link, null, way) : throw Failure(program, error, error switch
        {
            Errno.EBUSY or Errno.EEXIST => $"{networkInterface} has a program already; detach that first.",
            Errno.EINVAL when type == ProgramType.Classifier => "this kernel has no tcx (Linux 6.6).",
            Errno.EOPNOTSUPP => $"{networkInterface} cannot do that.",
            _ => "the kernel gave no further reason.",
        });
    }

    /// <summary>Attaches a program to a clock on each CPU that is online.</summary>
    public static LinkSet AttachSampling(BpfProgram program, int frequency)
    {
        if (program.Type != ProgramType.PerfEvent)
        {
            throw new InvalidOperationException($"{program.Name} is a {program.Section.Kind} program.");
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(frequency);
        var links = new LinkSet();
        try
        {
            for (int cpu = 0; cpu < program.Kernel.PossibleCpus; cpu++)
            {
                var attributes = new PerfEventAttributes
                {
                    Type = PerfTypeSoftware,
                    Size = PerfEventAttributes.Bytes,
                    Config = PerfCpuClock,
                    SamplePeriodOrFrequency = (ulong)frequency,
                    Flags = PerfFlagFrequency,
                };
                KernelDescriptor? clock = program.Kernel.Calls.OpenPerfEvent(ref attributes, -1, cpu, out int error);
                if (clock is not null)
                {
                    links.Add(AttachToEvent(program, clock));
                }
                else if (error != Errno.ENODEV)
                {
                    // ENODEV: the CPU is possible, but off.
                    throw Failure(program, error, "a sampling clock cannot be opened; see /proc/sys/kernel/perf_event_paranoid and perf_event_max_sample_rate.");
                }
            }

            return links;
        }
        catch
        {
            links.Dispose();
            throw;
        }
    }

    private static BpfLink AttachTracing(BpfProgram program)
    {
        // A link by LINK_CREATE since Linux 5.19 (tracing programs of other kinds earlier); before, EINVAL, and the older command does it.
        const string Way = "tp_btf link";
        KernelDescriptor? link = CreateLink(program, 0, ProgramSection.TraceRawTracepoint, Way, out int error);
        return error switch
        {
            0 => new BpfLink(program, link, null, Way),
            Errno.EINVAL => OpenRawTracepoint(program, "", Way),
            _ => throw Failure(program, error, Reason(error)),
        };
    }

    private static BpfLink OpenRawTracepoint(BpfProgram program, string name, string way)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(name) + 1];
        Encoding.UTF8.GetBytes(name, bytes);
        fixed (byte* pointer = bytes)
        {
            // The name is none for tp_btf, where the program itself says it.
            var attributes = new RawTracepointAttributes { Name = name.Length == 0 ? null : pointer, Program = program.Descriptor.Value };
            KernelDescriptor? link = program.Kernel.Calls.BpfOpen(BpfCommand.RawTracepointOpen, ref attributes, program.Name + " (link)", out int error);
            GC.KeepAlive(program);
            return link is not null ? new BpfLink(program, link, null, way) : throw Failure(program, error, Reason(error));
        }
    }

    private static BpfLink AttachTracepoint(BpfProgram program)
    {
        // One event on one CPU is enough: a tracepoint's programs are those of the tracepoint and run on every CPU.
        // https://github.com/torvalds/linux/blob/v6.18/kernel/trace/bpf_trace.c (perf_event_attach_bpf_prog)
        var attributes = new PerfEventAttributes
        {
            Type = PerfTypeTracepoint,
            Size = PerfEventAttributes.Bytes,
            Config = Tracefs.ReadId(program.Kernel, program.Target),
        };
        KernelDescriptor perfEvent = program.Kernel.Calls.OpenPerfEvent(ref attributes, -1, 0, out int error) ?? throw Failure(program, error, Reason(error));
        return AttachToEvent(program, perfEvent);
    }

    /// <summary>Attaches to a perf event and takes it over.</summary>
    private static BpfLink AttachToEvent(BpfProgram program, KernelDescriptor perfEvent)
    {
        KernelCalls calls = program.Kernel.Calls;
        KernelDescriptor? link = CreateLink(program, perfEvent.Value, ProgramSection.AttachPerfEvent, "perf link", out int error);
        string way = "perf link";
        if (error == Errno.EINVAL)
        {
            // Before Linux 5.15 perf events have no links: the program belongs to the event itself.
            way = "perf event";
            error = calls.Control(perfEvent, PerfIoctlSetBpf, program.Descriptor.Value);
        }

        if (error == 0)
        {
            error = calls.Control(perfEvent, PerfIoctlEnable, 0);
        }

        if (error == 0)
        {
            return new BpfLink(program, link, perfEvent, way);
        }

        link?.Dispose();
        perfEvent.Dispose();
        throw Failure(program, error, Reason(error));
    }

    private static KernelDescriptor? CreateLink(BpfProgram program, int target, uint attachType, string way, out int error)
    {
        var attributes = new LinkCreateAttributes { Program = program.Descriptor.Value, Target = target, AttachType = attachType };
        KernelDescriptor? link = program.Kernel.Calls.BpfOpen(BpfCommand.LinkCreate, ref attributes, $"{program.Name} ({way})", out error);
        GC.KeepAlive(program);
        return link;
    }

    private static BpfException Failure(BpfProgram program, int error, string advice) => Refusal.IsForbidden(error)
        ? Refusal.Explain(program.Kernel, "attach", program.Name, error, program.Section.Needed, $"to attach {program.Section.Kind} programs")
        : new AttachException(program.Target.Length == 0 ? program.Name : $"{program.Name} to {program.Target}", error, advice);

    private static string Reason(int error) => error switch
    {
        Errno.ENOENT => "this kernel has no such tracepoint.",
        Errno.EEXIST => "this program is attached there already, and this kernel allows that once.",
        Errno.E2BIG => "64 programs are attached to this tracepoint, which is the most.",
        Errno.EBUSY => "something else is attached there already.",
        Errno.ENODEV => "the CPU or device is off.",
        Errno.EOPNOTSUPP => "this kernel cannot attach programs of this type.",
        Errno.EMFILE => "this process has too many files open; raise `ulimit -n`.",
        _ => "the kernel gave no further reason.",
    };
}
