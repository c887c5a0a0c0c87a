using System;
using System.Collections.Generic;
using System.Text.Json;
using Fathom.Output.Json;
using Fathom.Output.Rows;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.TcpLife;

/// <summary>What a row of tcplife says, in bcc's widths.</summary>
internal static class TcpColumns
{
    private const double NsPerMs = 1e6;
    private const string CommandHelp = "The process's name; null if it is not known";

    // Only programs need the whole of it: text has room for less.
    private const int LongestCommand = 16;

    /// <summary>The columns.</summary>
    public static EventRows<TcpRow> Rows { get; } = new(
        "session", "A TCP session that has ended", static (in row) => (long)row.Record.TimeNs, TcpLifeTool.Seconds, -9, "F6",
        TcpLifeTool.Csv, TcpLifeTool.Wide)
    {
        new QuotientColumn<TcpRow>("pid", "PID", -5, "The process; null if it is not known", 1, "F0", static (in row) => row.Process),
        { new ShortCommandColumn(10), Shown.Without(TcpLifeTool.Wide, TcpLifeTool.Csv) },
        { new ShortCommandColumn(LongestCommand), Shown.With(TcpLifeTool.Wide, TcpLifeTool.Csv) },
        { new TextColumn<TcpRow>("comm", "COMM", -LongestCommand, CommandHelp, static (in row) => row.Command), Shown.InJson },
        { new IntegerColumn<TcpRow>("ip", "IP", -2, "4 or 6", static (in row) => row.Record.Remote.IsIPv4 ? 4 : 6), Shown.With(TcpLifeTool.Wide, TcpLifeTool.Csv) },
        { new FlagColumn<TcpRow>("ipv6_socket", "V6", -3, "Whether the socket is one of IPv6", static (in row) => row.Record.IsIPv6Socket != 0), Shown.InJson },
        { new FlagColumn<TcpRow>("mptcp", "MPTCP", -5, "Whether it is a part of a session of MPTCP", static (in row) => row.IsPart), Shown.InJson },
        new AddressColumn("laddr", "LADDR", "The address of this side", isLocal: true) { WideWidth = -AddressText.Longest },
        new IntegerColumn<TcpRow>("lport", "LPORT", -5, "The port of this side", static (in row) => row.Record.LocalPort),
        new AddressColumn("raddr", "RADDR", "The address of the other side", isLocal: false) { WideWidth = -AddressText.Longest },
        new IntegerColumn<TcpRow>("rport", "RPORT", -5, "The port of the other side", static (in row) => row.Record.RemotePort),
        new BytesColumn("tx_bytes", "TX_KB", "The data that the other side has acknowledged", static (in row) => (long)row.Record.SentBytes) { WideWidth = 6 },
        new BytesColumn("rx_bytes", "RX_KB", "The data that has come", static (in row) => (long)row.Record.ReceivedBytes) { WideWidth = 6 },
        new DurationColumn(),
        { Time("handshake_ns", "SHAKE_MS", 8, "F3", "The handshake, or the attempt; null if it is not known", static (in row) => row.HandshakeNs), Shown.With(TcpLifeTool.Wide) },
        { Time("srtt_ns", "RTT_MS", 8, "F3", "The smoothed time of a round trip; null if none was measured", static (in row) => row.SmoothedRttNs), Shown.With(TcpLifeTool.Wide) },
        { new IntegerColumn<TcpRow>("retransmits", "RETR", 4, "The segments that were sent again", static (in row) => row.Record.Retransmits), Shown.With(TcpLifeTool.Wide) },
        { new WordColumn<TcpRow>("end", "END", -11, "How it ended, as a word", static (in row) => row.End), Shown.With(TcpLifeTool.Wide) },
        { new IntegerColumn<TcpRow>("netns", "NETNS", -10, "The number of the network namespace", static (in row) => row.Record.NetworkNamespace), Shown.With(TcpLifeTool.Wide) },
        { new FlagColumn<TcpRow>("established", "EST", -3, "Whether it was established at all", static (in row) => row.IsEstablished), Shown.InJson },
        { new FlagColumn<TcpRow>("begin_seen", "BEGIN", -5, "Whether its beginning was seen", static (in row) => row.IsBegun), Shown.InJson },
        { new FlagColumn<TcpRow>("open_at_start", "OPEN", -4, "Whether it was open when tracing began", static (in row) => row.WasOpen), Shown.InJson },
        { Time("duration_at_least_ns", "MIN_MS", -9, "F2", "How long it lasted at least, if it was open when tracing began; else null", static (in row) => row.AtLeastNs), Shown.InJson },
        { new WordColumn<TcpRow>("error", "ERROR", -12, "The error by name; null for none", static (in row) => row.Error), Shown.InJson },
        { new WordColumn<TcpRow>("last_state", "STATE", -11, "The state before the end", static (in row) => row.LastState), Shown.InJson },
    };

    private static QuotientColumn<TcpRow> Time(string name, string header, int width, string format, string help, IntegerOf<TcpRow> ns) =>
        new(name, header, width, help, NsPerMs, format, ns);

    private sealed class AddressColumn(string name, string header, string help, bool isLocal) : Column<TcpRow>(name, header, -15, help)
    {
        public override IReadOnlyList<JsonField> Fields => [new(Name, JsonKind.Text, Help)];

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
    private sealed class DurationColumn() : Column<TcpRow>(
        "duration_ns", "MS", -9, "The time from its being established to its end; of one that never was, in text that of the attempt")
    {
        public override IReadOnlyList<JsonField> Fields => [new(Name, JsonKind.Integer, Help) { IsNullable = true }];

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
            if (row.DurationNs < 0)
            {
                to.WriteNull(Name);
            }
            else
            {
                to.WriteNumber(Name, row.DurationNs);
            }
        }
    }

    // People see whole kilobytes.
    private sealed class BytesColumn(string name, string header, string help, IntegerOf<TcpRow> bytes) : Column<TcpRow>(name, header, 5, help)
    {
        public override IReadOnlyList<JsonField> Fields => [new(Name, JsonKind.Integer, Help)];

        public override void WriteText(in TcpRow row, Utf8Line to) => to.Append(bytes(row) / 1024);

        public override void WriteJson(in TcpRow row, Utf8JsonWriter to) => to.WriteNumber(Name, bytes(row));
    }

    // For people: a dash for a process that is not known, and as many characters as there is room for, of which none is cut in two.
    private sealed class ShortCommandColumn(int width) : Column<TcpRow>("comm", "COMM", -width, CommandHelp)
    {
        public override IReadOnlyList<JsonField> Fields => [];

        public override void WriteText(in TcpRow row, Utf8Line to)
        {
            ReadOnlySpan<byte> bytes = row.Command.Bytes;
            int end = Math.Min(bytes.Length, width);
            while (end < bytes.Length && end > 0 && (bytes[end] & 0xc0) == 0x80)
            {
                end--;
            }

            if (row.Command.IsUnreadable)
            {
                to.Append((byte)'-');
            }

            to.AppendEscaped(bytes[..end]);
        }

        public override void WriteJson(in TcpRow row, Utf8JsonWriter to)
        {
        }
    }
}
