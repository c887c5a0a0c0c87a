using System;
using System.Numerics;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Creates the maps of an object.</summary>
internal static class MapFactory
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h
    private const uint NoPreallocation = 1u << 0;
    private const uint ReadOnlyForPrograms = 1u << 7;
    private const uint Mappable = 1u << 10;

    /// <summary>Creates one map, and for data sections fills it.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="definition">The map.</param>
    /// <param name="options">What the caller wants otherwise.</param>
    /// <param name="btf">The object's types.</param>
    /// <param name="needed">What the whole object takes: who lacks more than this map needs is told all of it at once.</param>
    public static BpfMap Create(Kernel kernel, MapDefinition definition, LoadOptions options, ObjectBtf btf, CapabilitySet needed)
    {
        var attributes = new MapCreateAttributes
        {
            Type = (uint)definition.Type,
            KeySize = (uint)definition.KeySize,
            ValueSize = (uint)definition.ValueSize,
            MaxEntries = (uint)EntriesOf(kernel, definition, options),
            Flags = FlagsOf(definition),
            Name = ObjectName.From(definition.Name),
        };
        bool hasTypes = btf.Descriptor is not null && definition.ValueTypeId != 0 && TakesTypes(definition.Type);
        if (hasTypes)
        {
            attributes.BtfDescriptor = btf.Descriptor!.Value;
            attributes.BtfKeyType = (uint)definition.KeyTypeId;
            attributes.BtfValueType = (uint)definition.ValueTypeId;
        }

        KernelDescriptor? descriptor = kernel.Calls.BpfOpen(BpfCommand.MapCreate, ref attributes, "map " + definition.Name, out int error);
        if (descriptor is null && hasTypes && error is Errno.EINVAL or Errno.ENOTSUPP or Errno.EOPNOTSUPP)
        {
            attributes.BtfDescriptor = 0;
            attributes.BtfKeyType = 0;
            attributes.BtfValueType = 0;
            descriptor = kernel.Calls.BpfOpen(BpfCommand.MapCreate, ref attributes, "map " + definition.Name, out error);
        }

        if (descriptor is null)
        {
            throw Failure(kernel, definition, (int)attributes.MaxEntries, error, needed);
        }

        var map = new BpfMap(
            kernel, descriptor, definition.Name, definition.Type, definition.KeySize, definition.ValueSize, (int)attributes.MaxEntries, attributes.Flags);
        try
        {
            Fill(map, definition, options);
            return map;
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    private static void Fill(BpfMap map, MapDefinition definition, LoadOptions options)
    {
        if (definition.InitialValue is not { } initial)
        {
            return;
        }

        byte[] value = new byte[definition.ValueSize];
        initial.Span.CopyTo(value);
        if (definition.Name == ".rodata")
        {
            options.ApplyConstants(value);
        }

        // A new array is all zeros already.
        if (value.AsSpan().ContainsAnyExcept((byte)0))
        {
            map.Update(stackalloc byte[sizeof(uint)], value);
        }

        if (definition.IsReadOnlyData)
        {
            map.Freeze();
        }
    }

    private static int EntriesOf(Kernel kernel, MapDefinition definition, LoadOptions options)
    {
        int entries = options.MaxEntries.TryGetValue(definition.Name, out int chosen) ? chosen : definition.MaxEntries;
        return definition.Type switch
        {
            MapType.RingBuffer => RoundRingBuffer(entries),
            MapType.PerfEventArray or MapType.Array when entries == 0 => kernel.PossibleCpus,
            _ => entries,
        };
    }

    // The kernel wants a power of two of pages: https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/ringbuf.c (ringbuf_map_alloc)
    private static int RoundRingBuffer(int bytes) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(bytes, Environment.SystemPageSize, 1 << 30));

    private static uint FlagsOf(MapDefinition definition) => definition switch
    {
        { IsReadOnlyData: true } => definition.Flags | ReadOnlyForPrograms,
        { InitialValue: not null } => definition.Flags | Mappable,

        // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/bpf_local_storage.c (bpf_local_storage_map_alloc_check)
        { Type: MapType.TaskStorage or MapType.CgroupStorage or MapType.InodeStorage } => definition.Flags | NoPreallocation,
        _ => definition.Flags,
    };

    // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/syscall.c (map_check_btf, and map_create for those without)
    private static bool TakesTypes(MapType type) =>
        type is not (MapType.PerfEventArray or MapType.CgroupArray or MapType.StackTrace or MapType.RingBuffer or MapType.ProgramArray);

    private static BpfException Failure(Kernel kernel, MapDefinition definition, int entries, int error, CapabilitySet needed)
    {
        if (Refusal.IsForbidden(error))
        {
            return Refusal.Explain(kernel, "create map", definition.Name, error, needed, $"to create maps of type {definition.Type}");
        }

        long bytes = (long)entries * (definition.KeySize + definition.ValueSize);
        return new MapCreationException(definition.Name, error, error switch
        {
            Errno.E2BIG => $"{entries} entries of {definition.KeySize} + {definition.ValueSize} bytes are more than a map may have; ask for fewer entries.",
            Errno.ENOMEM => $"the kernel has no memory for {entries} entries (at least {bytes} bytes); ask for fewer entries, or raise the memory limit of this cgroup.",
            Errno.EINVAL => $"this kernel has no maps of type {definition.Type}, or not of this size ({entries} entries, keys {definition.KeySize}, values {definition.ValueSize} bytes) or with these flags (0x{definition.Flags:x}): use a newer kernel.",
            Errno.ENOSYS => "this kernel has no bpf(2) (CONFIG_BPF_SYSCALL=y), or a seccomp filter hides it: use another kernel, or run it outside of the container.",
            _ => "the kernel gave no further reason.",
        });
    }
}
