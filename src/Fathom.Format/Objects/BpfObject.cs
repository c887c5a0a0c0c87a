using System;
using System.Collections.Immutable;
using Fathom.Format.Instructions;

namespace Fathom.Format.Objects;

/// <summary>
/// A BPF object as a value: what a standard ELF object (<c>.BTF</c>, <c>.BTF.ext</c>, <c>.maps</c>, <c>license</c>, libbpf's section names)
/// says, independent of any machine. Reading one is a pure function; what depends on the kernel happens when it is loaded.
/// </summary>
public sealed record BpfObject
{
    /// <summary>The licence, for example <c>Dual MIT/GPL</c>.</summary>
    public required string License { get; init; }

    /// <summary>Entry programs and subprograms, in file order.</summary>
    public ImmutableArray<BpfFunction> Functions { get; init; } = [];

    /// <summary>Maps, among them one for each data section.</summary>
    public ImmutableArray<MapDefinition> Maps { get; init; } = [];

    /// <summary>The raw BTF of the object (header and all), empty if it has none.</summary>
    public ReadOnlyMemory<byte> Btf { get; init; }
}

/// <summary>One function of an object: an entry program or a subprogram.</summary>
public sealed record BpfFunction
{
    /// <summary>The name of the symbol.</summary>
    public required string Name { get; init; }

    /// <summary>The section: libbpf's name of program type and target (<c>tp_btf/block_rq_issue</c>), or <c>.text</c> for subprograms.</summary>
    public required string Section { get; init; }

    /// <summary>The instructions. Calls of subprograms and references to maps and data are completed by <see cref="References"/>.</summary>
    public required ImmutableArray<Instruction> Instructions { get; init; }

    /// <summary>What the instructions refer to by name, in order of instructions.</summary>
    public ImmutableArray<Reference> References { get; init; } = [];

    /// <summary>Source positions, strictly increasing by instruction.</summary>
    public ImmutableArray<LineInfo> Lines { get; init; } = [];

    /// <summary>The calls whose methods were copied into this function, each behind the one that it is in.</summary>
    public ImmutableArray<InlinedCall> InlinedCalls { get; init; } = [];

    /// <summary>CO-RE relocations, in order of instructions.</summary>
    public ImmutableArray<CoreRelocation> CoreRelocations { get; init; } = [];

    /// <summary>Id of the function's type (<c>BTF_KIND_FUNC</c>) in the object's BTF, 0 if it has none.</summary>
    public int TypeId { get; init; }

    /// <summary>True for an entry program, false for a subprogram.</summary>
    public bool IsEntry => Section != ".text";

    /// <summary>The program that this one stands in for, on a kprobe, where the kernel does not take it; null for any other function. See <see cref="ProgramForms"/>.</summary>
    public string? KprobeFormOf =>
        Name.EndsWith(ProgramForms.KprobeSuffix, StringComparison.Ordinal)
        && (Section.StartsWith("?kprobe/", StringComparison.Ordinal) || Section.StartsWith("?kretprobe/", StringComparison.Ordinal))
            ? Name.Substring(0, Name.Length - ProgramForms.KprobeSuffix.Length)
            : null;
}

/// <summary>What an instruction refers to by name.</summary>
public enum ReferenceKind : byte
{
    /// <summary>A 64-bit immediate load of a map.</summary>
    Map,
    /// <summary>A 64-bit immediate load of an address in a data section: the name is the section's map, the addend the offset in it.</summary>
    Data,
    /// <summary>A call of a function of this object.</summary>
    Call,
    /// <summary>A 64-bit immediate load of the address of a function of this object (callbacks).</summary>
    FunctionAddress,
    /// <summary>A 64-bit immediate load of a kernel symbol, or a call of a kernel function (<c>__ksym</c>).</summary>
    KernelSymbol,
}

/// <summary>
/// A reference by name from an instruction. The instruction's source field says the kind (<see cref="ImmediateKind"/>,
/// <see cref="CallKind"/>), its immediate is zero until the reference is resolved.
/// </summary>
/// <param name="Instruction">Index into <see cref="BpfFunction.Instructions"/> (not a slot number).</param>
/// <param name="Kind">What the name names.</param>
/// <param name="Target">The name of the map or function.</param>
/// <param name="Addend">Offset in bytes, for <see cref="ReferenceKind.Data"/>.</param>
/// <param name="IsWeak">For <see cref="ReferenceKind.KernelSymbol"/>: the kernel may lack the symbol, whose address then is zero.</param>
public readonly record struct Reference(int Instruction, ReferenceKind Kind, string Target, long Addend = 0, bool IsWeak = false);

/// <summary>The source position of an instruction and those that follow.</summary>
/// <param name="Instruction">Index into <see cref="BpfFunction.Instructions"/> (not a slot number).</param>
/// <param name="File">Path of the source file.</param>
/// <param name="Text">The source line, with what is blank before its first word: columns count from there.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1; at most 1023.</param>
/// <param name="Length">Characters of the expression or statement on this line; 0 where that is not known.</param>
/// <param name="Inlined">Index into <see cref="BpfFunction.InlinedCalls"/> of the call that put the code here; -1 for the function's own.</param>
public readonly record struct LineInfo(int Instruction, string File, string Text, int Line, int Column, int Length = 0, int Inlined = -1)
{
    /// <summary>
    /// True if only the length or the inlined call, which the kernel does not know, makes a difference to the record before. Records that
    /// are equal in all, as other compilers write them, are kept.
    /// </summary>
    public bool IsSamePlace(in LineInfo other) => (Length, Inlined) != (other.Length, other.Inlined) && Line == other.Line && Column == other.Column && File == other.File && Text == other.Text;
}

