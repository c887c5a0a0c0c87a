using System.Collections.Generic;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Fathom.Tools.Shared;

namespace Fathom.Tools.TcpLife;

/// <summary>The options of tcplife, and its help.</summary>
internal static class TcpLifeOptions
{
    public static readonly Flag Seconds = new("--seconds", 't', "Begin each row with the seconds since the first one.");
    public static readonly Flag Wide = new("--wide", 'w', "Show all columns, with room for IPv6 addresses.");
    public static readonly Flag Csv = new("--csv", 's', "Separate columns by commas.");
    public static readonly Option<IReadOnlyList<int>> LocalPort = new("--local-port", 'L', ListOf.Ports,
        "Only these local ports, separated by commas.", []);
    public static readonly Option<IReadOnlyList<int>> RemotePort = new("--remote-port", 'D', ListOf.Ports,
        "Only these remote ports, separated by commas.", []);
    public static readonly Flag IPv4 = new("--ipv4", '4', "Only IPv4, also that of IPv6 sockets.");
    public static readonly Flag IPv6 = new("--ipv6", '6', "Only IPv6.") { Excludes = IPv4 };
    public static readonly Option<NameOrNumber> Netns = new("--netns", '\0', NameOrNumber.NetworkNamespace,
        "Only this network namespace: a name of ip netns, a path or a number.");
    public static readonly Option<int> MaxSessions = new("--max-sessions", '\0', WholeNumber.Between("N", 1, MostSessions),
        $"Room for sessions that are open; {DefaultSessions} by default.", DefaultSessions);

    public static readonly Option<int> Buffer = BufferOption.Pages(DefaultPages);

    /// <summary>All of it.</summary>
    public static ToolDescription Description { get; } = new()
    {
        Name = "tcplife",
        Summary = "TCP sessions: between whom, how much, how long, and how they ended",
        ShowsEvents = true,
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

    /// <summary>Pages of the ring buffer, 2 MB: more than ten thousand sessions.</summary>
    public const int DefaultPages = 512;

    /// <summary>Sessions that are open at a time.</summary>
    public const int DefaultSessions = 131_072;

    private const int MostSessions = 16_777_216;
}
