using System.Collections.Generic;

namespace Fathom.Output.Rows;

/// <summary>How rows of one kind are shown.</summary>
/// <typeparam name="T">The row.</typeparam>
public sealed class RowLayout<T>
    where T : allows ref struct
{
    /// <summary>What programs call a row of this kind.</summary>
    public required string Type { get; init; }

    /// <summary>When a row happened, in ns since boot (<c>CLOCK_MONOTONIC</c>).</summary>
    public required IntegerOf<T> TimeNs { get; init; }

    /// <summary>The columns for people, in their order.</summary>
    public required IReadOnlyList<Column<T>> Text { get; init; }

    /// <summary>Whether the columns for people are separated by commas (CSV, RFC 4180), for spreadsheets, rather than aligned.</summary>
    public bool CommaSeparated { get; init; }

    /// <summary>Whether columns are as wide as they need, rather than to fit beside each other.</summary>
    public bool IsWide { get; init; }

    /// <summary>Everything there is, for programs.</summary>
    public required IReadOnlyList<Column<T>> All { get; init; }
}
