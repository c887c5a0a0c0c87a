using System;
using System.Text.RegularExpressions;

namespace Fathom.Runtime;

/// <summary>
/// Which names are meant. A glob is for the whole name: <c>*</c> is any text, <c>?</c> any character, <c>[a-z]</c> one of these,
/// <c>[!a-z]</c> one of the others, and a backslash takes the next character as it is. A regular expression is for the beginning of the
/// name, as bcc's <c>-r</c> has it. Matching takes time in proportion to the name. Safe for use by several threads.
/// </summary>
public sealed class NamePattern
{
    private readonly Regex? _regex;
    private readonly string? _glob;

    private NamePattern(string text, string? literal, string? glob, Regex? regex)
    {
        Text = text;
        Literal = literal;
        _glob = glob;
        _regex = regex;
    }

    /// <summary>What was written.</summary>
    public string Text { get; }

    /// <summary>The one name that is meant, null if there may be several.</summary>
    public string? Literal { get; }

    /// <summary>Characters that a regular expression may have: the time and memory that a longer one can take have no useful bound.</summary>
    public const int LongestRegex = 1000;

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">A name, a glob, or a regular expression.</param>
    /// <param name="isRegex">
    /// Whether it is a regular expression of .NET, without what makes matching slow: backreferences, lookarounds, atomic groups.
    /// </param>
    /// <exception cref="FormatException">It is not a valid regular expression, or not one of these: one sentence says what is wrong with it.</exception>
    public static NamePattern Parse(string text, bool isRegex = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!isRegex)
        {
            bool plain = text.AsSpan().IndexOfAny("*?[\\") < 0;
            return new NamePattern(text, plain ? text : null, text, null);
        }

        // Lines are no part of names: the pattern's own options cannot make ^ match elsewhere.
        ParseRegex(text);
        return new NamePattern(text, null, null, ParseRegex(text, @"\A(?:" + text + ")"));
    }

    /// <summary>Reads a regular expression, which matches anywhere in a text. Matching takes time in proportion to the text.</summary>
    /// <param name="text">A regular expression of .NET, without what makes matching slow: backreferences, lookarounds, atomic groups.</param>
    /// <exception cref="FormatException">It is not a valid regular expression, or not one of these: one sentence says what is wrong with it.</exception>
    public static Regex ParseRegex(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length <= LongestRegex ? ParseRegex(text, text) : throw new FormatException(
            $"a regular expression may have {LongestRegex} characters, but this one has {text.Length}: choose a shorter one.");
    }

    private static Regex ParseRegex(string text, string whole)
    {
        try
        {
            return new Regex(whole, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (RegexParseException e)
        {
            throw new FormatException($"\"{text}\" is not a valid regular expression: {Describe(e)}.", e);
        }
        catch (NotSupportedException e)
        {
            throw new FormatException($"\"{text}\" uses a backreference, a lookaround or an atomic group, which are not supported here, or is too large.", e);
        }
    }

    /// <summary>Whether a name is meant. Allocates nothing.</summary>
    public bool IsMatch(ReadOnlySpan<char> name) =>
        Literal is not null ? name.SequenceEqual(Literal) : _regex is not null ? _regex.IsMatch(name) : IsGlobMatch(_glob, name);

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static string Describe(RegexParseException e) => e.Error switch
    {
        RegexParseError.InsufficientClosingParentheses => "a parenthesis is not closed",
        RegexParseError.InsufficientOpeningParentheses => $"the parenthesis at character {e.Offset} was not opened",
        RegexParseError.UnterminatedBracket => "a bracket is not closed",
        RegexParseError.QuantifierAfterNothing => $"there is nothing to repeat at character {e.Offset}",
        RegexParseError.NestedQuantifiersNotParenthesized => $"what repeats is repeated at character {e.Offset}",
        RegexParseError.ReversedCharacterRange => $"the range of characters at character {e.Offset} runs backwards",
        RegexParseError.ReversedQuantifierRange => $"the number of repetitions at character {e.Offset} runs backwards",
        RegexParseError.UnescapedEndingBackslash => "it ends with a backslash",
        RegexParseError.UnrecognizedEscape => $"the escape at character {e.Offset} is unknown",
        _ => $"{e.Error} at character {e.Offset}",
    };

    // After a mismatch only the last star has to take one character more: what is before it has matched and need not be tried again.
    private static bool IsGlobMatch(ReadOnlySpan<char> glob, ReadOnlySpan<char> name)
    {
        int at = 0;
        int place = 0;
        int star = -1;
        int resume = 0;
        while (place < name.Length)
        {
            if (at < glob.Length && glob[at] == '*')
            {
                star = at++;
                resume = place;
            }
            else if (at < glob.Length && MatchesOne(glob[at..], name[place], out int length))
            {
                at += length;
                place++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                place = ++resume;
            }
            else
            {
                return false;
            }
        }

        return glob[at..].TrimStart('*').IsEmpty;
    }

    private static bool MatchesOne(ReadOnlySpan<char> glob, char letter, out int length)
    {
        length = 1;
        switch (glob[0])
        {
            case '?':
                return true;
            case '\\' when glob.Length > 1:
                length = 2;
                return glob[1] == letter;
            case '[':
                // A bracket directly after the opening one stands for itself, and one that is never closed too.
                int first = glob.Length > 1 && glob[1] is '!' or '^' ? 2 : 1;
                int end = glob.Length > first ? glob[(first + 1)..].IndexOf(']') : -1;
                if (end < 0)
                {
                    return letter == '[';
                }

                end += first + 1;
                length = end + 1;
                return IsInSet(glob[first..end], letter) == (first == 1);
            default:
                return glob[0] == letter;
        }
    }

    private static bool IsInSet(ReadOnlySpan<char> set, char letter)
    {
        for (int i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                if (letter >= set[i] && letter <= set[i + 2])
                {
                    return true;
                }

                i += 2;
            }
            else if (set[i] == letter)
            {
                return true;
            }
        }

        return false;
    }
}
