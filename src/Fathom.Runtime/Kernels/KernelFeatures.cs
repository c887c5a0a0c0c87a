using System;
using System.Collections.Generic;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>The features that Fathom asks for. Each probe tries the thing itself and leaves nothing behind.</summary>
public static unsafe class KernelFeatures
{
    // mov r0, 0; exit
    private static ReadOnlySpan<ulong> ReturnZero => [0xb7, 0x95];

    /// <summary>Descriptions of the kernel's own types, which relocation and tp_btf need.</summary>
    public static KernelFeature KernelTypes { get; } = new("kernel BTF", "5.2", static kernel =>
    {
        try
        {
            return new FeatureAnswer(FeatureSupport.Yes, $"/sys/kernel/btf/vmlinux has {kernel.Btf.TypeCount} types");
        }
        catch (KernelBtfException e)
        {
            return new FeatureAnswer(e.ErrorNumber == Errno.ENOENT ? FeatureSupport.No : FeatureSupport.Unknown, e.Message);
        }
    });

    /// <summary>Ring buffers.</summary>
    public static KernelFeature RingBuffer { get; } = new("ring buffer", "5.8", static kernel =>
        TryMap(kernel, new MapCreateAttributes { Type = 27, MaxEntries = (uint)Environment.SystemPageSize }));

    /// <summary>Arrays that user space maps into its memory.</summary>
    public static KernelFeature MappableArrays { get; } = new("mappable array", "5.5", static kernel =>
        TryMap(kernel, new MapCreateAttributes { Type = 2, KeySize = 4, ValueSize = 8, MaxEntries = 1, Flags = 1 << 10 }));

    /// <summary>Reading many entries of a map with one call.</summary>
    public static KernelFeature Batches { get; } = new("batch operations on hash tables", "5.6", ProbeBatches);

    /// <summary>Names of programs.</summary>
    public static KernelFeature ProgramNames { get; } = new("names of programs", "4.15", static kernel =>
        TryProgram(kernel, new ProgramLoadAttributes { Type = (uint)ProgramType.SocketFilter, Name = ObjectName.From("probe") }));

    /// <summary>Raw tracepoints.</summary>
    public static KernelFeature RawTracepoints { get; } = new("raw tracepoint", "4.17", static kernel =>
        TryProgram(kernel, new ProgramLoadAttributes { Type = (uint)ProgramType.RawTracepoint }));

    /// <summary>Tracepoints by BTF.</summary>
    public static KernelFeature TypedTracepoints { get; } = new("tp_btf", "5.5", static kernel =>
    {
        using KernelDescriptor? program = LoadTypedTracepoint(kernel, out FeatureAnswer answer);
        return answer;
    });

    /// <summary>Links for tracepoints by BTF from <c>BPF_LINK_CREATE</c>; without it, <c>BPF_RAW_TRACEPOINT_OPEN</c> makes them.</summary>
    public static KernelFeature TracingLinks { get; } = new("tp_btf by link", "5.19", ProbeTracingLinks);

    /// <summary>Perf tracepoints, through tracefs.</summary>
    public static KernelFeature PerfTracepoints { get; } = new("perf tracepoint", "4.7", static kernel =>
    {
        try
        {
            return new FeatureAnswer(FeatureSupport.Yes, $"raw_syscalls/sys_enter has id {kernel.Tracefs.ReadId("raw_syscalls/sys_enter")}");
        }
        catch (TracefsException e)
        {
            // Somebody may mount it, or give the rights: never a lasting no.
            return new FeatureAnswer(FeatureSupport.Unknown, e.Message);
        }
    });

    /// <summary>Atomic operations with a result, and others than addition.</summary>
    public static KernelFeature Atomics { get; } = new("atomic operations with a result, or other than addition", "5.12", static kernel =>
    {
        // mov r1, 1; stx64 [r10-8], r1; atomic64 fetch add [r10-8], r1; mov r0, 0; exit
        ReadOnlySpan<ulong> code = [0x1_0000_01b7, 0xfff8_1a7b, 0x1_fff8_1adb, 0xb7, 0x95];
        var attributes = new ProgramLoadAttributes { Type = (uint)ProgramType.SocketFilter };
        using KernelDescriptor? program = Load(kernel, ref attributes, code, out int error, out _);
        return Judge(error, "a program that adds atomically and takes the result");
    });

    /// <summary>All of them, in the order in which they are told.</summary>
    public static IReadOnlyList<KernelFeature> All { get; } =
    [
        KernelTypes, RingBuffer, MappableArrays, Batches, ProgramNames, RawTracepoints, TypedTracepoints, TracingLinks, PerfTracepoints,
        Atomics,
    ];

    /// <summary>A helper, by its number: asks the verifier whether a program of a type may call it.</summary>
    /// <param name="name">The helper's name, for messages.</param>
    /// <param name="number">Its number (<c>enum bpf_func_id</c>).</param>
    /// <param name="since">The version that it came in.</param>
    /// <param name="type">The type of program.</param>
    public static KernelFeature Helper(string name, int number, string since, ProgramType type) => new("helper " + name, since, kernel =>
    {
        // A call without arguments: the verifier first looks whether there is such a helper, and only then at its arguments.
        // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (check_helper_call)
        ReadOnlySpan<ulong> code = [((ulong)(uint)number << 32) | 0x85, 0xb7, 0x95];
        var attributes = new ProgramLoadAttributes { Type = (uint)type };
        using KernelDescriptor? program = Load(kernel, ref attributes, code, out int error, out VerifierLog log);
        return log.DecisiveLine switch
        {
            "" => Judge(error, $"a {type} program that calls it"),
            string line when line.Contains("unknown func", StringComparison.Ordinal) || line.Contains("invalid func", StringComparison.Ordinal)
                || line.Contains("cannot use helper", StringComparison.Ordinal) => new FeatureAnswer(FeatureSupport.No, line),
            string line => new FeatureAnswer(FeatureSupport.Yes, "the verifier knows it: " + line),
        };
    });

