using System;
using Fathom.Format.Btf;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

// Types and maps.
public static unsafe partial class KernelFeatures
{
    private const string TypesPath = "/sys/kernel/btf/vmlinux";

    /// <summary>Descriptions of the kernel's own types, which relocation and tp_btf need.</summary>
    public static KernelFeature KernelTypes { get; } = new("kernel BTF", "5.2", static kernel =>
    {
        try
        {
            return new FeatureAnswer(FeatureSupport.Yes, $"{TypesPath} has {kernel.Btf.TypeCount} types");
        }
        catch (KernelBtfException e)
        {
            return FromTypes(e);
        }
    }, "CONFIG_DEBUG_INFO_BTF");

    /// <summary>Mapping the kernel's types into memory, which takes microseconds where reading takes milliseconds.</summary>
    public static KernelFeature MappedTypes { get; } = new("mmap of kernel BTF", "6.16", static kernel =>
    {
        using KernelDescriptor? file = kernel.Calls.Open(TypesPath, out int error);
        if (file is null)
        {
            return new FeatureAnswer(FeatureSupport.Unknown, $"open of {TypesPath} gives {Errno.NameOf(error)}") { Cause = RefusalCause.MissingBtf };
        }

        using MappedMemory? memory = kernel.Calls.Map((nuint)Environment.SystemPageSize, writable: false, shared: false, file, 0, "probe", out error);

        // https://github.com/torvalds/linux/blob/v6.18/fs/kernfs/file.c (kernfs_fop_mmap: a file without it is no device)
        return error == Errno.ENODEV
            ? new FeatureAnswer(FeatureSupport.No, $"mmap of {TypesPath} gives ENODEV")
            : Judge(kernel, error, $"mmap of {TypesPath}", default);
    });

    /// <summary>Ring buffers.</summary>
    public static KernelFeature RingBuffer { get; } = new("ring buffer", "5.8", static kernel =>
        TryMap(kernel, "a ring buffer of one page", new MapCreateAttributes { Type = 27, MaxEntries = (uint)Environment.SystemPageSize }));

    /// <summary>Arrays that user space maps into its memory.</summary>
    public static KernelFeature MappableArrays { get; } = new("mappable array", "5.5", static kernel =>
        TryMap(kernel, "an array with BPF_F_MMAPABLE", new MapCreateAttributes { Type = 2, KeySize = 4, ValueSize = 8, MaxEntries = 1, Flags = 1 << 10 }));

    /// <summary>Reading many entries of a map with one call.</summary>
    public static KernelFeature Batches { get; } = new("batch operations on hash tables", "5.6", ProbeBatches);

    /// <summary>Values that belong to a task (<c>BPF_MAP_TYPE_TASK_STORAGE</c>).</summary>
    public static KernelFeature TaskStorage { get; } = new("task storage", "5.11", ProbeTaskStorage);

    private static FeatureAnswer ProbeBatches(Kernel kernel)
    {
        var create = new MapCreateAttributes { Type = 1, KeySize = 4, ValueSize = 4, MaxEntries = 1 };
        using KernelDescriptor? map = kernel.Calls.BpfOpen(BpfCommand.MapCreate, ref create, "probe", out int error);
        if (map is null)
        {
            FeatureAnswer answer = Judge(kernel, error, "a hash table to try them on", CapabilitySet.Bpf);
            return answer with { Support = FeatureSupport.Unknown, Cause = answer.Cause == RefusalCause.None ? RefusalCause.Other : answer.Cause };
        }

        uint* buffers = stackalloc uint[3];
        var attributes = new MapBatchAttributes { Map = map.Value, OutBatch = buffers, Keys = buffers + 1, Values = buffers + 2, Count = 1 };
        int result = kernel.Calls.Bpf(BpfCommand.MapLookupBatch, ref attributes);

        // The table is empty, so that ENOENT is how success looks.
        return Judge(kernel, result == -Errno.ENOENT ? 0 : -result, "a batch of an empty hash table", CapabilitySet.Bpf);
    }

    // The kernel takes such a map only with types:
    // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/bpf_local_storage.c (bpf_local_storage_map_alloc_check)
    private static FeatureAnswer ProbeTaskStorage(Kernel kernel)
    {
        var types = new BtfBuilder();
        uint integer = (uint)types.AddInt("int", 4, isSigned: true);
        byte[] bytes = types.ToArray();
        fixed (byte* pointer = bytes)
        {
            var load = new BtfLoadAttributes { Btf = pointer, BtfSize = (uint)bytes.Length };
            using KernelDescriptor? btf = kernel.Calls.BpfOpen(BpfCommand.BtfLoad, ref load, "probe", out int error);
            return btf is null
                ? Judge(kernel, error, "BPF_BTF_LOAD of a type for its values", CapabilitySet.Bpf)
                : TryMap(kernel, "a map of type task_storage", new MapCreateAttributes
                {
                    Type = 29,
                    KeySize = 4,
                    ValueSize = 4,
                    Flags = 1,
                    BtfDescriptor = btf.Value,
                    BtfKeyType = integer,
                    BtfValueType = integer,
                });
        }
    }
}
