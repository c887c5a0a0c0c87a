using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Fathom.Tools.BioLatency;
using Xunit;

namespace Fathom.Tools.Tests.BioLatency;

/// <summary>Limits as the files of cgroups tell them.</summary>
public sealed class IoLimitsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fathom-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Both_versions_are_read_with_all_cgroups()
    {
        Write("v2/system.slice/a.service/io.max", "254:0 rbps=1048576 wbps=max riops=max wiops=20\n8:16 rbps=max wbps=max riops=max wiops=max\n");
        Write("v2/b/io.latency", "8:0 target=75\n");
        Write("v2/io.cost.qos", "8:0 enable=0 ctrl=auto\n254:0 enable=1 ctrl=auto rpct=95.00 rlat=250\n");
        Write("v1/c/blkio.throttle.write_bps_device", "254:0 4096\n");
        Write("v1/blkio.throttle.read_iops_device", "nonsense\n:\n1:2\n99999999999:0 1\n");
        Write("other/d/io.max", "254:0 riops=1\n");
        IoLimit[] limits = [.. Find(Mounts).Order(System.Collections.Generic.Comparer<IoLimit>.Create(static (a, b) => string.CompareOrdinal(a.Cgroup, b.Cgroup)))];
        Assert.Equal(
            [
                new("io.cost.qos", "/", new(254, 0), "enabled"),
                new("io.latency", "/b", new(8, 0), "target=75"),
                new("blkio.throttle.write_bps_device", "/c", new(254, 0), "4096"),
                new("io.max", "/system.slice/a.service", new(254, 0), "rbps=1048576 wiops=20"),
            ],
            limits);
        Assert.Equal([false, false, true, true], limits.Select(static limit => limit.IsThrottle));
    }

    [Fact]
    public void Nothing_is_found_where_nothing_is_mounted()
    {
        Assert.Empty(Find("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\nbroken\n"));
        Assert.Empty(new IoLimits(Path.Combine(_folder, "nothing")).Find());
    }

    [Fact]
    public void The_notes_say_what_is_in_no_histogram()
    {
        IoLimit[] limits =
        [
            new("io.max", "/a", new(8, 0), "riops=1"), new("io.max", "/b", new(8, 16), "riops=2"), new("io.latency", "/a", new(8, 0), "target=75"),
        ];
        Assert.Equal(
            [
                "not in the histogram: how long these limits hold I/O back (-Q tells it apart): io.max of cgroup /a for disk 800000: riops=1; io.max of cgroup /b for disk 800010: riops=2",
                "what these limits hold back is submitted by a kernel thread, so that it does not count for -p, --comm, -c or -- COMMAND",
                "not in the histogram: how long I/O waits for a request because of io.latency of cgroup /a for disk 800000: target=75",
            ],
            Notes(false, true, 0, limits));
        Assert.Equal(
            ["the histogram begins where these limits let I/O go; how long they hold it back is told apart: io.max of cgroup /b for disk 800010: riops=2"],
            Notes(true, true, (8 << 20) | 16, limits));
        Assert.Empty(Notes(true, true, 1, limits));
        Assert.EndsWith("riops=1; and 2 more", Notes(true, false, 0, [.. Enumerable.Repeat(limits[0], 6)])[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_that_was_changed_or_taken_away_is_named_if_it_held_something_back()
    {
        IoLimit slow = new("io.max", "/a", new(8, 0), "riops=40"), slower = slow with { Setting = "riops=20" }, other = slow with { Device = new(8, 16) };
        IReadOnlyList<IoLimit> now = [];
        var watch = new IoLimitWatch(new IoLimitNotes(true, false, (8 << 20) | 0, static device => $"disk {device:x}"), () => now);
        string[] End(bool hasHeld) => [.. watch.AtEnd(hasHeld).Select(static note => note.Text)];
        Assert.Empty(End(false));
        Assert.Equal(["the limit that held I/O back is not set any more; reports at intervals would have named it"], End(true));
        now = [slow, other];
        watch.Look();
        watch.Look();
        now = [slower, other];
        watch.Look();
        now = [other];
        Assert.Equal(
            ["these limits were set for a time while tracing, and held I/O back too: io.max of cgroup /a for disk 800000: riops=40; io.max of cgroup /a for disk 800000: riops=20"],
            End(true));
        now = [slower];
        Assert.Equal(
            [
                "the histogram begins where these limits let I/O go; how long they hold it back is told apart: io.max of cgroup /a for disk 800000: riops=20",
                "these limits were set for a time while tracing, and held I/O back too: io.max of cgroup /a for disk 800000: riops=40",
            ],
            End(true));
    }

    private static string[] Notes(bool isQueued, bool bySubmitter, uint disk, IoLimit[] limits) =>
        [.. new IoLimitNotes(isQueued, bySubmitter, disk, static device => $"disk {device:x}").Of(limits, [], false).Select(static note => note.Text)];

    private string Mounts =>
        $"""
        31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
        38 31 0:35 / {_folder}/v1 rw,relatime - cgroup cgroup rw,cpu,blkio
        39 31 0:36 / {_folder}/other rw,relatime shared:1 - cgroup cgroup rw,pids
        41 31 0:38 / {_folder}/v2 rw,relatime shared:1 - cgroup2 cgroup2 rw
        """;

    private IReadOnlyList<IoLimit> Find(string mounts)
    {
        Write("mountinfo", mounts);
        return new IoLimits(Path.Combine(_folder, "mountinfo")).Find();
    }

    private void Write(string path, string text)
    {
        string full = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
