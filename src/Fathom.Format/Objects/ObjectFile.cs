using System;

namespace Fathom.Format.Objects;

/// <summary>A <see cref="BpfObject"/> to and from the bytes of a standard ELF BPF object.</summary>
public static class ObjectFile
{
    /// <summary>Reads an ELF BPF object, ours or clang's.</summary>
    /// <param name="elf">The whole file.</param>
    /// <exception cref="BadFormatException">The bytes are no BPF object, or a damaged one.</exception>
    public static BpfObject Parse(ReadOnlyMemory<byte> elf) => throw new NotImplementedException();

    /// <summary>Writes an ELF BPF object that libbpf, bpftool and cilium/ebpf read.</summary>
    public static byte[] Write(BpfObject value) => throw new NotImplementedException();
}
