using System;

namespace Fathom.Output.Text;

/// <summary>What text is laid out for: a terminal of some width, or a file or pipe, which get what 80 columns have room for.</summary>
public sealed record TextLayout
{
    /// <summary>The columns of everything that is no terminal.</summary>
    public const int Standard = 80;

    private const int Narrowest = 60;
    private const int Widest = 200;

    private readonly int _columns = Standard;

    /// <summary>A file or pipe.</summary>
    public static TextLayout Plain { get; } = new();

    /// <summary>Columns, from 60 to 200: what is set beyond that becomes the nearest of these.</summary>
    public int Columns
    {
        get => _columns;
        init => _columns = Math.Clamp(value, Narrowest, Widest);
    }

    /// <summary>The longest line: terminals differ in what they do when the last column is written.</summary>
    public int LineLength => Columns - 1;

    /// <summary>Whether a person watches: what is longer than a line is cut there, and is whole everywhere else.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Whether colours may be used.</summary>
    public bool HasColor { get; init; }
}
