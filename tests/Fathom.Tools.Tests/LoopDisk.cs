using System;
using System.IO;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>A disk of our own: a loop device on a file, so that the machine's other requests do not count. Removed when disposed.</summary>
internal sealed class LoopDisk : IDisposable
{
    private readonly string _losetup;
    private readonly string _file;

    public LoopDisk(int megabytes)
    {
        _losetup = Programs.Find("losetup", "mount");
        _file = Path.Combine("/var/tmp", $"fathom-test-{Environment.ProcessId}-{Guid.NewGuid():N}");
        using (var stream = new FileStream(_file, FileMode.CreateNew))
        {
            // Written, not only sized: reads of a hole never reach a disk.
            var block = new byte[1 << 20];
            Random.Shared.NextBytes(block);
            for (var i = 0; i < megabytes; i++)
            {
                stream.Write(block);
            }

            stream.Flush(flushToDisk: true);
        }

        using var setup = RunningProgram.Run(_losetup, "--find", "--show", "--direct-io=on", _file);
        if (setup.ExitCode != 0)
        {
            File.Delete(_file);
            Assert.Skip($"No loop device can be had: {setup.Errors.Trim()}");
        }

        Device = setup.Output.Trim();
        // Two requests that were merged would be one: what is counted is then not what was made.
        Set("nomerges", "2");
    }

    /// <summary>Its path, <c>/dev/loop0</c>.</summary>
    public string Device { get; }

    /// <summary>Its name, <c>loop0</c>.</summary>
    public string Name => Path.GetFileName(Device);

    /// <summary>Sets an attribute of its queue.</summary>
    public void Set(string attribute, string value) => File.WriteAllText($"/sys/block/{Name}/queue/{attribute}", value);

    public void Dispose()
    {
        Set("nomerges", "0");
        Set("scheduler", "none");
        RunningProgram.Run(_losetup, "--detach", Device).Dispose();
        File.Delete(_file);
    }
}
