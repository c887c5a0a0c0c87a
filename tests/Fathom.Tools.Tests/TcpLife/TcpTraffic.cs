using System;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Fathom.Tools.Tests.TcpLife;

/// <summary>Both ends of a session that was made, and what is known of it.</summary>
internal sealed record MadeSession
{
    public required string LocalAddress { get; init; }

    public required int LocalPort { get; init; }

    public required string RemoteAddress { get; init; }

    public required int RemotePort { get; init; }

    public required long SentBytes { get; init; }

    public required long ReceivedBytes { get; init; }

    /// <summary>How long it lasted at least and at most, in ns.</summary>
    public required (long Least, long Most) DurationNs { get; init; }

    public required string End { get; init; }
}

/// <summary>Connections over loopback, made one after the other: what they send, and when, is known.</summary>
internal sealed class TcpTraffic : IDisposable
{
    private readonly TestNetwork _network;
    private readonly IPAddress _address;
    private readonly Socket _listener;
    private readonly byte[] _bytes = new byte[64 * 1024];

    /// <param name="network">Where.</param>
    /// <param name="address">The address that is listened on.</param>
    /// <param name="connectTo">The address that is connected to; the same by default.</param>
    public TcpTraffic(TestNetwork network, IPAddress address, IPAddress? connectTo = null)
    {
        _network = network;
        _address = connectTo ?? address;
        _listener = Make(address.AddressFamily);
        _listener.Bind(new IPEndPoint(address, 0));
        _listener.Listen(128);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>A socket that is connected, and the one that it is connected to.</summary>
    public (Socket Client, Socket Server) Connect()
    {
        var client = Make(_address.AddressFamily);
        client.Connect(new IPEndPoint(_address, Port));
        return (client, _listener.Accept());
    }

    /// <summary>The next session that somebody else opens.</summary>
    public Socket Accept() => _listener.Accept();

    /// <summary>A whole session: a request, an answer, and an end that the client begins.</summary>
    /// <returns>The client's and the server's.</returns>
    public (MadeSession Client, MadeSession Server) Exchange(int request, int answer)
    {
        var client = Make(_address.AddressFamily);
        var began = Stopwatch.GetTimestamp();
        client.Connect(new IPEndPoint(_address, Port));
        var connected = Stopwatch.GetTimestamp();
        var server = _listener.Accept();
        var accepted = Stopwatch.GetTimestamp();
        Send(client, server, request);
        Send(server, client, answer);
        var (local, remote) = ((IPEndPoint)client.LocalEndPoint!, (IPEndPoint)client.RemoteEndPoint!);
        client.Close();
        while (server.Receive(_bytes) > 0)
        {
        }

        var ending = Stopwatch.GetTimestamp();
        server.Close();
        var ended = Stopwatch.GetTimestamp();
        return (
            new()
            {
                LocalAddress = Text(local),
                LocalPort = local.Port,
                RemoteAddress = Text(remote),
                RemotePort = remote.Port,
                SentBytes = request,
                ReceivedBytes = answer,
                DurationNs = (Ns(ending - connected), Ns(ended - began)),
                End = "local",
            },
            new()
            {
                LocalAddress = Text(remote),
                LocalPort = remote.Port,
                RemoteAddress = Text(local),
                RemotePort = local.Port,
                SentBytes = answer,
                ReceivedBytes = request,
                DurationNs = (Ns(ending - accepted), Ns(ended - began)),
                End = "remote",
            });
    }

    /// <summary>Sends bytes, and receives them all.</summary>
    public void Send(Socket from, Socket to, int bytes)
    {
        for (var left = bytes; left > 0;)
        {
            var part = Math.Min(left, 16 * 1024);
            from.Send(_bytes.AsSpan(0, part));
            left -= part;
            for (var missing = part; missing > 0;)
            {
                missing -= to.Receive(_bytes.AsSpan(0, missing));
            }
        }
    }

    public Socket Make(AddressFamily family)
    {
        var socket = _network.Run(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp));
        socket.NoDelay = true;
        if (family == AddressFamily.InterNetworkV6)
        {
            socket.DualMode = true;
        }

        return socket;
    }

    public void Dispose() => _listener.Dispose();

    private static string Text(IPEndPoint end) => (end.Address.IsIPv4MappedToIPv6 ? end.Address.MapToIPv4() : end.Address).ToString();

    private static long Ns(long ticks) => ticks * (1_000_000_000 / Stopwatch.Frequency);
}
