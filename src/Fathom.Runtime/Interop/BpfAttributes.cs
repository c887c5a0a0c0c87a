using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fathom.Runtime.Interop;

// The members of `union bpf_attr`, one struct for each command:
// https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h
// A kernel that does not know the last fields accepts them as long as they are zero (bpf_check_uarg_tail_zero), so that one size serves
// all kernels. Pointers are u64 on every architecture.

/// <summary><c>char name[BPF_OBJ_NAME_LEN]</c>: up to 15 characters and a zero.</summary>
[InlineArray(Length)]
internal struct ObjectName
{
    /// <summary><c>BPF_OBJ_NAME_LEN</c>.</summary>
    public const int Length = 16;

    private byte _first;

    /// <summary>Cuts a name to what the kernel takes: letters, digits, underscores and dots.</summary>
    public static ObjectName From(string text)
    {
        var name = default(ObjectName);
        for (int i = 0; i < text.Length && i < Length - 1; i++)
        {
            name[i] = char.IsAsciiLetterOrDigit(text[i]) || text[i] is '.' or '_' ? (byte)text[i] : (byte)'_';
        }

        return name;
    }
}

/// <summary>For <see cref="BpfCommand.MapCreate"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 72)]
internal struct MapCreateAttributes
{
    public uint Type;
    public uint KeySize;
    public uint ValueSize;
    public uint MaxEntries;
    public uint Flags;
    public int InnerMap;
    public uint NumaNode;
    public ObjectName Name;
    public uint InterfaceIndex;
    public int BtfDescriptor;
    public uint BtfKeyType;
    public uint BtfValueType;
    public uint BtfKernelValueType;
    public ulong Extra;
}

/// <summary>For the commands on one element of a map.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
internal unsafe struct MapElementAttributes
{
    public int Map;
    private readonly uint _padding;
    public void* Key;
    public void* Value;
    public ulong Flags;
}

/// <summary>For the commands on many elements of a map.</summary>
[StructLayout(LayoutKind.Sequential, Size = 56)]
internal unsafe struct MapBatchAttributes
{
    public void* InBatch;
    public void* OutBatch;
    public void* Keys;
    public void* Values;
    public uint Count;
    public int Map;
    public ulong ElementFlags;
    public ulong Flags;
}

/// <summary>For <see cref="BpfCommand.ProgramLoad"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 144)]
internal unsafe struct ProgramLoadAttributes
{
    public uint Type;
    public uint InstructionCount;
    public void* Instructions;
    public void* License;
    public uint LogLevel;
    public uint LogSize;
    public void* Log;
    public uint KernelVersion;
    public uint Flags;
    public ObjectName Name;
    public uint InterfaceIndex;
    public uint ExpectedAttachType;
    public int BtfDescriptor;
    public uint FunctionInfoSize;
    public void* FunctionInfo;
    public uint FunctionInfoCount;
    public uint LineInfoSize;
    public void* LineInfo;
    public uint LineInfoCount;
    public uint AttachBtfId;
    public int AttachDescriptor;
    public uint CoreRelocationCount;
    public void* DescriptorArray;
    public void* CoreRelocations;
    public uint CoreRelocationSize;

    /// <summary>Output since Linux 6.4: bytes that the whole log takes.</summary>
    public uint LogTrueSize;
}

/// <summary>For <see cref="BpfCommand.BtfLoad"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
internal unsafe struct BtfLoadAttributes
{
    public void* Btf;
    public void* Log;
    public uint BtfSize;
    public uint LogSize;
    public uint LogLevel;
    public uint LogTrueSize;
}

/// <summary>For <see cref="BpfCommand.ProgramTestRun"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 80)]
internal unsafe struct TestRunAttributes
{
    public int Program;
    public uint ReturnValue;
    public uint DataSizeIn;
    public uint DataSizeOut;
    public void* DataIn;
    public void* DataOut;
    public uint Repeat;
    public uint Duration;
    public uint ContextSizeIn;
    public uint ContextSizeOut;
    public void* ContextIn;
    public void* ContextOut;
    public uint Flags;
    public uint Cpu;
    public uint BatchSize;
}

