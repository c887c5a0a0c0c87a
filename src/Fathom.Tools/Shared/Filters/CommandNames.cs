using System;
using System.Text.RegularExpressions;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Tools.Shared.Filters;

/// <summary>Whether what is asked of the name of a command fits <c>--comm</c>.</summary>
internal static class CommandNames
{
    /// <summary>A part of a name that an option has; null if the option was not given.</summary>
    /// <exception cref="UsageException">The name of <c>--comm</c> does not contain it.</exception>
    public static string? PartOf(ToolRequest request, Option<string> option)
    {
        string? part = request.Get(option);
        return part is null || request.Comm?.Contains(part, StringComparison.Ordinal) != false
            ? part
            : throw new UsageException($"'{request.Comm}' does not contain '{part}', so nothing would match both --comm and {option.Name}");
    }

    /// <summary>An expression for names that an option has; null if the option was not given.</summary>
    /// <exception cref="UsageException">No name matches it, or that of <c>--comm</c> does not.</exception>
    public static Regex? PatternOf(ToolRequest request, Option<Regex> option)
    {
        if (request.Get(option) is not { } name)
        {
            return null;
        }

        // What an expression matches is known where it is plain text, but for its beginning and its end.
        string pattern = name.ToString(), plain = pattern[(pattern.StartsWith('^') ? 1 : 0)..].TrimEnd('$');
        if (Regex.Escape(plain) == plain)
        {
            Texts.MustFit(option.Name, plain);
        }

        return request.Comm is null || name.IsMatch(request.Comm)
            ? name
            : throw new UsageException($"'{request.Comm}' does not match '{pattern}', so nothing would match both --comm and {option.Name}");
    }
}
