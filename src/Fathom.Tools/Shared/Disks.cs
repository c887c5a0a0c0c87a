using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Shared;

/// <summary>The number of a block device.</summary>
/// <param name="Major">Its driver.</param>
/// <param name="Minor">Which of the driver's.</param>
internal readonly record struct DeviceNumber(uint Major, uint Minor)
{
    // https://github.com/torvalds/linux/blob/v6.18/include/linux/kdev_t.h#L7
    private const int MinorBits = 20;

    /// <summary>The <c>dev_t</c> inside the kernel, which is not that of stat(2).</summary>
    public uint InKernel => (Major << MinorBits) | Minor;

    /// <summary>From a <c>dev_t</c> inside the kernel.</summary>
    public static DeviceNumber FromKernel(uint device) => new(device >> MinorBits, device & ((1u << MinorBits) - 1));

    /// <summary>As sysfs writes it: <c>254:0</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}:{Minor}");

    /// <summary>Reads what sysfs writes.</summary>
    public static bool TryParse(string text, out DeviceNumber device)
    {
        string[] parts = text.Trim().Split(':');
        device = default;
        if (parts.Length != 2 ||
            !uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out uint major) ||
            !uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint minor))
        {
            return false;
        }

        device = new(major, minor);
        return true;
    }
}

/// <summary>A whole disk, which is what requests are made to.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Device">Its number.</param>
/// <param name="Partition">The partition that was asked for instead; null if it was the disk itself.</param>
internal sealed record Disk(string Name, DeviceNumber Device, string? Partition);

/// <summary>The disks of this machine, from sysfs.</summary>
/// <param name="sysfs">Where sysfs is mounted.</param>
internal sealed class Disks(string sysfs = "/sys")
{
    private const string Dev = "/dev/";
    private readonly Dictionary<DeviceNumber, string> _lastNames = [];

    /// <summary>A disk by its name, with or without <c>/dev/</c>, or by a link to it. A partition stands for its disk.</summary>
    /// <exception cref="CannotRunException">There is no such disk; the message names those there are.</exception>
    public Disk Find(string name)
    {
        string wanted = SysfsName(name);
        string folder = Path.Combine(sysfs, "class/block");

        // Compared with what is there rather than put into a path, which it could leave.
        if (!EntriesOf(folder).Contains(wanted))
        {
            throw Unknown(name);
        }

        string entry = Path.Combine(folder, wanted);
        string? partition = null;
        if (File.Exists(Path.Combine(entry, "partition")))
        {
            // sysfs has a partition's folder inside that of its disk, and class/block links to both.
            partition = wanted;
            string inside = Directory.ResolveLinkTarget(entry, returnFinalTarget: true)?.FullName ?? entry;
            entry = Path.GetDirectoryName(inside) ?? throw Unknown(name);
        }

        if (!TryRead(Path.Combine(entry, "dev"), out string text) || !DeviceNumber.TryParse(text, out DeviceNumber device))
        {
            throw Unknown(name);
        }

        return new(Shown(Path.GetFileName(entry)), device, partition is null ? null : Shown(partition));
    }

    /// <summary>The name of a disk; its number if it has none (any more).</summary>
    /// <remarks>Looked up anew each time: a disk may appear, or another take its number, while a tool runs.</remarks>
    public string NameOf(DeviceNumber device)
    {
        try
        {
            FileSystemInfo? link = Directory.ResolveLinkTarget(Path.Combine(sysfs, "dev/block", device.ToString()), returnFinalTarget: false);
            if (link is not null)
            {
                return _lastNames[device] = Shown(link.Name);
            }
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            // It is gone, or never had a name: requests that it had are shown none the less.
        }

        return _lastNames.GetValueOrDefault(device) ?? device.ToString();
    }

    // sysfs cannot have a slash in a name, and writes an exclamation mark: cciss/c0d0 is cciss!c0d0.
    private static string Shown(string name) => name.Replace('!', '/');

    private static string SysfsName(string name)
    {
        if (name.StartsWith(Dev, StringComparison.Ordinal))
        {
            try
            {
                // /dev/disk/by-id/... and /dev/mapper/... are links.
                name = File.ResolveLinkTarget(name, returnFinalTarget: true)?.FullName ?? name;
            }
            catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
            {
                // Then the name is looked up as it is.
            }

            name = name.StartsWith(Dev, StringComparison.Ordinal) ? name[Dev.Length..] : name;
        }

        return name.Replace('/', '!');
    }

    private static bool TryRead(string path, out string text)
    {
        try
        {
            text = File.ReadAllText(path);
            return true;
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            text = "";
            return false;
        }
    }

    private static HashSet<string> EntriesOf(string folder) => Directory.Exists(folder)
        ? [.. Directory.EnumerateFileSystemEntries(folder).Select(static entry => Path.GetFileName(entry))]
        : [];

    private CannotRunException Unknown(string name)
    {
        string[] disks = [.. EntriesOf(Path.Combine(sysfs, "block")).Select(Shown).Order(StringComparer.Ordinal)];
        return new(disks.Length == 0
            ? $"there is no disk '{name}', and none is listed in {sysfs}/block: is sysfs mounted?"
            : $"there is no disk '{name}': choose one of {string.Join(", ", disks)}");
    }
}
