using System;
using System.Buffers.Binary;
using Fathom.Format.Elf.Images;

namespace Fathom.Runtime;

/// <summary>
/// A program for x86-64 that is a header and one segment, the whole file, which is read and executed:
/// https://man7.org/linux/man-pages/man5/elf.5.html
/// </summary>
internal static class MemoryImage
{
    /// <summary>Where in the file the code begins.</summary>
    public const int CodeOffset = HeaderSize + 56;

    /// <summary>Where the file lies when it is executed.</summary>
    public const ulong Address = 0x400000;

    private const int HeaderSize = 64;

    /// <summary>The file.</summary>
    /// <param name="code">Its code, which begins to run at its first byte.</param>
    /// <param name="size">The file's bytes; those behind the code are 0.</param>
    public static byte[] Build(ReadOnlySpan<byte> code, int size)
    {
        byte[] file = new byte[size];
        ReadOnlySpan<byte> identity = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identity.CopyTo(file);
        Put16(file, 16, 2);
        Put16(file, 18, (ushort)ElfMachine.X64);
        Put32(file, 20, 1);
        Put64(file, 24, Address + CodeOffset);
        Put64(file, 32, HeaderSize);
        Put16(file, 52, HeaderSize);
        Put16(file, 54, CodeOffset - HeaderSize);
        Put16(file, 56, 1);
        Put32(file, HeaderSize, 1);
        Put32(file, HeaderSize + 4, 5);
        Put64(file, HeaderSize + 16, Address);
        Put64(file, HeaderSize + 24, Address);
        Put64(file, HeaderSize + 32, (ulong)size);
        Put64(file, HeaderSize + 40, (ulong)size);
        Put64(file, HeaderSize + 48, 0x1000);
        code.CopyTo(file.AsSpan(CodeOffset));
        return file;
    }

    private static void Put16(Span<byte> file, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file[offset..], value);

    private static void Put32(Span<byte> file, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file[offset..], value);

    private static void Put64(Span<byte> file, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file[offset..], value);
}
