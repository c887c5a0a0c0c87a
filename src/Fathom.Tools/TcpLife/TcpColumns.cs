using System;
using System.Collections.Generic;
using System.Text.Json;
using Fathom.Output.Rows;

namespace Fathom.Tools.TcpLife;

/// <summary>What a row of tcplife says.</summary>
internal static class TcpColumns
{
    private const double NsPerMs = 1e6;

    // For people, in bcc's widths.
    private static readonly QuotientColumn<TcpRow> s_process = new("pid", "PID", -5, 1, "F0", static (in TcpRow row) => row.Process);
    private static readonly TextColumn<TcpRow> s_shortCommand = new("comm", "COMM", -10, static (in TcpRow row) => Shown(row.Command, 10));
    private static readonly TextColumn<TcpRow> s_longCommand = new("comm", "COMM", -16, static (in TcpRow row) => Shown(row.Command, 16));
    private static readonly IntegerColumn<TcpRow> s_version = new("ip", "IP", -2, static (in TcpRow row) => row.Record.Remote.IsIPv4 ? 4 : 6);
    private static readonly IntegerColumn<TcpRow> s_localPort = new("lport", "LPORT", -5, static (in TcpRow row) => row.Record.LocalPort);
    private static readonly IntegerColumn<TcpRow> s_remotePort = new("rport", "RPORT", -5, static (in TcpRow row) => row.Record.RemotePort);
    private static readonly QuotientColumn<TcpRow> s_handshakeMs = new("handshake_ns", "SHAKE_MS", 8, NsPerMs, "F3", static (in TcpRow row) => row.HandshakeNs);
    private static readonly QuotientColumn<TcpRow> s_rttMs = new("srtt_ns", "RTT_MS", 8, NsPerMs, "F3", static (in TcpRow row) => row.SmoothedRttNs);
    private static readonly IntegerColumn<TcpRow> s_retransmits = new("retransmits", "RETR", 4, static (in TcpRow row) => row.Record.Retransmits);
    private static readonly WordColumn<TcpRow> s_end = new("end", "END", -11, static (in TcpRow row) => row.End);
    private static readonly IntegerColumn<TcpRow> s_namespace = new("netns", "NETNS", -10, static (in TcpRow row) => row.Record.NetworkNamespace);

    // For programs.
    private static readonly IReadOnlyList<Column<TcpRow>> s_all =
    [
        s_process,
        new TextColumn<TcpRow>("comm", "COMM", -16, static (in TcpRow row) => row.Command),
        s_namespace,
        s_version,
        new FlagColumn<TcpRow>("ipv6_socket", "V6", -2, static (in TcpRow row) => row.Record.IsIPv6Socket != 0),
        new FlagColumn<TcpRow>("mptcp", "MPTCP", -5, static (in TcpRow row) => row.IsPart),
        new AddressColumn("laddr", "LADDR", -15, isLocal: true),
        s_localPort,
        new AddressColumn("raddr", "RADDR", -15, isLocal: false),
        s_remotePort,
        new IntegerColumn<TcpRow>("tx_bytes", "TX", 5, static (in TcpRow row) => (long)row.Record.SentBytes),
        new IntegerColumn<TcpRow>("rx_bytes", "RX", 5, static (in TcpRow row) => (long)row.Record.ReceivedBytes),
        new FlagColumn<TcpRow>("established", "EST", -3, static (in TcpRow row) => row.IsEstablished),
        s_handshakeMs,
        new QuotientColumn<TcpRow>("duration_ns", "MS", -9, NsPerMs, "F2", static (in TcpRow row) => row.DurationNs),
        new FlagColumn<TcpRow>("begin_seen", "BEGIN", -5, static (in TcpRow row) => row.IsBegun),
        new FlagColumn<TcpRow>("open_at_start", "OPEN", -5, static (in TcpRow row) => row.WasOpen),
        new QuotientColumn<TcpRow>("duration_at_least_ns", "MIN_MS", -9, NsPerMs, "F2", static (in TcpRow row) => row.AtLeastNs),
        s_retransmits,
        s_rttMs,
        s_end,
        new WordColumn<TcpRow>("error", "ERROR", -12, static (in TcpRow row) => row.Error),
        new WordColumn<TcpRow>("last_state", "STATE", -11, static (in TcpRow row) => row.LastState),
    ];

