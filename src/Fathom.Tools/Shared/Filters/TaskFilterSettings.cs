using System.Runtime.InteropServices;

namespace Fathom.Tools.Shared.Filters;

/// <summary>What <see cref="TaskFilter"/> asks of a task. 0 where a question is off.</summary>
internal struct TaskFilterSettings
{
    /// <summary>Only the tasks of one user.</summary>
    public bool ByUser;

    /// <summary>Only those of one command name.</summary>
    public bool ByCommand;

    /// <summary>Only those in one cgroup.</summary>
    public bool ByCgroup;

    /// <summary>Only one process and its descendants.</summary>
    public bool ByTree;

    /// <summary>The process of the tool itself.</summary>
    public uint Self;

    /// <summary>The only process.</summary>
    public uint Process;

    /// <summary>The only thread.</summary>
    public uint Thread;

    /// <summary>The only user.</summary>
    public uint User;

    /// <summary>The only parent.</summary>
    public uint Parent;

    /// <summary>The number of the only cgroup (<c>kn->id</c>).</summary>
    public ulong Cgroup;

    /// <summary>The only command name.</summary>
    public CommandWords Command;
}

/// <summary>A command name as the kernel keeps it: 16 bytes, filled up with zeros.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CommandWords
{
    /// <summary>Bytes of this struct.</summary>
    public const uint Size = 16;

    /// <summary>The first eight bytes.</summary>
    public ulong Low;

    /// <summary>The last eight bytes.</summary>
    public ulong High;
}
