using System;
using System.Net;
using System.Net.Sockets;

namespace Fathom.Tools.Tests.EveryTool;

/// <summary>Something for every tool to see: programs, files, waits, sessions, requests to a disk.</summary>
internal sealed class AllSortsOfEvents : IDisposable
{
    private readonly LoopDisk _disk = new(megabytes: 2);

    /// <summary>Makes some of each.</summary>
    public void Make()
    {
        RunningProgram.Run("/bin/sh", "-c", "i=0; while [ $i -lt 7 ]; do cat /etc/hostname /no/such/file >/dev/null 2>&1; i=$((i+1)); done; sleep 0.01").Dispose();
        RunningProgram.Run(Programs.Find("dd", "coreutils"), $"if={_disk.Device}", "of=/dev/null", "bs=64k", "count=7", "iflag=direct").Dispose();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        using Socket server = listener.Accept();
        client.Send("hello"u8);
        server.Receive(new byte[5]);
    }

    public void Dispose() => _disk.Dispose();
}
