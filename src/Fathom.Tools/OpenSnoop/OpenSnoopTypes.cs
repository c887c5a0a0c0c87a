using Fathom.Tools.Shared.Kernel;

namespace Fathom.Tools.OpenSnoop;

/// <summary>How a file was opened.</summary>
internal enum OpenCall : byte
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary><c>open(2)</c>.</summary>
    Open,

    /// <summary><c>openat(2)</c>.</summary>
    OpenAt,

    /// <summary><c>openat2(2)</c>.</summary>
    OpenAt2,

    /// <summary><c>creat(2)</c>.</summary>
    Create,

    /// <summary><c>open_by_handle_at(2)</c>.</summary>
    ByHandle,

    /// <summary>A request of io_uring.</summary>
    IoUring,
}

/// <summary>What a record is.</summary>
internal enum OpenRecordKind : byte
{
    /// <summary>A call that has returned.</summary>
    Call,

    /// <summary>A request of io_uring that was submitted; its path is known now and its result later.</summary>
    Submitted,

    /// <summary>A request of io_uring that was submitted, and completes only if it fails.</summary>
    Silent,

    /// <summary>The result of such a request.</summary>
    Completed,
}

/// <summary>What is known of the directory that a path is relative to.</summary>
internal enum OpenDirectory : byte
{
    /// <summary>It was not asked for, or the path is absolute.</summary>
    None,

    /// <summary>The names do not reach the root.</summary>
    Partial,

    /// <summary>The names reach the root; the root itself has none.</summary>
    Whole,

    /// <summary>The descriptor is none, or not that of a directory.</summary>
    Unsuitable,
}

/// <summary>What else is known of a record: bits.</summary>
internal static class OpenMarks
{
    /// <summary>A request of io_uring puts the file into a table of its ring and not at a descriptor.</summary>
    public const byte Direct = 1;

    /// <summary>The path is longer than a path may be, and only its beginning is here.</summary>
    public const byte Cut = 2;
}

/// <summary>A record in the ring buffer. The names of the directory follow, each ended by a NUL, then the path with its NUL.</summary>
internal struct OpenRecord
{
    /// <summary>The descriptor that stands for the current directory (<c>AT_FDCWD</c>).</summary>
    public const int CurrentDirectory = -100;

    /// <summary>When, in ns since boot.</summary>
    public ulong TimeNs;

    /// <summary>The request of io_uring; 0 for a call.</summary>
    public ulong Request;

    /// <summary>The flags (<c>O_*</c>).</summary>
    public ulong Flags;

    /// <summary>The process.</summary>
    public uint Process;

    /// <summary>The thread.</summary>
    public uint Thread;

    /// <summary>The user.</summary>
    public uint User;

    /// <summary>The descriptor, or a negative errno.</summary>
    public int Result;

    /// <summary>Bytes of the path with its NUL, or a negative errno if it could not be read.</summary>
    public int PathBytes;

    /// <summary>The directory that the path is relative to, if it is; <see cref="CurrentDirectory"/> also where the call knows no other.</summary>
    public int DirectoryDescriptor;

    /// <summary>Bytes of the names of the directory.</summary>
    public ushort DirectoryBytes;

    /// <summary>The permissions of a file that is created.</summary>
    public ushort Mode;

    /// <summary>What this is.</summary>
    public OpenRecordKind Kind;

    /// <summary>The call.</summary>
    public OpenCall Call;

    /// <summary>What the names are.</summary>
    public OpenDirectory Directory;

    /// <summary>What else is known (<see cref="OpenMarks"/>).</summary>
    public byte Marks;

    /// <summary>The thread's name.</summary>
    public CommandBytes Command;
}

/// <summary>Where a record is put together, on each CPU.</summary>
internal unsafe struct OpenScratch
{
    /// <summary>Bytes of a path with its NUL (<c>PATH_MAX</c>).</summary>
    public const int PathRoom = 4096;

    /// <summary>Bytes of names and path.</summary>
    public const int TextRoom = PathNames.Room + PathRoom;

    /// <summary>The record.</summary>
    public OpenRecord Record;

    /// <summary>What follows it.</summary>
    public fixed byte Text[TextRoom];
}
