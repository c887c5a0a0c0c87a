using System;

namespace Fathom.Format.Elf;

/// <summary>Type of a section (<c>sh_type</c>).</summary>
public enum ElfSectionType : uint
{
    /// <summary>No section.</summary>
    Null = 0,
    /// <summary>Contents defined by the program.</summary>
    ProgramBits = 1,
    /// <summary>Symbol table.</summary>
    SymbolTable = 2,
    /// <summary>String table.</summary>
    StringTable = 3,
    /// <summary>Relocations with addends of their own.</summary>
    RelocationsWithAddend = 4,
    /// <summary>Zeros that take no room in the file.</summary>
    NoBits = 8,
    /// <summary>Relocations whose addends lie where they apply.</summary>
    Relocations = 9,
}

/// <summary>Flags of a section (<c>sh_flags</c>).</summary>
[Flags]
public enum ElfSectionFlags : ulong
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>May be written.</summary>
    Write = 1,
    /// <summary>Takes memory when loaded.</summary>
    Allocate = 2,
    /// <summary>Holds instructions.</summary>
    Execute = 4,
    /// <summary>The info field holds the index of a section.</summary>
    InfoLink = 0x40,
}

/// <summary>What a symbol names (low half of <c>st_info</c>).</summary>
public enum ElfSymbolType : byte
{
    /// <summary>Not said.</summary>
    None = 0,
    /// <summary>A variable.</summary>
    Object = 1,
    /// <summary>A function.</summary>
    Function = 2,
    /// <summary>A section.</summary>
    Section = 3,
    /// <summary>A source file.</summary>
    File = 4,
}

/// <summary>Who sees a symbol (high half of <c>st_info</c>).</summary>
public enum ElfSymbolBinding : byte
{
    /// <summary>This file only.</summary>
    Local = 0,
    /// <summary>All files.</summary>
    Global = 1,
    /// <summary>All files; may be missing, or replaced by a global one.</summary>
    Weak = 2,
}

/// <summary>Types of BPF relocations (<c>R_BPF_*</c>; https://docs.kernel.org/bpf/llvm_reloc.html).</summary>
public enum BpfRelocationType : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>The 64-bit immediate of a load (<c>R_BPF_64_64</c>).</summary>
    Immediate64 = 1,
    /// <summary>A 64-bit address in data (<c>R_BPF_64_ABS64</c>).</summary>
    Absolute64 = 2,
    /// <summary>A 32-bit address in data (<c>R_BPF_64_ABS32</c>).</summary>
    Absolute32 = 3,
    /// <summary>The same where a loader need not apply it, as in <c>.BTF.ext</c> (<c>R_BPF_64_NODYLD32</c>).</summary>
    NoLoader32 = 4,
    /// <summary>The immediate of a call (<c>R_BPF_64_32</c>).</summary>
    Call32 = 10,
}

/// <summary>One section of an ELF file.</summary>
/// <param name="Index">Its index in the section table.</param>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="Offset">Where its bytes lie in the file.</param>
/// <param name="Size">Its size in bytes; for <see cref="ElfSectionType.NoBits"/> not backed by the file, so it may be any number.</param>
/// <param name="Link">Another section, by type.</param>
/// <param name="Info">Another section or number, by type.</param>
/// <param name="Data">Its bytes, a view of the file; empty for <see cref="ElfSectionType.NoBits"/>.</param>
public sealed record ElfSection(
    int Index,
    string Name,
    ElfSectionType Type,
    ElfSectionFlags Flags,
    long Offset,
    long Size,
    int Link,
    int Info,
    ReadOnlyMemory<byte> Data)
{
    /// <summary>True if it holds instructions.</summary>
    public bool IsCode => Type == ElfSectionType.ProgramBits && (Flags & ElfSectionFlags.Execute) != 0;
}

/// <summary>One symbol of an ELF file.</summary>
/// <param name="Name">Its name; empty for sections.</param>
/// <param name="Type">What it names.</param>
/// <param name="Binding">Who sees it.</param>
/// <param name="Section">Index of its section; 0 if it is not defined in this file; reserved indexes (absolute, common) from 0xff00.</param>
/// <param name="Value">Bytes from the start of the section.</param>
/// <param name="Size">Bytes.</param>
public readonly record struct ElfSymbol(string Name, ElfSymbolType Type, ElfSymbolBinding Binding, int Section, long Value, long Size)
{
    /// <summary>True for a symbol of another file.</summary>
    public bool IsUndefined => Section == 0;
}

/// <summary>One relocation.</summary>
/// <param name="Offset">Bytes from the start of the section that it applies to.</param>
/// <param name="Type">How it applies.</param>
/// <param name="Symbol">Index of the symbol.</param>
public readonly record struct ElfRelocation(long Offset, BpfRelocationType Type, int Symbol);
