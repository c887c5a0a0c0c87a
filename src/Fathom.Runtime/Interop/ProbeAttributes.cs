using System.Runtime.InteropServices;

namespace Fathom.Runtime.Interop;

/// <summary>
/// For <see cref="BpfCommand.LinkCreate"/> with the fields of multi links, which probes alone use.
/// https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h (link_create.kprobe_multi, link_create.uprobe_multi)
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct ProbeLinkAttributes
{
    [FieldOffset(0)]
    public int Program;
    [FieldOffset(4)]
    public int Target;
    [FieldOffset(8)]
    public uint AttachType;
    [FieldOffset(12)]
    public uint Flags;

    [FieldOffset(20)]
    public uint KernelCount;
    [FieldOffset(24)]
    public byte** KernelSymbols;

    [FieldOffset(16)]
    public byte* UserPath;
    [FieldOffset(24)]
    public ulong* UserOffsets;
    [FieldOffset(48)]
    public uint UserCount;
}

/// <summary><c>struct perf_event_attr</c> as the kprobe and uprobe PMUs read it, in its first published size.</summary>
[StructLayout(LayoutKind.Explicit, Size = PerfEventAttributes.Bytes)]
internal unsafe struct ProbeEventAttributes
{
    [FieldOffset(0)]
    public uint Type;
    [FieldOffset(4)]
    public uint Size;
    [FieldOffset(40)]
    public ulong Flags;

    /// <summary><c>config1</c>: the function's name, or the path of the file.</summary>
    [FieldOffset(56)]
    public byte* Name;
}
