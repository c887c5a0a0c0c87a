using System;
using System.Linq;
using Fathom.Cli;
using Fathom.Tools.Tests.EveryTool;
using Xunit;

namespace Fathom.Tools.Tests.Hosting;

/// <summary>With few descriptors a tool works, or says that there are too few: never something about the machine, and never a trace of the stack.</summary>
public sealed class OpenFileLimitTests
{
    public static TheoryData<string[]> Tools => [.. AllTools.Create().Select(static tool => Tool.Command(tool.Description.Name))];

    [Theory]
    [MemberData(nameof(Tools))]
    [InlineData("doctor")]
    [InlineData("execsnoop", "-x")]
    [InlineData("funccount", "t:sched:sched_process_*")]
    [InlineData("funccount", "c:malloc")]
    [InlineData("opensnoop", "-c", "/")]
    [InlineData("opensnoop", "-u", "root")]
    [InlineData("opensnoop", "--command")]
    public void Any_number_of_descriptors(params string[] arguments)
    {
        Programs.NeedRoot();
        Assert.SkipUnless(Programs.IsNative, "The .NET runtime needs more before the program begins.");
        string prlimit = Programs.Find("prlimit", "util-linux");

        // With three the C library is not found.
        foreach (int most in Enumerable.Range(4, 27))
        {
            string[] tool = arguments switch
            {
                ["doctor"] => arguments,
                [.., "c:malloc"] => [.. arguments, "--duration", "0.01", "-p", $"{Environment.ProcessId}"],
                [.., "--command"] => [.. arguments[..^1], "--", "/bin/true"],
                _ => [.. arguments, "--duration", "0.01"],
            };
            using var program = RunningProgram.Run(prlimit, [$"--nofile={most}", Programs.Direct, .. tool]);
            string said = $"with {most} descriptors: exit {program.ExitCode}: {program.Output}{program.Errors}";
            Assert.DoesNotContain("Unhandled", program.Errors, StringComparison.Ordinal);
            if (program.ExitCode != 0 || program.Errors.Contains("EMFILE", StringComparison.Ordinal))
            {
                string words = string.Join(' ', $"{program.Errors} {program.Output}".Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
                Assert.Contains($"as many files open as it may, {most}: raise the limit", words, StringComparison.Ordinal);
                // One sentence, behind what was said before: what a hit will cost, or, where the limit was met at the end, what was lost.
                Assert.True(tool[0] == "doctor" || program.Errors.Split('\n').Count(static line => line.StartsWith("fathom: ", StringComparison.Ordinal) && !line.StartsWith("fathom: each hit costs ", StringComparison.Ordinal)) == 1, said);
                Assert.True(program.ExitCode == (tool.Contains("--") ? 125 : 1), said);
            }
        }
    }

    [Fact]
    public void The_lower_of_two_limits_is_raised_and_a_command_has_its_own()
    {
        Programs.NeedRoot();
        Assert.SkipUnless(Programs.IsNative, "The .NET runtime needs more before the program begins.");
        using var program = RunningProgram.Run(
            "/bin/sh", "-c", "ulimit -Sn 12; exec \"$0\" opensnoop --comm no-such -- /bin/sh -c 'ulimit -Sn; ulimit -Hn >&2'", Programs.Direct);
        Assert.Equal(0, program.ExitCode);
        Assert.EndsWith("\n12\n", program.Output, StringComparison.Ordinal);
        Assert.NotEqual("12\n", program.Errors);
    }
}
