using System.Collections.Generic;

namespace Fathom.Output.Counts;

/// <summary>How many rows of an interval had the same values in some columns. All counts together are all rows.</summary>
/// <param name="Columns">These columns.</param>
/// <param name="Rows">The most frequent groups, the greatest first.</param>
/// <param name="OtherGroups">How many less frequent ones there are.</param>
/// <param name="OtherRows">How many rows these have.</param>
/// <param name="Forgotten">How many rows were of groups that were forgotten, because there was no room.</param>
/// <param name="Error">By how much the count of a group may be too low for that.</param>
public sealed record RowCountTable(
    IReadOnlyList<CountedColumn> Columns, IReadOnlyList<RowCount> Rows, ulong OtherGroups, ulong OtherRows, ulong Forgotten, ulong Error)
{
    /// <summary>Whether columns are separated by commas (CSV, RFC 4180) rather than aligned.</summary>
    public bool CommaSeparated { get; init; }
}

/// <summary>A column that rows are counted by.</summary>
/// <param name="Header">What stands over it.</param>
/// <param name="Width">Characters in text; negative if the text is at the left.</param>
public sealed record CountedColumn(string Header, int Width);

/// <summary>How many rows had the same values.</summary>
/// <param name="Cells">The values for people, in UTF-8, escaped.</param>
/// <param name="Json">The values for programs: an object.</param>
/// <param name="Count">How many rows.</param>
public sealed record RowCount(IReadOnlyList<byte[]> Cells, byte[] Json, ulong Count);
