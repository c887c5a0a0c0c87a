using System;
using System.Text;

namespace Fathom.Output.Text;

/// <summary>Wraps words into lines.</summary>
public static class WrappedText
{
    /// <summary>Appends words, continues on a new line where one is full, and ends the last line.</summary>
    /// <param name="text">Where they go; its last line may have begun.</param>
    /// <param name="words">The words, with spaces between. A word that is longer than a line is not cut.</param>
    /// <param name="column">How many characters the line has already.</param>
    /// <param name="indent">Spaces that further lines begin with.</param>
    /// <param name="layout">How long a line may be.</param>
    public static StringBuilder AppendWrapped(this StringBuilder text, string words, int column, int indent, TextLayout layout)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(words);
        ArgumentNullException.ThrowIfNull(layout);
        bool first = true;
        foreach (string word in words.Split(' '))
        {
            if (!first && column + 1 + word.Length > layout.LineLength)
            {
                text.Append('\n').Append(' ', indent);
                column = indent;
                first = true;
            }

            text.Append(first ? "" : " ").Append(word);
            column += word.Length + (first ? 0 : 1);
            first = false;
        }

        return text.Append('\n');
    }
}
