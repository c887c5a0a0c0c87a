using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Linq;
using Fathom.Tools.Hosting;

namespace Fathom.Cli;

/// <summary>Reads the command line of a tool.</summary>
/// <remarks>
/// The grammar is System.CommandLine's: <c>-mT</c>, <c>--disk=vda</c>, <c>-d vda</c>. What values mean is decided here, so that a
/// mistake is met with one sentence about it rather than with the whole help.
/// </remarks>
internal static class CommandLine
{
    // 99,999,999 s, "forever" in the peers, and far from what a clock cannot hold.
    private const double LongestSeconds = 99_999_999;

    private const string StandardOutput = "-";

    // TASK_COMM_LEN less the NUL: https://github.com/torvalds/linux/blob/v6.18/include/linux/sched.h
    private const int LongestComm = 15;

    /// <summary>Reads what follows a tool's name.</summary>
    /// <exception cref="UsageException">It makes no sense.</exception>
    public static Invocation Parse(ITool tool, IReadOnlyList<string> arguments)
    {
        // What follows -- belongs to the command, whatever it looks like.
        int end = arguments.TakeWhile(static argument => argument != "--").Count();
        bool hasCommand = end < arguments.Count;
        IReadOnlyList<string>? command = hasCommand ? [.. arguments.Skip(end + 1)] : null;
        string[] own = [.. arguments.Take(end)];

        Dictionary<string, string> given = Options(tool.Description, own, out string[] rest);
        if (given.ContainsKey(CommonOptions.Help.Name))
        {
            return Build(tool, given, "", new Schedule(), command: null, help: true);
        }

        string argument = "";
        if (tool.Description.Argument is { } wanted)
        {
            argument = rest.Length > 0 ? rest[0] : throw new UsageException($"{tool.Description.Name} needs {wanted.Name}: {wanted.Help}");
            rest = rest[1..];
        }

        if (command is { Count: 0 })
        {
            throw new UsageException("a command to trace must follow '--'");
        }

        // The command has our standard output, and what it prints in the midst of it is no JSON.
        if (hasCommand && given.ContainsKey(CommonOptions.Json.Name) && !given.ContainsKey(CommonOptions.Output.Name))
        {
            throw new UsageException("a command writes to standard output itself, so give -o FILE for the JSON, or -o - if both may mix");
        }

        return Build(tool, given, argument, ScheduleOf(tool.Description, given, rest), command, help: false);
    }

    private static Invocation Build(
        ITool tool, Dictionary<string, string> given, string argument, Schedule schedule, IReadOnlyList<string>? command, bool help) => new()
        {
            Tool = tool,
            Schedule = schedule,
            Command = command,
            Help = help,
            Json = given.ContainsKey(CommonOptions.Json.Name),
            Output = given.GetValueOrDefault(CommonOptions.Output.Name) is { } file && file != StandardOutput ? file : null,
            Timestamps = given.ContainsKey(CommonOptions.Timestamp.Name),
            Request = new()
            {
                Argument = argument,
                Options = tool.Description.Options.Where(option => given.ContainsKey(option.Name)).ToDictionary(option => option.Name, option => given[option.Name]),
                Pid = PidOf(given, command is not null),
                Comm = CommOf(given),
                Cgroup = given.GetValueOrDefault(CommonOptions.Cgroup.Name),
                Budget = BudgetOf(given, tool.Description),
                Timestamps = given.ContainsKey(CommonOptions.Timestamp.Name),
            },
        };

    private static Dictionary<string, string> Options(ToolDescription tool, string[] arguments, out string[] rest)
    {
        var grammar = new Command(tool.Name) { TreatUnmatchedTokensAsErrors = false };
        var values = new Dictionary<Option, ToolOption>();
        foreach (ToolOption option in CommonOptions.With(tool))
        {
            string[] aliases = option == CommonOptions.Help ? ["-h", "-?"] : option.ShortName is { } letter ? [letter] : [];
            Option parsed = option.Value is null
                ? new Option<bool>(option.Name, aliases) { Arity = ArgumentArity.Zero }
                : option.Repeats ? new Option<string[]>(option.Name, aliases) { Arity = ArgumentArity.OneOrMore }
                : new Option<string>(option.Name, aliases) { Arity = ArgumentArity.ExactlyOne };
            grammar.Options.Add(parsed);
            values.Add(parsed, option);
        }

        // An argument that begins with @ is no file of arguments, for a tool that runs as root least of all.
        ParseResult result = grammar.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        rest = [.. result.UnmatchedTokens];
        foreach (string argument in arguments)
        {
            MustBeKnown(argument, [.. values.Values]);
        }

        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((Option parsed, ToolOption option) in values)
        {
            if (result.GetResult(parsed) is not OptionResult { Implicit: false } found)
            {
                continue;
            }

            if (option.Value is not null && found.Tokens.Count != 1 && !(option.Repeats && found.Tokens.Count > 0))
            {
                throw new UsageException(found.Tokens.Count == 0
                    ? $"option {Called(found, option)} needs a value: {option.Value}"
                    : $"option {Called(found, option)} is given more than once");
            }

            if (option.Value is not null && found.Tokens[0].Value.Length == 0)
            {
                throw new UsageException($"option {Called(found, option)} needs a value: {option.Value}");
            }

            given[option.Name] = option.Value is null ? "" : string.Join(',', found.Tokens.Select(static token => token.Value));
        }

        // Whatever else the grammar has found, in its own words.
        if (result.Errors.Count > 0)
        {
            throw new UsageException(result.Errors[0].Message.Split('\n')[0].TrimEnd('.'));
        }

        return given;
    }

