using System;
using System.Collections.Generic;

namespace Fathom.Cli;

/// <summary>Scripts with which shells complete the command line. They are static: a shell does not start fathom to complete a word.</summary>
internal static class CompletionScript
{
    /// <summary>What makes the script of each shell.</summary>
    public static IReadOnlyDictionary<string, Func<IReadOnlyList<CommandSyntax>, string>> Shells { get; } =
        new SortedDictionary<string, Func<IReadOnlyList<CommandSyntax>, string>>(StringComparer.Ordinal)
        {
            ["bash"] = BashCompletion.Script,
            ["fish"] = FishCompletion.Script,
            ["zsh"] = ZshCompletion.Script,
        };
}
