using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Options;

namespace Fathom.Cli;

/// <summary>Takes a command line apart.</summary>
/// <remarks>
/// The grammar is System.CommandLine's: <c>-mT</c>, <c>-d vda</c>, <c>-dvda</c>, <c>--disk vda</c>, <c>--disk=vda</c>, in any order. What is wrong is said
/// here, in one sentence about it rather than with the whole help, and what values mean is decided by their options.
/// </remarks>
internal static class ArgumentReader
{
    /// <summary>Reads options and their values.</summary>
    /// <param name="options">The options that there are.</param>
    /// <param name="arguments">What was given.</param>
    /// <param name="words">What is neither an option nor the value of one.</param>
    /// <returns>What was given; nothing but <c>--help</c> if that is among it.</returns>
    /// <exception cref="UsageException">It makes no sense.</exception>
    public static OptionValues Read(IReadOnlyList<ToolOption> options, IReadOnlyList<string> arguments, out IReadOnlyList<string> words)
    {
        var grammar = new Command("fathom") { TreatUnmatchedTokensAsErrors = false };
        List<(Option Parsed, ToolOption Option)> all = [.. options.Select(static option => (ParsedBy(option), option))];
        all.ForEach(one => grammar.Options.Add(one.Parsed));

        // An argument that begins with @ is no file of arguments, for a tool that runs as root least of all.
        ParseResult result = grammar.Parse([.. arguments], new ParserConfiguration { ResponseFileTokenReplacer = null });
        words = result.UnmatchedTokens;
        var values = new OptionValues();
        List<(ToolOption Option, OptionResult Found)> given =
            [.. all.Select(one => (one.Option, Found: result.GetResult(one.Parsed)!)).Where(static one => one.Found is { Implicit: false })];
        if (given.Exists(static one => one.Option.Name == CommonOptions.Help.Name))
        {
            return values.Add(CommonOptions.Help);
        }

        for (int i = 0; i < arguments.Count; i++)
        {
            MustBeKnown(options, arguments[i]);
        }

        foreach ((ToolOption option, OptionResult found) in given)
        {
            values.Add(option, TextsOf(option, found));
        }

        foreach ((ToolOption option, OptionResult found) in given)
        {
            if (option.Excludes is { } other && values.Has(other))
            {
                throw new UsageException($"{Called(given.Find(one => one.Option == other))} and {Called((option, found))} are mutually exclusive");
            }
        }

        // Whatever else the grammar has found, in its own words.
        return result.Errors.Count == 0 ? values : throw new UsageException(result.Errors[0].Message.Split('\n')[0].TrimEnd('.'));
    }

    /// <summary>What to say of a name that nothing has.</summary>
    /// <param name="sentence">That there is none.</param>
    /// <param name="wanted">The name.</param>
    /// <param name="names">The names that there are.</param>
    /// <param name="otherwise">What to add where none of them is near.</param>
    public static UsageException Unknown(string sentence, string wanted, IEnumerable<string> names, string otherwise = "") =>
        new(Suggestions.Nearest(wanted, names, 1) is [var near] ? $"{sentence}: did you mean {near}?" : sentence + otherwise);

    private static Option ParsedBy(ToolOption option)
    {
        string[] aliases = option.Name == CommonOptions.Help.Name ? ["-h", "-?"] : option.ShortName is { } letter ? [letter] : [];
        return option.ValueName is null ? new System.CommandLine.Option<bool>(option.Name, aliases) { Arity = ArgumentArity.Zero }
            : option.Repeats ? new System.CommandLine.Option<string[]>(option.Name, aliases) { Arity = ArgumentArity.OneOrMore }
            : new System.CommandLine.Option<string>(option.Name, aliases) { Arity = ArgumentArity.ExactlyOne };
    }

    private static string[] TextsOf(ToolOption option, OptionResult found)
    {
        if (option.ValueName is null)
        {
            return [];
        }

        string[] texts = [.. found.Tokens.Select(static token => token.Value)];
        return texts.Length == 0 || texts.Contains("") ? throw new UsageException($"option {Called((option, found))} needs a value: {option.ValueName}")
            : texts.Length > 1 && !option.Repeats ? throw new UsageException($"option {Called((option, found))} is given more than once")
            : texts;
    }

    // The grammar would take what it does not know for a word.
    private static void MustBeKnown(IReadOnlyList<ToolOption> options, string argument)
    {
        if (argument.Length < 2 || argument[0] != '-' || char.IsAsciiDigit(argument[1]) || argument[1] == '.')
        {
            return;
        }

        if (argument[1] == '-')
        {
            string name = argument.Split('=')[0];
            ToolOption option = options.FirstOrDefault(option => option.Name == name)
                ?? throw Unknown($"there is no option '{name}'", name, options.Select(static option => option.Name));
            if (option.ValueName is null && name.Length < argument.Length)
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

            if (option?.ValueName is not null)
            {
                return;
            }
        }
    }

    private static string Called((ToolOption Option, OptionResult Found) given) => given.Found.IdentifierToken?.Value ?? given.Option.Name;
}
