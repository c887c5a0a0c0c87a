using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Output.Text;
using Fathom.Tools.Hosting;

namespace Fathom.Cli;

/// <summary>What <c>--help</c> prints.</summary>
internal static class HelpText
{
    private const int TermWidth = 24;

    /// <summary>What fathom is.</summary>
    public const string Summary = "asks the running kernel, and shows its answers whole";

    /// <summary>What is exited with.</summary>
    public static IReadOnlyList<(string Code, string Meaning)> ExitCodes { get; } =
    [
        ("0", "Done. Ctrl-C is an ordinary end, and so is a reader that closes the output."),
        ("1", "This machine cannot do it, has no such process, disk, CPU, function or file, or too many of them match; standard error says why and what to do."),
        ("2", "The command line makes no sense, whatever the machine."),
        ("3", "Tracing cost the machine more than it may, and was ended."),
        ("with COMMAND", "The command's own code, or 128 and the signal that ended it; 125 if it could not be traced and was not started, 126 if it cannot be executed, 127 if there is none; 2 as above."),
    ];

    /// <summary>The help of the program.</summary>
    public static string OfProgram(IReadOnlyList<ITool> tools, TextLayout layout)
    {
        const int Width = 14;
        var text = new StringBuilder();
        text.Append("fathom ").Append(Summary).Append(".\n\nUsage: fathom TOOL [options]\n\nTools:\n");
        Entries(text, tools.Select(static tool => (tool.Description.Name, tool.Description.Summary)), Width, layout);
        text.Append("\nOther commands:\n");
        Entries(text, CommandSyntax.Commands(tools).Select(static command => (command.Name, command.Summary)), Width, layout);
        text.Append("\nExit codes:\n");
        Entries(text, ExitCodes, Width, layout);
        text.Append("\nfathom TOOL --help shows the options of a tool, examples and its blind spots.\n");
        return text.Append("fathom --version shows the version.\n").ToString();
    }

    /// <summary>The help of a tool or command.</summary>
    public static string Of(CommandSyntax syntax, TextLayout layout)
    {
        var text = new StringBuilder();
        text.AppendWrapped(syntax.Summary + ".", 0, 0, layout);
        text.Append("\nUsage: fathom ").Append(syntax.Name).Append(' ').Append(syntax.Usage).Append("\n\n");
        Entries(text, syntax.Operands, TermWidth, layout);
        text.Append(syntax.Operands.Any() ? "\nOptions:\n" : "Options:\n");
        Entries(text, syntax.Options.Select(static option => ((option.ShortName is null ? "    " : "") + CommandSyntax.TermOf(option), option.Help)), TermWidth, layout);
        text.Append(syntax.Columns.Count > 0 ? "\nColumns, with their names in JSON, which has all of them, and for --by:\n" : "");
        Entries(text, syntax.Columns.Select(static column => (column.Header, CommandSyntax.WordsOf(column))), 10, layout);
        foreach (string note in syntax.Notes)
        {
            text.Append('\n').AppendWrapped(note, 0, 0, layout);
        }

        text.Append(syntax.Examples.Count > 0 ? "\nExamples:\n" : "");
        Entries(text, syntax.Examples.Select(example => ($"fathom {syntax.Name} {example.Arguments}".TrimEnd(), example.Meaning)), 42, layout);
        text.Append(syntax.BlindSpots.Count > 0 ? "\nWhat it cannot see:\n" : "");
        Entries(text, syntax.BlindSpots.Select(static blindSpot => ("-", blindSpot)), 2, layout);
        return text.ToString();
    }

    // Two columns: a term, and words that are wrapped beside it.
    private static void Entries(StringBuilder text, IEnumerable<(string Term, string Words)> entries, int width, TextLayout layout)
    {
        string indent = new(' ', width + 2);
        foreach ((string term, string words) in entries)
        {
            text.Append("  ").Append(term.PadRight(width - 1));
            text.Append(term.Length < width ? " " : "\n" + indent);
            text.AppendWrapped(words, indent.Length, indent.Length, layout);
        }
    }
}
