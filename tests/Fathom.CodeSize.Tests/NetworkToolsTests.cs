using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fathom.CodeSize.Programs;
using Fathom.Runtime;
using Xunit;

namespace Fathom.CodeSize.Tests;

/// <summary>The tools that look at TCP sockets.</summary>
[Collection(nameof(Kernel))]
public sealed class NetworkToolsTests
{
    private const int Count = 11;
    private const ushort FamilyInet = 2;
    private const ushort FamilyInet6 = 10;
    private const int Established = 1;
    private const int Close = 7;

    [Theory]
    [InlineData("127.0.0.1", FamilyInet)]
    [InlineData("::1", FamilyInet6)]
    public void Tcpstates_sees_each_connection_at_both_ends(string address, ushort family)
    {
        Require.Tracepoints();
        using var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        ushort port = (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
        using var states = Tcpstates.Load(Kernel.Running);
        using var pipe = new EventPipe();
        using (states.Attach())
        {
            Connect(listener);
            var opened = pipe.WaitFor<Tcpstates.StateEvent>(
                2 * Count, record => record.NewState == Established && (record.SourcePort == port || record.DestinationPort == port));
            Assert.Equal(2 * Count, opened.Count);
            Assert.Equal(Count, opened.Count(record => record.DestinationPort == port));
            Assert.All(opened, record => Assert.Equal(family, record.Family));
            Assert.All(opened, record => Assert.Equal(address, Text(record.Source, family)));
            Assert.All(opened, record => Assert.Equal(address, Text(record.Destination, family)));

            var closed = pipe.WaitFor<Tcpstates.StateEvent>(
                2 * Count, record => record.NewState == Close && (record.SourcePort == port || record.DestinationPort == port));
            Assert.Equal(2 * Count, closed.Count);
        }
    }

    [Theory]
    [InlineData("127.0.0.1", FamilyInet)]
    [InlineData("::1", FamilyInet6)]
    public void Tcplife_sees_each_connection_of_the_client(string address, ushort family)
    {
        Require.Tracepoints();
        using var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        ushort port = (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
        var ports = default(Tcplife.PortList);
        ports[0] = port;
        using var life = Tcplife.Load(Kernel.Running, new() { FilterDestinationPort = true, DestinationPorts = ports });
        using var pipe = new EventPipe();
        using (life.Attach())
        {
            Connect(listener);
            var seen = pipe.WaitFor<Tcplife.LifeEvent>(Count, static _ => true);
            Assert.Equal(Count, seen.Count);
            Assert.All(seen, record => Assert.Equal(port, record.DestinationPort));
            Assert.All(seen, record => Assert.Equal(family, record.Family));
            Assert.All(seen, record => Assert.Equal(address, Text(record.Source, family)));
            Assert.All(seen, record => Assert.Equal(address, Text(record.Destination, family)));
            Assert.All(seen, static record => Assert.Equal((uint)Environment.ProcessId, record.ProcessId));
            Assert.All(seen, static record => Assert.InRange(record.Sent, 17ul, 19ul));
        }
    }

    private static void Connect(TcpListener listener)
    {
        byte[] message = new byte[17];
        for (int i = 0; i < Count; i++)
        {
            var end = (IPEndPoint)listener.LocalEndpoint;
            using var client = new TcpClient(end.AddressFamily);
            client.Connect(end);
            using TcpClient server = listener.AcceptTcpClient();
            client.GetStream().Write(message);
            server.GetStream().ReadExactly(message);
            client.Close();
            server.Close();
        }
    }

    // Of IPv4 the first four bytes are the address.
    private static string Text(InternetAddress address, ushort family) => new IPAddress(
        MemoryMarshal.AsBytes(new ReadOnlySpan<InternetAddress>(in address))[..(family == FamilyInet ? 4 : 16)]).ToString();
}
