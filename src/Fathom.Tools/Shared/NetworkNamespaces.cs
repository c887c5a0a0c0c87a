using System;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Tools.Shared;

/// <summary>The network namespaces of this machine, by the numbers that the kernel gives them.</summary>
/// <param name="procfs">Where procfs is mounted.</param>
internal sealed class NetworkNamespaces(string procfs = "/proc")
{
    private const string Prefix = "net:[";

    /// <summary>The number of a namespace.</summary>
    /// <param name="namespace">A name of <c>ip netns</c>, the path of its file, or the number itself.</param>
    /// <exception cref="CannotRunException">There is no such namespace.</exception>
    public uint Find(NameOrNumber @namespace)
    {
        string name = @namespace.Name, path = name.StartsWith('/') ? name : "/run/netns/" + name;
        return @namespace.Number ?? OfLink(path) ?? OfMount(path) ?? throw new CannotRunException(
            $"there is no network namespace '{name}': give a name that ip netns shows, a path such as /proc/PID/ns/net, or a number");
    }

    /// <summary>The number of the namespace that a process is in; null if that cannot be seen.</summary>
    /// <param name="process">The process, or <c>self</c>.</param>
    public uint? OfProcess(string process) => OfLink(Path.Combine(procfs, process, "ns/net"));

    private static uint? OfLink(string path)
    {
        try
        {
            return Parse(new FileInfo(path).LinkTarget);
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return null;
        }
    }

    private static uint? Parse(string? link) =>
        link is not null && link.StartsWith(Prefix, StringComparison.Ordinal) && link.EndsWith(']')
        && uint.TryParse(link.AsSpan(Prefix.Length, link.Length - Prefix.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : null;

    // A name is a file that the namespace is mounted on: ID PARENT DEVICE ROOT MOUNTPOINT ..., where ROOT is the namespace.
    private uint? OfMount(string path)
    {
        try
        {
            string mounted = path.StartsWith("/var/run/", StringComparison.Ordinal) ? path[4..] : path;
            return File.ReadLines(Path.Combine(procfs, "self/mountinfo"))
                .Select(static line => line.Split(' '))
                .Where(fields => fields.Length > 4 && fields[4] == mounted)
                .Select(static fields => Parse(fields[3]))
                .LastOrDefault(static number => number is not null);
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return null;
        }
    }
}
