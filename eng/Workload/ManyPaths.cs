using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace Fathom.Workloads;

/// <summary>Sessions of MPTCP.</summary>
internal static class ManyPaths
{
    private const int SocketCall = 41, Internet = 2, Stream = 1, Mptcp = 262;

    /// <summary>Sessions over loopback between two threads: so many bytes one way, then half of them back.</summary>
    public static void Run(int count, int bytes)
    {
        if (Make() is not { } listener)
        {
            Console.WriteLine("unsupported");
            return;
        }

        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(count);
        var server = new Thread(() =>
        {
            for (int i = 0; i < count; i++)
            {
                using Socket accepted = listener.Accept();
                ReadAll(accepted);
                accepted.Send(new byte[bytes / 2]);
            }
        });
        server.Start();
        for (int i = 0; i < count; i++)
        {
            using Socket client = Make()!;
            client.Connect(listener.LocalEndPoint!);
            client.Send(new byte[bytes]);
            client.Shutdown(SocketShutdown.Send);
            ReadAll(client);
        }

        server.Join();
        listener.Dispose();
    }

    private static Socket? Make()
    {
        // .NET knows no such protocol.
        long descriptor = Libc.Call(SocketCall, Internet, Stream, Mptcp);
        return descriptor < 0 ? null : new Socket(new SafeSocketHandle((nint)descriptor, ownsHandle: true));
    }

    private static void ReadAll(Socket socket)
    {
        byte[] buffer = new byte[64 * 1024];
        while (socket.Receive(buffer) > 0)
        {
        }
    }
}
