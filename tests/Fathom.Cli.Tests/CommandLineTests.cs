using System;
using System.IO;
using System.Text;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Xunit;

namespace Fathom.Cli.Tests;

public sealed class CommandLineTests
{
    private static Invocation Parse(string arguments) =>
        CommandLine.Parse(new FakeTool(), arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public void Nothing_is_needed()
    {
        Invocation invocation = Parse("");
        Assert.Equal(new Schedule(), invocation.Schedule);
        Assert.False(invocation.Json || invocation.Timestamps || invocation.Help);
        Assert.Null(invocation.Command);
        Assert.False(invocation.Request.Has(FakeTool.Disk));
    }

    [Theory]
    [InlineData("-FT -d vda 1 10")]
    [InlineData("-TF --disk=vda 1.0 10")]
    [InlineData("1 10 --disk vda --flags --timestamp")]
    [InlineData("1 -d vda 10 -F -T")]
    [InlineData("-FTdvda 1 10")]
    [InlineData("-F -F -T -d=vda 1 10")]
    public void Everything_can_be_written_in_the_usual_ways(string arguments)
    {
        Invocation invocation = Parse(arguments);
        Assert.Equal("vda", invocation.Request.Get(FakeTool.Disk));
        Assert.True(invocation.Request.Has(FakeTool.Flags));
        Assert.True(invocation.Timestamps);
        Assert.Equal(TimeSpan.FromSeconds(1), invocation.Schedule.Interval);
        Assert.Equal(10, invocation.Schedule.Count);
    }

    [Fact]
    public void Common_options()
    {
        Invocation invocation = Parse("-i 0.5 --duration 3 -p 17 --comm dd -c /x -j");
        Assert.Equal(TimeSpan.FromSeconds(0.5), invocation.Schedule.Interval);
        Assert.Equal(TimeSpan.FromSeconds(3), invocation.Schedule.Duration);
        Assert.Equal(17, invocation.Request.Pid);
        Assert.Equal("dd", invocation.Request.Comm);
        Assert.Equal("/x", invocation.Request.Cgroup);
        Assert.True(invocation.Json);
    }

    [Fact]
    public void What_follows_the_dashes_is_the_command()
    {
        Invocation invocation = Parse("-F -- dd --help -x -- y");
        Assert.Equal(["dd", "--help", "-x", "--", "y"], invocation.Command);
        Assert.False(invocation.Help);
        Assert.True(invocation.Request.Has(FakeTool.Flags));
    }

    [Theory]
    [InlineData("fake -x", "there is no option '-x'; see fathom fake --help")]
    [InlineData("fake -Fx", "there is no option '-x', which '-Fx' contains; see fathom fake --help")]
    [InlineData("fake --nonsense 1", "there is no option '--nonsense'; see fathom fake --help")]
    [InlineData("fake -d", "option -d needs a value: DISK; see fathom fake --help")]
    [InlineData("fake --disk", "option --disk needs a value: DISK; see fathom fake --help")]
    [InlineData("fake -d vda -d vdb", "option -d is given more than once; see fathom fake --help")]
    [InlineData("fake -1", "the interval must be at least 1ms, but is '-1'; see fathom fake --help")]
    [InlineData("fake -i -1", "--interval must be at least 1ms, but is '-1'; see fathom fake --help")]
    [InlineData("fake 0", "the interval must be at least 1ms, but is '0'; see fathom fake --help")]
    [InlineData("fake often", "the interval must be a time such as 1.5 (seconds), 500ms or 2m, but is 'often'; see fathom fake --help")]
    [InlineData("fake 1x", "the interval must be a time such as 1.5 (seconds), 500ms or 2m, but is '1x'; see fathom fake --help")]
    [InlineData("fake NaN", "the interval must be a time such as 1.5 (seconds), 500ms or 2m, but is 'NaN'; see fathom fake --help")]
    [InlineData("fake 1e3", "the interval must be a time such as 1.5 (seconds), 500ms or 2m, but is '1e3'; see fathom fake --help")]
    [InlineData("fake 999999999", "the interval must be at most 99999999 seconds, but is '999999999'; see fathom fake --help")]
    [InlineData("fake 1 0", "the count of reports must be a whole number of 1 or more, but is '0'; see fathom fake --help")]
    [InlineData("fake 1 -3", "the count of reports must be a whole number of 1 or more, but is '-3'; see fathom fake --help")]
    [InlineData("fake 1 2.5", "the count of reports must be a whole number of 1 or more, but is '2.5'; see fathom fake --help")]
    [InlineData("fake 1 many", "the count of reports must be a whole number of 1 or more, but is 'many'; see fathom fake --help")]
    [InlineData("fake 1 2 3", "'3' is unexpected: only an interval and a count may follow the options; see fathom fake --help")]
    [InlineData("fake 1 -i 2", "the interval is given twice, as '1' and with --interval; see fathom fake --help")]
    [InlineData("fake --duration", "option --duration needs a value: TIME; see fathom fake --help")]
    [InlineData("fake --duration soon", "--duration must be a time such as 1.5 (seconds), 500ms or 2m, but is 'soon'; see fathom fake --help")]
    [InlineData("fake -p init", "--pid must be a whole number of 1 or more, but is 'init'; see fathom fake --help")]
    [InlineData("fake -p -1", "--pid must be a whole number of 1 or more, but is '-1'; see fathom fake --help")]
    [InlineData("fake -p 1 -- ls", "--pid and a command are mutually exclusive; see fathom fake --help")]
    [InlineData("fake --comm a-very-long-name", "--comm must have at most 15 bytes, because the kernel keeps no more of a command name, but is 'a-very-long-name'; see fathom fake --help")]
    [InlineData("fake --comm=", "option --comm needs a value: NAME; see fathom fake --help")]
    [InlineData("fake --disk=", "option --disk needs a value: DISK; see fathom fake --help")]
    [InlineData("fake @/etc/passwd", "the interval must be a time such as 1.5 (seconds), 500ms or 2m, but is '@/etc/passwd'; see fathom fake --help")]
    [InlineData("fake --", "a command to trace must follow '--'; see fathom fake --help")]
    [InlineData("fake --flags=yes", "option --flags takes no value; see fathom fake --help")]
    [InlineData("nosuch", "there is no tool 'nosuch': choose one of fake, doctor, completion, man; see fathom --help")]
    [InlineData("--nosuch", "there is no option '--nosuch'; see fathom --help")]
    [InlineData("fake \u001b[2J", @"the interval must be a time such as 1.5 (seconds), 500ms or 2m, but is '\x1b[2J'; see fathom fake --help")]
    public void A_mistake_is_one_sentence(string arguments, string message)
    {
        var tool = new FakeTool();
        (int exit, string output, string errors) = Run(tool, arguments.Split(' '));
        Assert.Equal("", output);
        Assert.Equal($"fathom: {message}\n", errors);
        Assert.Equal(ExitCode.Usage, exit);
        Assert.Null(tool.Asked);
    }

    [Theory]
    [InlineData("fake vfs_* --duration 1 -F", "vfs_*")]
    [InlineData("fake --duration 1 -F c:malloc", "c:malloc")]
    [InlineData("fake --duration 1 c:malloc -- true -F", "c:malloc")]
    public void A_tool_may_take_an_argument(string arguments, string argument)
    {
        var tool = WithArgument();
        Run(tool, arguments.Split(' '));
        Assert.Equal(argument, tool.Asked?.Argument);
    }

    [Theory]
    [InlineData("fake", "fake needs PATTERN: What to look at; see fathom fake --help")]
    [InlineData("fake -F", "fake needs PATTERN: What to look at; see fathom fake --help")]
    [InlineData("fake a b", "'b' is unexpected: there is one PATTERN, which the shell must not take apart or expand (put it in quotes); see fathom fake --help")]
    public void An_argument_that_is_missing_or_not_alone(string arguments, string message)
    {
        var tool = WithArgument();
        Assert.Equal((ExitCode.Usage, "", $"fathom: {message}\n"), Run(tool, arguments.Split(' ')));
        Assert.Null(tool.Asked);
    }

    [Fact]
    public void An_argument_that_makes_no_sense_is_a_mistake_of_usage()
    {
        var tool = new FakeTool { Failure = new UsageException("there is no CPU 'x'") };
        Assert.Equal((ExitCode.Usage, "", "fathom: there is no CPU 'x'; see fathom fake --help\n"), Run(tool, "fake"));
    }

    [Fact]
    public void What_cost_too_much_has_an_exit_code_of_its_own()
    {
        var tool = new FakeTool { Failure = new BudgetExceededException("too dear") };
        Assert.Equal((ExitCode.OverBudget, "", "fathom: too dear\n"), Run(tool, "fake"));
    }

    private static FakeTool WithArgument()
    {
        var tool = new FakeTool();
        return new() { Description = tool.Description with { TakesInterval = false, Argument = new("PATTERN", "What to look at.") }, Failure = null };
    }

    [Fact]
    public void What_cannot_run_says_why()
    {
        var tool = new FakeTool { Failure = new CannotRunException("there is no disk 'x': choose one of vda") };
        (int exit, string output, string errors) = Run(tool, "fake", "-d", "x");
        Assert.Equal((ExitCode.CannotRun, "", "fathom: there is no disk 'x': choose one of vda\n"), (exit, output, errors));
    }

    [Fact]
    public void A_program_that_the_verifier_refuses_is_to_be_reported()
    {
        var log = VerifierLog.Parse("0: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 1000000)\n");
        var tool = new FakeTool { Failure = new VerifierRejectedException("Issued", 13, log, new VerifierExplanation(VerifierErrorKind.Other, "", "R0 !read_ok", "BioLatency.Bpf.cs(12,5)", [])) };
        (int exit, string output, string errors) = Run(tool, "fake");
        Assert.Equal(
            (ExitCode.CannotRun, "",
            "fathom: BioLatency.Bpf.cs(12,5): R0 !read_ok (verifying Issued: EACCES) (2 lines omitted): "
            + $"fake does not fit this kernel, Linux {Kernel.Running.Release}; please report this line\n"),
            (exit, output, errors));
    }

    [Fact]
    public void A_process_must_be_there()
    {
        var tool = new FakeTool();
        (int exit, _, string errors) = Run(tool, "fake", "-p", "2147483647");
        Assert.Equal((ExitCode.CannotRun, "fathom: there is no process 2147483647: give the number of one that runs, such as ps shows it\n"), (exit, errors));
        Assert.Null(tool.Asked);
        Assert.Equal(ExitCode.Done, Run(tool, "fake", "1", "1", "-p", Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)).Exit);
    }

