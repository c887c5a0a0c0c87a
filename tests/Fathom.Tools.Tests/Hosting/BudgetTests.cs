using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Fathom.Tools.Tests.Events;
using Fathom.Tools.Tests.EveryTool;
using Xunit;

namespace Fathom.Tools.Tests.Hosting;

/// <summary>What tracing costs is measured, said, and bounded.</summary>
public sealed class BudgetTests : IDisposable
{
    // Programs that make system calls as fast as they can, on every CPU.
    private readonly List<RunningProgram> _storm = [];

    public void Dispose() => _storm.ForEach(static one => one.Dispose());

    [Fact]
    public void A_storm_ends_a_tool_that_costs_more_than_it_may()
    {
        Programs.NeedRoot();
        using var program = RunningProgram.Start(Programs.Direct, "opensnoop", "--budget", "0.01%", "--json");
        BeginStorm();
        program.WaitForExit();
        Assert.Equal(3, program.ExitCode);
        Assert.Matches("^fathom: tracing was ended after .* s, because it took about .* % .* more than its budget of 0.01 %: .* --budget\n$", program.Errors);
        JsonElement end = Workload.End(program.Output);
        Assert.Equal("over-budget", end.Text("reason"));
        LoadedPrograms.MustAllHaveAnOwner();
    }

    [Fact]
    public void The_command_runs_on_without_the_tool()
    {
        Programs.NeedRoot();
        using var program = RunningProgram.Run(
            Programs.Direct, "opensnoop", "--budget", "0.01%", "--json", "-o", "-", "--",
            "/bin/sh", "-c", "dd if=/dev/zero of=/dev/null bs=1 count=1000000 2>/dev/null; echo done; exit 7");
        Assert.Equal(7, program.ExitCode);
        Assert.Contains("done\n", program.Output, StringComparison.Ordinal);
        Assert.Contains("more than its budget of 0.01 %", program.Errors, StringComparison.Ordinal);
        Assert.Contains("runs on, and is waited for", program.Errors, StringComparison.Ordinal);
        Assert.Equal("over-budget", Workload.End(program.Output).Text("reason"));
    }

    [Theory]
    [MemberData(nameof(Tool.Names), MemberType = typeof(Tool))]
    public void Every_tool_says_what_it_cost(string tool)
    {
        Programs.NeedRoot();
        using var text = RunningProgram.Run(Programs.Direct, [.. Tool.Command(tool), "--duration", "0.2", "--", "/bin/true"]);
        Assert.Matches(@"^cost: (none \(no program ran\)|(less than )?[0-9.]+ % of this machine's processor time \([0-9]+ runs of [0-9]+ ns on average\))$", text.Cost);

        using var json = RunningProgram.Run(Programs.Direct, [.. Tool.Command(tool), "--duration", "0.2", "--json"]);
        JsonElement cost = json.Output.Split('\n').Where(static line => line.StartsWith('{')).Select(static line => JsonDocument.Parse(line).RootElement).Single(static record => record.Text("type") == "cost");
        Assert.InRange(cost.GetProperty("elapsed_ns").GetInt64(), 190_000_000, 5_000_000_000);
        Assert.Equal(cost.GetProperty("cpu_ns").GetInt64(), cost.GetProperty("programs").EnumerateArray().Sum(static one => one.GetProperty("cpu_ns").GetInt64()), 10.0);
    }

    [Fact]
    public void What_the_kernel_does_around_a_program_at_system_calls_is_part_of_it()
    {
        Programs.NeedRoot();
        BeginStorm();
        using var json = RunningProgram.Run(Programs.Direct, "opensnoop", "--budget", "off", "--duration", "0.5", "--json");
        JsonElement cost = json.Output.Split('\n').Where(static line => line.StartsWith('{')).Select(static line => JsonDocument.Parse(line).RootElement).Single(static record => record.Text("type") == "cost");
        JsonElement program = cost.GetProperty("programs").EnumerateArray().Single(static one => one.Text("name") == "Returned");
        long runs = program.GetProperty("runs").GetInt64(), own = program.GetProperty("program_ns").GetInt64(), all = program.GetProperty("cpu_ns").GetInt64();

        // On any machine the slow way through a system call takes tens of nanoseconds.
        Assert.True(runs > 10_000 && all > own + (runs * 10), $"{runs} runs, {own} ns in the program, {all} ns in all");
    }

    [Fact]
    public void The_kernel_is_asked_what_its_statistics_say()
    {
        Programs.NeedRoot();
        // What the program does at an open takes far longer than what measuring takes: of one that does next to nothing these statistics say no more than
        // of an empty one, or even less, because they look at the clock without waiting for what comes before.
        BeginStorm("/bin/sh", "-c", "while :; do : < /dev/null; done");
        using var json = RunningProgram.Run(Programs.Direct, "opensnoop", "--budget", "off", "--cost=exact", "--duration", "0.5", "--json");
        JsonElement cost = json.Output.Split('\n').Where(static line => line.StartsWith('{')).Select(static line => JsonDocument.Parse(line).RootElement).Single(static record => record.Text("type") == "cost");
        JsonElement program = cost.GetProperty("exact").GetProperty("programs").EnumerateArray().Single(static one => one.Text("name") == "Returned");
        long runs = program.GetProperty("runs").GetInt64(), all = program.GetProperty("kernel_ns").GetInt64(), statistics = program.GetProperty("statistics_ns").GetInt64();

        // An empty program has run beside it, and what measuring takes is a part of what was measured.
        Assert.True(runs > 10_000 && statistics > runs && all > statistics, $"{runs} runs, {all} ns, {statistics} ns of them for the statistics");
        Assert.True(program.GetProperty("program_ns").GetInt64() > 0);
        LoadedPrograms.MustAllHaveAnOwner();
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1%")]
    [InlineData("much")]
    [InlineData("101")]
    [InlineData("%")]
    public void A_budget_that_is_none(string budget) => BadInputTests.Refused(
        2, $"--budget must be a percentage above 0 and at most 100, such as 1%, or off, but is '{budget}'; see fathom opensnoop --help", Programs.Direct, "opensnoop", "--budget=" + budget);

    private void BeginStorm() => BeginStorm("/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=1");

    private void BeginStorm(string file, params string[] arguments)
    {
        for (int cpu = 0; cpu < Environment.ProcessorCount; cpu++)
        {
            _storm.Add(RunningProgram.Start(file, arguments));
        }
    }
}
