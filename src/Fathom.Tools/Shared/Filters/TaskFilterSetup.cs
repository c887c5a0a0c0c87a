using System;
using System.Buffers.Binary;
using System.Text;
using Fathom.Runtime;
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
                Mode = (User is not null ? TaskFilterSettings.OneUser : 0)
                    | (request.Comm is not null ? TaskFilterSettings.OneCommand : 0)
                    | (_cgroup is not null ? TaskFilterSettings.OneCgroup : 0)
                    | (request.ProcessTree != 0 ? TaskFilterSettings.OneTree : 0),

                // In a namespace of its own the number would be somebody else's.
                Self = Processes.ShareNumbers() ? (uint)Environment.ProcessId : 0,
                Process = (uint)request.Pid,
                Thread = (uint)Thread,
                User = User ?? 0,
                Parent = (uint)Parent,
                Command = new()
                {
                    Low = BinaryPrimitives.ReadUInt64LittleEndian(command),
                    High = BinaryPrimitives.ReadUInt64LittleEndian(command[8..]),
                },
            };
        }
    }

    /// <summary>Leaves away what no question needs: programs that would cost time at every fork, maps that would cost memory.</summary>
    public void Fit(LoadOptions options)
    {
        if (request.ProcessTree == 0)
        {
            options.Without.Add("FilterForked");
            options.Without.Add("FilterFreed");
            options.MaxEntries[nameof(TaskFilter.FilterTree)] = 1;
        }
    }

    /// <summary>Fills the maps, before anything is attached.</summary>
    public void Fill(BpfCgroupArray cgroup, BpfHashMap<uint, ulong> tree)
    {
        if (_cgroup is not null)
        {
            cgroup.Set(0, _cgroup);
        }

        if (request.ProcessTree != 0)
        {
            tree.Set((uint)request.ProcessTree, 0);
        }
    }
}
