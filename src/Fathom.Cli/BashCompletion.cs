using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Tools.Options;

namespace Fathom.Cli;

/// <summary>The script for bash, which needs nothing but bash itself.</summary>
internal static class BashCompletion
{
    /// <summary>The script.</summary>
    public static string Script(IReadOnlyList<CommandSyntax> commands)
    {
        var text = new StringBuilder($$"""
            # Completion of fathom for bash.
            _fathom_reply() { mapfile -t COMPREPLY < <(compgen "$@"); }
            _fathom() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options= source= words= i
                COMPREPLY=()
                # --disk=vda is three words here.
                if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi
                if (( COMP_CWORD == 1 )); then
                    _fathom_reply -W '{{string.Join(' ', commands.Select(static one => one.Name))}} --help --version' -- "$word"
                    return
                fi
                for (( i = 2; i < COMP_CWORD; i++ )); do
                    [[ ${COMP_WORDS[i]} == -- ]] || continue
                    if declare -F _command_offset >/dev/null; then _command_offset $(( i + 1 ))
                    elif (( i + 1 == COMP_CWORD )); then _fathom_reply -c -- "$word"
                    else compopt -o filenames 2>/dev/null; _fathom_reply -f -- "$word"; fi
                    return
                done
                case ${COMP_WORDS[1]} in

            """);
        foreach (CommandSyntax command in commands)
        {
            text.Append($"    {command.Name})\n        options='{string.Join(' ', Names(command))}'\n        case $before in\n");
            foreach (ToolOption option in command.Options.Where(static option => option.ValueName is not null))
            {
                string names = CommandSyntax.TermOf(option, "|").Split(' ')[0];
                text.Append($"        {names}) source={option.Completion?.Source.ToString() ?? "None"}{Words(option.Completion)} ;;\n");
            }

            text.Append("        esac ;;\n");
        }

        return text.Append("""
                esac
                case $source in
                Words) _fathom_reply -P "${word%"${word##*,}"}" -W "$words" -- "${word##*,}" ;;
                Files) compopt -o filenames 2>/dev/null; _fathom_reply -f -- "$word" ;;
                Directories) compopt -o filenames 2>/dev/null; _fathom_reply -d -- "$word" ;;
                Processes) _fathom_reply -W "$(cd /proc && echo [0-9]*)" -- "$word" ;;
                Users) _fathom_reply -u -- "$word" ;;
                Disks) _fathom_reply -W "$(cd /sys/block && echo *)" -- "$word" ;;
                None) ;;
                *) _fathom_reply -W "$options" -- "$word" ;;
                esac
            }
            complete -F _fathom fathom

            """).ToString();
    }

    private static IEnumerable<string> Names(CommandSyntax command) =>
    [
        .. command.Argument?.Completion?.Words ?? [],
        .. command.Options.SelectMany(static option => new[] { option.ShortName, option.Name }.OfType<string>()),
        .. command.TakesCommand ? (string[])["--"] : [],
    ];

    private static string Words(Completion? completion) => completion is { Source: CompletionSource.Words }
        ? $" words='{string.Join(' ', completion.Words)}'" : "";
}
