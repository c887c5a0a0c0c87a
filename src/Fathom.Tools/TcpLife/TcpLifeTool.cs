using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Fathom.Output.Rows;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.TcpLife;

/// <summary>TCP sessions, when they end.</summary>
public sealed class TcpLifeTool : ITool
{
    /// <inheritdoc/>
    public ToolDescription Description => TcpLifeOptions.Description;

    /// <inheritdoc/>
    public ITracing Start(ToolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var filter = new TaskFilterSetup(request);
        HashSet<uint> ports =
        [
            .. request.Get(TcpLifeOptions.LocalPort)!.Select(static port => (uint)port),
            .. request.Get(TcpLifeOptions.RemotePort)!.Select(static port => (uint)port | TcpLifeProbe.RemotePort),
        ];
        var options = new LoadOptions
        {
            MaxEntries =
            {
                [nameof(TcpLifeProbe.Events)] = BufferOption.Bytes(request.Get(TcpLifeOptions.Buffer)),
                [nameof(TcpLifeProbe.Sessions)] = request.Get(TcpLifeOptions.MaxSessions),
                [nameof(TcpLifeProbe.Ports)] = Math.Max(1, ports.Count),
            },
        };
        if (!File.Exists("/proc/sys/net/mptcp/enabled"))
        {
            options.MaxEntries[nameof(TcpLifeProbe.Wholes)] = 1;
        }

        var constants = new TcpLifeProbe.Constants
        {
            OnlyIPv4 = request.Has(TcpLifeOptions.IPv4),
            OnlyIPv6 = request.Has(TcpLifeOptions.IPv6),
            ByLocalPort = request.Has(TcpLifeOptions.LocalPort),
            ByRemotePort = request.Has(TcpLifeOptions.RemotePort),
            ByProcess = filter.IsByProcess,
            NetworkNamespace = request.Get(TcpLifeOptions.Netns) is { } name ? new NetworkNamespaces().Find(name) : 0,
            Filter = filter.Settings,
        };
        RowLayout<TcpRow> layout = TcpColumns.Layout(
            RowClocks.Measure(),
            request.Timestamps,
            request.Has(TcpLifeOptions.Seconds),
            request.Has(TcpLifeOptions.Wide),
            request.Has(TcpLifeOptions.Csv));

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
                return new TcpLifeTracing(source, layout, Task.Run(static () => OpenSessions.Read()), WantsOf(request), filter.IsByProcess, () => AnyIsEnding(probe));
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