    private static FeatureAnswer ProbeBatches(Kernel kernel)
    {
        var create = new MapCreateAttributes { Type = 1, KeySize = 4, ValueSize = 4, MaxEntries = 1 };
        using KernelDescriptor? map = kernel.Calls.BpfOpen(BpfCommand.MapCreate, ref create, "probe", out int error);
        if (map is null)
        {
            return Judge(error, "a hash table to try them on", no: FeatureSupport.Unknown);
        }

        uint* buffers = stackalloc uint[3];
        var attributes = new MapBatchAttributes { Map = map.Value, OutBatch = buffers, Keys = buffers + 1, Values = buffers + 2, Count = 1 };
        int result = kernel.Calls.Bpf(BpfCommand.MapLookupBatch, ref attributes);

        // The table is empty, so that ENOENT is how success looks.
        return Judge(result == -Errno.ENOENT ? 0 : -result, "a batch of an empty hash table");
    }

    private static FeatureAnswer ProbeTracingLinks(Kernel kernel)
    {
        using KernelDescriptor? program = LoadTypedTracepoint(kernel, out FeatureAnswer answer);
        if (program is null)
        {
            return answer;
        }

        var attributes = new LinkCreateAttributes { Program = program.Value, AttachType = ProgramSection.TraceRawTracepoint };
        using KernelDescriptor? link = kernel.Calls.BpfOpen(BpfCommand.LinkCreate, ref attributes, "probe", out int error);
        return Judge(error, "BPF_LINK_CREATE of a tp_btf program");
    }

    private static KernelDescriptor? LoadTypedTracepoint(Kernel kernel, out FeatureAnswer answer)
    {
        // A tracepoint that every kernel has, and that hardly ever fires.
        int id;
        try
        {
            id = kernel.Btf.Find(BtfKind.Typedef, "btf_trace_sched_kthread_stop");
        }
        catch (KernelBtfException e)
        {
            answer = new FeatureAnswer(e.ErrorNumber == Errno.ENOENT ? FeatureSupport.No : FeatureSupport.Unknown, e.Message);
            return null;
        }

        if (id == 0)
        {
            answer = new FeatureAnswer(FeatureSupport.Unknown, "the kernel's BTF has no tracepoint sched_kthread_stop to try it on");
            return null;
        }

        var attributes = new ProgramLoadAttributes
        {
            Type = (uint)ProgramType.Tracing,
            ExpectedAttachType = ProgramSection.TraceRawTracepoint,
            AttachBtfId = (uint)id,
        };
        KernelDescriptor? program = Load(kernel, ref attributes, ReturnZero, out int error, out _);
        answer = Judge(error, "a program at tp_btf/sched_kthread_stop");
        return program;
    }

    private static FeatureAnswer TryMap(Kernel kernel, MapCreateAttributes attributes)
    {
        using KernelDescriptor? map = kernel.Calls.BpfOpen(BpfCommand.MapCreate, ref attributes, "probe", out int error);
        return Judge(error, $"a map of type {attributes.Type} with flags 0x{attributes.Flags:x}");
    }

    private static FeatureAnswer TryProgram(Kernel kernel, ProgramLoadAttributes attributes)
    {
        using KernelDescriptor? program = Load(kernel, ref attributes, ReturnZero, out int error, out _);
        return Judge(error, $"a program of type {(ProgramType)attributes.Type}");
    }

    private static KernelDescriptor? Load(
        Kernel kernel, ref ProgramLoadAttributes attributes, ReadOnlySpan<ulong> code, out int error, out VerifierLog log)
    {
        byte[] text = new byte[4096];
        fixed (ulong* codePointer = code)
        fixed (byte* license = "GPL\0"u8, textPointer = text)
        {
            attributes.Instructions = codePointer;
            attributes.InstructionCount = (uint)code.Length;
            attributes.License = license;
            attributes.Log = textPointer;
            attributes.LogSize = (uint)text.Length;
            attributes.LogLevel = 1;
            KernelDescriptor? program = kernel.Calls.BpfOpen(BpfCommand.ProgramLoad, ref attributes, "probe", out error);
            int length = text.AsSpan().IndexOf((byte)0);
            log = VerifierLog.Parse(program is null ? Encoding.UTF8.GetString(text, 0, length < 0 ? text.Length : length) : "");
            return program;
        }
    }

    // Forbidden says nothing about the kernel, nor does want of memory: only what the kernel calls invalid or unsupported is a no.
    private static FeatureAnswer Judge(int error, string tried, FeatureSupport no = FeatureSupport.No) => error switch
    {
        0 => new FeatureAnswer(FeatureSupport.Yes, tried + " works"),
        Errno.EINVAL or Errno.E2BIG or Errno.EOPNOTSUPP or Errno.ENOTSUPP or Errno.ENOSYS =>
            new FeatureAnswer(no, $"{tried} gives {Errno.NameOf(error)}"),
        _ => new FeatureAnswer(FeatureSupport.Unknown, $"{tried} gives {Errno.NameOf(error)}"),
    };
}