/// <summary>A call whose method was copied into the function.</summary>
/// <param name="Method">The method that was copied.</param>
/// <param name="File">Path of the source file that calls.</param>
/// <param name="Line">Line of the call, from 1.</param>
/// <param name="Column">Column of the call, from 1; at most 1023.</param>
/// <param name="Outer">Index of the inlined call that this one is in; -1 if it is in the function itself.</param>
public readonly record struct InlinedCall(string Method, string File, int Line, int Column, int Outer);

/// <summary>What a CO-RE relocation asks of the target's types (<c>enum bpf_core_relo_kind</c>).</summary>
public enum CoreRelocationKind
{
    /// <summary>Byte offset of a field.</summary>
    FieldByteOffset = 0,
    /// <summary>Byte size of a field.</summary>
    FieldByteSize = 1,
    /// <summary>1 if the field exists.</summary>
    FieldExists = 2,
    /// <summary>1 if the field is signed.</summary>
    FieldSigned = 3,
    /// <summary>Left shift that puts a bit field's highest bit into bit 63.</summary>
    FieldLeftShift = 4,
    /// <summary>Right shift that then extracts it.</summary>
    FieldRightShift = 5,
    /// <summary>The type's id in the object's own BTF.</summary>
    TypeIdLocal = 6,
    /// <summary>The type's id in the target's BTF.</summary>
    TypeIdTarget = 7,
    /// <summary>1 if the type exists.</summary>
    TypeExists = 8,
    /// <summary>The type's size in bytes.</summary>
    TypeSize = 9,
    /// <summary>1 if the enumerator exists.</summary>
    EnumValueExists = 10,
    /// <summary>The enumerator's value.</summary>
    EnumValue = 11,
    /// <summary>1 if the type exists and matches.</summary>
    TypeMatches = 12,
}

/// <summary>One CO-RE relocation: an instruction whose immediate or offset depends on the target's types.</summary>
/// <param name="Instruction">Index into <see cref="BpfFunction.Instructions"/> (not a slot number).</param>
/// <param name="TypeId">Root type in the object's BTF.</param>
/// <param name="Access">Access path, for example <c>0:2:1</c>: array index, then member indices; for enums the index of the enumerator.</param>
/// <param name="Kind">What is asked.</param>
public readonly record struct CoreRelocation(int Instruction, int TypeId, string Access, CoreRelocationKind Kind);

/// <summary>A map as an object declares it.</summary>
public sealed record MapDefinition
{
    /// <summary>Its name; for data sections the section's name (<c>.rodata</c>, <c>.data</c>, <c>.bss</c>).</summary>
    public required string Name { get; init; }

    /// <summary>Its type, the kernel's number (<c>BPF_MAP_TYPE_*</c>).</summary>
    public required MapType Type { get; init; }

    /// <summary>Bytes of a key.</summary>
    public int KeySize { get; init; }

    /// <summary>Bytes of a value (on each CPU, for per-CPU maps).</summary>
    public int ValueSize { get; init; }

    /// <summary>Number of entries, or bytes of a ring buffer; 0 where the loader must say.</summary>
    public int MaxEntries { get; init; }

    /// <summary>Flags for creation (<c>BPF_F_*</c>).</summary>
    public uint Flags { get; init; }

    /// <summary>Type of the key in the object's BTF, 0 if unknown.</summary>
    public int KeyTypeId { get; init; }

    /// <summary>Type of the value in the object's BTF, 0 if unknown; for data sections the <c>BTF_KIND_DATASEC</c>.</summary>
    public int ValueTypeId { get; init; }

    /// <summary>What a data section holds at load, up to where only zeros follow; null for other maps.</summary>
    public ReadOnlyMemory<byte>? InitialValue { get; init; }

    /// <summary>True for a section that is frozen before loading, so that the verifier knows its contents.</summary>
    public bool IsReadOnlyData { get; init; }
}

/// <summary>Types of maps, with the kernel's numbers (<c>enum bpf_map_type</c>).</summary>
public enum MapType
{
    /// <summary>No map.</summary>
    Unspecified = 0,
    /// <summary>Hash table.</summary>
    Hash = 1,
    /// <summary>Array.</summary>
    Array = 2,
    /// <summary>Array of programs, for tail calls.</summary>
    ProgramArray = 3,
    /// <summary>Perf buffers, one for each CPU.</summary>
    PerfEventArray = 4,
    /// <summary>Hash table with a value on each CPU.</summary>
    PerCpuHash = 5,
    /// <summary>Array with a value on each CPU.</summary>
    PerCpuArray = 6,
    /// <summary>Stack traces by id.</summary>
    StackTrace = 7,
    /// <summary>Array of cgroups.</summary>
    CgroupArray = 8,
    /// <summary>Hash table that forgets what was least recently used.</summary>
    LruHash = 9,
    /// <summary>The same with a value on each CPU.</summary>
    LruPerCpuHash = 10,
    /// <summary>Longest-prefix match.</summary>
    LpmTrie = 11,
    /// <summary>Ring buffer (Linux 5.8).</summary>
    RingBuffer = 27,
    /// <summary>A value with each inode (Linux 5.10).</summary>
    InodeStorage = 28,
    /// <summary>A value with each task (Linux 5.11).</summary>
    TaskStorage = 29,
    /// <summary>A value with each cgroup (Linux 6.2).</summary>
    CgroupStorage = 32,
}
