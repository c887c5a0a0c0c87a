using System.Collections.Generic;
using Fathom.Output.Json;
using Fathom.Tools.Options;

namespace Fathom.Tools.Hosting;

/// <summary>What a tool is: everything that the command line and its help are made from.</summary>
public sealed record ToolDescription
{
    /// <summary>The tool's name, as it is typed.</summary>
    public required string Name { get; init; }

    /// <summary>What it shows, in one line without a full stop.</summary>
    public required string Summary { get; init; }

    /// <summary>What is printed when tracing has begun; nothing for a tool that shows each event, whose columns are printed.</summary>
    public string Banner { get; init; } = "";

    /// <summary>The rows of a tool that shows each event; null for one that sums up.</summary>
    public IEventRows? Rows { get; init; }

    /// <summary>The records for programs that it writes itself, besides rows and those that all tools write.</summary>
    public IReadOnlyList<JsonRecord> Records { get; init; } = [];

    /// <summary>
    /// The version of the schema of its records. Within it fields are added, but never renamed, removed or given another meaning; for that, this is one more.
    /// </summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>All records that it writes for programs, in the order of a schema.</summary>
    public IReadOnlyList<JsonRecord> AllRecords =>
        [JsonRecords.Start, .. Rows?.Records ?? [], .. Records, JsonRecords.Loss, JsonRecords.Note, JsonRecords.Cost, JsonRecords.End];

    /// <summary>Its own options, besides those that all tools have. A letter that it uses is not that of a common option.</summary>
    public required IReadOnlyList<ToolOption> Options { get; init; }

    /// <summary>What must be said besides options, such as a pattern; null for a tool that needs nothing.</summary>
    public ToolArgument? Argument { get; init; }

    /// <summary>
    /// What it may cost without being asked: a share of the machine's processor time, 1 for all of it; null for no limit. A tool has one whose programs
    /// run at what may happen millions of times a second.
    /// </summary>
    public double? Budget { get; init; }

    /// <summary>Whether the command line may end with <c>[interval [count]]</c>.</summary>
    public bool TakesInterval { get; init; }

    /// <summary>Examples.</summary>
    public required IReadOnlyList<ToolExample> Examples { get; init; }

    /// <summary>What the tool cannot see, one sentence each.</summary>
    public required IReadOnlyList<string> BlindSpots { get; init; }
}

/// <summary>What a tool is told besides options.</summary>
/// <param name="Name">What the help calls it.</param>
/// <param name="Help">What it is.</param>
public sealed record ToolArgument(string Name, string Help)
{
    /// <summary>Whether it may be omitted.</summary>
    public bool IsOptional { get; init; }

    /// <summary>What it can be, as far as a shell can propose it; null if it cannot.</summary>
    public Completion? Completion { get; init; }

    /// <summary>One that every machine has, which <c>fathom</c>'s own tests trace.</summary>
    public string Sample { get; init; } = "";
}

/// <summary>An example in the help.</summary>
/// <param name="Arguments">What follows the tool's name.</param>
/// <param name="Meaning">What that shows.</param>
public sealed record ToolExample(string Arguments, string Meaning);
