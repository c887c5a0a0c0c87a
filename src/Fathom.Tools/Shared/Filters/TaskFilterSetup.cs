using System;
using System.Buffers.Binary;
using System.Text;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Shared.Filters;

/// <summary>Puts what a user asked for into <see cref="TaskFilter"/>.</summary>
/// <param name="request">What was asked for of all tools.</param>
/// <exception cref="CannotRunException">There is no such cgroup.</exception>
internal sealed class TaskFilterSetup(ToolRequest request)
{
    private readonly string? _cgroup = request.Cgroup is { } path ? new Cgroups().Find(path) : null;

    /// <summary>The only thread; 0 for all.</summary>
    public int Thread { get; init; }

    /// <summary>The only user; null for all.</summary>
    public uint? User { get; init; }

    /// <summary>The only parent; 0 for all.</summary>
    public int Parent { get; init; }

    /// <summary>The constant.</summary>
    public TaskFilterSettings Settings
    {
        get
        {
            Span<byte> command = stackalloc byte[(int)CommandWords.Size];
            command.Clear();
            Encoding.UTF8.GetBytes(request.Comm ?? "", command);
            return new()
            {
                ByUser = User is not null,
                ByCommand = request.Comm is not null,
                ByCgroup = _cgroup is not null,
                ByTree = request.ProcessTree != 0,

                // In a namespace of its own the number would be somebody else's.
                Self = Processes.ShareNumbers() ? (uint)Environment.ProcessId : 0,
                Process = (uint)request.Pid,
                Thread = (uint)Thread,
                User = User ?? 0,
                Parent = (uint)Parent,
                Cgroup = _cgroup is not null ? Cgroups.NumberOf(_cgroup) : 0,
                Command = new()
                {
                    Low = BinaryPrimitives.ReadUInt64LittleEndian(command),
                    High = BinaryPrimitives.ReadUInt64LittleEndian(command[8..]),
                },
            };
        }
    }

    /// <summary>Whether some processes count and others do not.</summary>
    public bool IsByProcess => request.Pid != 0 || request.Comm is not null || _cgroup is not null || request.ProcessTree != 0;

    /// <summary>Fills the maps, before anything is attached.</summary>
    public void Fill(TaskFilter.ILoaded probe)
    {
        if (_cgroup is not null)
        {
            probe.FilterCgroup.Set(0, _cgroup);
        }

        if (request.ProcessTree != 0)
        {
            probe.FilterTree.Set((uint)request.ProcessTree, 0);
        }
    }
}
