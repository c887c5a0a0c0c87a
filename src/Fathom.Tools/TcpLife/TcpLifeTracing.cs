using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.TcpLife;

/// <summary>Makes rows of records.</summary>
/// <param name="source">The kernel side.</param>
/// <param name="view">How rows are shown.</param>
/// <param name="open">The sessions that were open when tracing began; it is waited for only when one ends whose beginning was not seen.</param>
/// <param name="wants">Whether a process is one of those that were asked for; null if none was, or that cannot be told of those there were before.</param>
/// <param name="isByProcess">Whether some were asked for.</param>
/// <param name="anyIsEnding">Whether a session that is to be shown only waits for the other side to end it too.</param>
internal sealed class TcpLifeTracing(IEventSource source, EventView<TcpRow> view, Task<OpenSessions> open,
    Predicate<SocketOwner>? wants = null, bool isByProcess = false, Func<bool>? anyIsEnding = null) : EventTracing<TcpRecord, TcpRow>(source, view)
{
    private ulong _unowned;

    /// <inheritdoc/>
    public override bool IsAboutToShow => anyIsEnding?.Invoke() ?? false;

    /// <inheritdoc/>
    protected override void Write(ISink sink, ref readonly TcpRecord session, ReadOnlySpan<byte> rest)
    {
        OpenSession? found = FindOpen(in session);
        if (!isByProcess || (session.Flags & TcpSessionFlags.ProcessKnown) != 0 || IsWanted(found))
        {
            Show(sink, new TcpRow(in session, found));
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<Loss> ReadLosses(bool isLast) =>
        [new("unowned", _unowned, "sessions that were open before not shown, because it is not known which process they belong to")];

    private bool IsWanted(OpenSession? found)
    {
        if (wants is null || found?.Owner is null)
        {
            _unowned++;
            return false;
        }

        SocketOwner? owner = found.Owners.Find(wants);
        found.Owner = owner;
        return owner is not null;
    }

    private OpenSession? FindOpen(ref readonly TcpRecord session) => (session.Flags & TcpSessionFlags.Unbegun) != 0
        ? open.GetAwaiter().GetResult().Take(new(session.NetworkNamespace, session.Local, session.LocalPort, session.Remote, session.RemotePort))
        : null;
}
