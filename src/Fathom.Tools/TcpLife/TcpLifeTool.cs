using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.TcpLife;

/// <summary>TCP sessions, when they end.</summary>
public sealed class TcpLifeTool : ITool
{
    // 2 MB: more than ten thousand sessions.
    private const int DefaultPages = 512;

    // Sessions that are open at a time.
    private const int DefaultSessions = 131_072, MostSessions = 16_777_216;

    internal static readonly Flag Seconds = new("--seconds", 't', "Begin each row with the seconds since the first one.");
    internal static readonly Flag Wide = new("--wide", 'w', "Show all columns, with room for IPv6 addresses.");
    internal static readonly Flag Csv = new("--csv", 's', "Separate columns by commas.");
    internal static readonly Option<IReadOnlyList<int>> LocalPort = new("--local-port", 'L', ListOf.Ports,
        "Only these local ports, separated by commas.", []);
    internal static readonly Option<IReadOnlyList<int>> RemotePort = new("--remote-port", 'D', ListOf.Ports,
        "Only these remote ports, separated by commas.", []);
    internal static readonly Flag IPv4 = new("--ipv4", '4', "Only IPv4, also that of IPv6 sockets.");
    internal static readonly Flag IPv6 = new("--ipv6", '6', "Only IPv6.") { Excludes = IPv4 };
    internal static readonly Option<NameOrNumber> Netns = new("--netns", '\0', NameOrNumber.NetworkNamespace,
        "Only this network namespace: a name of ip netns, a path or a number.");
    internal static readonly Option<int> MaxSessions = new("--max-sessions", '\0', WholeNumber.Between("N", 1, MostSessions),
        $"Room for sessions that are open; {DefaultSessions} by default.", DefaultSessions);
    internal static readonly Option<int> Buffer = BufferOption.Pages(DefaultPages);

    /// <inheritdoc/>
    public ToolDescription Description { get; } = new()
    {
        Name = "tcplife",
        Summary = "TCP sessions: between whom, how much, how long, and how they ended",
        Rows = TcpColumns.Rows,
        Options = [Seconds, Wide, Csv, LocalPort, RemotePort, IPv4, IPv6, Netns, MaxSessions, Buffer],
        Examples =
        [
            new("", "every session, when it ends"),
            new("-w", "with handshake, round trip, retransmits and end"),
            new("-tT -L 22,80", "those with local port 22 or 80, with times"),
            new("-p 181", "those of process 181"),
            new("-s -6", "those of IPv6, separated by commas"),
            new("-- curl -s http://localhost", "those of a command and its children"),
        ],
        BlindSpots =
        [
            "A session is shown when its socket is done. One that this side closed first is done when the other side has closed too, or after a minute; TIME_WAIT comes after that and is not part of it.",
            "The process of a session is who opened it; of one that the other side opened, who first read from it, or closed it. One that the other side reset before that has none.",
            "What no socket is made for is not seen: SYN packets to closed ports, and handshakes that the other side does not finish.",
            "MPTCP: the parts of a session are shown, each as a session of its own.",
            "TX_KB is what the other side has acknowledged: what was sent and lost does not count.",
            "Sessions in network namespaces that no process is in are not looked for at the start.",
            "Some kernels do not run programs for interrupts that come while certain tasks of theirs are current. A session whose beginning was not seen has no duration; one whose end was not seen is counted at the end.",
        ],
    };

    /// <inheritdoc/>
    public ITracing Start(ToolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var filter = new TaskFilterSetup(request);
        HashSet<uint> ports =
        [
            .. request.Get(LocalPort)!.Select(static port => (uint)port),
            .. request.Get(RemotePort)!.Select(static port => (uint)port | TcpLifeProbe.RemotePort),
        ];
        var options = new LoadOptions
        {
            MaxEntries =
            {
                [nameof(TcpLifeProbe.Events)] = BufferOption.Bytes(request.Get(Buffer)),
                [nameof(TcpLifeProbe.Sessions)] = request.Get(MaxSessions),
                [nameof(TcpLifeProbe.Ports)] = Math.Max(1, ports.Count),
            },
        };
        if (!File.Exists("/proc/sys/net/mptcp/enabled"))
        {
            options.MaxEntries[nameof(TcpLifeProbe.Wholes)] = 1;
        }

        var constants = new TcpLifeProbe.Constants
        {
            OnlyIPv4 = request.Has(IPv4),
            OnlyIPv6 = request.Has(IPv6),
            ByLocalPort = request.Has(LocalPort),
            ByRemotePort = request.Has(RemotePort),
            ByProcess = filter.IsByProcess,
            NetworkNamespace = request.Get(Netns) is { } name ? new NetworkNamespaces().Find(name) : 0,
            Filter = filter.Settings,
        };
        TcpLifeProbe.Loaded probe = TcpLifeProbe.Load(Kernel.Running, constants, options);
        if (!constants.SeesReads)
        {
            request.Note("this kernel does not show who reads from a session: the process of one that the other side opened is who closes it");
        }

        return ProbeStart.Run(
            probe,
            probe =>
            {
                filter.Fill(probe);
                foreach (uint port in ports)
                {
                    probe.Ports.Set(port, port);
                }
            },
            links =>
            {
                var source = new ProbeSource(probe, probe.Events, links, () => LossesAtEnd(probe));

                // After attaching: a session that is not among these and has not been seen to begin is one that the kernel did not show.
                return new TcpLifeTracing(
                    source, TcpColumns.Rows.View(request), Task.Run(static () => OpenSessions.Read()), WantsOf(request), filter.IsByProcess, () => AnyIsEnding(probe));
            });
    }

    private static IEnumerable<Loss> LossesAtEnd(TcpLifeProbe.Loaded probe)
    {
        ulong left = 0, anonymous = 0;
        foreach ((ulong _, TcpSession session) in probe.Sessions.Read())
        {
            left += IsWanted(session, probe.Constants) ? 1UL : 0;
            anonymous += IsAnonymous(session, probe.Constants) ? 1UL : 0;
        }

        return
        [
            new("open", left, "sessions not shown, because they had not ended, or the kernel did not show their end"),
            new("open_anonymous", anonymous, "sessions had not ended of which it is not known which process they belong to: no process had read from them or closed them"),
        ];
    }

    // A command was not there before, and the cgroup of a process that is gone is not known any more.
    private static Predicate<SocketOwner>? WantsOf(ToolRequest request)
    {
        byte[]? command = request.Comm is { } comm ? Encoding.UTF8.GetBytes(comm) : null;
        return request.Cgroup is not null || request.ProcessTree != 0 ? null
            : owner => (request.Pid == 0 || owner.Process == request.Pid) && (command is null || owner.Command.AsSpan().SequenceEqual(command));
    }

    // What was asked for has begun to end: what is left to come is from the other side.
    private static bool AnyIsEnding(TcpLifeProbe.Loaded probe)
    {
        foreach ((ulong _, TcpSession session) in probe.Sessions.Read())
        {
            if ((session.Flags & TcpSessionFlags.Closing) != 0 && IsWanted(session, probe.Constants))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsWanted(in TcpSession session, TcpLifeProbe.Constants constants) => (session.Flags & TcpSessionFlags.Unwanted) == 0 && !IsAnonymous(session, constants);

    private static bool IsAnonymous(in TcpSession session, TcpLifeProbe.Constants constants) =>
        constants.ByProcess && (session.Flags & TcpSessionFlags.ProcessKnown) == 0;
}
