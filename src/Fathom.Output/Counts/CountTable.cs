using System.Collections.Generic;

namespace Fathom.Output.Counts;

/// <summary>How often each of several things happened in an interval.</summary>
/// <param name="Header">What the things are, as the head of their column: <c>FUNC</c>.</param>
/// <param name="Rows">The things, in the order in which they are shown.</param>
public sealed record CountTable(string Header, IReadOnlyList<CountRow> Rows)
{
    /// <summary>The columns of names, unless one is longer.</summary>
    public int NameWidth { get; init; } = 36;

    /// <summary>How many rows people are shown, and how many there are besides; null for all. Programs get all.</summary>
    public int? Top { get; init; }
}

/// <summary>How often one thing happened.</summary>
/// <param name="Name">Its name for people.</param>
/// <param name="Count">How often.</param>
/// <param name="Symbol">Its name for programs, where that is another: a name as the linker knows it.</param>
public readonly record struct CountRow(string Name, ulong Count, string Symbol)
{
    /// <summary>A thing with one name.</summary>
    public CountRow(string name, ulong count)
        : this(name, count, name)
    {
    }

    /// <summary>The number of the process that the thing is; null if it is none.</summary>
    public uint? Pid { get; init; }
}
