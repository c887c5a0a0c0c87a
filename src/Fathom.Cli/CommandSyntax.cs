using System.Collections.Generic;
using System.Linq;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Cli;

/// <summary>What can follow <c>fathom</c>, a tool or one of the commands that trace nothing: what help, man pages and completion are made from.</summary>
internal sealed record CommandSyntax
{
    private const string ManName = "man";

    private static readonly Flag s_json = new("--json", 'j', "Print a JSON object in each line.");

    /// <summary>Also shows how, and what was found.</summary>
    public static readonly Flag Verbose = new("--verbose", 'v', "Also show how each tool traces, the machine, and each feature of the kernel with its evidence.");

    public static CommandSyntax Doctor { get; } = new()
    {
        Name = "doctor",
        Summary = "Says which tools run on this machine, by what, and what to change if not",
        Options = [Verbose, s_json, CommonOptions.Help],
        Notes =
        [
            "It exits with 0 if every tool runs, at least in part, and with 1 if one does not.",
            "Each tool is started as it would be without options, and ended at once. Features of the kernel are tried on what hardly ever runs, and "
                + "nothing is left behind. Without privileges it says what can be said, and what they would add.",
        ],
    };

    public static CommandSyntax Completion { get; } = new()
    {
        Name = "completion",
        Summary = "Prints a script with which a shell completes the command line of fathom",
        Options = [CommonOptions.Help],
        Argument = new("SHELL", "bash, zsh or fish.") { Completion = new(CompletionSource.Words, [.. CompletionScript.Shells.Keys]) },
        Examples =
        [
            new("bash > /etc/bash_completion.d/fathom", "for bash"),
            new("zsh > /usr/local/share/zsh/site-functions/_fathom", "for zsh"),
            new("fish > ~/.config/fish/completions/fathom.fish", "for fish"),
        ],
    };

    /// <summary>The tool's or command's name.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, in one line without a full stop.</summary>
    public required string Summary { get; init; }

    /// <summary>All options.</summary>
    public required IReadOnlyList<ToolOption> Options { get; init; }

    /// <summary>What is written besides options; null for nothing.</summary>
    public ToolArgument? Argument { get; init; }

    /// <summary>Whether an interval and a count may follow.</summary>
    public bool TakesInterval { get; init; }

    /// <summary>Whether a command to trace may follow <c>--</c>.</summary>
    public bool TakesCommand { get; init; }

    /// <summary>Examples.</summary>
    public IReadOnlyList<ToolExample> Examples { get; init; } = [];

    /// <summary>What else is to be known, a paragraph each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The columns of its rows.</summary>
    public IReadOnlyList<ColumnDescription> Columns { get; init; } = [];

    /// <summary>What it cannot see, one sentence each.</summary>
    public IReadOnlyList<string> BlindSpots { get; init; } = [];

    /// <summary>What follows the name.</summary>
    public string Usage => "[options]"
        + (Argument is null ? "" : Argument.IsOptional ? $" [{Argument.Name}]" : " " + Argument.Name)
        + (TakesInterval ? " [interval [count]]" : "")
        + (TakesCommand ? " [-- COMMAND ARGS...]" : "");

    /// <summary>What can be written besides options, with what it means.</summary>
    public IEnumerable<(string Term, string Words)> Operands
    {
        get
        {
            if (Argument is { } argument)
            {
                yield return (argument.Name, argument.Help);
            }

            if (TakesInterval)
            {
                yield return ("interval", "Time from one report to the next, such as 1 (second), 500ms or 2m. Without it, there is one report at the end.");
                yield return ("count", "How many reports. Without it, they end with Ctrl-C.");
            }

            if (TakesCommand)
            {
                yield return ("-- COMMAND ARGS...", "Trace only while this command runs, and only it and its children. Exit with its exit code.");
            }
        }
    }

    /// <summary>The commands that trace nothing.</summary>
    /// <param name="tools">The tools, which have man pages.</param>
    public static IReadOnlyList<CommandSyntax> Commands(IReadOnlyList<ITool> tools) => [Doctor, Completion, Man(tools)];

    /// <summary>The syntax of a tool.</summary>
    public static CommandSyntax Of(ToolDescription tool) => new()
    {
        Name = tool.Name,
        Summary = tool.Summary,
        Options = CommonOptions.With(tool),
        Argument = tool.Argument,
        TakesInterval = tool.TakesInterval,
        TakesCommand = true,
        Columns = tool.Rows?.Columns ?? [],
        Examples = tool.Examples,
        BlindSpots = tool.BlindSpots,
    };

    /// <summary>The names of an option and its value.</summary>
    public static string TermOf(ToolOption option, string separator = ", ") =>
        (option.ShortName is { } letter ? letter + separator : "") + option.Name + (option.ValueName is { } value ? " " + value : "");

    /// <summary>A column in words: what programs call it, what it means, and when people see it.</summary>
    public static string WordsOf(ColumnDescription column) =>
        $"{(column.Name is { } name ? name + ": " : "")}{column.Help}{(column.When.Length > 0 ? $" ({column.When})" : "")}.";

    private static CommandSyntax Man(IReadOnlyList<ITool> tools) => new()
    {
        Name = ManName,
        Summary = "Prints the man page of fathom, or of a tool",
        Options = [CommonOptions.Help],
        Argument = new("TOOL", "A tool, or another command of fathom.")
        {
            IsOptional = true,
            Completion = new(CompletionSource.Words, [.. tools.Select(static tool => tool.Description.Name), Doctor.Name, Completion.Name, ManName]),
        },
        Examples = [new("biolatency | man -l -", "read it"), new("> /usr/local/share/man/man1/fathom.1", "install it")],
    };
}