    // The grammar would take what it does not know for an interval.
    private static void MustBeKnown(string argument, IReadOnlyList<ToolOption> options)
    {
        if (argument.Length < 2 || argument[0] != '-' || char.IsAsciiDigit(argument[1]) || argument[1] == '.')
        {
            return;
        }

        if (argument[1] == '-')
        {
            string name = argument.Split('=')[0];
            ToolOption option = options.FirstOrDefault(option => option.Name == name) ?? throw new UsageException($"there is no option '{name}'");
            if (option.Value is null && name.Length < argument.Length)
            {
                throw new UsageException($"option {name} takes no value");
            }

            return;
        }

        foreach (char letter in argument.AsSpan(1))
        {
            ToolOption? option = options.FirstOrDefault(option => option.Letter == letter);
            if (option is null && letter != '?')
            {
                throw new UsageException($"there is no option '-{letter}'{(argument.Length > 2 ? $", which '{argument}' contains" : "")}");
            }

            if (option?.Value is not null)
            {
                return;
            }
        }
    }

    private static string Called(OptionResult found, ToolOption option) => found.IdentifierToken?.Value ?? option.Name;

    private static Schedule ScheduleOf(ToolDescription tool, Dictionary<string, string> given, string[] rest)
    {
        if (rest.Length > (tool.TakesInterval ? 2 : 0))
        {
            string surplus = rest[tool.TakesInterval ? 2 : 0];
            throw new UsageException($"'{surplus}' is too much{(
                tool.TakesInterval ? $": only an interval and a count may follow {tool.Argument?.Name ?? "the options"}"
                : tool.Argument is { } only ? $": there is one {only.Name}, which the shell must not take apart or expand (put it in quotes)"
                : ": a command to trace follows --")}");
        }

        if (rest.Length > 0 && given.ContainsKey(CommonOptions.Interval.Name))
        {
            throw new UsageException($"the interval is given twice, as '{rest[0]}' and with {CommonOptions.Interval.Name}");
        }

        return new()
        {
            Interval = rest.Length > 0 ? Seconds("the interval", rest[0])
                : given.TryGetValue(CommonOptions.Interval.Name, out string? interval) ? Seconds("the interval", interval) : null,
            Count = rest.Length > 1 ? CountOf(rest[1]) : null,
            Duration = given.TryGetValue(CommonOptions.Duration.Name, out string? duration) ? Seconds("the duration", duration) : null,
        };
    }

    private static TimeSpan Seconds(string what, string text)
    {
        const NumberStyles Plain = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;
        if (!double.TryParse(text, Plain, CultureInfo.InvariantCulture, out double seconds) || double.IsNaN(seconds))
        {
            throw new UsageException($"{what} must be a number of seconds, such as 1 or 0.5, but is '{text}'");
        }

        if (seconds < 0.001)
        {
            throw new UsageException($"{what} must be at least 0.001 seconds, but is '{text}'");
        }

        return seconds <= LongestSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException($"{what} must be at most {LongestSeconds} seconds, but is '{text}'");
    }

    private static long CountOf(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long count) && count > 0
            ? count
            : throw new UsageException($"the count of reports must be a whole number above 0, but is '{text}'");

    private static int PidOf(Dictionary<string, string> given, bool hasCommand)
    {
        if (!given.TryGetValue(CommonOptions.Pid.Name, out string? text))
        {
            return 0;
        }

        if (hasCommand)
        {
            throw new UsageException($"{CommonOptions.Pid.Name} and a command cannot be given together");
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0
            ? pid
            : throw new UsageException($"the process must be a whole number above 0, but is '{text}'");
    }

    private static double? BudgetOf(Dictionary<string, string> given, ToolDescription tool)
    {
        if (!given.TryGetValue(CommonOptions.Budget.Name, out string? text))
        {
            return tool.Budget;
        }

        return text == "off" ? null
            : double.TryParse(text.EndsWith('%') ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is > 0 and <= 100
            ? percent / 100
            : throw new UsageException($"the budget must be a percentage above 0, such as 1% or 0.5%, or off, but is '{text}'");
    }

    private static string? CommOf(Dictionary<string, string> given)
    {
        string? comm = given.GetValueOrDefault(CommonOptions.Comm.Name);
        return comm is not null && System.Text.Encoding.UTF8.GetByteCount(comm) > LongestComm
            ? throw new UsageException($"the kernel keeps {LongestComm} bytes of a command name, but '{comm}' has more")
            : comm;
    }
}
