using System;
using System.IO;
using System.Linq;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>Whatever is wrong, the program says one sentence, exits as it promises, and leaves nothing in the kernel.</summary>
public sealed class BadInputTests
{
    private const string Biolatency = "; see fathom biolatency --help";
    private const string NotWritten = "): send it elsewhere, such as to a file with > FILE";

    [Theory]
    [InlineData("-1", "the interval must be at least 1ms, but is '-1'")]
    [InlineData("0", "the interval must be at least 1ms, but is '0'")]
    [InlineData("abc", "the interval must be a time such as 1.5 (seconds), 500ms or 2m, but is 'abc'")]
    [InlineData("1e3", "the interval must be a time such as 1.5 (seconds), 500ms or 2m, but is '1e3'")]
    [InlineData("99999999999", "the interval must be at most 99999999 seconds, but is '99999999999'")]
    [InlineData("@/etc/passwd", "the interval must be a time such as 1.5 (seconds), 500ms or 2m, but is '@/etc/passwd'")]
    [InlineData("1 -1", "the count of reports must be a whole number of 1 or more, but is '-1'")]
    [InlineData("1 0", "the count of reports must be a whole number of 1 or more, but is '0'")]
    [InlineData("1 abc", "the count of reports must be a whole number of 1 or more, but is 'abc'")]
    [InlineData("--duration", "option --duration needs a value: TIME")]
    [InlineData("--duration=", "option --duration needs a value: TIME")]
    [InlineData("--duration=-1", "--duration must be at least 1ms, but is '-1'")]
    [InlineData("--duration 1 --duration 2", "option --duration is given more than once")]
    [InlineData("-d=", "option -d needs a value: DISK")]
    [InlineData("-d vda -d vda", "option -d is given more than once")]
    [InlineData("--cgroup=", "option --cgroup needs a value: PATH")]
    [InlineData("--comm 1234567890123456", "--comm must have at most 15 bytes, because the kernel keeps no more of a command name, but is '1234567890123456'")]
    [InlineData("-p 0", "--pid must be a whole number of 1 or more, but is '0'")]
    [InlineData("-p -1", "--pid must be a whole number of 1 or more, but is '-1'")]
    [InlineData("-p 1 -- true", "--pid and a command are mutually exclusive")]
    [InlineData("--nonsense", "there is no option '--nonsense'")]
    [InlineData("-DZ", "there is no option '-Z', which '-DZ' contains")]
    [InlineData("--", "a command to trace must follow '--'")]
    [InlineData("--json -- true", "a command writes to standard output itself, so give -o FILE for the JSON, or -o - if both may mix")]
    [InlineData("-o", "option -o needs a value: FILE")]
    public void A_command_line_that_makes_no_sense(string arguments, string sentence) =>
        Refused(2, sentence + Biolatency, Programs.Direct, ["biolatency", .. arguments.Split(' ')]);

    [Theory]
    [InlineData("opensnoop -f O_FOO", "there is no flag 'O_FOO': the flags are *")]
    [InlineData("opensnoop -f O_RDONLY", "O_RDONLY is not a flag but the absence of O_WRONLY and O_RDWR, so opens cannot be chosen by it: omit it")]
    [InlineData("opensnoop -f ,", "--flag needs at least one FLAG, but is ','")]
    [InlineData("opensnoop -t x", "--tid must be a whole number of 1 or more, but is 'x'")]
    [InlineData("opensnoop -b 0", "--buffer-pages must be a whole number from 1 to 131072, but is '0'")]
    [InlineData("execsnoop -n (", "\"(\" is not a valid regular expression: *")]
    [InlineData("execsnoop -n (?=a)", "\"(?=a)\" uses a backreference, *")]
    [InlineData("execsnoop -l (a)\\1", "\"(a)\\\\1\" uses a backreference, *")]
    [InlineData("execsnoop -b 8", "--buffer-pages must be a whole number from 16 to 131072, but is '8'")]
    [InlineData("execsnoop -P x", "--ppid must be a whole number of 1 or more, but is 'x'")]
    [InlineData("execsnoop --max-args 0", "--max-args must be a whole number of 1 or more, but is '0'")]
    [InlineData("tcplife -4 -6", "-4 and -6 are mutually exclusive")]
    [InlineData("tcplife --local-port 0", "--local-port must be a whole number from 1 to 65535, but is '0'")]
    [InlineData("tcplife --max-sessions 0", "--max-sessions must be a whole number from 1 to 16777216, but is '0'")]
    [InlineData("funccount --most 0 p::vfs_*", "--most must be a whole number of 1 or more, but is '0'")]
    [InlineData("funccount -r (", "\"(\" is not a valid regular expression: *")]
    [InlineData("syscount -e ENOTHING", "--errno must be an error such as ENOENT, or its number, but is 'ENOTHING'")]
    [InlineData("syscount -e 0", "--errno must be an error such as ENOENT, or its number, but is '0'")]
    [InlineData("syscount -e 512", "--errno is 512 (ERESTARTSYS), which no program sees: the call goes on, or fails with EINTR")]
    [InlineData("syscount --syscall nothing", "--syscall must be the name of a system call, but is 'nothing': --list prints those that are known")]
    [InlineData("runqlat -P --pidnss", "-P, -L and --pidnss are mutually exclusive")]
    public void A_value_that_makes_no_sense(string arguments, string sentence)
    {
        Programs.NeedRoot();
        string tool = arguments.Split(' ')[0];
        Refused(2, $"{sentence}; see fathom {tool} --help", Programs.Direct, [.. arguments.Split(' '), "--duration", "0.1"]);
    }

