using System;
using Fathom.Output.Rows;
using Fathom.Tools.Shared;

namespace Fathom.Tools.TcpLife;

/// <summary>A session, as it is shown.</summary>
/// <param name="record">The record.</param>
/// <param name="open">What was found out about it when tracing began, if it was open then.</param>
internal readonly ref struct TcpRow(ref readonly TcpRecord record, OpenSession? open)
{
    private const int Refused = 111, TimedOut = 110, Reset = 104, Aborted = 103, BrokenPipe = 32, HostUnreachable = 113, NetUnreachable = 101;

    private readonly ref readonly TcpRecord _record = ref record;

    /// <summary>The record.</summary>
    public ref readonly TcpRecord Record => ref _record;

    /// <summary>Whether it was open when tracing began.</summary>
    public bool WasOpen => open is not null;

    /// <summary>Whether it is a part of a session of MPTCP.</summary>
    public bool IsPart => (_record.Flags & TcpSessionFlags.Part) != 0;

    /// <summary>Whether its beginning was seen.</summary>
    public bool IsBegun => (_record.Flags & TcpSessionFlags.Unbegun) == 0;

    /// <summary>The process; -1 if it is not known.</summary>
    public long Process => (_record.Flags & TcpSessionFlags.ProcessKnown) != 0 ? _record.Process : open?.Owner?.Process ?? -1;

    /// <summary>The process's name; unreadable if the process is not known.</summary>
    public TextValue Command => (_record.Flags & TcpSessionFlags.ProcessKnown) != 0 ? TextValue.UpToNul(_record.Command)
        : open?.Owner is { } owner ? TextValue.Whole(owner.Command)
        : TextValue.Unreadable;

    /// <summary>Whether it was established at all.</summary>
    public bool IsEstablished => _record.LastState is not (TcpState.SynSent or TcpState.SynReceived);

    /// <summary>The time from its being established to its end; -1 if one of them was not, or was not seen.</summary>
    public long DurationNs => _record.EstablishedNs != 0 ? (long)(_record.TimeNs - _record.EstablishedNs) : -1;

    /// <summary>The time that it lasted at least, where it was open when tracing began; -1 where not.</summary>
    public long AtLeastNs => open is not null ? Math.Max(0, (long)_record.TimeNs - open.TimeNs) : -1;

    /// <summary>The time of the handshake, or of the attempt; -1 if that is not known.</summary>
    public long HandshakeNs => _record.HandshakeNs != 0 ? (long)_record.HandshakeNs : -1;

    /// <summary>The smoothed time of a round trip; -1 if none was measured.</summary>
    public long SmoothedRttNs => _record.SmoothedRttEighths != 0 ? _record.SmoothedRttEighths * 125L : -1;

    /// <summary>How it ended, in a word.</summary>
    public string End => (_record.Error, _record.LastState) switch
    {
        (Refused, _) => "refused",
        (Reset or BrokenPipe, _) => "reset",
        (TimedOut, _) => "timeout",
        (HostUnreachable or NetUnreachable, _) => "unreachable",
        (Aborted, _) => "abort",
        (_, TcpState.LastAck) => "remote",
        (_, TcpState.FinWait2 or TcpState.TimeWait) => "local",
        (_, TcpState.Closing) => "both",
        _ => "abort",
    };

    /// <summary>The error by name; null for none.</summary>
    public string? Error => ErrorNames.Of(Math.Max(0, _record.Error));

    /// <summary>The state before the end, as other tools call it.</summary>
    public string LastState => _record.LastState switch
    {
        TcpState.Established => "ESTABLISHED",
        TcpState.SynSent => "SYN_SENT",
        TcpState.SynReceived => "SYN_RECV",
        TcpState.FinWait1 => "FIN_WAIT1",
        TcpState.FinWait2 => "FIN_WAIT2",
        TcpState.TimeWait => "TIME_WAIT",
        TcpState.CloseWait => "CLOSE_WAIT",
        TcpState.LastAck => "LAST_ACK",
        TcpState.Closing => "CLOSING",
        _ => "CLOSE",
    };
}
