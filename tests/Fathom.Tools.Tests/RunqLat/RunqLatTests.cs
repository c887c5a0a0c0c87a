using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using Fathom.Tools.Tests.Events;
using Xunit;

namespace Fathom.Tools.Tests.RunqLat;

/// <summary>fathom runqlat beside libbpf-tools' runqlat and the kernel's own accounting.</summary>
public sealed class RunqLatTests
{
    private const int Naps = 307;

    // One that is woken on its way to sleep goes on without.
    private const int AtLeast = 300;

    // The kernel looks at its clock somewhat earlier than it says that it switches; on a busy machine that takes time too.
    private const double ClockDistanceNs = 30_000;

    [Fact]
    public void Waits_of_a_process_are_those_that_the_kernel_accounts_for()
    {
        Programs.NeedRoot();
        using var napper = new NappingProcess();
        using var tool = RunningProgram.Start(Programs.Fathom, "runqlat", "-p", Id(napper), "--json", "--budget", "off", "0.5");
        // The first report, of nothing, says that it traces.
        tool.WaitFor("histogram");
        using var witness = new SwitchWitness(napper.Id);
        var before = napper.Given;
        long others = SwitchWitness.SwitchesOfTheFirstProcess;
        napper.Wake(Naps);
        var after = napper.Given;
        others = SwitchWitness.SwitchesOfTheFirstProcess - others;
        long announced = witness.Count;
        tool.Stop();

        JsonElement[] histograms = [.. Workload.Parse(tool.Output).Where(static record => record.Text("type") == "histogram")];
        long times = after.Times - before.Times;
        Assert.True(times >= AtLeast, $"The process was given the CPU only {times} times.");
        long counted = histograms.Sum(static histogram => histogram.GetProperty("count").GetInt64());
        Assert.True(counted == announced, $"{counted} of {announced} announced, {times} in all, {others} others: {tool.Output}{tool.Errors}");
        Assert.True(announced == times || (announced < times && announced >= times - others), $"{announced} announced of {times}, with {others} others.");
        double waited = after.WaitedNs - before.WaitedNs;
        double sum = histograms.Sum(static histogram => histogram.GetProperty("sum_ns").GetInt64());
        Assert.True(Math.Abs(sum - waited) <= (waited * 0.03) + (times * ClockDistanceNs), $"{sum} ns, and {waited} ns by the kernel, in {times} waits.");
    }

    [Theory]
    [InlineData]
    [InlineData("-P")]
    [InlineData("-L")]
    [InlineData("--pidnss")]
    [InlineData("-m")]
    public void Same_waits_same_histogram(params string[] options)
    {
        Programs.NeedRoot();
        string program = Programs.Find("runqlat", "libbpf-tools");
        using var napper = new NappingProcess();
        _ = napper.Given;
        using var ours = RunningProgram.Start(Programs.Fathom, ["runqlat", "-p", Id(napper), "--budget", "off", .. options]);
        ours.WaitFor("Tracing");
        using RunningProgram peer = PeerProgram.Start(program, "sched_switch", ["-p", Id(napper), .. options]);
        napper.Wake(Naps);
        peer.Stop();
        ours.Stop();

        SortedDictionary<long, long> mine = HistogramText.Sum(ours.Output), theirs = HistogramText.Sum(peer.Output);
        string both = $"\nours:\n{ours.Output}{ours.Errors}\npeer:\n{peer.Output}{peer.Errors}";
        Assert.True(theirs.Values.Sum() >= AtLeast, "The peer saw fewer waits than there were naps." + both);
        Assert.True(Math.Abs(mine.Values.Sum() - theirs.Values.Sum()) <= theirs.Values.Sum() * 0.01, "Totals differ." + both);
        string title = options switch
        {
            ["-P"] => $"pid = {Id(napper)}, comm = sh\n",
            ["-L"] => $"tid = {Id(napper)}, comm = sh\n",
            ["--pidnss"] => "pidns = ",
            _ => "count",
        };
        Assert.Contains(title, ours.Output, StringComparison.Ordinal);
    }

    private static string Id(NappingProcess process) => process.Id.ToString(CultureInfo.InvariantCulture);
}
