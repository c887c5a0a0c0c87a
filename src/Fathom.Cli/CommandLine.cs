using System.Collections.Generic;
using System.Linq;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Cli;

/// <summary>Reads the command line of a tool.</summary>
internal static class CommandLine
{
    private const string StandardOutput = "-";

    /// <summary>Reads what follows a tool's name.</summary>
    /// <exception cref="UsageException">It makes no sense.</exception>
    public static Invocation Parse(ITool tool, IReadOnlyList<string> arguments)
    {
        // What follows -- belongs to the command, whatever it looks like.
        int end = arguments.TakeWhile(static argument => argument != "--").Count();
        IReadOnlyList<string>? command = end < arguments.Count ? [.. arguments.Skip(end + 1)] : null;
        OptionValues given = ArgumentReader.Read(CommonOptions.With(tool.Description), [.. arguments.Take(end)], out IReadOnlyList<string> words);
        bool help = given.Has(CommonOptions.Help), json = given.Has(CommonOptions.Json);
        string? output = given.Get(CommonOptions.Output);
        string argument = "";
        if (!help)
        {
            argument = ArgumentOf(CommandSyntax.Of(tool.Description), ref words);
            MustFit(tool.Description, given, command);
        }

        return new()
        {
            Tool = tool,
            Schedule = help ? new() : ScheduleOf(tool.Description, given, words),
            Command = command,
            Help = help,
            Json = json,
            Output = output == StandardOutput ? null : output,
            Timestamps = given.Has(CommonOptions.Timestamp) || given.Has(CommonOptions.Interval) || words.Count > 0,
            Color = given.Get(CommonOptions.Color),
            Request = new()
            {
                Argument = argument,
                Options = given,
                Pid = given.Get(CommonOptions.Pid),
                Comm = given.Get(CommonOptions.Comm),
                Cgroup = given.Get(CommonOptions.Cgroup),
                ExactCost = given.Has(CommonOptions.Cost),
                Budget = !given.Has(CommonOptions.Budget) ? tool.Description.Budget
                    : given.Get(CommonOptions.Budget) is var share and < Percentage.Off ? share : null,
                Timestamps = given.Has(CommonOptions.Timestamp),
            },
        };
    }

    /// <summary>Reads what follows the name of a command that traces nothing.</summary>
    /// <param name="command">The command.</param>
    /// <param name="arguments">What follows.</param>
    /// <param name="argument">What is given besides options; empty for nothing.</param>
    /// <exception cref="UsageException">It makes no sense.</exception>
    public static OptionValues Parse(CommandSyntax command, IReadOnlyList<string> arguments, out string argument)
    {
        OptionValues given = ArgumentReader.Read(command.Options, arguments, out IReadOnlyList<string> words);
        argument = given.Has(CommonOptions.Help) ? "" : ArgumentOf(command, ref words);
        return words.Count == 0 || given.Has(CommonOptions.Help) ? given : throw new UsageException(
            $"'{words[0]}' is unexpected: {command.Name} takes {(command.Argument is { } only ? $"one {only.Name}" : "options only")}");
    }

    private static string ArgumentOf(CommandSyntax syntax, ref IReadOnlyList<string> words)
    {
        if (syntax.Argument is not { } wanted || (wanted.IsOptional && words.Count == 0))
        {
            return "";
        }

        string argument = words.Count > 0 ? words[0] : throw new UsageException($"{syntax.Name} needs {wanted.Name}: {wanted.Help.TrimEnd('.')}");
        words = [.. words.Skip(1)];
        return wanted.Completion is not { Source: CompletionSource.Words } known || known.Words.Contains(argument) ? argument
            : throw ArgumentReader.Unknown(
                $"there is no {wanted.Name} '{argument}'", argument, known.Words, $": choose one of {string.Join(", ", known.Words)}");
    }

    private static void MustFit(ToolDescription tool, OptionValues given, IReadOnlyList<string>? command)
    {
        if (command is { Count: 0 })
        {
            throw new UsageException("a command to trace must follow '--'");
        }

        if (command is not null && given.Has(CommonOptions.Pid))
        {
            throw new UsageException($"{CommonOptions.Pid.Name} and a command are mutually exclusive");
        }

        if (tool.Rows?.AreCounted(given) == false && given.Has(CommonOptions.Interval))
        {
            throw new UsageException($"{CommonOptions.Interval.Name} is for counts, with --top or --by: rows are shown as they come");
        }

        // The command has our standard output, and what it prints in the midst of it is no JSON.
        if (command is not null && given.Has(CommonOptions.Json) && !given.Has(CommonOptions.Output))
        {
            throw new UsageException("a command writes to standard output itself, so give -o FILE for the JSON, or -o - if both may mix");
        }
    }

    private static Schedule ScheduleOf(ToolDescription tool, OptionValues given, IReadOnlyList<string> words)
    {
        if (words.Count > (tool.TakesInterval ? 2 : 0))
        {
            throw new UsageException($"'{words[tool.TakesInterval ? 2 : 0]}' is unexpected{(
                tool.TakesInterval ? $": only an interval and a count may follow {tool.Argument?.Name ?? "the options"}"
                : tool.Argument is { } only ? $": there is one {only.Name}, which the shell must not take apart or expand (put it in quotes)"
                : ": a command to trace follows --")}");
        }

        if (words.Count > 0 && given.Has(CommonOptions.Interval))
        {
            throw new UsageException($"the interval is given twice, as '{words[0]}' and with {CommonOptions.Interval.Name}");
        }

        return new()
        {
            Interval = words.Count > 0 ? Duration.Kind.Read("the interval", words[0])
                : given.Has(CommonOptions.Interval) ? given.Get(CommonOptions.Interval) : null,
            Count = words.Count > 1 ? CountOf(words[1]) : null,
            Duration = given.Has(CommonOptions.Duration) ? given.Get(CommonOptions.Duration) : null,
        };
    }

    private static long CountOf(string text) => WholeNumber.Between("COUNT", 1).Read("the count of reports", text);
}