    [Theory]
    [InlineData("fake", "--help")]
    [InlineData("fake", "-h")]
    [InlineData("fake", "-F", "-?")]
    [InlineData("fake", "--help", "often", "1", "2", "3")]
    [InlineData("--help")]
    [InlineData]
    public void Help_fits_into_a_terminal(params string[] arguments)
    {
        (int exit, string output, string errors) = Run(new FakeTool(), arguments);
        Assert.Equal((ExitCode.Done, ""), (exit, errors));
        Assert.Contains("Usage: fathom ", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), static line => Assert.True(line.Length < 80, line));
    }

    [Fact]
    public void Help_of_a_tool_has_everything()
    {
        string help = Run(new FakeTool(), "fake", "--help").Output;
        Assert.Matches(@"(?m)^  -d, --disk DISK +Only this disk\.$", help);
        Assert.Contains("      --duration TIME", help, StringComparison.Ordinal);
        Assert.Contains("  fathom fake 1 10", help, StringComparison.Ordinal);
        Assert.Contains("It is blind.", help, StringComparison.Ordinal);
    }

    [Fact]
    public void The_version_is_told() => Assert.Matches(@"^fathom \d+\.\d+\.\d+\n$", Run(new FakeTool(), "--version").Output);

    [Fact]
    public void A_closed_output_is_an_ordinary_end()
    {
        using var server = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.In);
        using var client = new System.IO.Pipes.AnonymousPipeClientStream(System.IO.Pipes.PipeDirection.Out, server.ClientSafePipeHandle);
        using var file = new FileStream(
            new Microsoft.Win32.SafeHandles.SafeFileHandle(client.SafePipeHandle.DangerousGetHandle(), ownsHandle: false), FileAccess.Write, 0);
        using var errors = new MemoryStream();
        using var clock = new FakeClock();
        var tool = new FakeTool
        {
            OnReport = tool =>
            {
                if (tool.Reports == 2)
                {
                    server.Dispose();
                }
            },
        };
        Assert.Equal(ExitCode.Done, new FathomProgram([tool], file, errors).Run(["fake", "1", "10"], clock));
        Assert.Equal(0, errors.Length);
        Assert.Equal(3, tool.Reports);
        Assert.Equal(1, tool.Disposed);
    }

    [Fact]
    public void A_full_disk_is_not()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full here");
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        using var errors = new MemoryStream();
        using var clock = new FakeClock();
        Assert.Equal(ExitCode.CannotRun, new FathomProgram([new FakeTool()], full, errors).Run(["fake", "1", "10"], clock));
        const string Sentence = "fathom: the output could not be written (No space left on device : '/dev/full'): send it elsewhere, such as to a file with > FILE\n";
        Assert.Equal(Sentence, Encoding.UTF8.GetString(errors.ToArray()));
        Assert.Equal(ExitCode.CannotRun, new FathomProgram([new FakeTool()], full, errors).Run(["--help"], clock));
        Assert.Equal(Sentence + Sentence, Encoding.UTF8.GetString(errors.ToArray()));
    }

    private static (int Exit, string Output, string Errors) Run(FakeTool tool, params string[] arguments) => InProcess.Run([tool], arguments);
}
