using System.Collections.Generic;
using Fathom.Tools.Hosting;

namespace Fathom.Cli;

/// <summary>A tool with everything that the command line says about it.</summary>
internal sealed record Invocation
{
    /// <summary>The tool.</summary>
    public required ITool Tool { get; init; }

    /// <summary>What it is to trace.</summary>
    public required ToolRequest Request { get; init; }

    /// <summary>When its reports are due.</summary>
    public required Schedule Schedule { get; init; }

    /// <summary>Whether programs read the output.</summary>
    public required bool Json { get; init; }

    /// <summary>Whether each report begins with the time.</summary>
    public required bool Timestamps { get; init; }

    /// <summary>Whether there are colours: auto, always or never; null for what is usual.</summary>
    public string? Color { get; init; }

    /// <summary>The file to write to; null for standard output.</summary>
    public required string? Output { get; init; }

    /// <summary>The command to trace; null for everything there is.</summary>
    public required IReadOnlyList<string>? Command { get; init; }

    /// <summary>Whether only the help was asked for.</summary>
    public required bool Help { get; init; }
}
