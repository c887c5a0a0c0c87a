using System.Collections.Generic;
using System.Text;
using Fathom.Output.Text;
using Fathom.Tools.Hosting;

namespace Fathom.Cli;

/// <summary>What <c>--help</c> prints.</summary>
internal static class HelpText
{
    private static readonly (string Code, string Meaning)[] s_exitCodes =
    [
        ("0", "Done. Ctrl-C is an ordinary end, and so is a reader that closes the output."),
        ("1", "This machine cannot do it, or has no such process, disk, function or file; standard error says why and what to do."),
        ("2", "The command line makes no sense, whatever the machine."),
        ("3", "Tracing cost the machine more than it may, and was ended."),
        ("with COMMAND", "The command's own code, or 128 and the signal that ended it; 125 if it could not be traced and was not started, 126 if it cannot be executed, 127 if there is none; 2 as above."),
    ];

    /// <summary>The help of the program.</summary>
    public static string OfProgram(IReadOnlyList<ITool> tools)
    {
        var text = new StringBuilder();
        text.Append("fathom asks the running kernel, and shows its answers whole.\n\nUsage: fathom TOOL [options]\n\nTools:\n");
        foreach (ITool tool in tools)
        {
            Entry(text, tool.Description.Name, tool.Description.Summary, 14);
        }

        text.Append("\nBefore all of them:\n");
        Entry(text, DoctorCommand.Name, DoctorCommand.Summary, 14);
        text.Append("\nExit codes:\n");
        foreach ((string code, string meaning) in s_exitCodes)
        {
            Entry(text, code, meaning, 14);
        }

        text.Append("\nfathom TOOL --help shows the options of a tool, examples and its blind spots.\n");
        return text.Append("fathom --version shows the version.\n").ToString();
    }

    /// <summary>The help of the doctor.</summary>
    public static string OfDoctor()
    {
        var text = new StringBuilder();
        text.Append(DoctorCommand.Summary).Append(".\n\n");
        text.Append("Usage: fathom ").Append(DoctorCommand.Name).Append(" [options]\n\nOptions:\n");
        Entry(text, "-j, --json", "Print a JSON object in each line.", 24);
        Entry(text, "-h, --help", "Show this help.", 24);
        text.Append('\n').AppendWrapped("It exits with 0 if every tool runs, at least in part, and with 1 if one does not.", 0, 0);
        text.Append('\n').AppendWrapped(
            "Each tool is started as it would be without options, and ended at once. Features of the kernel are tried on what hardly ever runs, and "
            + "nothing is left behind. Without privileges it says what can be said, and what they would add.", 0, 0);
        return text.ToString();
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

        Entry(text, "-- COMMAND ARGS...", "Trace only while this command runs, and only it and its children. Exit with its exit code.", 24);
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
        text.AppendWrapped(words, indent.Length, indent.Length);
    }
}
