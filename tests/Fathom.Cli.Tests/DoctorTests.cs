using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using Fathom.Output.Rows;
using Fathom.Output.Text;
using Fathom.Runtime;
using Fathom.Tools.Doctor;
using Fathom.Tools.Hosting;
using Xunit;

namespace Fathom.Cli.Tests;

/// <summary><c>fathom doctor</c>: what it makes of tools that run and tools that do not, and how it says so.</summary>
public sealed class DoctorTests
{
    public static TheoryData<string, string, string> Failures => new()
    {
        { "capability", "missing-capability", "this needs CAP_PERFMON: run it as root, or give the program these capabilities." },
        { "lockdown", "lockdown", "kernel lockdown (confidentiality) forbids it: boot the machine without it." },
        { "policy", "kernel-policy", "see the kernel's log." },
        { "namespace", "user-namespace", "run it outside." },
        { "seccomp", "seccomp", "run it outside." },
        { "memory", "locked-memory", "raise it." },
        { "btf", "missing-btf", "use a kernel that is built with it." },
        { "old", "too-old", "this kernel has no tracepoint x: use a newer kernel, or one that is built with it." },
        { "other", "other", "there is no disk" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_tool_that_does_not_run_has_a_cause_and_what_to_change(string failure, string cause, string change)
    {
        var tool = new FakeTool { Failure = ExceptionOf(failure) };
        DoctorReport report = ReportOf(new ToolFinding("fake", ((ITool)tool).Examine()));

        JsonElement part = Lines(report, "verdict").Single().GetProperty("parts")[0];
        Assert.Equal((cause, change), (part.GetProperty("cause").GetString(), part.GetProperty("change").GetString()));
        Assert.Equal(ExceptionOf(failure).Message, part.GetProperty("why").GetString());
        Assert.False(part.GetProperty("runs").GetBoolean());
        Assert.Equal(failure == "capability" ? ["CAP_PERFMON"] : [], part.GetProperty("missing").EnumerateArray().Select(static name => name.GetString()));

        string text = DoctorText.Write(report, TextLayout.Plain, isFull: true).ToString();
        Assert.Contains($"\n  fake        no      {cause}\n", text, StringComparison.Ordinal);
        Assert.Contains($"What to change: fake: {change}", Unwrapped(text), StringComparison.Ordinal);
        Assert.False(report.EveryToolRuns);
    }

    [Fact]
    public void A_tool_is_started_as_it_would_be_and_ended()
    {
        var tool = new FakeTool();
        (int exit, string output, string errors) = Run([tool], "doctor");

        Assert.Equal((ExitCode.Done, "", 1, 0), (exit, errors, tool.Disposed, tool.Reports));
        Assert.NotNull(tool.Asked);
        Assert.Equal("All 1 tools run on this machine.\n\n  fake        runs\n\nHow each tool traces, the machine and the kernel's features: fathom doctor -v\n", output);
        Assert.DoesNotContain("What to change", output, StringComparison.Ordinal);
    }

    [Fact]
    public void One_tool_that_does_not_run_is_an_exit_code()
    {
        (int exit, string output, string errors) = Run([new FakeTool(), new FakeTool { Failure = ExceptionOf("capability") }], "doctor", "--json");

        Assert.Equal((ExitCode.CannotRun, ""), (exit, errors));
        JsonElement[] lines = [.. output.TrimEnd('\n').Split('\n').Select(static line => JsonDocument.Parse(line).RootElement)];
        Assert.All(lines, static line => Assert.Equal("doctor", line.GetProperty("tool").GetString()));
        Assert.Equal([true, false], lines.Where(static line => line.GetProperty("type").GetString() == "verdict").Select(static line => line.GetProperty("runs").GetBoolean()));
        Assert.Contains(lines, static line => line.GetProperty("type").GetString() == "fact" && line.GetProperty("name").GetString() == "kernel");
        Assert.Equal(KernelFeatures.All.Count, lines.Count(static line => line.GetProperty("type").GetString() == "feature"));
        JsonElement privilege = lines.First(static line => line.GetProperty("type").GetString() == "privilege");
        Assert.Equal("CAP_PERFMON", privilege.GetProperty("missing")[0].GetString());
        Assert.Equal("fake", privilege.GetProperty("tools")[0].GetString());
    }

    [Fact]
    public void A_tool_of_several_parts_may_run_in_part()
    {
        var obstacle = new Obstacle(RefusalCause.MissingConfig, "kernel functions: they need CONFIG_FPROBE", "use a kernel that is built with CONFIG_FPROBE=y.");
        var examination = new ToolExamination(
            [
                new("kernel functions", [], obstacle),
                new("library functions", [new("uprobe_multi", "malloc")], null),
                new("tracepoints", [new("raw tracepoint", "a"), new("raw tracepoint", "b"), new("perf link", "c")], null),
            ],
            ["this kernel shows no returns"]);
        DoctorReport report = ReportOf(new ToolFinding("funccount", examination));

        Assert.True(report.EveryToolRuns);
        Assert.StartsWith(
            "All 1 tools run on this machine, 1 of them in part.\n\n"
            + "  funccount   in part\n"
            + "              kernel functions: no, missing-config\n"
            + "              library functions: uprobe_multi: malloc\n"
            + "              tracepoints: raw tracepoint: a, b; perf link: c\n"
            + "                      but this kernel shows no returns\n"
            + "\nWhat to change:\n"
            + "  funccount (kernel functions): use a kernel that is built with\n"
            + "    CONFIG_FPROBE=y.\n",
            DoctorText.Write(report, TextLayout.Plain, isFull: true).ToString(), StringComparison.Ordinal);

        // What runs is no news.
        Assert.Equal(
            "All 1 tools run on this machine, 1 of them in part.\n\n"
            + "  funccount   in part\n"
            + "              kernel functions: no, missing-config\n"
            + "                      but this kernel shows no returns\n"
            + "\nWhat to change:\n"
            + "  funccount (kernel functions): use a kernel that is built with\n"
            + "    CONFIG_FPROBE=y.\n"
            + "\nHow each tool traces, the machine and the kernel's features: fathom doctor -v\n",
            DoctorText.Write(report, TextLayout.Plain, isFull: false).ToString());
    }

    [Fact]
    public void The_answer_comes_first()
    {
        ToolExamination runs = ((ITool)new FakeTool()).Examine(), fails = ((ITool)new FakeTool { Failure = ExceptionOf("btf") }).Examine();
        Assert.StartsWith("1 of 2 tools run on this machine; b does not.\n", Answer(new("a", runs), new("b", fails)), StringComparison.Ordinal);
        Assert.StartsWith("1 of 3 tools run on this machine; b, c do not.\n", Answer(new("a", runs), new("b", fails), new("c", fails)), StringComparison.Ordinal);
        Assert.StartsWith("No tool runs on this machine as this user.\n", Answer(new ToolFinding("b", fails)), StringComparison.Ordinal);

        static string Answer(params ToolFinding[] tools) => DoctorText.Write(new(tools, [], []), TextLayout.Plain, isFull: false).ToString();
    }

    [Fact]
    public void Tools_with_one_trouble_share_a_sentence_and_say_what_privileges_would_add()
    {
        ToolExamination examination = ((ITool)new FakeTool { Failure = ExceptionOf("capability") }).Examine();
        FeatureAnswer missing = new(FeatureSupport.Unknown, "a program gives EPERM: this process lacks CAP_PERFMON") { Cause = RefusalCause.MissingCapability, Missing = CapabilitySet.PerfMon };
        DoctorReport report = new(
            [new("one", examination), new("two", examination)],
            [new("lockdown", "unknown", "it cannot be read")],
            [new(KernelFeatures.KernelTypes, new(FeatureSupport.Yes, "there are 7 types")), new(KernelFeatures.TypedTracepoints, missing)]);

        string text = DoctorText.Write(report, TextLayout.Plain, isFull: true).ToString();

        Assert.Contains("\nWhat to change:\n  one, two: this needs CAP_PERFMON: ", text, StringComparison.Ordinal);
        Assert.Contains(
            "What privileges would add: With CAP_PERFMON: one, two (of what they need besides, the kernel's types are there); and an answer about tp_btf The machine",
            Unwrapped(text), StringComparison.Ordinal);
        Assert.Contains("\n  lockdown                  unknown (it cannot be read)\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n  unknown  tp_btf (5.5), missing-capability: a program gives EPERM: this\n           process lacks CAP_PERFMON\n", text, StringComparison.Ordinal);

        report = report with { Features = [new(KernelFeatures.KernelTypes, new(FeatureSupport.No, "no") { Cause = RefusalCause.MissingBtf })] };
        Assert.Contains("With CAP_PERFMON: one, two (but they would lack the kernel's types)", Unwrapped(DoctorText.Write(report, TextLayout.Plain, isFull: true).ToString()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_machine_says_cannot_drive_a_terminal()
    {
        DoctorReport report = new([], [new("kernel", "6.1\u001b[2J", "")], []);
        Assert.Contains(@"6.1\x1b[2J", DoctorText.Write(report, TextLayout.Plain, isFull: true).ToString(), StringComparison.Ordinal);
        Assert.Contains(@"6.1\u001b[2J", Encoding.UTF8.GetString(DoctorJson.Write(report, "1", new RowClock(0)).Span), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Lines_are_as_long_as_the_terminal_is_wide()
    {
        DoctorReport report = Examiner.Examine([new FakeTool(), new FakeTool { Failure = ExceptionOf("lockdown") }]);
        foreach (int columns in (int[])[60, 80, 200])
        {
            string[] lines = DoctorText.Write(report, new() { Columns = columns }, isFull: true).ToString().Split('\n');
            int longest = lines.Max(static line => line.Length);

            // A word that is longer than a line is not cut.
            Assert.True(longest < columns && longest > columns * 2 / 3, $"{columns}: {longest}");
        }
    }

    [Theory]
    [InlineData("--nonsense", "there is no option '--nonsense'")]
    [InlineData("--json=yes", "option --json takes no value")]
    [InlineData("-d", "there is no option '-d'")]
    [InlineData("biolatency", "'biolatency' is unexpected: doctor takes options only")]
    public void A_command_line_that_makes_no_sense(string argument, string sentence)
    {
        var tool = new FakeTool();
        Assert.Equal((ExitCode.Usage, "", $"fathom: {sentence}; see fathom doctor --help\n"), Run([tool], "doctor", argument));
        Assert.Null(tool.Asked);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    public void Help_is_printed_and_nothing_tried(string argument)
    {
        var tool = new FakeTool();
        (int exit, string output, string errors) = Run([tool], "doctor", "-j", argument);
        Assert.Equal((ExitCode.Done, ""), (exit, errors));
        Assert.Contains("Usage: fathom doctor [options]\n", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), static line => Assert.True(line.Length < 80, line));
        Assert.Null(tool.Asked);
        Assert.Contains("  doctor        ", Run([tool], "--help").Output, StringComparison.Ordinal);
    }

    private static DoctorReport ReportOf(ToolFinding tool) => new([tool], [], []);

    private static Exception ExceptionOf(string failure) => failure switch
    {
        "capability" => new MissingCapabilityException("load program", "x", 1, CapabilitySet.PerfMon),
        "lockdown" => new LockdownException("load program", "x", 1, "confidentiality"),
        "policy" => new KernelPolicyException("load program", "x", 1, "see the kernel's log.", RefusalCause.KernelPolicy),
        "namespace" => new KernelPolicyException("load program", "x", 1, "run it outside.", RefusalCause.UserNamespace),
        "seccomp" => new KernelPolicyException("load program", "x", 1, "run it outside.", RefusalCause.Seccomp),
        "memory" => new KernelPolicyException("create map", "x", 1, "raise it.", RefusalCause.LockedMemory),
        "btf" => new KernelBtfException(2, "use a kernel that is built with it."),
        "old" => new FeatureNotSupportedException("load program", "x", 0, "tracepoint x"),
        _ => new CannotRunException("there is no disk"),
    };

    private static IEnumerable<JsonElement> Lines(DoctorReport report, string type) =>
        Encoding.UTF8.GetString(DoctorJson.Write(report, "1", new RowClock(0)).Span).TrimEnd('\n').Split('\n')
            .Select(static line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("type").GetString() == type);

    private static string Unwrapped(string text) => string.Join(' ', text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));

    private static (int Exit, string Output, string Errors) Run(IReadOnlyList<ITool> tools, params string[] arguments)
    {
        using var output = new MemoryStream();
        using var errors = new MemoryStream();
        using var clock = new FakeClock();
        int exit = new FathomProgram(tools, output, errors).Run(arguments, clock);
        return (exit, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(errors.ToArray()));
    }
}
