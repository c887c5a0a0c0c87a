using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace Fathom.Workloads;

/// <summary>What is left to the kernel when a process ends.</summary>
internal static unsafe class Endings
{
    private const int GetPid = 39, Kill = 62, PrCtl = 157, ExitGroup = 231, SigKill = 9, DeathSignal = 1, SetName = 15;

    /// <summary>
    /// Accepts connections to a port of loopback, which it prints, and reads nothing from them. When a file is there it ends, and leaves it to the
    /// kernel to close them.
    /// </summary>
    public static void Accept(int count, string gate, bool isKilled)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(count);
        Console.WriteLine($"port {((IPEndPoint)listener.LocalEndPoint!).Port}");
        var accepted = new Socket[count];
        for (int i = 0; i < count; i++)
        {
            accepted[i] = listener.Accept();
        }

        Console.WriteLine("accepted");
        while (!File.Exists(gate))
        {
            Thread.Sleep(5);
        }

        End(isKilled);
        GC.KeepAlive(accepted);
    }

    /// <summary>Puts something else in place of what a file has, and ends with the file open.</summary>
    public static void Replace(string path, int bytes)
    {
        const int ReadWriteTruncate = 0x202, Write = 1;
        int file = Libc.Check(Libc.Call(Libc.Open, Libc.Text(path), ReadWriteTruncate));
        byte[] content = new byte[bytes];
        fixed (byte* first = content)
        {
            Libc.Check(Libc.Call(Write, file, (long)first, bytes));
        }

        End(isKilled: false);
    }

    /// <summary>Opens a file as fast as can be from processes of this name, while others are busy.</summary>
    public static void Flood(string path, int count, int processes, int busy, string name)
    {
        Process Start(params string[] arguments) => Process.Start(Environment.ProcessPath!, arguments);
        Process[] idle = new Process[busy], opening = new Process[processes];
        for (int i = 0; i < busy; i++)
        {
            idle[i] = Start("spin");
        }

        for (int i = 0; i < processes; i++)
        {
            opening[i] = Start("flood-one", path, $"{count / processes}", name);
        }

        Array.ForEach(opening, static process => process.WaitForExit());
        Array.ForEach(idle, static process => process.Kill());
        Array.ForEach(idle, static process => process.WaitForExit());
    }

    /// <summary>One of them: only what it opens so fast has this name.</summary>
    public static void FloodOne(string path, int count, string name)
    {
        long file = Libc.Text(path);
        Libc.Check(Libc.Call(PrCtl, SetName, Libc.Text(name)));
        for (int i = 0; i < count; i++)
        {
            Libc.Close(Libc.Check(Libc.Call(Libc.Open, file)));
        }

        Libc.Check(Libc.Call(PrCtl, SetName, Libc.Text("done")));
    }

    /// <summary>Is busy until whoever started it ends.</summary>
    public static void Spin()
    {
        Libc.Check(Libc.Call(PrCtl, DeathSignal, SigKill));
        while (true)
        {
        }
    }

    private static void End(bool isKilled)
    {
        if (isKilled)
        {
            _ = Libc.Call(Kill, Libc.Call(GetPid), SigKill);
        }

        _ = Libc.Call(ExitGroup);
    }
}
