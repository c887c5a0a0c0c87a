using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Fathom.Tools.Tests.Events;
using Xunit;

namespace Fathom.Tools.Tests.Hosting;

/// <summary>A command runs under a tool as it runs alone, and its exit code is what the tool exits with.</summary>
public sealed class CommandTests : IDisposable
{
    // Everything that a process inherits, as procfs shows it. What differs from run to run (process numbers, times) is left out.
    private const string Show = """
        grep -E '^(Uid|Gid|Groups|Umask|Sig|Shd|Cap|NoNewPrivs|Seccomp|Cpus_allowed|Mems_allowed|TracerPid|THP)' /proc/self/status | grep -v SigQ
        awk '{print "group session terminal foreground nice priority:", $5, $6, $7, $8, $18, $19, $40, $41}' /proc/$$/stat
        cat /proc/$$/limits /proc/$$/cgroup /proc/$$/oom_score_adj /proc/$$/personality /proc/$$/coredump_filter
        readlink /proc/$$/cwd /proc/$$/root /proc/$$/ns/*
        for number in 0 1 2 3 4 5 6 7 8 9 11 12 13 14 15 16 17 18 19 20; do
            if [ -e /proc/$$/fd/$number ] && [ "$number" != "$script" ]; then echo "$number $(readlink /proc/$$/fd/$number)"; grep -E '^(flags|pos)' /proc/$$/fdinfo/$number; fi
        done
        od -c /proc/$$/environ
        od -c /proc/$$/cmdline
        """;

    private readonly string _folder = Workload.Folder();

    public void Dispose() => Workload.Remove(_folder);

