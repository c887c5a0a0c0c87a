using System;
using System.Text.RegularExpressions;
using Fathom.Runtime;

namespace Fathom.Tools.Options;

/// <summary>A regular expression that matches in time in proportion to the text: that comes from the traced system, and may be made to take for ever.</summary>
public static class RegularExpression
{
    /// <summary>The kind.</summary>
    public static ValueKind<Regex> Kind { get; } = new("REGEX", static (_, text) =>
    {
        try
        {
            return NamePattern.ParseRegex(text);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message.TrimEnd('.'), e);
        }
    });
}