    /// <summary>The rows.</summary>
    /// <param name="clock">The clock.</param>
    /// <param name="timeOfDay">Whether the time of day stands first.</param>
    /// <param name="seconds">Whether the seconds since the first row do.</param>
    /// <param name="wide">Whether everything is shown.</param>
    /// <param name="csv">Whether columns are separated by commas.</param>
    public static RowLayout<TcpRow> Layout(RowClock clock, bool timeOfDay, bool seconds, bool wide, bool csv)
    {
        IntegerOf<TcpRow> time = static (in TcpRow row) => (long)row.Record.TimeNs;
        var text = new List<Column<TcpRow>>();
        void Add(bool isShown, params Column<TcpRow>[] columns) => text.AddRange(isShown ? columns : []);
        int address = wide ? -AddressText.Longest : -15;
        int kilobytes = wide ? 6 : 5;
        Add(timeOfDay, new TimeOfDayColumn<TcpRow>(-8, clock, time));
        Add(seconds, new SecondsColumn<TcpRow>(-9, "F6", time));
        Add(true, s_process, wide || csv ? s_longCommand : s_shortCommand);
        Add(wide || csv, s_version);
        Add(true, new AddressColumn("laddr", "LADDR", address, isLocal: true), s_localPort);
        Add(true, new AddressColumn("raddr", "RADDR", address, isLocal: false), s_remotePort);
        Add(true, new IntegerColumn<TcpRow>("tx", "TX_KB", kilobytes, static (in TcpRow row) => (long)row.Record.SentBytes / 1024));
        Add(true, new IntegerColumn<TcpRow>("rx", "RX_KB", kilobytes, static (in TcpRow row) => (long)row.Record.ReceivedBytes / 1024));
        Add(true, new DurationColumn(-9));
        Add(wide, s_handshakeMs, s_rttMs, s_retransmits, s_end, s_namespace);
        return new() { Type = "session", TimeNs = time, Text = text, CommaSeparated = csv, All = s_all };
    }

    // As many characters as there is room for, of which none is cut in two.
    private static TextValue Shown(TextValue command, int width)
    {
        if (command.IsUnreadable)
        {
            return TextValue.Whole("-"u8);
        }

        ReadOnlySpan<byte> bytes = command.Bytes;
        int end = Math.Min(bytes.Length, width);
        while (end < bytes.Length && end > 0 && (bytes[end] & 0xc0) == 0x80)
        {
            end--;
        }

        return TextValue.Whole(bytes[..end]);
    }

    private sealed class AddressColumn(string name, string header, int width, bool isLocal) : Column<TcpRow>(name, header, width)
    {
        public override void WriteText(in TcpRow row, Utf8Line to)
        {
            Span<byte> text = stackalloc byte[AddressText.Longest];
            to.Append(text[..AddressText.Write(AddressOf(row), text)]);
        }

        public override void WriteJson(in TcpRow row, Utf8JsonWriter to)
        {
            Span<byte> text = stackalloc byte[AddressText.Longest];
            to.WriteString(Name, text[..AddressText.Write(AddressOf(row), text)]);
        }

        private TcpAddress AddressOf(in TcpRow row) => isLocal ? row.Record.Local : row.Record.Remote;
    }

    // A session that was not established lasted as long as the attempt; one that was open before is longer than what is known.
    private sealed class DurationColumn(int width) : Column<TcpRow>("ms", "MS", width)
    {
        public override void WriteText(in TcpRow row, Utf8Line to)
        {
            long ns = row.IsEstablished ? row.DurationNs : row.HandshakeNs;
            if (ns < 0 && row.WasOpen)
            {
                to.Append((byte)'>');
                ns = row.AtLeastNs;
            }

            if (ns < 0)
            {
                to.Append((byte)'-');
            }
            else
            {
                to.Append(ns / NsPerMs, "F2");
            }
        }

        public override void WriteJson(in TcpRow row, Utf8JsonWriter to)
        {
        }
    }
}
