using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Shared;

namespace Fathom.Tools.BioLatency;

/// <summary>A limit that holds I/O back before it is queued.</summary>
/// <param name="File">The file that sets it, such as <c>io.max</c>.</param>
/// <param name="Cgroup">The cgroup, as a path below the mount.</param>
/// <param name="Device">The disk.</param>
/// <param name="Setting">What is set there.</param>
internal sealed record IoLimit(string File, string Cgroup, DeviceNumber Device, string Setting)
{
    /// <summary>Whether it holds bios back before they are submitted; otherwise it lets the submitter wait for a request.</summary>
    public bool IsThrottle => File is not (IoLimits.Latency or IoLimits.Cost);
}

/// <summary>Finds the limits that are set on the I/O of cgroups, of version 1 and 2.</summary>
/// <param name="mounts">The list of mounts.</param>
internal sealed class IoLimits(string mounts = "/proc/self/mountinfo")
{
    /// <summary>Gives those a request who wait longer than they may before others.</summary>
    public const string Latency = "io.latency";

    /// <summary>Gives requests by a model of what they cost.</summary>
    public const string Cost = "io.cost.qos";

    // A cgroup's file has a line for each disk that something is set for.
    private static readonly string[] s_files2 = ["io.max", Latency, Cost];

    private static readonly string[] s_files1 =
    [
        "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device", "blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device",
    ];

    private static readonly EnumerationOptions s_below = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
    };

    /// <summary>What is set now. What cannot be read is not there.</summary>
    /// <param name="process">Only what applies to this process; 0 for all.</param>
    public IReadOnlyList<IoLimit> Find(int process = 0)
    {
        var limits = new List<IoLimit>();
        string[] own = process == 0 ? [] : ReadLines($"/proc/{process}/cgroup");
        foreach ((string mount, bool isVersion2) in Mounts())
        {
            IEnumerable<string> folders = [mount];
            if (process == 0)
            {
                folders = folders.Concat(Below(mount));
            }
            else if (PathOf(own, isVersion2) is { } path)
            {
                folders = folders.Concat(Along(mount, path));
            }

            foreach (string folder in folders)
            {
                foreach (string file in isVersion2 ? s_files2 : s_files1)
                {
                    limits.AddRange(ReadLines(Path.Combine(folder, file)).Select(line => Parse(file, folder[mount.Length..], line)).OfType<IoLimit>());
                }
            }
        }

        return limits;
    }

    // 254:0 rbps=1048576 wbps=max riops=max wiops=max
    // 254:0 target=75
    // 254:0 enable=1 ctrl=auto rpct=95.00 rlat=250 [...]
    // 254:0 20
    private static IoLimit? Parse(string file, string cgroup, string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !DeviceNumber.TryParse(words[0], out DeviceNumber device) || words[1] == "enable=0")
        {
            return null;
        }

        IEnumerable<string> settings = words.Skip(1).Where(static word => !word.EndsWith("=max", StringComparison.Ordinal));
        string setting = file == Cost ? "enabled" : string.Join(' ', settings);
        return setting.Length == 0 ? null : new(file, cgroup.Length == 0 ? "/" : cgroup, device, setting);
    }

    private IEnumerable<(string Mount, bool IsVersion2)> Mounts() => ReadLines(mounts).Select(static line => line.Split(' '))
        .Where(static fields => Array.IndexOf(fields, "-") is > 4 and int dash && dash + 3 < fields.Length)
        .Select(static fields => (Point: fields[4].Replace(@"\040", " ", StringComparison.Ordinal), Type: fields[Array.IndexOf(fields, "-") + 1], Options: fields[Array.IndexOf(fields, "-") + 3]))
        .Where(static mount => mount.Type == "cgroup2" || (mount.Type == "cgroup" && mount.Options.Split(',').Contains("blkio")))
        .DistinctBy(static mount => mount.Type)
        .Select(static mount => (mount.Point, mount.Type == "cgroup2"));

    // ID:CONTROLLERS:PATH, where version 2 is 0::PATH.
    private static string? PathOf(string[] own, bool isVersion2) => own.Select(static line => line.Split(':', 3))
        .Where(fields => fields.Length == 3 && (isVersion2 ? fields[0] == "0" : fields[1].Split(',').Contains("blkio")))
        .Select(static fields => fields[2])
        .FirstOrDefault();

    // The cgroups on the way to one.
    private static IEnumerable<string> Along(string mount, string path)
    {
        string at = mount;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(static name => name != ".."))
        {
            at = Path.Combine(at, name);
            yield return at;
        }
    }

    private static IEnumerable<string> Below(string mount)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(mount, "*", s_below)];
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return [];
        }
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            // A cgroup ends while it is read, and not everybody may read.
            return [];
        }
    }
}
