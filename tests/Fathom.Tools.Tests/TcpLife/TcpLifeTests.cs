using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading;
using Fathom.Tools.Tests.Events;
using Xunit;

namespace Fathom.Tools.Tests.TcpLife;

/// <summary>fathom tcplife over sessions that the test makes in a network namespace of its own.</summary>
public sealed class TcpLifeTests(ITestOutputHelper output)
{
    private static readonly LingerOption Abort = new(true, 0);

    /// <summary>More than two thousand connections, each of two sessions: all of it adds up, and what is shown is exact.</summary>
    [Fact]
    public void Every_session_is_shown_exactly_or_counted()
    {
        using var network = new TestNetwork();
        using var tool = Start(network, "--json");
        var made = new List<MadeSession>();
        (IPAddress Listen, IPAddress Connect, int Count)[] kinds =
        [
            (IPAddress.Loopback, IPAddress.Loopback, 1009),
            (IPAddress.IPv6Loopback, IPAddress.IPv6Loopback, 1013),
            (IPAddress.IPv6Any, IPAddress.Parse("::ffff:127.0.0.1"), 53),
        ];
        foreach (var (listen, connect, count) in kinds)
        {
            using var traffic = new TcpTraffic(network, listen, connect);
            for (var i = 0; i < count; i++)
            {
                var (client, server) = traffic.Exchange(i * 7 % 5003, i * 31 % 40_009);
                made.Add(client);
                made.Add(server);
            }
        }

        var (rows, losses) = Finish(tool);
        var lost = losses.Where(static loss => loss.Key is "lost" or "unended" or "open").Sum(static loss => loss.Value);
        output.WriteLine($"{made.Count} sessions, {rows.Count} rows, losses: {string.Join(", ", losses.Select(static loss => $"{loss.Key} {loss.Value}"))}");
        Assert.Equal(made.Count, rows.Count + lost);
        Assert.True(rows.Count > made.Count * 0.98, "The kernel shows too few sessions.");

        var byEnds = rows.ToDictionary(static row => (row.Text("laddr"), row.Number("lport"), row.Text("raddr"), row.Number("rport")));
        var (unbegun, late) = (0, 0);
        foreach (var session in made)
        {
            if (!byEnds.TryGetValue((session.LocalAddress, session.LocalPort, session.RemoteAddress, session.RemotePort), out var row))
            {
                continue;
            }

            Assert.Equal((session.SentBytes, session.ReceivedBytes), (row.Number("tx_bytes"), row.Number("rx_bytes")));
            Assert.Equal(session.End, row.Text("end"));
            Assert.Equal((network.Number, Environment.ProcessId), (row.Number("netns"), row.Number("pid")));
            Assert.False(row.Flag("open_at_start"));
            if (!row.Flag("begin_seen"))
            {
                Assert.Equal(JsonValueKind.Null, row.Value("duration_ns").ValueKind);
                unbegun++;
                continue;
            }

            // The end is handled by the time that close returns, unless the kernel puts it off.
            var duration = row.Number("duration_ns");
            Assert.True(duration >= session.DurationNs.Least - 1_000_000, $"{duration} is less than {session.DurationNs}");
            late += duration > session.DurationNs.Most + 1_000_000 ? 1 : 0;
        }

        output.WriteLine($"{unbegun} without a beginning, {late} that ended later than close returned");
        Assert.InRange(unbegun, 0, made.Count / 50);
        Assert.InRange(late, 0, made.Count / 50);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void What_ss_says_before_the_end(string address)
    {
        using var network = new TestNetwork();
        var ss = Programs.Find("ss", "iproute2");
        using var tool = Start(network, "--json");
        using var traffic = new TcpTraffic(network, IPAddress.Parse(address));
        var open = Enumerable.Range(0, 47).Select(i =>
        {
            var (client, server) = traffic.Connect();
            traffic.Send(client, server, 100 + i);
            traffic.Send(server, client, 100 * i);
            return (Client: client, Server: server);
        }).ToList();
        var text = network.Start(ss, "-tinH");
        foreach (var (client, server) in open)
        {
            // A reset ends both at once, and nothing is acknowledged any more.
            client.LingerState = Abort;
            client.Close();
            server.Close();
        }

        var (rows, _) = Finish(tool);
        var said = SsSession.Parse(text);
        Assert.Equal(94, said.Count);
        var compared = 0;
        foreach (var row in rows)
        {
            var there = said[(row.Number("lport"), row.Number("rport"))];
            var isClient = row.Number("rport") == traffic.Port;

            // ss counts the SYN as a byte.
            Assert.Equal(there.Acknowledged - (isClient ? 1 : 0), row.Number("tx_bytes"));
            Assert.Equal(there.Received, row.Number("rx_bytes"));
            Assert.Equal(there.Retransmitted, row.Number("retransmits"));
            Assert.Equal(there.RttUs, row.Number("srtt_ns") / 1000);
            Assert.Equal(isClient ? "abort" : "reset", row.Text("end"));
            compared++;
        }

        Assert.InRange(compared, 90, 94);
    }

    [Fact]
    public void How_a_session_ended()
    {
        using var network = new TestNetwork();
        using var tool = Start(network, "--json");
        using var traffic = new TcpTraffic(network, IPAddress.Loopback);

        // The server closes first; what it sent is not read, which resets.
        var (client, server) = traffic.Connect();
        var serverFirst = ((IPEndPoint)client.LocalEndPoint!).Port;
        server.Close();
        client.Close();
        (client, server) = traffic.Connect();
        var unread = ((IPEndPoint)client.LocalEndPoint!).Port;
        server.Send([1, 2, 3]);
        client.Close();
        server.Close();

        // Nobody listens there.
        int refused;
        using (var nobody = traffic.Make(AddressFamily.InterNetwork))
        {
            nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            refused = ((IPEndPoint)nobody.LocalEndPoint!).Port;
            Assert.Throws<SocketException>(() => nobody.Connect(new IPEndPoint(IPAddress.Loopback, 1)));
        }

        var (rows, _) = Finish(tool);
        JsonRow Row(int local, int remote) => rows.Single(row => row.Number("lport") == local && row.Number("rport") == remote);
        Assert.Equal("remote", Row(serverFirst, traffic.Port).Text("end"));
        Assert.Equal("local", Row(traffic.Port, serverFirst).Text("end"));
        Assert.Equal(("abort", "ESTABLISHED"), (Row(unread, traffic.Port).Text("end"), Row(unread, traffic.Port).Text("last_state")));
        var reset = Row(traffic.Port, unread);
        Assert.Equal(("reset", "ECONNRESET", 3), (reset.Text("end"), reset.Text("error"), reset.Number("tx_bytes")));

        // It never read, and the end came from the other side: nobody knows whose it was.
        Assert.Equal(JsonValueKind.Null, reset.Value("pid").ValueKind);
        var failed = Row(refused, 1);
        Assert.Equal(("refused", "ECONNREFUSED", false), (failed.Text("end"), failed.Text("error"), failed.Flag("established")));
        Assert.Equal(JsonValueKind.Null, failed.Value("duration_ns").ValueKind);
        Assert.True(failed.Number("handshake_ns") > 0);
        Assert.Equal(Environment.ProcessId, failed.Number("pid"));
    }

    [Fact]
    public void What_is_read_after_the_end_begins_nothing()
    {
        using var network = new TestNetwork();
        using var tool = Start(network, "--json");
        using var traffic = new TcpTraffic(network, IPAddress.Loopback);
        for (var i = 0; i < 7; i++)
        {
            var (client, server) = traffic.Connect();
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, server.Receive(new byte[1]));
            server.Send(new byte[1000]);
            server.Close();
            Thread.Sleep(20);
            Assert.Equal(1000, client.Receive(new byte[2000]));
            client.Close();
        }

        var (rows, losses) = Finish(tool);
        Assert.Empty(losses);
        Assert.Equal(14, rows.Count);
    }

