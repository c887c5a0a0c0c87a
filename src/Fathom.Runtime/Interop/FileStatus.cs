using System.Runtime.InteropServices;

namespace Fathom.Runtime.Interop;

/// <summary>
/// What an open file is (<c>struct statx</c>, the same on every architecture):
/// https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/stat.h
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    private const int KindMask = 0xf000;
    private const int Fifo = 0x1000;
    private const int CharacterDevice = 0x2000;
    private const int Directory = 0x4000;
    private const int BlockDevice = 0x6000;
    private const int Regular = 0x8000;
    private const int SocketKind = 0xc000;

    /// <summary>Kind and permissions (<c>stx_mode</c>).</summary>
    [FieldOffset(28)]
    public ushort Mode;

    /// <summary>Bytes of a regular file (<c>stx_size</c>).</summary>
    [FieldOffset(40)]
    public ulong Size;

    /// <summary>The file's number on its device (<c>stx_ino</c>).</summary>
    [FieldOffset(32)]
    public ulong Inode;

    /// <summary>Of a device file: the device that it stands for, major and minor.</summary>
    [FieldOffset(128)]
    public ulong StandsFor;

    /// <summary>The device that the file is on, major and minor.</summary>
    [FieldOffset(136)]
    public ulong Device;

    /// <summary>A regular file with permissions for all.</summary>
    public const ushort RegularMode = Regular | 0x1ed;

    /// <summary>True for a file that holds bytes and nothing else.</summary>
    public readonly bool IsRegular => (Mode & KindMask) == Regular;

    /// <summary>True for a directory.</summary>
    public readonly bool IsDirectory => (Mode & KindMask) == Directory;

    /// <summary>True for /dev/null, where nobody meets who has it.</summary>
    public readonly bool IsNull => StandsFor == (1UL | (3UL << 32));

    /// <summary>Whether two descriptors are of one file, pipe or terminal.</summary>
    public readonly bool IsSameAs(in FileStatus other) => Inode == other.Inode && Device == other.Device;

    /// <summary>What it is, in words.</summary>
    public readonly string Kind => (Mode & KindMask) switch
    {
        Fifo => "a named pipe (FIFO)",
        CharacterDevice or BlockDevice => "a device",
        Directory => "a directory",
        Regular => "a file",
        SocketKind => "a socket",
        _ => "no file",
    };
}
