using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;

namespace Fathom.Tools.FuncCount;

/// <summary>In which processes breakpoints are set.</summary>
internal enum FuncCountReach
{
    /// <summary>In every process that has the file mapped; who does not count is sorted out after the trap.</summary>
    Everywhere,
    /// <summary>In one process.</summary>
    OneProcess,
    /// <summary>In one process and its descendants.</summary>
    Tree,
    /// <summary>In the processes of which a thread has a command name.</summary>
    Command,
    /// <summary>In the processes of a cgroup.</summary>
    Cgroup,
}

/// <summary>In which processes breakpoints are set, and which these are now.</summary>
/// <param name="Reach">The rule.</param>
/// <param name="Process">The process, of <see cref="FuncCountReach.OneProcess"/> and <see cref="FuncCountReach.Tree"/>.</param>
/// <param name="Name">The command name, of <see cref="FuncCountReach.Command"/>.</param>
/// <param name="Cgroup">The directory of the cgroup, whatever the rule; empty for all.</param>
internal sealed record FuncCountScope(FuncCountReach Reach, int Process = 0, string Name = "", string Cgroup = "")
{
    /// <summary>Whether processes may come later.</summary>
    public bool Grows => Reach is FuncCountReach.Tree or FuncCountReach.Command or FuncCountReach.Cgroup;

    /// <summary>Whose calls become slower, in words.</summary>
    public string Payers => Reach switch
    {
        FuncCountReach.OneProcess => $"in process {Process}",
        FuncCountReach.Tree => "in the processes of the command",
        FuncCountReach.Command => $"in the processes named {Name}",
        FuncCountReach.Cgroup => "in the processes of the cgroup",
        _ => "in every process that uses the file",
    };

    /// <summary>What to say of a process that has ended while it was attached to.</summary>
    public static CannotRunException Ended(int process) => new($"process {process} has ended while it was attached to: there is nothing to count any more");

    /// <summary>What is asked for: the narrowest that a number of a process can be had for.</summary>
    /// <param name="request">The request.</param>
    public static FuncCountScope Of(ToolRequest request)
    {
        // All processes are in the first of all cgroups, which alone has no such file.
        string cgroup = request.Cgroup is { } path && new Cgroups().Find(path) is { } found && File.Exists(found + "/cgroup.events") ? found : "";
        return request.Has(FuncCountOptions.AllProcesses) ? new(FuncCountReach.Everywhere)
            : request.Pid != 0 ? new(FuncCountReach.OneProcess, request.Pid)
            : request.ProcessTree != 0 ? new(FuncCountReach.Tree, request.ProcessTree, Cgroup: cgroup)

            // In a namespace of its own the numbers are others than those that the kernel side tells.
            : !Processes.ShareNumbers() ? new(FuncCountReach.Everywhere)
            : request.Comm is { } name ? new(FuncCountReach.Command, Name: name, Cgroup: cgroup)
            : cgroup.Length > 0 ? new(FuncCountReach.Cgroup, Cgroup: cgroup)
            : new(FuncCountReach.Everywhere);
    }

    /// <summary>The processes that it reaches now.</summary>
    public IReadOnlyList<int> Now() => Reach switch
    {
        FuncCountReach.OneProcess or FuncCountReach.Tree => [Process],
        FuncCountReach.Command => [.. (Cgroup.Length > 0 ? ProcessTable.OfCgroup(Cgroup) : (IEnumerable<int>)ProcessTable.All())
            .Where(process => process != Environment.ProcessId && ProcessTable.HasThreadNamed(process, Name))],
        FuncCountReach.Cgroup => [.. ProcessTable.OfCgroup(Cgroup).Where(static process => process != Environment.ProcessId)],
        _ => [],
    };

    /// <summary>Whether a process that the kernel side tells counts, as far as the kernel side does not know.</summary>
    public bool Reaches(FuncCountArrival arrival) =>
        arrival.Process != Environment.ProcessId
        && (Cgroup.Length == 0 || arrival.Kind is FuncCountFollow.New or FuncCountFollow.TakenOver || ProcessTable.OfCgroup(Cgroup).Contains(arrival.Process))
        && (arrival.Kind != FuncCountFollow.Moved || Reach != FuncCountReach.Command || ProcessTable.HasThreadNamed(arrival.Process, Name));
}