    [Theory]
    [InlineData("plain", "exec \"$@\"")]
    [InlineData("peculiar", "trap '' INT HUP USR1 CHLD; umask 027; ulimit -Sn 333; ulimit -c 0; ulimit -s 4096; exec 7</etc/passwd 8>>\"$folder/eight\"; cd /usr; exec nice -n 3 \"$@\"")]
    [InlineData("with little", "exec env -i PATH=\"$PATH\" b=2 a=1 'odd name=x' \"$@\"")]
    [InlineData("without input", "exec <&-; exec \"$@\"")]
    public void Everything_that_a_process_inherits_is_as_without_the_tool(string name, string start)
    {
        Programs.NeedRoot();
        Assert.SkipUnless(Programs.IsNative, "The .NET runtime opens files in place of closed ones before the program begins.");
        string script = $"{_folder}/show";
        File.WriteAllText(script, Show);

        // The .NET runtime that runs the tests ignores SIGPIPE. An argument is no UTF-8.
        string Run(string file, string prefix)
        {
            string output = $"{_folder}/{file}";
            using var program = RunningProgram.Run(
                "/usr/bin/env", "--default-signal=PIPE", "/bin/sh", "-c",
                $"folder='{_folder}'; start() {{ {start}; }}; exec >'{output}' 2>'{output}.err' </dev/null; start {prefix} /bin/sh '{script}' a \"$(printf '\\377\\033')\"");
            Assert.True(program.ExitCode == 0, File.ReadAllText(output + ".err"));
            Assert.Equal("", RunningProgram.WithoutCost(File.ReadAllText(output + ".err")));
            return File.ReadAllText(output).Replace(file, "FILE", StringComparison.Ordinal);
        }

        string alone = Run("alone-", "");
        string traced = Run("traced", $"'{Programs.Direct}' opensnoop --comm no-such -o '{_folder}/rows' --");
        Assert.True(alone.Length > 2000, $"{name}: {alone}");
        Assert.Equal(Lines(alone), Lines(traced));

        // Each run is a process group of its own shell.
        static string[] Lines(string text) => [.. text.Split('\n').Select(static line => line.StartsWith("group ", StringComparison.Ordinal) ? Ordinary(line) : line)];
        static string Ordinary(string line) => string.Join(' ', line.Split(' ').Where(static (_, field) => field is not (6 or 7)));
    }

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("kill -TERM $$", 143)]
    [InlineData("kill -KILL $$", 137)]
    [InlineData("exit 0", 0)]
    public void The_exit_code_is_the_commands(string command, int exitCode)
    {
        Programs.NeedRoot();
        using var program = RunningProgram.Run(Programs.Direct, "opensnoop", "--comm", "no-such", "--", "/bin/sh", "-c", command);
        Assert.Equal((exitCode, ""), (program.ExitCode, program.Errors));
    }

    [Fact]
    public void A_command_that_cannot_be_traced_is_not_started()
    {
        Programs.NeedRoot();
        BadInputTests.Refused(
            125, "create map *", Programs.Find("setpriv", "util-linux"), "--bounding-set", "-all", Programs.Direct, "opensnoop", "--", "/bin/touch", _folder + "/started");
        BadInputTests.Refused(
            2, "there is no flag 'O_FOO': *; see fathom opensnoop --help", Programs.Direct, "opensnoop", "-f", "O_FOO", "--", "/bin/touch", _folder + "/started");
        Assert.False(File.Exists(_folder + "/started"));
    }

    [Fact]
    public void A_command_that_outlives_tracing_is_waited_for()
    {
        Programs.NeedRoot();
        string rows = _folder + "/rows";
        using var program = RunningProgram.Run(
            Programs.Direct, "opensnoop", "--json", "-o", rows, "--comm", "no-such", "-d", "0.05", "--", "/bin/sh", "-c", "sleep 0.5; echo done; exit 5");
        Assert.Equal((5, "done\n"), (program.ExitCode, program.Output));
        Assert.Matches(
            @"^fathom: the time or number of reports that was given is over, but the command \(process \d+\) runs on, and is waited for\n$", program.Errors);
        JsonElement last = Workload.End(File.ReadAllText(rows));
        Assert.Equal("schedule-over", last.Text("reason"));
    }

    [Fact]
    public void The_last_record_says_that_the_command_has_ended()
    {
        Programs.NeedRoot();
        using var program = RunningProgram.Run(Programs.Direct, "opensnoop", "--json", "-o", "-", "--comm", "no-such", "--", "/bin/true");
        JsonElement last = Workload.End(program.Output);
        Assert.Equal("command-ended", last.Text("reason"));
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public void A_signal_ends_tracing_and_SIGTERM_is_passed_on(string signal)
    {
        Programs.NeedRoot();
        Assert.SkipUnless(Programs.IsNative, "The process that is started is a script's.");
        string go = _folder + "/go";
        using var program = RunningProgram.Start(
            Programs.Direct, "opensnoop", "--comm", "no-such", "--", "/bin/sh", "-c",
            $"trap 'echo got it; exit 9' TERM; echo ready; while ! [ -e {go} ]; do sleep 0.01; done; exit 4");
        program.WaitFor("ready");
        RunningProgram.Run("/bin/sh", "-c", $"kill -{signal} {program.Id}").Dispose();
        if (signal == "INT")
        {
            // Not the command's, which has no terminal to have it from: it is waited for, whatever else is typed.
            program.WaitForError("is waited for");
            RunningProgram.Run("/bin/sh", "-c", $"kill -INT {program.Id}").Dispose();
            File.WriteAllText(go, "");
        }

        program.WaitForExit();
        Assert.Equal(signal == "TERM" ? 9 : 4, program.ExitCode);
    }

    [Theory]
    [InlineData(">", "exec 5>&1; exec \"$0\" opensnoop --json -o /proc/self/fd/5 -- /bin/true", "output")]
    [InlineData(">", "exec \"$0\" opensnoop -o \"$1\" -- /bin/true", "output")]
    [InlineData("<", "exec \"$0\" opensnoop -o \"$1\" -- /bin/true", "input")]
    public void The_commands_own_files_are_not_written_to(string redirection, string command, string which)
    {
        Programs.NeedRoot();
        string file = _folder + "/file";
        File.WriteAllText(file, "kept\n");
        using var program = RunningProgram.Run("/bin/sh", "-c", $"exec {redirection}{(redirection == ">" ? ">" : "")}\"$1\"; {command}", Programs.Direct, file);
        Assert.Equal(2, program.ExitCode);
        Assert.Matches($"^fathom: '.*' is the command's own {which} too, so give another file, or -o - if both may mix; see fathom opensnoop --help\n$", program.Errors);
        Assert.Equal("kept\n", File.ReadAllText(file));
    }

    [Fact]
    public void A_file_of_ones_own()
    {
        Programs.NeedRoot();
        string rows = _folder + "/rows";
        File.WriteAllText(rows, new string('x', 10_000));
        using (var program = RunningProgram.Run(Programs.Direct, "opensnoop", "-o", rows, "--", "/bin/cat", "/etc/hostname"))
        {
            Assert.Equal((0, File.ReadAllText("/etc/hostname")), (program.ExitCode, program.Output));
        }

        Assert.StartsWith("PID ", File.ReadAllText(rows), StringComparison.Ordinal);
        Assert.Contains(" /etc/hostname\n", File.ReadAllText(rows), StringComparison.Ordinal);
        BadInputTests.Refused(1, "'/no/such/folder/x' cannot be written (No such file or directory): give another file with -o", Programs.Direct, "opensnoop", "-o", "/no/such/folder/x");
        RunningProgram.Run("/usr/bin/mkfifo", _folder + "/fifo").Dispose();
        BadInputTests.Refused(1, $"nobody reads '{_folder}/fifo': start its reader first", Programs.Direct, "opensnoop", "-o", _folder + "/fifo");
    }

    [Fact]
    public void On_a_terminal_it_is_in_the_foreground_and_the_terminal_is_left_as_it_was()
    {
        Programs.NeedRoot();
        string script = Programs.Find("script", "bsdutils");
        string show = _folder + "/show";
        File.WriteAllText(show, "tty; stty -g; awk '{print ($5 == $8 ? \"foreground\" : \"background\")}' /proc/$$/stat; stty -echo\n");
        string inside = $"stty -g; '{Programs.Direct}' opensnoop --comm no-such -o /dev/null -- /bin/sh {show} 2>/dev/null; stty -a | grep -o -e '-echo '";
        using var program = RunningProgram.Run(script, "-qec", inside, "/dev/null");
        string[] lines = program.Output.Replace("\r", "", StringComparison.Ordinal).Split('\n');
        Assert.True(lines.Length == 6, program.Output + program.Errors);
        Assert.StartsWith("/dev/pts/", lines[1], StringComparison.Ordinal);
        Assert.Equal((lines[0], "foreground", "-echo "), (lines[2], lines[3], lines[4]));
    }

    [Fact]
    public void A_command_that_waits_ends_with_the_tool()
    {
        Programs.NeedRoot();
        Assert.SkipUnless(Programs.IsNative, "The process that is started is a script's.");

        // A FIFO holds the tool back while its command waits already.
        using var program = RunningProgram.Start("/bin/sh", "-c", $"exec \"$0\" funccount 'c:*' -- /bin/touch {_folder}/started", Programs.Direct);
        int child = ChildOf(program.Id);
        RunningProgram.Run("/bin/sh", "-c", $"kill -KILL {program.Id}").Dispose();
        program.WaitForExit();
        using var gone = RunningProgram.Run("/bin/sh", "-c", $"while kill -0 {child} 2>/dev/null; do sleep 0.01; done");
        Assert.Equal(137, program.ExitCode);

        // Either it was held and ended, or the tool was faster than the signal: then it ran to its end.
        static int ChildOf(int process)
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/task/{process}/children");
            string text;
            do
            {
                text = File.ReadAllText(path).Trim();
            }
            while (text.Length == 0);
            return int.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture);
        }
    }
}
