using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Cli;

/// <summary>
/// Takes a command line apart: <c>-mT</c>, <c>-d vda</c>, <c>-dvda</c>, <c>-d=vda</c>, <c>--disk vda</c>, <c>--disk=vda</c>, with options and other
/// words in any order. What looks like an option is never the value of the one before it, unless it is attached with <c>=</c>.
/// </summary>
/// <param name="options">The options that there are.</param>
internal sealed class ArgumentReader(IReadOnlyList<ToolOption> options)
{
    // In the order in which they were given, each with its name as it was written and its values.
    private readonly List<(ToolOption Option, string Name, List<string> Texts)> _given = [];
    private readonly List<string> _words = [];

    /// <summary>Reads options and their values.</summary>
    /// <param name="options">The options that there are.</param>
    /// <param name="arguments">What was given.</param>
    /// <param name="words">What is neither an option nor the value of one.</param>
    /// <returns>What was given; nothing but <c>--help</c> if that is among it.</returns>
    /// <exception cref="UsageException">It makes no sense.</exception>
    public static OptionValues Read(IReadOnlyList<ToolOption> options, IReadOnlyList<string> arguments, out IReadOnlyList<string> words)
    {
        var reader = new ArgumentReader(options);
        for (int i = 0; i < arguments.Count; i++)
        {
            reader.Take(arguments, ref i);
        }

        words = reader._words;
        return reader._given.Any(static one => one.Option.Name == CommonOptions.Help.Name) ? new OptionValues().Add(CommonOptions.Help) : reader.Values();
    }

    /// <summary>What to say of a name that nothing has.</summary>
    /// <param name="sentence">That there is none.</param>
    /// <param name="wanted">The name.</param>
    /// <param name="names">The names that there are.</param>
    /// <param name="otherwise">What to add where none of them is near.</param>
    public static UsageException Unknown(string sentence, string wanted, IEnumerable<string> names, string otherwise = "") =>
        new(Suggestions.Nearest(wanted, names, 1) is [var near] ? $"{sentence}: did you mean {near}?" : sentence + otherwise);

    private void Take(IReadOnlyList<string> arguments, ref int at)
    {
        string argument = arguments[at];
        if (!IsOption(argument))
        {
            _words.Add(argument);
        }
        else if (argument[1] == '-')
        {
            string name = argument.Split('=')[0];
            ToolOption option = options.FirstOrDefault(option => option.Name == name)
                ?? throw Unknown($"there is no option '{name}'", name, options.Select(static option => option.Name));
            Add(option, name, name.Length < argument.Length ? argument[(name.Length + 1)..] : null, arguments, ref at);
        }
        else
        {
            for (int i = 1; i < argument.Length; i++)
            {
                char letter = argument[i];
                ToolOption option = WithLetter(letter)
                    ?? throw new UsageException($"there is no option '-{letter}'{(argument.Length > 2 ? $", which '{argument}' contains" : "")}");
                if (option.ValueName is not null)
                {
                    string rest = argument[(i + 1)..];
                    Add(option, "-" + letter, rest.Length == 0 ? null : rest.StartsWith('=') ? rest[1..] : rest, arguments, ref at);
                    return;
                }

                Add(option, "-" + letter, null, arguments, ref at);
            }
        }
    }

    // Numbers are no options, but for the letters that are digits.
    private bool IsOption(string argument) =>
        argument.Length > 1 && argument[0] == '-' && (!(char.IsAsciiDigit(argument[1]) || argument[1] == '.') || WithLetter(argument[1]) is not null);

    private ToolOption? WithLetter(char letter) =>
        letter == '\0' ? null : options.FirstOrDefault(option => option.Letter == letter || (letter == '?' && option.Name == CommonOptions.Help.Name));

    private void Add(ToolOption option, string name, string? text, IReadOnlyList<string> arguments, ref int at)
    {
        if (option.ValueName is null)
        {
            _given.Add(text is null ? (option, name, []) : throw new UsageException($"option {name} takes no value"));
            return;
        }

        if (text is null && at + 1 < arguments.Count && !IsOption(arguments[at + 1]))
        {
            text = arguments[++at];
        }

        if (string.IsNullOrEmpty(text))
        {
            throw new UsageException($"option {name} needs a value: {option.ValueName}");
        }

        if (_given.Find(one => one.Option == option).Texts is not { } texts)
        {
            _given.Add((option, name, [text]));
        }
        else if (option.Repeats)
        {
            texts.Add(text);
        }
        else
        {
            throw new UsageException($"option {name} is given more than once");
        }
    }

    private OptionValues Values()
    {
        var values = new OptionValues();
        foreach ((ToolOption option, _, List<string> texts) in _given)
        {
            values.Add(option, texts);
        }

        foreach ((ToolOption option, string name, _) in _given)
        {
            if (option.Excludes is { } other && values.Has(other))
            {
                throw new UsageException($"{_given.Find(one => one.Option == other).Name} and {name} are mutually exclusive");
            }
        }

        return values;
    }
}