/// <summary>For <see cref="BpfCommand.LinkCreate"/>; the fields from 16 on depend on the type of attachment.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct LinkCreateAttributes
{
    [FieldOffset(0)]
    public int Program;
    [FieldOffset(4)]
    public int Target;
    [FieldOffset(8)]
    public uint AttachType;
    [FieldOffset(12)]
    public uint Flags;
    [FieldOffset(16)]
    public ulong PerfCookie;
    [FieldOffset(24)]
    public ulong TracingCookie;

    /// <summary>Of <c>kprobe_multi</c>.</summary>
    [FieldOffset(16)]
    public uint KprobeFlags;
    [FieldOffset(20)]
    public uint KprobeCount;
    [FieldOffset(24)]
    public byte** KprobeSymbols;
    [FieldOffset(32)]
    public ulong* KprobeAddresses;
    [FieldOffset(40)]
    public ulong* KprobeCookies;

    /// <summary>Of <c>uprobe_multi</c>.</summary>
    [FieldOffset(16)]
    public byte* UprobePath;
    [FieldOffset(24)]
    public ulong* UprobeOffsets;
    [FieldOffset(32)]
    public ulong* UprobeSemaphores;
    [FieldOffset(40)]
    public ulong* UprobeCookies;
    [FieldOffset(48)]
    public uint UprobeCount;
    [FieldOffset(52)]
    public uint UprobeFlags;
    [FieldOffset(56)]
    public int UprobeProcess;
}

/// <summary>For <see cref="BpfCommand.IteratorCreate"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
internal struct IteratorCreateAttributes
{
    public int Link;
    public uint Flags;
}

/// <summary>For <see cref="BpfCommand.RawTracepointOpen"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
internal unsafe struct RawTracepointAttributes
{
    public void* Name;
    public int Program;
    private readonly uint _padding;
    public ulong Cookie;
}

/// <summary>For the commands that walk ids.</summary>
[StructLayout(LayoutKind.Sequential, Size = 12)]
internal struct NextIdAttributes
{
    public uint Start;
    public uint Next;
    public uint Flags;
}

/// <summary>For <see cref="BpfCommand.GetInfo"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal unsafe struct InfoAttributes
{
    public int Descriptor;
    public uint Length;
    public void* Info;
}

/// <summary>For <see cref="BpfCommand.EnableStatistics"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 4)]
internal struct EnableStatisticsAttributes
{
    public uint Type;
}

/// <summary><c>struct bpf_prog_info</c>, up to what is used.</summary>
[StructLayout(LayoutKind.Explicit, Size = 232)]
internal struct RawProgramInfo
{
    [FieldOffset(0)]
    public uint Type;
    [FieldOffset(4)]
    public uint Id;
    [FieldOffset(16)]
    public uint JitedSize;
    [FieldOffset(20)]
    public uint TranslatedSize;
    [FieldOffset(192)]
    public ulong RunTime;
    [FieldOffset(200)]
    public ulong RunCount;
    [FieldOffset(208)]
    public ulong RecursionMisses;
    [FieldOffset(216)]
    public uint VerifiedInstructions;
}

/// <summary><c>struct bpf_link_info</c>, its common start.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct RawLinkInfo
{
    public uint Type;
    public uint Id;
    public uint ProgramId;
}

/// <summary><c>struct perf_event_attr</c> in its second published size, which every kernel knows (Linux 2.6.33).</summary>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal unsafe struct PerfEventAttributes
{
    /// <summary><c>PERF_ATTR_SIZE_VER1</c>.</summary>
    public const int Bytes = 72;

    [FieldOffset(0)]
    public uint Type;
    [FieldOffset(4)]
    public uint Size;
    [FieldOffset(8)]
    public ulong Config;
    [FieldOffset(16)]
    public ulong SamplePeriodOrFrequency;
    [FieldOffset(40)]
    public ulong Flags;

    /// <summary>Of a kprobe, the function's name, or null; of a uprobe, the file.</summary>
    [FieldOffset(56)]
    public byte* Name;

    /// <summary>Of a kprobe, the distance from the function, or the address; of a uprobe, the place in the file.</summary>
    [FieldOffset(64)]
    public ulong Offset;
}

/// <summary><c>struct __user_cap_header_struct</c>.</summary>
internal struct CapabilityHeader
{
    /// <summary><c>_LINUX_CAPABILITY_VERSION_3</c>: two words of each set.</summary>
    public const uint Version3 = 0x20080522;

    public uint Version;
    public int Process;
}

/// <summary><c>struct __user_cap_data_struct</c>: 32 bits of each set.</summary>
internal struct CapabilityData
{
    public uint Effective;
    public uint Permitted;
    public uint Inheritable;
}
