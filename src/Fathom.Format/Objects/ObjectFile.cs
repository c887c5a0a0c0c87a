using System;

namespace Fathom.Format.Objects;

/// <summary>A <see cref="BpfObject"/> to and from the bytes of a standard ELF BPF object.</summary>
public static class ObjectFile
{
    /// <summary>What was being read, in errors.</summary>
    internal const string Format = "BPF object";

    /// <summary>Reads an ELF BPF object, ours or clang's.</summary>
    /// <remarks>
    /// <para>A pure function: nothing of the machine is asked. The result is in a canonical form: an instruction with a reference carries
    /// the kind of the reference in its source field and zero as its immediate; sizes and offsets in the BTF's data sections, which clang
    /// leaves to the loader, are filled in from the symbols; each data section is an array of one value with the section's name, read-only for programs (<c>BPF_F_RDONLY_PROG</c>) if it is
    /// <c>.rodata</c>, otherwise to be mapped (<c>BPF_F_MMAPABLE</c>).</para>
    /// <para>Configuration values (<c>__kconfig</c>) become a read-only data section <c>.kconfig</c>, whose variables the BTF names. Programs that
    /// refer to them are not loaded: nothing fills them in.</para>
    /// <para>A file made on purpose costs no more than others of its size: names have at most 4096 bytes, data sections 64 MiB together.</para>
    /// <para>Refused with a message that says so: legacy maps (section <c>maps</c>), <c>struct_ops</c>, arenas, maps with initial contents
    /// or pinning, data that holds addresses, and two functions of one name.</para>
    /// </remarks>
    /// <param name="elf">The whole file; must stay unchanged as long as the result is used.</param>
    /// <exception cref="BadFormatException">The bytes are no BPF object, or a damaged one.</exception>
    public static BpfObject Parse(ReadOnlyMemory<byte> elf) => ObjectReader.Read(elf);

    /// <summary>Writes an ELF BPF object that libbpf, bpftool and cilium/ebpf read.</summary>
    /// <remarks>
    /// <para>Functions are grouped by section in the order of first appearance; what <see cref="Parse"/> gives for the result equals the
    /// value, if its functions are so grouped and in canonical form, but for strings that had to be added at the end of the BTF.</para>
    /// <para>The BTF must hold the definitions of the maps: see <see cref="MapTypes"/>.</para>
    /// </remarks>
    /// <param name="value">The object.</param>
    /// <exception cref="ArgumentException">The object cannot be said in ELF: a reference names nothing, or a map has no definition in the BTF.</exception>
    /// <exception cref="BadFormatException">The BTF of the object is damaged.</exception>
    public static byte[] Write(BpfObject value) => ObjectWriter.Write(value);
}
