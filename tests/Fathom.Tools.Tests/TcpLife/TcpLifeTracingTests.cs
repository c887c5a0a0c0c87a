using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Fathom.Output.Rows;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.TcpLife;
using Xunit;

namespace Fathom.Tools.Tests.TcpLife;

public sealed class TcpLifeTracingTests
{
    private const uint Known = TcpSessionFlags.ProcessKnown;

    [Fact]
    public void A_row_in_the_classic_layout() => Assert.Equal(
        """
        PID   COMM       LADDR           LPORT RADDR           RPORT TX_KB RX_KB MS
        1234  a\x1b[2J   127.0.0.1       80    192.0.2.255     65535     1  1024 1.50

        """.ReplaceLineEndings("\n"),
        Text(new(), Record(command: "a\u001b[2J")));

    [Fact]
    public void What_is_not_known_is_a_dash()
    {
        TcpRecord record = Record() with { Flags = TcpSessionFlags.Unbegun, EstablishedNs = 0, HandshakeNs = 0, SmoothedRttEighths = 0 };
        Assert.EndsWith("\n-     -          127.0.0.1       80    192.0.2.255     65535     1  1024 -\n", Text(new(), record), StringComparison.Ordinal);
        JsonElement row = Json(record);
        foreach (string name in (string[])["pid", "comm", "handshake_ns", "duration_ns", "duration_at_least_ns", "srtt_ns", "error"])
        {
            Assert.Equal(JsonValueKind.Null, row.GetProperty(name).ValueKind);
        }

        Assert.False(row.GetProperty("begin_seen").GetBoolean());
        Assert.False(row.GetProperty("open_at_start").GetBoolean());
    }

    [Fact]
    public void A_session_that_was_open_lasted_longer_than_is_known()
    {
        string procfs = FakeProc();
        try
        {
            TcpRecord record = Record() with { Flags = TcpSessionFlags.Unbegun, EstablishedNs = 0, TimeNs = ulong.MaxValue / 4 };
            using var output = new MemoryStream();
            var sink = new TextSink(output, Stream.Null, timestamps: false);
            EventView<TcpRow> view = ViewOf(new());
            using (var tracing = new TcpLifeTracing(new FakeSource(record, record), view, Task.FromResult(OpenSessions.Read(procfs))))
            {
                tracing.Poll(sink, isLast: true);
            }

            string[] rows = Encoding.UTF8.GetString(output.ToArray()).Split('\n');
            Assert.Matches(@"^77    server     .* >\d+\.\d\d$", rows[0]);

            // What follows under the same name began later.
            Assert.Matches("^-     -          .* -$", rows[1]);
        }
        finally
        {
            Directory.Delete(procfs, recursive: true);
        }
    }

    [Theory]
    [InlineData(TcpState.LastAck, 0, "remote")]
    [InlineData(TcpState.FinWait2, 0, "local")]
    [InlineData(TcpState.TimeWait, 0, "local")]
    [InlineData(TcpState.Closing, 0, "both")]
    [InlineData(TcpState.Established, 0, "abort")]
    [InlineData(TcpState.CloseWait, 0, "abort")]
    [InlineData(TcpState.Established, 104, "reset")]
    [InlineData(TcpState.CloseWait, 32, "reset")]
    [InlineData(TcpState.LastAck, 104, "reset")]
    [InlineData(TcpState.FinWait1, 110, "timeout")]
    [InlineData(TcpState.SynSent, 110, "timeout")]
    [InlineData(TcpState.SynSent, 111, "refused")]
    [InlineData(TcpState.SynSent, 113, "unreachable")]
    [InlineData(TcpState.SynSent, 0, "abort")]
    [InlineData(TcpState.Established, 103, "abort")]
    internal void How_it_ended(TcpState last, int error, string word) =>
        Assert.Equal(word, Json(Record() with { LastState = last, Error = error }).GetProperty("end").GetString());

    [Fact]
    public void An_attempt_that_failed_lasted_as_long_as_it_tried()
    {
        TcpRecord record = Record() with { LastState = TcpState.SynSent, EstablishedNs = 0, HandshakeNs = 2_340_000, Error = 111 };
        Assert.EndsWith(" 2.34\n", Text(new(), record), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, Json(record).GetProperty("duration_ns").ValueKind);
    }

