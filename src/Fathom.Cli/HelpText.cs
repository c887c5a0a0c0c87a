using System.Collections.Generic;
using System.Text;
using Fathom.Tools.Hosting;

namespace Fathom.Cli;

/// <summary>What <c>--help</c> prints.</summary>
internal static class HelpText
{
    private const int Columns = 79;

    /// <summary>The help of the program.</summary>
    public static string OfProgram(IReadOnlyList<ITool> tools)
    {
        var text = new StringBuilder();
        text.Append("fathom asks the running kernel, and shows its answers whole.\n\nUsage: fathom TOOL [options]\n\nTools:\n");
        foreach (ITool tool in tools)
        {
            Entry(text, tool.Description.Name, tool.Description.Summary, 14);
        }

        text.Append("\nfathom TOOL --help shows the options of a tool, examples and its blind spots.\n");
        return text.Append("fathom --version shows the version.\n").ToString();
    }

    /// <summary>The help of a tool.</summary>
    public static string OfTool(ToolDescription tool)
    {
        IReadOnlyList<ToolOption> options = CommonOptions.With(tool);
        var text = new StringBuilder();
        text.Append(tool.Summary).Append(".\n\n");
        text.Append("Usage: fathom ").Append(tool.Name).Append(" [options]").Append(tool.Argument is { } argument ? " " + argument.Name : "").Append(tool.TakesInterval ? " [interval [count]]" : "");
        text.Append(" [-- COMMAND ARGS...]\n\n");
        if (tool.Argument is { } told)
        {
            Entry(text, told.Name, told.Help, 24);
        }

        if (tool.TakesInterval)
        {
            Entry(text, "interval", "Seconds from one report to the next, such as 1 or 0.5. Without it, there is one report at the end.", 24);
            Entry(text, "count", "How many reports. Without it, they end with Ctrl-C.", 24);
        }

        Entry(text, "-- COMMAND ARGS...", "Trace only while this command runs, and only it and its children.", 24);
        text.Append("\nOptions:\n");
        foreach (ToolOption option in options)
        {
            string letter = option.ShortName is { } name ? name + ", " : "    ";
            Entry(text, letter + option.Name + (option.Value is null ? "" : " " + option.Value), option.Help, 24);
        }

        text.Append("\nExamples:\n");
        foreach (ToolExample example in tool.Examples)
        {
            Entry(text, $"fathom {tool.Name} {example.Arguments}".TrimEnd(), example.Meaning, 42);
        }

        text.Append("\nWhat it cannot see:\n");
        foreach (string blindSpot in tool.BlindSpots)
        {
            Entry(text, "-", blindSpot, 2);
        }

        return text.ToString();
    }

    // Two columns: a term, and words that are wrapped beside it.
    private static void Entry(StringBuilder text, string term, string words, int width)
    {
        string indent = new(' ', width + 2);
        text.Append("  ").Append(term.PadRight(width - 1));
        text.Append(term.Length < width ? " " : "\n" + indent);
        int column = indent.Length;
        bool first = true;
        foreach (string word in words.Split(' '))
        {
            if (!first && column + 1 + word.Length > Columns)
            {
                text.Append('\n').Append(indent);
                column = indent.Length;
                first = true;
            }

            text.Append(first ? "" : " ").Append(word);
            column += word.Length + (first ? 0 : 1);
            first = false;
        }

        text.Append('\n');
    }
}
