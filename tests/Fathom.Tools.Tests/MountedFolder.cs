using System;
using System.IO;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>A new ext4 file system on a disk of our own, mounted in a folder of its own. Unmounted and removed when disposed.</summary>
internal sealed class MountedFolder : IDisposable
{
    public MountedFolder(string device)
    {
        RunToEnd(Programs.Find("mkfs.ext4", "e2fsprogs"), "-q", "-F", device);
        Path = Directory.CreateTempSubdirectory("fathom-test-").FullName;
        RunToEnd(Programs.Find("mount", "mount"), device, Path);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    public void Dispose()
    {
        RunToEnd(Programs.Find("umount", "mount"), Path);
        Directory.Delete(Path);
    }

    private static void RunToEnd(string program, params string[] arguments)
    {
        using RunningProgram run = RunningProgram.Run(program, arguments);
        Assert.True(run.ExitCode == 0, run.Errors);
    }
}
