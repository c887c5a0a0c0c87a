using System;
using System.IO;
using System.Linq;
using Xunit;

namespace Fathom.Cli.Tests;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("bio", "biolatency")]
    [InlineData("", "TOOLS doctor completion man --help --version")]
    [InlineData("biolatency --mil", "--milliseconds")]
    [InlineData("biolatency -mT --ti", "--timestamp")]
    [InlineData("biolatency --", "--queued --milliseconds --disks --flags --extension --disk --timestamp --interval --duration --pid --comm --cgroup --json --output --budget --cost --color --help --")]
    [InlineData("tcplife -", "-t --seconds -w --wide -s --csv -L --local-port -D --remote-port -4 --ipv4 -6 --ipv6 --netns --max-sessions -b --buffer-pages --top --by "
        + "-T --timestamp -i --interval -d --duration -p --pid --comm -c --cgroup -j --json -o --output --budget --cost --color -h --help --")]
    [InlineData("opensnoop -f O_C", "O_CREAT O_CLOEXEC")]
    [InlineData("opensnoop --flag = O_T", "O_TRUNC O_TMPFILE")]
    [InlineData("opensnoop -f O_CREAT,O_T", "O_CREAT,O_TRUNC O_CREAT,O_TMPFILE")]
    [InlineData("opensnoop -u roo", "root")]
    [InlineData("opensnoop --uid = roo", "root")]
    [InlineData("opensnoop --duration ", "")]
    [InlineData("opensnoop --budget o", "off")]
    [InlineData("biolatency -o /etc/host", "/etc/host.conf /etc/hostname /etc/hosts")]
    [InlineData("biolatency -c /sys/kern", "/sys/kernel")]
    [InlineData("biolatency -p self", "")]
    [InlineData("biolatency -- bash-no-such", "")]
    [InlineData("biolatency -- cat /etc/hostn", "/etc/hostname")]
    [InlineData("completion ", "bash fish zsh -h --help")]
    [InlineData("man bio", "biolatency")]
    [InlineData("man doc", "doctor")]
    [InlineData("nosuch --he", "")]
    public void Bash_completes(string typed, string words)
    {
        string[] expected = [.. words.Replace("TOOLS", string.Join(' ', AllTools.Create().Select(static tool => tool.Description.Name)), StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(static word => !word.StartsWith('/') || Path.Exists(word))];
        Assert.Equal(expected.Order(StringComparer.Ordinal), Complete(typed).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Bash_knows_the_processes_and_disks()
    {
        Assert.Contains("1", Complete("biolatency -p "));
        Assert.Equal(Directory.GetFileSystemEntries("/sys/block").Select(Path.GetFileName).Order(StringComparer.Ordinal), Complete("biolatency --disk ").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void A_shell_can_read_its_script(string shell)
    {
        string script = Script(shell);
        Assert.Equal((0, "", ""), Installed.Run(shell, script, ["-n"]));
        Assert.NotEqual(0, Installed.Run(shell, script + "\nif true; (\n", ["-n"]).Exit);
    }

    [Fact]
    public void Zsh_completes()
    {
        // Types each line on a terminal, then Tab, then Ctrl-G, which reports what the line is now. -D: no file of zsh's own is written.
        const string Drive = """
            zmodload zsh/zpty
            file=$1
            shift
            zpty shell zsh -f -i
            zpty -w shell "autoload -Uz compinit; compinit -D -u; source $file; report() { print -r -- \$BUFFER >$file.new; mv $file.new $file.line; BUFFER= }; zle -N report; bindkey '^G' report; bindkey '^I' complete-word"
            for typed; do
                zpty -w -n shell "fathom $typed"$'\t\a'
                repeat 600; do [[ -s $file.line ]] && break; zpty -r -t shell >/dev/null; sleep 0.1; done
                cat $file.line
                rm -f $file.line
            done
            zpty -d shell
            """;
        (string Typed, string Words)[] lines =
        [
            ("bio", "biolatency"),
            ("biolatency 1 10 --he", "biolatency 1 10 --help"),
            ("funccount 'vfs_*' --bud", "funccount 'vfs_*' --budget="),
            ("opensnoop -f O_CREAT,O_TR", "opensnoop -f O_CREAT,O_TRUNC,"),
            ("opensnoop --uid=roo", "opensnoop --uid=root"),
            ("tcplife -4 --ip", "tcplife -4 --ip"),
            ("biolatency -- cat /etc/passw", "biolatency -- cat /etc/passwd"),
        ];
        (_, string output, string errors) = Installed.Run("zsh", Script("zsh"), ["-f", "-c", Drive, "zsh"], [.. lines.Select(static line => line.Typed)]);
        Assert.Equal("", errors);
        Assert.Equal(lines.Select(static line => "fathom " + line.Words), output.TrimEnd('\n').Split('\n').Select(static line => line.TrimEnd()));
    }

    [Theory]
    [InlineData("fathom bio", "biolatency\tLatency of block device I/O as a histogram")]
    [InlineData("fathom biolatency --mil", "--milliseconds\tShow milliseconds instead of microseconds.")]
    [InlineData("fathom completion z", "zsh")]
    [InlineData("fathom opensnoop --budget o", "off\tEnd tracing if it takes more of this machine's processor time, such as 1%; off for no limit.")]
    [InlineData("fathom biolatency -- x --mil", "")]
    public void Fish_completes(string typed, string line)
    {
        (int exit, string output, string errors) = Installed.Run("fish", Script("fish"), ["-N", "-c", "source $argv[1]; complete -C $argv[2]"], typed);
        Assert.Equal((0, line.Length == 0 ? "" : line + "\n", ""), (exit, output, errors));
    }

    [Fact]
    public void A_shell_that_is_not_known_is_a_mistake()
    {
        Assert.Equal(
            (ExitCode.Usage, "", "fathom: there is no SHELL 'csh': did you mean zsh?; see fathom completion --help\n"), InProcess.Run(AllTools.Create(), "completion", "csh"));
        Assert.Equal(
            (ExitCode.Usage, "", "fathom: completion needs SHELL: bash, zsh or fish; see fathom completion --help\n"), InProcess.Run(AllTools.Create(), "completion"));
        Assert.Equal(
            (ExitCode.Usage, "", "fathom: 'fish' is unexpected: completion takes one SHELL; see fathom completion --help\n"),
            InProcess.Run(AllTools.Create(), "completion", "zsh", "fish"));
    }

    private static string Script(string shell)
    {
        (int exit, string script, string errors) = InProcess.Run(AllTools.Create(), "completion", shell);
        Assert.Equal((ExitCode.Done, ""), (exit, errors));
        return script;
    }

    // What is typed, as bash takes it apart, with the word to complete as the last.
    private static string[] Complete(string typed)
    {
        const string Drive = """
            source "$1"
            shift
            COMP_WORDS=(fathom "$@")
            COMP_CWORD=$#
            [[ $(complete -p fathom) == 'complete -F _fathom fathom' ]] || exit 3
            _fathom
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        (int exit, string output, string errors) = Installed.Run("bash", Script("bash"), ["--norc", "-c", Drive, "bash"], typed.Split(' '));
        Assert.Equal((0, ""), (exit, errors));
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
