using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>fathom biolatency and libbpf-tools' biolatency over the same requests in the same run.</summary>
public sealed class BioLatencyPeerTests
{
    private const int Requests = 20_111;

    // Some of the requests may still be merged into one on their way: what counts is that both tools see the same.
    private const int AtLeast = 20_000;

    // How far apart the two tools read the clock, for one request: the first one's program runs before the second one's, with a cold cache.
    private const double ClockDistanceUs = 1;

    [Theory]
    [InlineData(new string[0], new string[0])]
    [InlineData(new[] { "-Q" }, new[] { "-Q" })]
    [InlineData(new[] { "-D" }, new[] { "-D" })]
    [InlineData(new[] { "-F" }, new[] { "-F" })]
    [InlineData(new[] { "-D", "-F" }, new[] { "-D", "-F" })]
    [InlineData(new[] { "-m" }, new[] { "-m" })]
    public void Same_requests_same_histogram(string[] options, string[] peerOptions)
    {
        Programs.NeedRoot();
        var peerProgram = Programs.Find("biolatency", "libbpf-tools");
        using var disk = new LoopDisk(megabytes: 64);
        // Without a scheduler the peer's -Q forgets that a request waited when it is issued; with one, both begin at its insertion.
        disk.Set("scheduler", "mq-deadline");

        using var ours = RunningProgram.Start(Programs.Fathom, ["biolatency", "-d", disk.Name, .. options]);
        ours.WaitFor("Tracing");
        using var peer = PeerProgram.Start(peerProgram, "block_rq_complete", ["-d", disk.Name, .. peerOptions]);
        ReadAndWrite(disk, Requests);
        peer.Stop();
        ours.Stop();

        var oursByBucket = HistogramText.Sum(ours.Output);
        var peerByBucket = HistogramText.Sum(peer.Output);
        var oursTotal = oursByBucket.Values.Sum();
        var peerTotal = peerByBucket.Values.Sum();
        var both = $"\nours:\n{ours.Output}{ours.Errors}\npeer:\n{peer.Output}{peer.Errors}";
        Assert.True(peerTotal >= AtLeast, "The peer saw fewer requests than were made." + both);
        Assert.True(Math.Abs(oursTotal - peerTotal) <= peerTotal * 0.005, $"Totals differ: {oursTotal} and {peerTotal}." + both);
        foreach (var low in oursByBucket.Keys.Union(peerByBucket.Keys))
        {
            var (mine, theirs) = (oursByBucket.GetValueOrDefault(low), peerByBucket.GetValueOrDefault(low));
            var tolerance = Math.Max(3, Math.Max(theirs * 0.02, NearEdges(peerByBucket, low)));
            Assert.True(Math.Abs(mine - theirs) <= tolerance, $"Bucket {low}: {mine} and {theirs}." + both);
        }
    }

    // Requests that lie so near to an edge of a bucket that the two clock readings may put them on either side: as many as the buckets
    // beside the edge hold on average within that time.
    private static double NearEdges(SortedDictionary<long, long> buckets, long low)
    {
        double Density(long start) => start < 2 ? 0 : (double)buckets.GetValueOrDefault(start) / start;
        return ClockDistanceUs * (Density(low) + Math.Max(Density(low / 2), Density(low * 2)));
    }

    [Fact]
    public void Sums_by_disk_and_by_flags_equal_the_total()
    {
        Programs.NeedRoot();
        using var disk = new LoopDisk(megabytes: 64);
        string[][] options = [[], ["-D"], ["-F"], ["-D", "-F"]];
        var running = options
            .Select(option => RunningProgram.Start(Programs.Fathom, ["biolatency", "-d", disk.Name, .. option]))
            .ToList();
        try
        {
            running.ForEach(static tool => tool.WaitFor("Tracing"));
            ReadAndWrite(disk, Requests);
            running.ForEach(static tool => tool.Stop());
            var totals = running.Select(static tool => HistogramText.Sum(tool.Output).Values.Sum()).ToList();
            Assert.True(totals[0] >= AtLeast);
            Assert.All(totals, total => Assert.Equal(totals[0], total));
            Assert.Contains($"disk = {disk.Name}", running[1].Output, StringComparison.Ordinal);
            Assert.Contains("flags = ", running[2].Output, StringComparison.Ordinal);
            Assert.True(HistogramText.Parse(running[2].Output).Count >= 2, running[2].Output);
        }
        finally
        {
            running.ForEach(static tool => tool.Dispose());
        }
    }