    [Theory]
    [InlineData("there is no disk 'no-such-disk': choose one of *", "-d", "no-such-disk")]
    [InlineData("there is no disk '../vda': choose one of *", "-d", "../vda")]
    [InlineData("there is no disk '/dev/null': choose one of *", "-d", "/dev/null")]
    [InlineData(@"there is no disk 'a\x1b[2J\nb': choose one of *", "-d", "a\u001b[2J\nb")]
    [InlineData("there is no cgroup '/no/such/cgroup': *", "-c", "/no/such/cgroup")]
    [InlineData("there is no cgroup '/etc/passwd': *", "-c", "/etc/passwd")]
    [InlineData("'/etc' is not a cgroup of version 2: *", "-c", "/etc")]
    [InlineData("there is no process 2147483647: give the number of one that runs, such as ps shows it", "-p", "2147483647")]
    public void What_is_not_there(string sentence, params string[] arguments) =>
        Refused(1, sentence, Programs.Direct, ["biolatency", "--duration", "0.1", .. arguments]);

    [Theory]
    [InlineData(127, "there is no command 'no-such-command' to trace: check its name, or give its path", "no-such-command")]
    [InlineData(126, "'/etc/passwd' is not executable: chmod +x it, or name the program that runs it", "/etc/passwd")]
    [InlineData(126, "'/etc' is a directory: give the path of a program in it", "/etc")]
    public void What_is_no_command(int exit, string sentence, string command) => Refused(exit, sentence, Programs.Direct, "biolatency", "--", command);

    [Fact]
    public void A_cgroup_of_version_1_is_none()
    {
        const string Old = "/sys/fs/cgroup/memory";
        Assert.SkipUnless(File.Exists(Old + "/cgroup.procs") && !File.Exists(Old + "/cgroup.controllers"), "No cgroup of version 1 is mounted here.");
        Refused(1, $"'{Old}' is not a cgroup of version 2: *", Programs.Direct, "biolatency", "-c", Old);
    }

    [Theory]
    [InlineData("", "create map *: EPERM: this needs CAP_PERFMON and CAP_BPF: run it as root, or give the program these capabilities.")]
    [InlineData("+bpf", "load program *: EPERM: this needs CAP_PERFMON: run it as root, or give the program these capabilities.")]
    [InlineData("+perfmon", "create map *: EPERM: this needs CAP_BPF: run it as root, or give the program these capabilities.")]
    [InlineData("+bpf,+perfmon", null)]
    public void Without_root_two_capabilities_are_enough_and_no_fewer(string capabilities, string? sentence)
    {
        Programs.NeedRoot();
        var setpriv = Programs.Find("setpriv", "util-linux");
        using var copy = new CopyForAll();
        string[] given = capabilities.Length == 0 ? [] : ["--inh-caps", capabilities, "--ambient-caps", capabilities];
        string[] command = ["--reuid", "65534", "--clear-groups", .. given, copy.Program, "biolatency", "--duration", "0.1"];
        if (sentence is not null)
        {
            Refused(1, sentence, setpriv, command);
            return;
        }

        using var program = RunningProgram.Run(setpriv, command);
        Assert.True(program.ExitCode == 0, program.Errors);
        Assert.StartsWith("Tracing block device I/O", program.Output, StringComparison.Ordinal);
        LoadedPrograms.MustAllHaveAnOwner();
    }

    [Fact]
    public void Root_without_capabilities()
    {
        Programs.NeedRoot();
        Refused(
            1, "create map *: EPERM: this needs CAP_PERFMON and CAP_BPF, which root does not have here: run it outside of the container or service that took them away.",
            Programs.Find("setpriv", "util-linux"), "--bounding-set", "-all", Programs.Direct, "biolatency", "--duration", "0.1");
    }

    [Fact]
    public void Root_of_a_user_namespace() => InNamespace(
        "-Ur", "exec \"$0\" biolatency --duration 0.1",
        "create map *: EPERM: the capabilities of a user namespace do not count for this: run it as root outside of the container or namespace.");

