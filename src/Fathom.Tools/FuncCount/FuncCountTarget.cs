using System;
using System.IO;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Options;

namespace Fathom.Tools.FuncCount;

/// <summary>What kind of place is counted.</summary>
internal enum FuncCountKind
{
    /// <summary>Functions of the kernel.</summary>
    KernelFunctions,
    /// <summary>Functions of a library or program.</summary>
    UserFunctions,
    /// <summary>Tracepoints.</summary>
    Tracepoints,
    /// <summary>Static probes of a library or program (USDT).</summary>
    StaticProbes,
}

/// <summary>A pattern of the command line, taken apart.</summary>
/// <param name="Kind">What is counted.</param>
/// <param name="Library">The library or program; empty for the kernel.</param>
/// <param name="Group">The category of tracepoints or the provider of static probes; null for any.</param>
/// <param name="Name">The names.</param>
/// <param name="Text">The pattern as it was given.</param>
internal sealed record FuncCountTarget(FuncCountKind Kind, string Library, NamePattern? Group, NamePattern Name, string Text)
{
    /// <summary>Whether the places are in a program or library, and not in the kernel.</summary>
    public bool IsInFile => Kind is FuncCountKind.UserFunctions or FuncCountKind.StaticProbes;

    /// <summary>What the places are called, in the plural.</summary>
    public string Things => Kind switch
    {
        FuncCountKind.Tracepoints => "tracepoints",
        FuncCountKind.StaticProbes => "static probes",
        _ => "functions",
    };

    /// <summary>
    /// Reads a pattern: <c>func</c>, <c>p::func</c>, <c>lib:func</c>, <c>p:lib:func</c>, <c>/path:func</c>, <c>t:category:event</c>,
    /// <c>u:lib:probe</c>, <c>u:lib:provider:probe</c>.
    /// </summary>
    /// <exception cref="UsageException">It is none of these, or the regular expression is none.</exception>
    public static FuncCountTarget Parse(string text, bool isRegex)
    {
        (string first, string? rest) = Cut(text);
        if (isRegex && first.Any(static letter => "()[]{}|^$?*\\".Contains(letter, StringComparison.Ordinal)))
        {
            // The colon is one of the expression.
            (first, rest) = (text, null);
        }

        if (rest is null)
        {
            return new(FuncCountKind.KernelFunctions, "", null, Pattern(first, isRegex), text);
        }

        switch (first)
        {
            case "p":
                (string library, string? function) = Cut(rest);
                return function is null ? throw Wrong(text)
                    : library.Length == 0 ? new(FuncCountKind.KernelFunctions, "", null, Pattern(function, isRegex), text)
                    : new(FuncCountKind.UserFunctions, library, null, Pattern(function, isRegex), text);
            case "t":
                (string category, string? tracepoint) = Cut(rest);
                return tracepoint is null
                    ? new(FuncCountKind.Tracepoints, "", null, Pattern(category, isRegex), text)
                    : new(FuncCountKind.Tracepoints, "", category.Length == 0 ? null : Pattern(category, isRegex: false), Pattern(tracepoint, isRegex), text);
            case "u":
                (string image, string? probe) = Cut(rest);
                if (probe is null || image.Length == 0)
                {
                    throw Wrong(text);
                }

                (string provider, string? name) = Cut(probe);
                return name is null
                    ? new(FuncCountKind.StaticProbes, image, null, Pattern(probe, isRegex), text)
                    : new(FuncCountKind.StaticProbes, image, provider.Length == 0 ? null : Pattern(provider, isRegex: false), Pattern(name, isRegex), text);
            case "":
                throw Wrong(text);
            default:
                return new(FuncCountKind.UserFunctions, first, null, Pattern(rest, isRegex), text);
        }
    }

    // At the first colon; of a path, which may have some itself, at the first one behind what exists.
    private static (string First, string? Behind) Cut(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        for (int at = colon; at > 0 && text.AsSpan(0, colon).Contains('/'); at = text.IndexOf(':', at + 1))
        {
            if (File.Exists(text[..at]))
            {
                colon = at;
                break;
            }
        }

        return colon < 0 ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }

    private static NamePattern Pattern(string text, bool isRegex)
    {
        if (text.Length == 0)
        {
            throw new UsageException("the pattern has no name: write * for all of them");
        }

        try
        {
            return NamePattern.Parse(text, isRegex);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message.TrimEnd('.'));
        }
    }

    private static UsageException Wrong(string text) => new(
        $"'{text}' is not a valid pattern: write func, lib:func, /path:func, t:category:event or u:lib:probe");
}
