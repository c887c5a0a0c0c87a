using System;

namespace Fathom.Bpf;

/// <summary>Makes a <c>static readonly</c> field of a map type a map of the object.</summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class MapAttribute : Attribute
{
    /// <summary>
    /// Number of entries; of a ring buffer, bytes: a power of two and a multiple of the page size. 0 where the loader says, which otherwise gives an array
    /// one for each possible CPU.
    /// </summary>
    public int MaxEntries { get; set; }

    /// <summary>Flags for creation.</summary>
    public MapFlags Flags { get; set; }

    /// <summary>Frames of one stack, for <see cref="StackTraces"/>.</summary>
    public int StackDepth { get; set; } = 127;
}

/// <summary>Flags for the creation of a map (<c>BPF_F_*</c>).</summary>
[Flags]
public enum MapFlags
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>Hash tables: memory is taken when an entry is added. Always set for storages.</summary>
    NoPreallocation = 1,
    /// <summary>LRU tables: each CPU has its own list.</summary>
    NoCommonLru = 2,
    /// <summary>Only readable from user space.</summary>
    ReadOnlyForUser = 8,
    /// <summary>Only writable from user space.</summary>
    WriteOnlyForUser = 16,
    /// <summary>Stack traces by build id and offset.</summary>
    StackBuildId = 32,
    /// <summary>Only readable from programs.</summary>
    ReadOnlyForProgram = 128,
    /// <summary>Arrays: user space may map the values into its memory (Linux 5.5).</summary>
    Mappable = 1024,
}

/// <summary>What an update does (<c>BPF_ANY</c>, <c>BPF_NOEXIST</c>, <c>BPF_EXIST</c>).</summary>
public enum UpdateMode
{
    /// <summary>Adds or replaces.</summary>
    Any = 0,
    /// <summary>Adds; fails if the key is there.</summary>
    MustBeNew = 1,
    /// <summary>Replaces; fails if the key is not there.</summary>
    MustExist = 2,
}

/// <summary>Names the kernel's map type of a class of maps.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class MapKindAttribute(int kind) : Attribute
{
    /// <summary>The kernel's number (<c>BPF_MAP_TYPE_*</c>).</summary>
    public int Kind { get; } = kind;
}