    [Fact]
    public void Commas_in_names_do_not_make_columns() => Assert.Equal(
        "PID,COMM,IP,LADDR,LPORT,RADDR,RPORT,TX_KB,RX_KB,MS\n1234,\"a,b\"\"c\",4,127.0.0.1,80,192.0.2.255,65535,1,1024,1.50\n",
        Text(new() { Csv = true }, Record(command: "a,b\"c")));

    [Theory]
    [InlineData("=cmd|' /C calc'!A0", @"\x3dcmd|' /C calc'")]
    [InlineData("@SUM(1)", @"\x40SUM(1)")]
    [InlineData("-a,b", "\"\\x2da,b\"")]
    [InlineData("-", "-")]
    [InlineData("+1", "+1")]
    public void A_name_is_no_formula_of_a_spreadsheet(string command, string cell) =>
        Assert.Contains("\n1234," + cell + ",4,", Text(new() { Csv = true }, Record(command: command[..Math.Min(command.Length, 15)])), StringComparison.Ordinal);

    [Fact]
    public void All_columns() => Assert.Equal(
        """
        PID   COMM             IP LADDR                                   LPORT RADDR                                   RPORT  TX_KB  RX_KB MS        SHAKE_MS   RTT_MS RETR END         NETNS
        1234  curl             4  127.0.0.1                               80    192.0.2.255                             65535      1   1024 1.50         0.250    0.125    3 local       4026531840

        """.ReplaceLineEndings("\n"),
        Text(new() { Wide = true }, Record()));

    [Fact]
    public void Short_names_are_cut_between_characters() =>
        Assert.Contains("\n1234  123456789  127", Text(new(), Record(command: "123456789\u00e9")), StringComparison.Ordinal);

    [Fact]
    public void A_row_for_programs()
    {
        JsonElement row = Json(Record());
        Assert.Equal("session", row.GetProperty("type").GetString());
        Assert.Equal((1234, "curl", 4026531840L), (row.GetProperty("pid").GetInt32(), row.GetProperty("comm").GetString(), row.GetProperty("netns").GetInt64()));
        Assert.Equal((1025, 1_048_577L), (row.GetProperty("tx_bytes").GetInt32(), row.GetProperty("rx_bytes").GetInt64()));
        Assert.Equal((250_000, 1_500_000, 125_000), (row.GetProperty("handshake_ns").GetInt32(), row.GetProperty("duration_ns").GetInt32(), row.GetProperty("srtt_ns").GetInt32()));
        Assert.Equal(("FIN_WAIT2", "local", 3), (row.GetProperty("last_state").GetString(), row.GetProperty("end").GetString(), row.GetProperty("retransmits").GetInt32()));
        Assert.True(row.GetProperty("begin_seen").GetBoolean());
        Assert.True(row.GetProperty("established").GetBoolean());
    }

