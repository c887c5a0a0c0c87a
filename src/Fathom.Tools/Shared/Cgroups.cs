using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Fathom.Runtime;
using Fathom.Runtime.Interop;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Shared;

/// <summary>Finds cgroups as people write them.</summary>
/// <param name="mounts">The list of mounts.</param>
internal sealed class Cgroups(string mounts = "/proc/self/mountinfo")
{
    /// <summary>The absolute path of the directory of a cgroup of version 2.</summary>
    /// <param name="path">An absolute path, or one below the place where cgroup2 is mounted.</param>
    /// <exception cref="CannotRunException">There is no such cgroup.</exception>
    public string Find(string path)
    {
        string resolved = Resolve(path);
        string advice = Mount() is { } mount
            ? $"give the path of a directory below {mount}"
            : "no cgroup2 is mounted here, which mount -t cgroup2 none DIRECTORY would do";
        if (!Directory.Exists(resolved))
        {
            throw new CannotRunException($"there is no cgroup '{resolved}': {advice}");
        }

        return IsCgroup(resolved)
            ? resolved
            : throw new CannotRunException($"'{resolved}' is not a cgroup of version 2: {advice}");
    }

    /// <summary>The number that the kernel has for a cgroup: that of its directory's inode.</summary>
    /// <param name="path">Its directory.</param>
    /// <exception cref="CannotRunException">It is not there any more.</exception>
    public static ulong NumberOf(string path)
    {
        KernelCalls calls = Runtime.Kernel.Running.Calls;
        using KernelDescriptor? directory = calls.Open(path, out _);
        return (directory is null ? null : calls.StatusOf(directory.Value)?.Inode) ?? throw new CannotRunException($"the cgroup '{path}' is gone");
    }

    /// <summary>The absolute path of a cgroup. <c>/proc/PID/cgroup</c> writes them relative to the mount, with a slash before.</summary>
    internal string Resolve(string path)
    {
        // What is a directory but no cgroup may be one below the mount: "/" is the first of all.
        if (Path.IsPathRooted(path) && IsCgroup(path))
        {
            return path;
        }

        string? mount = Mount();
        string below = mount is null ? path : Path.Join(mount, path);
        return Path.IsPathRooted(path) && !Directory.Exists(below) ? path : below;
    }

    // Every cgroup of version 2 has this file, and none of version 1.
    private static bool IsCgroup(string path) => File.Exists(Path.Combine(path, "cgroup.controllers"));

    /// <summary>Where cgroup2 is mounted; null if nowhere.</summary>
    internal string? Mount()
    {
        try
        {
            // ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS [FIELDS...] - TYPE ..., with a space in a name written as \040.
            IEnumerable<string[]> lines = File.ReadLines(mounts).Select(static line => line.Split(' '));
            return lines
                .Where(static fields => Array.IndexOf(fields, "-") is > 4 and int dash && dash + 1 < fields.Length && fields[dash + 1] == "cgroup2")
                .Select(static fields => fields[4].Replace(@"\040", " ", StringComparison.Ordinal))
                .FirstOrDefault();
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return null;
        }
    }
}
