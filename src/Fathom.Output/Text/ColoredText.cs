using System.Globalization;
using System.Text;

namespace Fathom.Output.Text;

/// <summary>Text in colours, where the layout has colours.</summary>
internal static class ColoredText
{
    /// <summary>What begins a colour.</summary>
    public static string Begin(TextColor color, TextLayout layout) => layout.HasColor ? string.Create(CultureInfo.InvariantCulture, $"\e[{(int)color}m") : "";

    /// <summary>What ends every colour.</summary>
    public static string End(TextLayout layout) => layout.HasColor ? "\e[0m" : "";

    /// <summary>Appends text in a colour.</summary>
    public static StringBuilder AppendColored(this StringBuilder to, string text, TextColor color, TextLayout layout) =>
        text.Length > 0 ? to.Append(Begin(color, layout)).Append(text).Append(End(layout)) : to;
}
