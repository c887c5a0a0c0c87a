using System;
using System.Collections.Generic;
using System.Text;
using Fathom.Tools.Options;

namespace Fathom.Cli;

/// <summary>The script for fish.</summary>
internal static class FishCompletion
{
    /// <summary>The script.</summary>
    public static string Script(IReadOnlyList<CommandSyntax> commands)
    {
        var text = new StringBuilder("""
            # Completion of fathom for fish.
            function __fathom_in
                set -l words (commandline -opc)
                test (count $words) -gt 1; and test $words[2] = $argv[1]; and not contains -- -- $words
            end
            complete -c fathom -f
            complete -c fathom -n 'contains -- -- (commandline -opc)' -F -a '(__fish_complete_command)'

            """);
        foreach (CommandSyntax command in commands)
        {
            text.Append($"complete -c fathom -n 'test (count (commandline -opc)) -eq 1' -a {command.Name} -d {Quote(command.Summary)}\n");
        }

        foreach (CommandSyntax command in commands)
        {
            string line = $"complete -c fathom -n '__fathom_in {command.Name}'";
            foreach (ToolOption option in command.Options)
            {
                string letter = option.ShortName is { } name ? $" -s {name[1..]}" : "";
                text.Append($"{line}{letter} -l {option.Name[2..]}{(option.ValueName is null ? "" : Value(option.Completion))} -d {Quote(option.Help)}\n");
            }

            if (command.Argument?.Completion is { } argument)
            {
                text.Append($"{line} -a {Quote(Source(argument))}\n");
            }
        }

        return text.ToString();
    }

    private static string Value(Completion? completion) => completion switch
    {
        null => " -x",
        { Source: CompletionSource.Files } => " -r -F",
        _ => $" -x -a {Quote(Source(completion))}",
    };

    private static string Source(Completion completion) => completion.Source switch
    {
        CompletionSource.Directories => "(__fish_complete_directories)",
        CompletionSource.Processes => "(__fish_complete_pids)",
        CompletionSource.Users => "(__fish_complete_users)",
        CompletionSource.Disks => "(ls /sys/block)",
        _ => string.Join(' ', completion.Words),
    };

    private static string Quote(string text) => $"'{text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";
}
