using System;
using Fathom.Format;
using Fathom.Format.Elf.Images;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>An open file of somebody else's. What it gives is a copy, so that nothing that happens to the file can be a signal here, or change under a check.</summary>
internal sealed class UserFileSource(KernelCalls calls, KernelDescriptor descriptor, long length) : ImageSource, IDisposable
{
    /// <summary>The file.</summary>
    public KernelDescriptor Descriptor => descriptor;

    /// <inheritdoc/>
    public override long Length => length;

    /// <inheritdoc/>
    public void Dispose() => descriptor.Dispose();

    /// <summary>The CRC-32 of all of it, as of gzip and <c>.gnu_debuglink</c>.</summary>
    /// <exception cref="BadFormatException">The file cannot be read.</exception>
    public uint Checksum()
    {
        Span<uint> table = stackalloc uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value >> 1) ^ ((value & 1) * 0xedb8_8320);
            }

            table[(int)i] = value;
        }

        byte[] buffer = new byte[64 << 10];
        uint checksum = uint.MaxValue;
        int count;
        for (long at = 0; (count = Read(at, buffer)) > 0; at += count)
        {
            foreach (byte one in buffer.AsSpan(0, count))
            {
                checksum = (checksum >> 8) ^ table[(byte)(checksum ^ one)];
            }
        }

        return ~checksum;
    }

    /// <inheritdoc/>
    protected override int Read(long offset, Span<byte> buffer)
    {
        int count = calls.ReadAt(descriptor, buffer, offset);
        return count >= 0 ? count : throw new BadFormatException("ELF", offset, $"the file cannot be read ({Errno.NameOf(-count)})");
    }
}
