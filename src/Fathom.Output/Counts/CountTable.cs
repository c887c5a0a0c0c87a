using System.Collections.Generic;

namespace Fathom.Output.Counts;

/// <summary>How often each of several things happened in an interval.</summary>
/// <param name="Header">What the things are, as the head of their column: <c>FUNC</c>.</param>
/// <param name="Rows">The things, in the order in which they are shown.</param>
public sealed record CountTable(string Header, IReadOnlyList<CountRow> Rows);

/// <summary>How often one thing happened.</summary>
/// <param name="Name">Its name for people.</param>
/// <param name="Count">How often.</param>
/// <param name="Symbol">Its name for programs, where that is another: a name as the linker knows it.</param>
public readonly record struct CountRow(string Name, ulong Count, string Symbol);
