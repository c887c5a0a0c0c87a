using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using Xunit;

namespace Fathom.Tools.Tests.BioLatency;

/// <summary>What a limit of a cgroup holds back before the disk, compared with what the service itself measures.</summary>
public sealed class BioLatencyHeldTests
{
    private const int Reads = 53;

    /// <summary>The service's own latencies are the waits before the disk, and what its requests took there.</summary>
    [Fact]
    public void Held_and_on_the_disk_are_what_the_service_waits()
    {
        using var disk = new LoopDisk(megabytes: 4);
        using var cgroup = new LimitedCgroup();
        cgroup.LimitReads(disk, perSecond: 40);
        var (records, service) = Trace(["-d", disk.Name, "-Q"], cgroup, disk, "--ioengine=psync");

        var held = Of(records, "held");
        Assert.InRange(Sum(held, "count"), Reads / 8, Reads);
        var (heldNs, diskNs) = (Sum(held, "sum_ns"), Sum(Of(records, "histogram"), "sum_ns"));
        // On a busy machine the service also waits for a CPU, between the wake-up and its own clock.
        Assert.True(diskNs < heldNs, $"{diskNs} ns on the disk, {heldNs} ns before it.");
        Assert.InRange(heldNs, service * 0.7, service);
        Assert.InRange(heldNs + diskNs, service * 0.7, service * 1.05);
        var note = Assert.Single(Of(records, "note")).GetProperty("text").GetString()!;
        Assert.Contains($"{cgroup.File} of cgroup /{cgroup.Name} for {disk.Name}: ", note, StringComparison.Ordinal);
        // Each bio that was held back had its sleeper.
        Assert.Equal(0, Losses(records, "held-unmeasured"));
    }

    /// <summary>Nobody sleeps for asynchronous I/O in a way that tells: it is said, and no time is made up.</summary>
    [Fact]
    public void Asynchronous_reads_that_are_held_back_are_said()
    {
        using var disk = new LoopDisk(megabytes: 4);
        using var cgroup = new LimitedCgroup();
        cgroup.LimitReads(disk, perSecond: 40);
        var (records, _) = Trace(["-d", disk.Name, "-Q"], cgroup, disk, "--ioengine=libaio", "--iodepth=8");
        Assert.Empty(Of(records, "held"));
        Assert.InRange(Losses(records, "held-unmeasured"), Reads / 2, Reads);
    }

    [Fact]
    public void A_limit_that_is_not_reached_holds_nothing_back()
    {
        using var disk = new LoopDisk(megabytes: 4);
        using var cgroup = new LimitedCgroup();
        cgroup.LimitReads(disk, perSecond: 1_000_000);
        var (records, _) = Trace(["-d", disk.Name, "-Q"], cgroup, disk, "--ioengine=psync");
        Assert.Empty(Of(records, "held"));
        Assert.Equal(0, Losses(records, "held-unmeasured"));
    }

    /// <summary>A filter that lets nothing through.</summary>
    [Fact]
    public void Waits_of_others_do_not_count()
    {
        using var disk = new LoopDisk(megabytes: 4);
        using var cgroup = new LimitedCgroup();
        cgroup.LimitReads(disk, perSecond: 40);
        var (records, _) = Trace(["-d", disk.Name, "-Q", "-p", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)], cgroup, disk, "--ioengine=psync");
        Assert.Empty(Of(records, "held"));
        Assert.InRange(Losses(records, "held"), Reads / 8, Reads);
    }

    [Fact]
    public void Without_the_queue_the_limit_is_named()
    {
        using var disk = new LoopDisk(megabytes: 4);
        using var other = new LoopDisk(megabytes: 1);
        using var cgroup = new LimitedCgroup();
        cgroup.LimitReads(disk, perSecond: 1_000);
        cgroup.LimitReads(other, perSecond: 1_000);
        var (records, _) = Trace(["-d", disk.Name], cgroup, disk, "--ioengine=psync");
        Assert.Empty(Of(records, "held"));
        var note = Assert.Single(Of(records, "note")).GetProperty("text").GetString()!;
        Assert.StartsWith("not in the histogram: ", note, StringComparison.Ordinal);
        Assert.Contains($" for {disk.Name}: ", note, StringComparison.Ordinal);
        Assert.DoesNotContain($" for {other.Name}: ", note, StringComparison.Ordinal);
    }

    private static (List<JsonElement> Records, double ServiceNs) Trace(
        IEnumerable<string> options, LimitedCgroup cgroup, LoopDisk disk, params IEnumerable<string> engine)
    {
        Programs.NeedRoot();
        using var tool = RunningProgram.Start(Programs.Fathom, ["biolatency", "1", "--json", .. options]);
        tool.WaitFor("histogram");
        // Direct reads at random places, alone: neither the cache nor a merge answers one.
        using var service = cgroup.Run(Programs.Find("fio", "fio"), [
            "--name=service", $"--filename={disk.Device}", "--direct=1", "--rw=randread", "--bs=4k", "--norandommap", "--size=4m", "--io_size=1g",
            $"--number_ios={Reads}", "--output-format=json", .. engine]);
        tool.Stop();
        Assert.True(tool.ExitCode == 0, tool.Errors);
        List<JsonElement> records = [.. tool.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];
        using var measured = JsonDocument.Parse(service.Output[service.Output.IndexOf('{', StringComparison.Ordinal)..]);
        var reads = measured.RootElement.GetProperty("jobs")[0].GetProperty("read");
        Assert.Equal(Reads, reads.GetProperty("total_ios").GetInt32());
        var latency = reads.GetProperty("lat_ns");
        return (records, latency.GetProperty("mean").GetDouble() * Reads);
    }

    private static List<JsonElement> Of(List<JsonElement> records, string type) =>
        records.FindAll(record => record.GetProperty("type").GetString() == type && (type == "note" || record.GetProperty("count").GetInt64() > 0));

    private static double Sum(List<JsonElement> records, string field) => records.Sum(record => record.GetProperty(field).GetDouble());

    private static long Losses(List<JsonElement> records, string kind) => Of(records, "loss")
        .Where(record => record.GetProperty("kind").GetString() == kind)
        .Sum(static record => record.GetProperty("count").GetInt64());
}
