using System;
using System.Threading;
using Fathom.Tools.Options;

namespace Fathom.Tools.Hosting;

/// <summary>What a tool is asked to trace.</summary>
public sealed record ToolRequest
{
    /// <summary>The options that were given.</summary>
    public OptionValues Options { get; init; } = new();

    /// <summary>The tool's argument; empty for a tool that takes none.</summary>
    public string Argument { get; init; } = "";

    /// <summary>Only what this process does; 0 for all.</summary>
    public int Pid { get; init; }

    /// <summary>Only what processes of this command name do; null for all.</summary>
    public string? Comm { get; init; }

    /// <summary>Only what processes in this cgroup or below it do: a path; null for all.</summary>
    public string? Cgroup { get; init; }

    /// <summary>Only what this process and its descendants do: that of a command that waits to be traced; 0 for all.</summary>
    public int ProcessTree { get; init; }

    /// <summary>What tracing may cost: a share of the machine's processor time, 1 for all of it; null for no limit.</summary>
    public double? Budget { get; init; }

    /// <summary>Whether the kernel's own statistics are asked what tracing costs, for a second. They slow down every BPF program of the machine.</summary>
    public bool ExactCost { get; init; }

    /// <summary>Whether each row begins with the time of day.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Says something beside the result that the user must know. One sentence.</summary>
    public Action<string> Note { get; init; } = static _ => { };

    /// <summary>
    /// Shows on a terminal what goes on meanwhile, in place of what it showed before; an empty text takes it away. Null where nobody looks, so that a
    /// note must do.
    /// </summary>
    public Action<string>? Status { get; init; }

    /// <summary>
    /// Asks for the end. A tool whose start takes longer than a moment gives it up then and reports what it has; who must act at once registers with it.
    /// </summary>
    public CancellationToken Stop { get; init; }

    /// <summary>Whether an option was given.</summary>
    public bool Has(ToolOption option) => Options.Has(option);

    /// <summary>The value of an option; that which it has by default if it was not given.</summary>
    public T? Get<T>(Option<T> option)
        where T : notnull => Options.Get(option);
}
