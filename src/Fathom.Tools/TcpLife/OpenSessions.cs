using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Runtime;
using Fathom.Tools.Shared;

namespace Fathom.Tools.TcpLife;

/// <summary>A session that is open.</summary>
internal sealed class OpenSession
{
    /// <summary>When it was seen to be open, in ns since boot.</summary>
    public required long TimeNs { get; init; }

    /// <summary>The inode of its socket.</summary>
    public required ulong Inode { get; init; }

    /// <summary>The processes that have it, as far as they are known; the first of them was there before those that it forked.</summary>
    public List<SocketOwner> Owners { get; } = [];

    /// <summary>The one that is shown; null if none is known.</summary>
    public SocketOwner? Owner { get; set; }
}

/// <summary>A process that has a socket.</summary>
/// <param name="Process">Its number.</param>
/// <param name="Command">Its name.</param>
internal sealed record SocketOwner(int Process, byte[] Command);

/// <summary>What a session is known by, apart from its socket.</summary>
/// <param name="NetworkNamespace">The number of the namespace.</param>
/// <param name="Local">This side.</param>
/// <param name="LocalPort">Its port.</param>
/// <param name="Remote">The other side.</param>
/// <param name="RemotePort">Its port.</param>
internal readonly record struct SessionName(uint NetworkNamespace, TcpAddress Local, ushort LocalPort, TcpAddress Remote, ushort RemotePort);

/// <summary>The sessions that are open when tracing begins, from procfs: of each network namespace that a process is in.</summary>
internal sealed class OpenSessions
{
    private const string SocketPrefix = "socket:[";

    private readonly Dictionary<SessionName, OpenSession> _sessions = [];

    private OpenSessions()
    {
    }

    /// <summary>How many there are.</summary>
    public int Count => _sessions.Count;

    /// <summary>Reads them now.</summary>
    /// <param name="procfs">Where procfs is mounted.</param>
    public static OpenSessions Read(string procfs = "/proc")
    {
        var open = new OpenSessions();
        var namespaces = new NetworkNamespaces(procfs);
        string[] processes = ["self", .. Names(procfs).Where(static name => char.IsAsciiDigit(name[0]))];
        var seen = new HashSet<uint>();
        foreach (string process in processes)
        {
            if (namespaces.OfProcess(process) is { } number && seen.Add(number))
            {
                open.AddTable(number, Path.Combine(procfs, process, "net/tcp"));
                open.AddTable(number, Path.Combine(procfs, process, "net/tcp6"));
            }
        }

        if (open._sessions.Count > 0)
        {
            open.FindOwners(procfs, processes);
        }

        return open;
    }

    /// <summary>Takes out a session; there may be another one of this name later, which began after the start.</summary>
    public OpenSession? Take(in SessionName name) => _sessions.Remove(name, out OpenSession? session) ? session : null;

    private static IEnumerable<string> Names(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Select(static path => Path.GetFileName(path))];
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            // It is gone, or another's: what it has is not known then.
            return [];
        }
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return [];
        }
    }

    // SL LOCAL REMOTE STATE TX:RX TR:WHEN RETRANSMITS UID TIMEOUT INODE ..., addresses as hexadecimal words of this machine:
    // https://github.com/torvalds/linux/blob/v6.18/net/ipv4/tcp_ipv4.c (get_tcp4_sock)
    private void AddTable(uint number, string path)
    {
        string[] lines = Lines(path);
        long now = Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);
        foreach (string line in lines.Skip(1))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9
                && byte.TryParse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte state)
                && (TcpState)state is not (TcpState.SynSent or TcpState.SynReceived or TcpState.TimeWait or TcpState.Close or TcpState.Listen)
                && TryParse(fields[1], out TcpAddress local, out ushort localPort)
                && TryParse(fields[2], out TcpAddress remote, out ushort remotePort)
                && ulong.TryParse(fields[9], NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode))
            {
                _sessions[new(number, local, localPort, remote, remotePort)] = new() { TimeNs = now, Inode = inode };
            }
        }
    }

    private static bool TryParse(string text, out TcpAddress address, out ushort port)
    {
        string[] parts = text.Split(':');
        Span<uint> words = [0, 0, TcpAddress.Mapped, 0];
        address = default;
        port = 0;
        if (parts.Length != 2 || parts[0].Length is not (8 or 32))
        {
            return false;
        }

        int first = parts[0].Length == 8 ? 3 : 0;
        for (int i = first; i < words.Length; i++)
        {
            if (!uint.TryParse(parts[0].AsSpan((i - first) * 8, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out words[i]))
            {
                return false;
            }
        }

        address = new() { Word0 = words[0], Word1 = words[1], Word2 = words[2], Word3 = words[3] };
        return ushort.TryParse(parts[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out port);
    }

    private void FindOwners(string procfs, string[] processes)
    {
        Dictionary<ulong, List<OpenSession>> byInode = _sessions.Values.Where(static session => session.Inode != 0)
            .GroupBy(static session => session.Inode).ToDictionary(static group => group.Key, static group => group.ToList());
        foreach (string process in processes.Where(static name => char.IsAsciiDigit(name[0])))
        {
            string folder = Path.Combine(procfs, process, "fd");
            SocketOwner? owner = null;
            foreach (string descriptor in Names(folder))
            {
                if (InodeOf(Path.Combine(folder, descriptor)) is { } inode && byInode.TryGetValue(inode, out List<OpenSession>? sessions))
                {
                    owner ??= new(
                        int.Parse(process, CultureInfo.InvariantCulture),
                        Encoding.UTF8.GetBytes(Lines(Path.Combine(procfs, process, "comm")).FirstOrDefault() ?? ""));

                    foreach (OpenSession session in sessions)
                    {
                        session.Owners.Add(owner);
                        session.Owner ??= owner;
                    }
                }
            }
        }
    }

    private static ulong? InodeOf(string descriptor)
    {
        try
        {
            string? link = new FileInfo(descriptor).LinkTarget;
            return link is not null && link.StartsWith(SocketPrefix, StringComparison.Ordinal)
                && ulong.TryParse(link.AsSpan(SocketPrefix.Length, link.Length - SocketPrefix.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
                ? inode
                : null;
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return null;
        }
    }
}
