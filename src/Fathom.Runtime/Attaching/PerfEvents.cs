using System;
using System.Globalization;
using System.Text;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Programs on perf events: tracepoints, single kprobes and uprobes, samples of a clock.</summary>
internal static unsafe class PerfEvents
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/perf_event.h
    private const uint TypeSoftware = 1;
    private const uint TypeTracepoint = 2;
    private const ulong CpuClock = 0;
    private const ulong FlagFrequency = 1 << 10;
    private const uint IoctlEnable = 0x2400;
    private const uint IoctlSetBpf = 0x40042408;

    /// <summary>Opens a tracepoint by its number.</summary>
    /// <remarks>
    /// One event on one CPU is enough: a tracepoint's programs are those of the tracepoint and run on every CPU.
    /// https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/../trace/bpf_trace.c (perf_event_attach_bpf_prog)
    /// </remarks>
    public static KernelDescriptor? OpenTracepoint(Kernel kernel, ulong id, out int error)
    {
        var attributes = new PerfEventAttributes { Type = TypeTracepoint, Size = PerfEventAttributes.Bytes, Config = id };
        return kernel.Calls.OpenPerfEvent(ref attributes, -1, 0, out error);
    }

    /// <summary>Opens an event on a function of the kernel or of a file (the perf PMUs <c>kprobe</c> and <c>uprobe</c>, Linux 4.17).</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="isUser">Whether it is a place in a file.</param>
    /// <param name="isReturn">Whether the event is the return.</param>
    /// <param name="name">The function, empty if <paramref name="offset"/> is an address; or the file.</param>
    /// <param name="offset">Bytes from the function's start, or from the file's.</param>
    /// <param name="semaphore">Where in the file the counter is that says whether somebody listens (USDT); 0 for none. Linux 4.20.</param>
    /// <param name="process">The only process; 0 for all.</param>
    /// <param name="error">The errno; EOPNOTSUPP if the kernel has no such events.</param>
    public static KernelDescriptor? OpenFunction(
        Kernel kernel, bool isUser, bool isReturn, string name, ulong offset, ulong semaphore, int process, out int error)
    {
        string device = "/sys/bus/event_source/devices/" + (isUser ? "uprobe" : "kprobe");
        string? type = kernel.Calls.ReadText(device + "/type", out _);
        if (type is null || !uint.TryParse(type.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
        {
            error = Errno.EOPNOTSUPP;
            return null;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(name + "\0");
        fixed (byte* pointer = bytes)
        {
            var attributes = new PerfEventAttributes
            {
                Type = number,
                Size = PerfEventAttributes.Bytes,

                // The bit and the place of the semaphore are the same on every kernel; format/retprobe and format/ref_ctr_offset say them.
                // https://github.com/torvalds/linux/blob/v6.18/kernel/events/core.c (PERF_PROBE_CONFIG_IS_RETPROBE)
                Config = (isReturn ? 1UL : 0) | (semaphore << 32),
                Name = name.Length == 0 ? null : pointer,
                Offset = offset,
            };
            return kernel.Calls.OpenPerfEvent(ref attributes, process == 0 ? -1 : process, process == 0 ? 0 : -1, out error);
        }
    }

    /// <summary>Attaches to a perf event and takes it over; on failure it is closed.</summary>
    /// <param name="program">The program.</param>
    /// <param name="perfEvent">The event.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives; 0 for none (Linux 5.15).</param>
    /// <param name="where">To what, for messages.</param>
    /// <param name="remove">What is left to do at the end.</param>
    public static BpfLink Attach(BpfProgram program, KernelDescriptor perfEvent, ulong cookie, string where = "", Action? remove = null)
    {
        KernelDescriptor? link = null;
        try
        {
            string way = "perf link";
            var attributes = new LinkCreateAttributes { Target = perfEvent.Value, AttachType = ProgramSection.AttachPerfEvent, PerfCookie = cookie };
            link = Attacher.CreateLink(program, ref attributes, way, out int error);
            if (error == Errno.EINVAL && cookie == 0)
            {
                // Before Linux 5.15 perf events have no links: the program belongs to the event itself.
                way = "perf event";
                error = program.Kernel.Calls.Control(perfEvent, IoctlSetBpf, program.Descriptor.Value);
            }

            if (error == 0)
            {
                error = program.Kernel.Calls.Control(perfEvent, IoctlEnable, 0);
            }

            bool isOlder = error == Errno.EINVAL && cookie != 0;
            return error == 0 ? new BpfLink(program, link, perfEvent, way, remove) : throw Attacher.Failure(
                program, where, error, isOlder ? "this kernel has no cookies for perf events (Linux 5.15)." : Attacher.Reason(error),
                isOlder ? RefusalCause.TooOld : RefusalCause.Other);
        }
        catch
        {
            link?.Dispose();
            perfEvent.Dispose();
            remove?.Invoke();
            throw;
        }
    }

    /// <summary>Attaches a program to a clock on each CPU that is online.</summary>
    public static LinkSet AttachSampling(BpfProgram program, int frequency)
    {
        Attacher.Expect(program, program.Type == ProgramType.PerfEvent);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(frequency);
        var links = new LinkSet();
        try
        {
            for (int cpu = 0; cpu < program.Kernel.PossibleCpus; cpu++)
            {
                var attributes = new PerfEventAttributes
                {
                    Type = TypeSoftware,
                    Size = PerfEventAttributes.Bytes,
                    Config = CpuClock,
                    SamplePeriodOrFrequency = (ulong)frequency,
                    Flags = FlagFrequency,
                };
                KernelDescriptor? clock = program.Kernel.Calls.OpenPerfEvent(ref attributes, -1, cpu, out int error);
                if (clock is not null)
                {
                    links.Add(Attach(program, clock, 0));
                }
                else if (error != Errno.ENODEV)
                {
                    // ENODEV: the CPU is possible, but off.
                    throw Attacher.Failure(program, "", error,
                        "a sampling clock cannot be opened; see /proc/sys/kernel/perf_event_paranoid and perf_event_max_sample_rate.");
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
}
