using System.Collections.Generic;
using Fathom.Output.Json;
using Fathom.Tools.Options;

namespace Fathom.Tools.Hosting;

/// <summary>What the rows of a tool that shows each event say.</summary>
public interface IEventRows
{
    /// <summary>The columns for people, in their order, and behind them what only programs see.</summary>
    IReadOnlyList<ColumnDescription> Columns { get; }

    /// <summary>A row for programs, and what is counted in place of rows.</summary>
    IReadOnlyList<JsonRecord> Records { get; }

    /// <summary>The options that count rows in place of printing them.</summary>
    IReadOnlyList<ToolOption> Options { get; }

    /// <summary>Whether rows are counted: the tool reports then.</summary>
    bool AreCounted(OptionValues given);
}

/// <summary>A column.</summary>
/// <param name="Header">What stands over it.</param>
/// <param name="Name">What programs call it, and what it is counted by; null if they have not got it under that name.</param>
/// <param name="Help">What it means, without a full stop.</param>
/// <param name="When">When people see it, such as <c>with -U</c>; empty for always.</param>
public sealed record ColumnDescription(string Header, string? Name, string Help, string When);