    [Theory]
    [InlineData("::", 0u, 0u, 0u, 0u)]
    [InlineData("::1", 0u, 0u, 0u, 0x0100_0000u)]
    [InlineData("2001:db8::1:0:0:1", 0xb80d_0120u, 0u, 0x0000_0100u, 0x0100_0000u)]
    [InlineData("2001:0:0:1::1", 0x0000_0120u, 0x0100_0000u, 0u, 0x0100_0000u)]
    [InlineData("1:2:3:4:5:6:0:8", 0x0200_0100u, 0x0400_0300u, 0x0600_0500u, 0x0800_0000u)]
    [InlineData("fe80::", 0x0000_80feu, 0u, 0u, 0u)]
    [InlineData("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue)]
    [InlineData("255.0.10.1", 0u, 0u, 0xffff_0000u, 0x010a_00ffu)]
    public void Addresses(string text, uint word0, uint word1, uint word2, uint word3)
    {
        Span<byte> room = stackalloc byte[AddressText.Longest];
        int length = AddressText.Write(new() { Word0 = word0, Word1 = word1, Word2 = word2, Word3 = word3 }, room);
        Assert.Equal(text, Encoding.UTF8.GetString(room[..length]));
    }

    [Fact]
    public void Losses_follow_the_rows()
    {
        using var errors = new MemoryStream();
        using var tracing = new TcpLifeTracing(new FakeSource(Record()), ViewOf(new()), Task.FromException<OpenSessions>(new InvalidOperationException("Not asked for.")));
        tracing.Poll(new TextSink(Stream.Null, errors, timestamps: false), isLast: true);
        Assert.Equal("sessions lost: 5\n", Encoding.UTF8.GetString(errors.ToArray()));
    }

    private static TcpRecord Record(string command = "curl")
    {
        var record = new TcpRecord
        {
            TimeNs = 11_500_000,
            EstablishedNs = 10_000_000,
            HandshakeNs = 250_000,
            SentBytes = 1025,
            ReceivedBytes = 1_048_577,
            Local = new() { Word2 = TcpAddress.Mapped, Word3 = 0x0100_007f },
            Remote = new() { Word2 = TcpAddress.Mapped, Word3 = 0xff02_00c0 },
            Process = 1234,
            Flags = Known,
            NetworkNamespace = 4_026_531_840,
            SmoothedRttEighths = 1000,
            Retransmits = 3,
            LocalPort = 80,
            RemotePort = 65_535,
            LastState = TcpState.FinWait2,
        };
        Encoding.UTF8.GetBytes(command).CopyTo((Span<byte>)record.Command);
        return record;
    }

    private static EventView<TcpRow> ViewOf(View view)
    {
        var options = new OptionValues();
        (Flag Option, bool IsGiven)[] flags = [(TcpLifeTool.Wide, view.Wide), (TcpLifeTool.Csv, view.Csv)];
        Array.ForEach(flags, flag => _ = flag.IsGiven ? options.Add(flag.Option) : null);
        return TcpColumns.Rows.View(new ToolRequest { Options = options });
    }

    private static string Text(View view, TcpRecord record)
    {
        using var output = new MemoryStream();
        Write(new TextSink(output, Stream.Null, timestamps: false), ViewOf(view), record);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static JsonElement Json(TcpRecord record)
    {
        using var output = new MemoryStream();
        Write(new JsonSink(output, new("tcplife", "1", 1), new RowClock(0)), ViewOf(new()), record);
        return JsonDocument.Parse(Encoding.UTF8.GetString(output.ToArray()).Split('\n')[1]).RootElement;
    }

    private static void Write(ISink sink, EventView<TcpRow> view, TcpRecord record)
    {
        string nothing = Directory.CreateTempSubdirectory("proc").FullName;
        try
        {
            using var tracing = new TcpLifeTracing(new FakeSource(record), view, Task.FromResult(OpenSessions.Read(nothing)));
            tracing.Begin(sink);
            tracing.Poll(sink, isLast: true);
        }
        finally
        {
            Directory.Delete(nothing, recursive: true);
        }
    }

    // One process, in one namespace, with a listener and the session of Record.
    private static string FakeProc()
    {
        string procfs = Directory.CreateTempSubdirectory("proc").FullName;
        string process = Path.Combine(procfs, "77");
        Directory.CreateDirectory(Path.Combine(process, "ns"));
        Directory.CreateDirectory(Path.Combine(process, "net"));
        Directory.CreateDirectory(Path.Combine(process, "fd"));
        File.CreateSymbolicLink(Path.Combine(process, "ns/net"), "net:[4026531840]");
        File.CreateSymbolicLink(Path.Combine(process, "fd/5"), "socket:[4711]");
        File.CreateSymbolicLink(Path.Combine(process, "fd/6"), "/dev/null");
        File.WriteAllText(Path.Combine(process, "comm"), "server\n");
        File.WriteAllText(
            Path.Combine(process, "net/tcp"),
            """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4710 1 0000000000000000 100 0 0 10 0
               1: 0100007F:0050 FF0200C0:FFFF 01 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
               2: broken

            """);
        return procfs;
    }

    private sealed record View
    {
        public bool Wide { get; init; }

        public bool Csv { get; init; }
    }

    private sealed class FakeSource(params TcpRecord[] records) : IEventSource
    {
        private readonly Queue<TcpRecord> _records = new(records.AsEnumerable());
        private byte[] _current = [];

        public bool IsPressing => false;

        public void Detach()
        {
        }

        public int Take(bool isLast) => 0;

        public bool TryNext(out ReadOnlySpan<byte> record)
        {
            bool isThere = _records.TryDequeue(out TcpRecord next);
            _current = MemoryMarshal.AsBytes(new ReadOnlySpan<TcpRecord>(in next)).ToArray();
            record = _current;
            return isThere;
        }

        public IEnumerable<Loss> ReadLosses() => [new("lost", 5, "sessions lost")];

        public void Dispose()
        {
        }
    }
}
