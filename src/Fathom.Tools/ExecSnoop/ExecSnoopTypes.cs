using Fathom.Tools.Shared.Kernel;

namespace Fathom.Tools.ExecSnoop;

/// <summary>
/// A record in the ring buffer. The names of the executable's path follow, from the file upwards, each ended by a NUL; then the path as the
/// caller gave it, with its NUL; then the arguments, each with its NUL.
/// </summary>
internal unsafe struct ExecRecord
{
    /// <summary>When, in ns since boot.</summary>
    public ulong TimeNs;

    /// <summary>The process.</summary>
    public uint Process;

    /// <summary>Its parent.</summary>
    public uint Parent;

    /// <summary>The user.</summary>
    public uint User;

    /// <summary>The CPU.</summary>
    public uint Cpu;

    /// <summary>0, or a negative errno.</summary>
    public int Result;

    /// <summary>Bytes of the path as it was given, with its NUL; a negative errno if it could not be read.</summary>
    public int FileBytes;

    /// <summary>Bytes of the arguments that follow; a negative errno if they could not be read.</summary>
    public int ArgumentBytes;

    /// <summary>Bytes that the arguments really have; 0 if that is not known.</summary>
    public uint AllArgumentBytes;

    /// <summary>Bytes of the names of the executable's path.</summary>
    public ushort PathBytes;

    /// <summary>Where these end.</summary>
    public PathEnd PathEnd;

    /// <summary>Whether there are more arguments than those that follow.</summary>
    public byte HasMore;

    /// <summary>Whether it is a script: its interpreter is what runs, and has the script among its arguments.</summary>
    public byte IsScript;

    private fixed byte _rest[3];

    /// <summary>The thread's name: the new one if it succeeded.</summary>
    public CommandBytes Command;

    /// <summary>The parent's name.</summary>
    public CommandBytes ParentCommand;
}

/// <summary>Where a record with few arguments is put together, on each CPU, so that it takes no more of the buffer than it has.</summary>
internal unsafe struct ExecScratch
{
    /// <summary>Bytes of arguments.</summary>
    public const int ArgumentRoom = 8192;

    /// <summary>Bytes of a path as it is given.</summary>
    public const int FileRoom = 4096;

    /// <summary>The record.</summary>
    public ExecRecord Record;

    /// <summary>What follows.</summary>
    public fixed byte Text[PathNames.Room + FileRoom + ArgumentRoom];
}

/// <summary>A record with many arguments, made in the buffer itself: scratch memory for them would take 40 KB on each CPU all the time.</summary>
internal unsafe struct LongExecRecord
{
    /// <summary>Bytes of arguments; what is more is cut off, and said.</summary>
    public const int ArgumentRoom = 32 * 1024;

    /// <summary>The record.</summary>
    public ExecRecord Record;

    /// <summary>What follows.</summary>
    public fixed byte Text[PathNames.Room + ExecScratch.FileRoom + ArgumentRoom];
}