    [Theory]
    [InlineData("mount -t tmpfs none /sys/kernel/btf", "ENOENT: this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF=y): use a kernel that is built with it.")]
    [InlineData("mount --bind /etc/passwd /sys/kernel/btf/vmlinux", "this is no description of types (BTF): see whether something is mounted over it.")]
    [InlineData("umount -l /sys", "ENOENT: sysfs is not mounted: mount -t sysfs sysfs /sys.")]
    public void A_kernel_whose_types_cannot_be_read(string command, string sentence)
    {
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "This kernel does not describe its types.");
        InNamespace("-m", command + " && exec \"$0\" biolatency --duration 0.1", "read kernel types /sys/kernel/btf/vmlinux: " + sentence);
    }

    [Theory]
    [InlineData("\"$0\" biolatency --duration 0.1 >/dev/full", "the output could not be written (No space left on device" + NotWritten)]
    [InlineData("\"$0\" biolatency --duration 0.1 >&-", "the output could not be written (Bad file descriptor" + NotWritten)]
    [InlineData("\"$0\" biolatency --duration 0.1 1</etc/passwd", "the output could not be written (Bad file descriptor" + NotWritten)]
    [InlineData("\"$0\" biolatency --help >/dev/full", "the output could not be written (No space left on device" + NotWritten)]
    [InlineData("\"$0\" biolatency --help >&-", "the output could not be written (Bad file descriptor" + NotWritten)]
    public void An_output_that_cannot_be_written(string command, string sentence)
    {
        Programs.NeedRoot();
        Assert.SkipUnless(Programs.IsNative, "The .NET runtime opens files in place of closed ones before the program begins.");
        Refused(1, sentence, "/bin/sh", "-c", command, Programs.Direct);
    }

    [Theory]
    [InlineData("\"$0\" biolatency -d no-such-disk 2>&-", 1)]
    [InlineData("\"$0\" biolatency -d no-such-disk 2>/dev/full", 1)]
    [InlineData("\"$0\" biolatency 1x 2>&- >&-", 2)]
    public void Errors_that_nobody_can_read_still_have_their_exit_code(string command, int exit)
    {
        Assert.SkipUnless(Programs.IsNative, "The .NET runtime opens files in place of closed ones before the program begins.");
        using var program = RunningProgram.Run("/bin/sh", "-c", command, Programs.Direct);
        Assert.Equal((exit, "", ""), (program.ExitCode, program.Output, program.Errors));
    }

    [Fact]
    public void A_reader_that_has_seen_enough_is_no_error()
    {
        Programs.NeedRoot();
        using var program = RunningProgram.Run("/bin/sh", "-c", "{ \"$0\" biolatency 0.05 100; echo \"exit $?\" >&2; } | head -n 1", Programs.Direct);
        Assert.Equal("Tracing block device I/O... Hit Ctrl-C to end.\n", program.Output);
        Assert.EndsWith("exit 0\n", program.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("fathom:", program.Errors, StringComparison.Ordinal);
        LoadedPrograms.MustAllHaveAnOwner();
    }

    [Theory]
    [InlineData("INT", 0)]
    [InlineData("TERM", 0)]
    [InlineData("HUP", 0)]
    [InlineData("KILL", 137)]
    public void A_signal_ends_it_and_its_programs(string signal, int exit)
    {
        Programs.NeedRoot();
        Assert.SkipUnless(Programs.IsNative, "The process that is started is a script's.");
        using var program = RunningProgram.Start(Programs.Direct, "biolatency");
        program.WaitFor("Tracing");
        var ids = LoadedPrograms.Of(program.Id);
        Assert.NotEmpty(ids);
        using (var kill = RunningProgram.Run("/bin/sh", "-c", $"kill -{signal} {program.Id}"))
        {
            Assert.Equal(0, kill.ExitCode);
        }

        program.WaitForExit();
        Assert.Equal(exit, program.ExitCode);
        LoadedPrograms.MustBeGone(ids);
    }

    private static void InNamespace(string option, string command, string sentence)
    {
        Programs.NeedRoot();
        var unshare = Programs.Find("unshare", "util-linux");
        using var possible = RunningProgram.Run(unshare, option, "true");
        Assert.SkipUnless(possible.ExitCode == 0, $"No namespace can be made here: {possible.Errors.Trim()}");
        Refused(1, sentence, unshare, option, "/bin/sh", "-c", command, Programs.Direct);
    }

    // A star stands for what differs from machine to machine.
    internal static void Refused(int exit, string sentence, string file, params string[] arguments)
    {
        using var program = RunningProgram.Run(file, arguments);
        Assert.True(program.ExitCode == exit, $"It ended with {program.ExitCode}: {program.Output}{program.Errors}");
        Assert.Equal("", program.Output);
        var star = sentence.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            Assert.Equal($"fathom: {sentence}\n", program.Errors);
        }
        else
        {
            Assert.StartsWith("fathom: " + sentence[..star], program.Errors, StringComparison.Ordinal);
            Assert.EndsWith(sentence[(star + 1)..] + "\n", program.Errors, StringComparison.Ordinal);
            Assert.Equal(1, program.Errors.Count(static character => character == '\n'));
            Assert.True(program.Errors.Length > "fathom: \n".Length + sentence.Length, $"There is nothing in place of the star: {program.Errors}");
        }

        LoadedPrograms.MustAllHaveAnOwner();
    }
}