    [Fact]
    public void A_handshake_that_nobody_answers_is_sent_again()
    {
        using var network = new TestNetwork();
        var ip = Programs.Find("ip", "iproute2");
        network.Start(ip, "link", "add", "nowhere", "type", "veth", "peer", "name", "nobody");
        network.Start(ip, "link", "set", "nobody", "up");
        network.Start(ip, "address", "add", "192.0.2.1/24", "dev", "nowhere");
        network.Start(ip, "link", "set", "nowhere", "up");
        network.Start(ip, "neighbour", "add", "192.0.2.2", "lladdr", "02:00:00:00:00:01", "dev", "nowhere");
        using var tool = Start(network, "--json");
        using (var socket = network.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)))
        {
            socket.Blocking = false;
            Assert.Throws<SocketException>(() => socket.Connect(new IPEndPoint(IPAddress.Parse("192.0.2.2"), 80)));
            Thread.Sleep(1500);
        }

        var (rows, _) = Finish(tool);
        var row = Assert.Single(rows);
        Assert.Equal(("192.0.2.1", "192.0.2.2", "abort", 1), (row.Text("laddr"), row.Text("raddr"), row.Text("end"), row.Number("retransmits")));
        Assert.InRange(row.Number("handshake_ns"), 1_400_000_000, 60_000_000_000);
    }

    [Fact]
    public void Sessions_that_were_open_before_are_marked()
    {
        using var network = new TestNetwork();

        // The namespace of a thread is not looked for: a process must be in it.
        using var process = network.Run(static () => RunningProgram.Start("/bin/sleep", "60"));
        using var traffic = new TcpTraffic(network, IPAddress.Loopback);
        var (client, server) = traffic.Connect();
        var (other, otherServer) = traffic.Connect();
        traffic.Send(client, server, 4001);
        using var tool = Start(network, "--json");
        using var own = Start(network, "--json", "-p", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        using var others = Start(network, "--json", "-p", process.Id.ToString(CultureInfo.InvariantCulture));
        Thread.Sleep(500);
        traffic.Send(server, client, 999);
        client.Close();
        server.Close();
        other.LingerState = Abort;
        other.Close();
        otherServer.Close();
        Assert.Equal(4, Finish(own).Rows.Count);
        Assert.Empty(Finish(others).Rows);
        var (rows, losses) = Finish(tool);
        Assert.Empty(losses);
        Assert.Equal(4, rows.Count);
        Assert.All(rows, row =>
        {
            Assert.True(row.Flag("open_at_start"));
            Assert.False(row.Flag("begin_seen"));
            Assert.Equal(JsonValueKind.Null, row.Value("duration_ns").ValueKind);
            Assert.Equal(JsonValueKind.Null, row.Value("handshake_ns").ValueKind);
            Assert.InRange(row.Number("duration_at_least_ns"), 100_000_000, 60_000_000_000);

            // Also of the one that was reset by the other side, which the kernel does not tell.
            Assert.Equal(Environment.ProcessId, row.Number("pid"));
        });
        Assert.Equal([0, 0, 999, 4001], rows.Select(static row => row.Number("tx_bytes")).Order());
        Assert.Equal([0, 0, 999, 4001], rows.Select(static row => row.Number("rx_bytes")).Order());
    }

    [Fact]
    public void Filters_let_through_what_was_asked_for_and_no_more()
    {
        using var network = new TestNetwork();
        using var v4 = new TcpTraffic(network, IPAddress.Loopback);
        using var v6 = new TcpTraffic(network, IPAddress.IPv6Loopback);
        using var mapped = new TcpTraffic(network, IPAddress.IPv6Any, IPAddress.Parse("::ffff:127.0.0.1"));
        using var sleeper = RunningProgram.Start("/bin/sleep", "60");
        string own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture), others = sleeper.Id.ToString(CultureInfo.InvariantCulture);
        var (v4Port, v6Port) = (v4.Port.ToString(CultureInfo.InvariantCulture), v6.Port.ToString(CultureInfo.InvariantCulture));
        (string[] Options, int Sessions)[] expected =
        [
            ([], 66), (["-4"], 48), (["-6"], 18), (["-L", v4Port], 17), (["-D", v4Port], 17), (["-L", v6Port + "," + v4Port], 26),
            (["-L", v6Port, "-D", v4Port], 0), (["-D", "1"], 0), (["-p", own], 66), (["-p", others], 0), (["--comm", "nobody"], 0),
        ];
        var tools = expected.Select(expected => Start(network, ["--json", .. expected.Options])).ToList();
        try
        {
            Repeat(17, () => v4.Exchange(10, 20));
            Repeat(9, () => v6.Exchange(10, 20));
            Repeat(7, () => mapped.Exchange(10, 20));
            for (var i = 0; i < tools.Count; i++)
            {
                var (rows, losses) = Finish(tools[i]);
                var most = expected[i].Sessions;
                Assert.True(
                    rows.Count <= most && rows.Count + losses.GetValueOrDefault("open") + losses.GetValueOrDefault("unended") >= most,
                    $"{string.Join(' ', expected[i].Options)}: {rows.Count} rows, not {most}");
            }
        }
        finally
        {
            tools.ForEach(static tool => tool.Dispose());
        }
    }

    [Fact]
    public void What_finds_no_room_is_counted()
    {
        using var network = new TestNetwork();
        using var small = Start(network, "--json", "-b", "1");
        using var narrow = Start(network, "--json", "--max-sessions", "1");
        using var traffic = new TcpTraffic(network, IPAddress.Loopback);
        var open = Enumerable.Range(0, 499).Select(_ => traffic.Connect()).ToList();
        foreach (var (client, server) in open)
        {
            client.Close();
            server.Close();
        }

        var (rows, losses) = Finish(small);
        output.WriteLine($"buffer of one page: {rows.Count} rows, lost {losses.GetValueOrDefault("lost")}");
        Assert.True(losses["lost"] > 0);
        Assert.Equal(998, rows.Count + losses["lost"] + losses.GetValueOrDefault("unended") + losses.GetValueOrDefault("open"));

        (rows, losses) = Finish(narrow);
        output.WriteLine($"room for one session: {rows.Count} rows, crowded {losses.GetValueOrDefault("crowded")}");
        Assert.Equal(998, rows.Count + losses.GetValueOrDefault("unended") + losses.GetValueOrDefault("open"));
        Assert.InRange(losses["crowded"], 900, 997);
        Assert.InRange(rows.Count(static row => row.Flag("begin_seen")), 1, 98);
    }

    [Fact]
    public void Only_what_a_command_does()
    {
        using var network = new TestNetwork();
        Programs.Find("bash", "bash");
        using var traffic = new TcpTraffic(network, IPAddress.Loopback);
        using var tool = network.Run(() => RunningProgram.Start(
            Programs.Fathom, "tcplife", "--json", "-o", "-", "--", "bash", "-c", $"(exec 3<>/dev/tcp/127.0.0.1/{traffic.Port}; cat <&3 >/dev/null)"));
        var server = traffic.Accept();
        var client = ((IPEndPoint)server.RemoteEndPoint!).Port;
        server.Send(new byte[12_345]);
        server.Close();
        tool.WaitForExit();
        var (rows, _) = Read(tool);
        var row = Assert.Single(rows);
        Assert.Equal((client, 12_345, "remote"), (row.Number("lport"), row.Number("rx_bytes"), row.Text("end")));
        Assert.Equal("bash", row.Text("comm"));
    }

    [Theory]
    [InlineData("tree", "exit")]
    [InlineData("tree", "kill")]
    [InlineData("--pid", "exit")]
    [InlineData("--pid", "kill")]
    [InlineData("--comm", "exit")]
    [InlineData("--comm", "kill")]
    [InlineData("--cgroup", "kill")]
    public void Sessions_that_the_end_of_a_process_closes_are_its(string filter, string end)
    {
        const int Count = 10;
        using var network = new TestNetwork();
        using var cgroup = filter == "--cgroup" ? new TestCgroup() : null;
        string folder = Workload.Folder(), gate = folder + "/gate";
        string[] workload = [Workload.Program, "accept", $"{Count}", gate, end];
        string[] inside = cgroup is null ? workload : ["/bin/sh", "-c", "echo $$ > \"$0/cgroup.procs\"; exec \"$@\"", cgroup.Path, .. workload];
        using var process = network.Run(() => filter == "tree"
            ? RunningProgram.Start(Programs.Direct, ["tcplife", "--json", "-o", "-", "--", .. workload])
            : RunningProgram.Start(inside[0], inside[1..]));
        process.WaitFor("port ");
        string own = process.Id.ToString(CultureInfo.InvariantCulture);
        using var other = filter == "tree" ? null : Start(network, "--json", filter, filter switch { "--pid" => own, "--comm" => "Fathom.Workload", _ => cgroup!.Path });
        var port = int.Parse(process.Output.Split('\n').Single(static line => line.StartsWith("port ", StringComparison.Ordinal)).AsSpan(5), CultureInfo.InvariantCulture);
        var clients = Enumerable.Range(0, Count).Select(_ => network.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))).ToList();
        clients.ForEach(client => client.Connect(IPAddress.Loopback, port));
        process.WaitFor("accepted");

        // One half has ended on this side when the process ends, the other half ends only then.
        clients.Take(Count / 2).ToList().ForEach(static client => client.Close());
        System.IO.File.WriteAllText(gate, "");
        foreach (var client in clients.Skip(Count / 2))
        {
            Assert.Equal(0, client.Receive(new byte[1]));
            client.Close();
        }

        process.WaitForExit();
        Workload.Remove(folder);
        if (other is not null)
        {
            Thread.Sleep(200);
            other.Stop();
        }

        var (rows, losses) = Parse(other ?? process);
        rows = [.. rows.Where(row => row.Number("lport") == port)];
        Assert.Equal(Count, rows.Count + losses.GetValueOrDefault("open") + losses.GetValueOrDefault("unended"));
        Assert.NotEmpty(rows);
        Assert.All(rows, static row => Assert.Equal("Fathom.Workload", row.Text("comm")));
        Assert.Single(rows.Select(static row => row.Number("pid")).Distinct());
        if (filter == "--pid")
        {
            Assert.Equal(process.Id, rows[0].Number("pid"));
        }
    }

    [Fact]
    public void Both_sides_of_a_session_of_mptcp_have_a_process()
    {
        const int Sessions = 7, Bytes = 40_000;
        using var network = new TestNetwork();
        using var tool = Start(network, "--json");
        using var own = Start(network, "--json", "--comm", "Fathom.Workload");
        using var workload = network.Run(static () => RunningProgram.Start(Workload.Program, "many-paths", $"{Sessions}", $"{Bytes}"));
        workload.WaitForExit();
        Assert.SkipWhen(workload.Output.Contains("unsupported", StringComparison.Ordinal), "This kernel has no MPTCP.");
        Assert.True(workload.ExitCode == 0, workload.Errors);
        var (rows, losses) = Finish(tool);
        Assert.Equal(2 * Sessions, rows.Count + losses.GetValueOrDefault("open") + losses.GetValueOrDefault("unended"));
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            Assert.True(row.Flag("mptcp"));
            Assert.Equal(JsonValueKind.Number, row.Value("pid").ValueKind);
            Assert.Equal(workload.Id, row.Number("pid"));
            Assert.Contains(row.Number("tx_bytes"), (long[])[Bytes, Bytes / 2]);
        });

        (rows, losses) = Finish(own);
        Assert.Equal(0, losses.GetValueOrDefault("anonymous"));
        Assert.All(rows, row => Assert.Equal(workload.Id, row.Number("pid")));
    }

    [Fact]
    public void Layouts_of_the_classic_tool()
    {
        using var network = new TestNetwork();
        using var plain = Start(network);
        using var wide = Start(network, "-w", "-tT");
        using var csv = Start(network, "-s", "-t", "-T");
        using var traffic = new TcpTraffic(network, IPAddress.Parse("127.0.0.1"));
        var (made, _) = traffic.Exchange(3 * 1024, 5 * 1024 + 1023);
        Array.ForEach([plain, wide, csv], static tool => tool.Stop());
        var id = Environment.ProcessId;
        Assert.Equal("PID   COMM       LADDR           LPORT RADDR           RPORT TX_KB RX_KB MS", plain.Output.Split('\n')[0]);
        Assert.Matches($@"(?m)^{id,-5} .{{10}} 127\.0\.0\.1 {{7}}{made.LocalPort,-5} 127\.0\.0\.1 {{7}}{made.RemotePort,-5}     3     5 \d+\.\d\d$", plain.Output);
        Assert.Contains(" MS        SHAKE_MS   RTT_MS RETR END         NETNS\n", wide.Output, StringComparison.Ordinal);
        Assert.StartsWith("TIME     TIME(s)   PID   COMM             IP LADDR ", wide.Output, StringComparison.Ordinal);
        Assert.StartsWith("TIME,TIME(s),PID,COMM,IP,LADDR,LPORT,RADDR,RPORT,TX_KB,RX_KB,MS\n", csv.Output, StringComparison.Ordinal);
        Assert.Matches($@"(?m)^\d\d:\d\d:\d\d,0\.\d{{6}},{id},[^,]+,4,127\.0\.0\.1,{made.LocalPort},127\.0\.0\.1,{made.RemotePort},3,5,\d+\.\d\d$", csv.Output);
    }

    private static void Repeat(int times, Action action)
    {
        for (var i = 0; i < times; i++)
        {
            action();
        }
    }

    private static RunningProgram Start(TestNetwork network, params string[] options)
    {
        var tool = RunningProgram.Start(Programs.Direct, ["tcplife", "--netns", network.Number.ToString(CultureInfo.InvariantCulture), .. options]);
        tool.WaitFor(options.Contains("--json") ? "\"type\":\"start\"" : "LADDR");
        return tool;
    }

    private static (List<JsonRow> Rows, Dictionary<string, long> Losses) Finish(RunningProgram tool)
    {
        // What the kernel puts off is over by then.
        Thread.Sleep(200);
        tool.Stop();
        return Read(tool);
    }

    private static (List<JsonRow> Rows, Dictionary<string, long> Losses) Read(RunningProgram tool)
    {
        Assert.True(tool.ExitCode == 0, tool.Errors);
        return Parse(tool);
    }

    private static (List<JsonRow> Rows, Dictionary<string, long> Losses) Parse(RunningProgram tool)
    {
        var rows = new List<JsonRow>();
        var losses = new Dictionary<string, long>();

        // A command that is traced prints its own lines between.
        foreach (var line in tool.Output.Split('\n').Where(static line => line.StartsWith('{')))
        {
            var row = new JsonRow(JsonDocument.Parse(line).RootElement);
            if (row.Text("type") == "session")
            {
                rows.Add(row);
            }
            else if (row.Text("type") == "loss")
            {
                losses[row.Text("kind")] = losses.GetValueOrDefault(row.Text("kind")) + row.Number("count");
            }
        }

        return (rows, losses);
    }

    private sealed record JsonRow(JsonElement Element)
    {
        public JsonElement Value(string name) => Element.GetProperty(name);

        public string Text(string name) => Value(name).GetString()!;

        public long Number(string name) => Value(name).GetInt64();

        public bool Flag(string name) => Value(name).GetBoolean();
    }
}
