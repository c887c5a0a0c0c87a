using System;

namespace Fathom.Runtime;

/// <summary>Matches a line with a pattern in which each <c>*</c> stands for some text. (Regular expressions would double the size of the program.)</summary>
internal static class LogPattern
{
    /// <summary>Matches a line from its start; what follows the end of the pattern does not matter.</summary>
    /// <returns>The texts for which the stars stand; null if the line is of another form.</returns>
    public static string[]? Match(string line, string pattern)
    {
        // Most lines are of another form, which their first characters say.
        int star = pattern.IndexOf('*', StringComparison.Ordinal);
        if (!line.AsSpan().StartsWith(star < 0 ? pattern : pattern.AsSpan(0, star)))
        {
            return null;
        }

        string[] literals = pattern.Split('*');
        string[] values = new string[literals.Length - 1];
        int at = literals[0].Length;
        for (int i = 1; i < literals.Length; i++)
        {
            int end = literals[i].Length == 0 ? line.Length : line.IndexOf(literals[i], at, StringComparison.Ordinal);
            if (end < 0)
            {
                return null;
            }

            values[i - 1] = line[at..end];
            at = end + literals[i].Length;
        }

        return values;
    }

    /// <summary>A number at the start of a text, 0 if there is none.</summary>
    public static long Number(string text)
    {
        int end = text.Length > 0 && text[0] == '-' ? 1 : 0;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return RegisterState.TryNumber(text.AsSpan(0, end), out long number) ? number : 0;
    }
}
