using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>A cgroup of our own whose I/O can be limited, of version 1 or 2. Removed when disposed.</summary>
internal sealed class LimitedCgroup : IDisposable
{
    private static readonly (string Folder, bool IsVersion2)[] Hierarchies = [("/sys/fs/cgroup/blkio", false), ("/sys/fs/cgroup", true), ("/sys/fs/cgroup/unified", true)];

    private readonly string _path;
    private readonly bool _isVersion2;

    public LimitedCgroup()
    {
        Programs.NeedRoot();
        Name = $"fathom-test-{Guid.NewGuid():N}";
        foreach (var (folder, isVersion2) in Hierarchies.Where(static one => Directory.Exists(one.Folder) && (!one.IsVersion2 || HasIo(one.Folder))))
        {
            if (isVersion2)
            {
                System.IO.File.WriteAllText(Path.Combine(folder, "cgroup.subtree_control"), "+io");
            }

            (_path, _isVersion2) = (Path.Combine(folder, Name), isVersion2);
            Directory.CreateDirectory(_path);
            if (System.IO.File.Exists(Path.Combine(_path, File)))
            {
                return;
            }

            Directory.Delete(_path);
        }

        Assert.Skip("No cgroup hierarchy here has io.max or blkio.throttle.read_iops_device (CONFIG_BLK_DEV_THROTTLING).");
        throw new InvalidOperationException();
    }

    /// <summary>Its name below the mount.</summary>
    public string Name { get; }

    /// <summary>The file that limits reads.</summary>
    public string File => _isVersion2 ? "io.max" : "blkio.throttle.read_iops_device";

    /// <summary>Limits the reads of a disk.</summary>
    public void LimitReads(LoopDisk disk, int perSecond)
    {
        var number = System.IO.File.ReadAllText($"/sys/block/{disk.Name}/dev").Trim();
        System.IO.File.WriteAllText(Path.Combine(_path, File), _isVersion2 ? $"{number} riops={perSecond}" : $"{number} {perSecond}");
    }

    /// <summary>Runs a program inside, from its first instruction on.</summary>
    public RunningProgram Run(string file, params IEnumerable<string> arguments)
    {
        var program = RunningProgram.Run("/bin/sh", ["-c", "echo $$ > \"$0/cgroup.procs\"; exec \"$@\"", _path, file, .. arguments]);
        Assert.True(program.ExitCode == 0, program.Errors);
        return program;
    }

    public void Dispose() => Directory.Delete(_path);

    private static bool HasIo(string folder) =>
        Path.Combine(folder, "cgroup.controllers") is var list && System.IO.File.Exists(list) && System.IO.File.ReadAllText(list).Split(' ', '\n').Contains("io");
}