    [Fact]
    public void Every_request_of_a_cgroup_counts_and_no_other()
    {
        Programs.NeedRoot();
        const int reads = 2_000;
        using var disk = new LoopDisk(megabytes: 16);
        using var cgroup = new TestCgroup();
        using var empty = new TestCgroup();

        using var ours = RunningProgram.Start(Programs.Fathom, "biolatency", "-d", disk.Name, "-c", cgroup.Path);
        using var nothing = RunningProgram.Start(Programs.Fathom, "biolatency", "-d", disk.Name, "-c", empty.Path);
        ours.WaitFor("Tracing");
        nothing.WaitFor("Tracing");
        // The shell moves itself into the cgroup and then becomes dd.
        cgroup.Run("dd", $"if={disk.Device}", "of=/dev/null", "bs=4k", "iflag=direct", $"count={reads}");
        // The same outside: not one of these may count.
        RunningProgram.Run("dd", $"if={disk.Device}", "of=/dev/null", "bs=4k", "iflag=direct", "count=501").Dispose();
        ours.Stop();
        nothing.Stop();

        // A kernel may spare a task of its own choice from programs, and with it the completions that interrupt this task: what it did not
        // show is said, request by request.
        var counted = HistogramText.Sum(ours.Output).Values.Sum();
        var said = SumOfLosses(ours.Errors);
        Assert.True(counted + said == reads, $"Of {reads}, {counted} were counted and {said} said to be lost.\n{ours.Output}{ours.Errors}");
        Assert.InRange(counted, reads * 9 / 10, reads);
        Assert.Empty(HistogramText.Sum(nothing.Output));
    }

    /// <summary>On a disk and a file system of its own: on the machine's the kernel may have more to write, and write this with it.</summary>
    [Fact]
    public void What_the_end_of_a_process_writes_is_its()
    {
        Programs.NeedRoot();
        using var disk = new LoopDisk(64);
        using var folder = new MountedFolder(disk.Device);
        var (file, done, gate) = (folder.Path + "/replaced", folder.Path + "/done", folder.Path + "/gate");
        File.WriteAllText(file, "before");
        RunningProgram.Run("/bin/sync", file).Dispose();

        // What sync writes, if anything is left, is written outside of the command.
        using var traced = RunningProgram.Start(
            Programs.Direct, "biolatency", "-F", "--", "/bin/sh", "-c", $"{Events.Workload.Program} replace {file} 1048576; : >{done}; until [ -e {gate} ]; do sleep 0.05; done");
        while (!File.Exists(done))
        {
            Assert.False(traced.HasEnded, traced.Errors);
            Thread.Sleep(5);
        }

        RunningProgram.Run("/bin/sync", file).Dispose();
        File.WriteAllText(gate, "");
        traced.WaitForExit();
        Assert.Contains("flags = Write", traced.Output, StringComparison.Ordinal);
    }

    // "requests not counted, because ...: 7"
    private static long SumOfLosses(string errors) => errors.Split('\n')
        .Where(static line => line.StartsWith("requests not counted, ", StringComparison.Ordinal))
        .Sum(static line => long.Parse(line[(line.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture));

    private static void ReadAndWrite(LoopDisk disk, int requests)
    {
        var fio = Programs.Find("fio", "fio");
        using var load = RunningProgram.Run(
            fio,
            "--name=load", $"--filename={disk.Device}", "--direct=1", "--rw=randrw", "--ioengine=libaio", "--iodepth=2", "--size=64m",
            // Many sizes make many latencies, so that few lie near the edge of any bucket.
            "--bsrange=4k-128k", "--norandommap", "--io_size=20g",
            $"--number_ios={requests.ToString(CultureInfo.InvariantCulture)}");
        Assert.True(load.ExitCode == 0, load.Errors);
    }
}

/// <summary>A cgroup of our own, removed when disposed.</summary>
internal sealed class TestCgroup : IDisposable
{
    private static readonly string[] Hierarchies = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

    public TestCgroup()
    {
        var root = Hierarchies.FirstOrDefault(static folder => File.Exists(System.IO.Path.Combine(folder, "cgroup.controllers")));
        Assert.SkipWhen(root is null, "There is no cgroup v2 hierarchy.");
        Path = System.IO.Path.Combine(root!, $"fathom-test-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    /// <summary>Runs a program inside, from its first instruction on.</summary>
    public void Run(string file, params IEnumerable<string> arguments)
    {
        using var program = RunningProgram.Run("/bin/sh", ["-c", "echo $$ > \"$0/cgroup.procs\"; exec \"$@\"", Path, file, .. arguments]);
        Assert.True(program.ExitCode == 0, program.Errors);
    }

    public void Dispose() => Directory.Delete(Path);
}
