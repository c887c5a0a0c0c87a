using System.Collections.Generic;
using Fathom.Runtime;

namespace Fathom.Tools.FuncCount;

/// <summary>Something that is counted: a name, and where it is passed.</summary>
/// <param name="Name">Its name for people.</param>
/// <param name="Symbol">Its name for programs.</param>
internal sealed record Countable(string Name, string Symbol)
{
    /// <summary>Addresses in the kernel, of functions. More than one where the name is not unique.</summary>
    public IReadOnlyList<ulong> Addresses { get; init; } = [];

    /// <summary>Whether the kernel must run the instruction there one step at a time.</summary>
    public bool IsStepped { get; init; }

    /// <summary>Places in a file, of functions and static probes; their cookies are not set yet.</summary>
    public IReadOnlyList<UserProbe> Places { get; init; } = [];
}

/// <summary>Something that matches the pattern and is not counted.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why, in words.</param>
internal readonly record struct Skipped(string Name, string Reason);

/// <summary>What a pattern matches.</summary>
/// <param name="Countables">What can be counted.</param>
/// <param name="Skipped">What cannot.</param>
internal sealed record Matches(IReadOnlyList<Countable> Countables, IReadOnlyList<Skipped> Skipped)
{
    /// <summary>What must be known about them all, in one sentence; empty for nothing.</summary>
    public string Note { get; init; } = "";
}
