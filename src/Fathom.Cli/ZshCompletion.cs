using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Tools.Options;

namespace Fathom.Cli;

/// <summary>The script for zsh.</summary>
internal static class ZshCompletion
{
    /// <summary>The script.</summary>
    public static string Script(IReadOnlyList<CommandSyntax> commands)
    {
        var text = new StringBuilder("""
            #compdef fathom
            # Completion of fathom for zsh.
            _fathom_disks() { local -a disks=(/sys/block/*(N:t)); compadd -a disks }
            _fathom() {
                local -a commands=(

            """);
        foreach (CommandSyntax command in commands)
        {
            text.Append($"        {Quote($"{command.Name}:{command.Summary}")}\n");
        }

        text.Append("""
                )
                if (( CURRENT == 2 )); then
                    _describe -t commands tool commands
                    return
                fi
                local command=$words[2]
                shift words
                (( CURRENT-- ))
                # What follows -- is a command line of its own.
                local -i end=${words[(i)--]}
                if (( end < CURRENT )); then
                    words=("${(@)words[end+1,-1]}")
                    (( CURRENT -= end ))
                    _normal
                    return
                fi
                case $command in

            """);
        foreach (CommandSyntax command in commands)
        {
            IEnumerable<string> specifications =
            [
                .. command.Options.Select(option => Specification(option, command.Options)),
                .. command.Argument is { Completion: { } known } argument ? (string[])[Quote($"1:{argument.Name}:{Action(known)}")] : [],
                "'*: :()'",
            ];
            text.Append($"    {command.Name})\n        _arguments -s -S \\\n            {string.Join(" \\\n            ", specifications)} ;;\n");
        }

        return text.Append("""
                esac
            }
            if [[ $funcstack[1] == _fathom ]]; then _fathom "$@"; else compdef _fathom fathom; fi

            """).ToString();
    }

    // '(-d --disk)'{-d+,--disk=}'[Only this disk.]:DISK:_fathom_disks'
    private static string Specification(ToolOption option, IReadOnlyList<ToolOption> all)
    {
        string[] names = NamesOf(option);
        IEnumerable<string> excluded = [.. names, .. all.Where(other => other.Excludes == option || option.Excludes == other).SelectMany(NamesOf)];
        string prefix = option is { ValueName: not null, Repeats: true } ? "'*'" : $"'({string.Join(' ', excluded)})'";
        string[] written = option.ValueName is null ? names : [.. names.Select(static name => name + (name.Length == 2 ? "+" : "="))];
        string help = option.Help.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("[", @"\[", StringComparison.Ordinal)
            .Replace("]", @"\]", StringComparison.Ordinal);
        string value = option.ValueName is { } name ? $":{name}:{Action(option.Completion, option.Repeats)}" : "";
        return prefix + (written.Length > 1 ? $"{{{string.Join(',', written)}}}" : written[0]) + Quote($"[{help}]{value}");
    }

    private static string[] NamesOf(ToolOption option) => [.. new[] { option.ShortName, option.Name }.OfType<string>()];

    private static string Action(Completion? completion, bool isList = false) => completion?.Source switch
    {
        CompletionSource.Words when isList => $"_values -s , value {string.Join(' ', completion.Words)}",
        CompletionSource.Words => $"({string.Join(' ', completion.Words)})",
        CompletionSource.Files => "_files",
        CompletionSource.Directories => "_files -/",
        CompletionSource.Processes => "_pids",
        CompletionSource.Users => "_users",
        CompletionSource.Disks => "_fathom_disks",
        _ => " ",
    };

    private static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
