using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Runtime.Interop;

namespace Fathom.Tools.Hosting;

/// <summary>
/// A command's arguments and environment in the bytes that this process was given. Linux has no characters there, and what is no UTF-8 does not survive
/// being made a string.
/// </summary>
internal static class CommandBytes
{
    /// <summary>The arguments.</summary>
    /// <param name="calls">The system calls.</param>
    /// <param name="command">The command as the end of this process's own command line.</param>
    public static IReadOnlyList<byte[]> Arguments(KernelCalls calls, IReadOnlyList<string> command)
    {
        byte[][] own = [.. Entries(calls, "/proc/self/cmdline").TakeLast(command.Count)];
        return own.Length == command.Count && own.Select(Encoding.UTF8.GetString).SequenceEqual(command, StringComparer.Ordinal)
            ? own
            : [.. command.Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>The environment, with some variables in place of those that there are.</summary>
    public static IReadOnlyList<byte[]> Environment(KernelCalls calls, params IReadOnlyList<(string Name, string Value)> variables)
    {
        List<byte[]> all = Entries(calls, "/proc/self/environ");
        if (all.Count == 0)
        {
            // Without procfs.
            foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
            {
                all.Add(Encoding.UTF8.GetBytes($"{entry.Key}={entry.Value}"));
            }
        }

        foreach ((string name, string value) in variables)
        {
            byte[] start = Encoding.UTF8.GetBytes(name + "=");
            all.RemoveAll(entry => entry.AsSpan().StartsWith(start));
            all.Add([.. start, .. Encoding.UTF8.GetBytes(value)]);
        }

        return all;
    }

    private static List<byte[]> Entries(KernelCalls calls, string path)
    {
        var entries = new List<byte[]>();
        ReadOnlySpan<byte> rest = calls.ReadBytes(path, out _);
        for (int end = rest.IndexOf((byte)0); end >= 0; end = rest.IndexOf((byte)0))
        {
            entries.Add(rest[..end].ToArray());
            rest = rest[(end + 1)..];
        }

        return entries;
    }
}
