using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Fathom.Format.Linux;
using Fathom.Runtime;
using Fathom.Workloads;
using static Fathom.Attachments.Suite;

namespace Fathom.Attachments;

/// <summary>Programs on a network interface and on cgroups, in a network of this process's own.</summary>
internal static unsafe class NetworkTests
{
    private const int Events = Trace.Events;
    private const int Payload = 97;

    // Headers of IPv4 and UDP, and of Ethernet before them.
    private const int PacketLength = Payload + 20 + 8;
    private const int FrameLength = PacketLength + 14;

    /// <summary>Without it, and without tcx, the kernel has nothing to attach a tc program to.</summary>
    private static readonly KernelFeature s_clsact = new("clsact", "4.5", static _ => Ask(36, 0x400 | 0x200) switch
    {
        0 when RemoveQdisc() => new FeatureAnswer(FeatureSupport.Yes, "clsact can be made"),
        int error => new FeatureAnswer(FeatureSupport.No, $"making clsact gives {Errno.NameOf(error)}"),
    }, "CONFIG_NET_SCH_INGRESS", "CONFIG_NET_CLS_BPF");

    private static KernelFeature[] Needed => TcWay == "tcx link" ? [] : [s_clsact];

    private static string TcWay => Kernel.Running.Probe(KernelFeatures.Tcx).Support == FeatureSupport.Yes ? "tcx link" : "clsact filter";

    /// <summary>Leaves the machine's network: this thread, which makes all sockets here, and its children.</summary>
    public static void Unshare()
    {
        const long UnshareNumber = 272, NewNetwork = 0x40000000, IoctlNumber = 16, SetFlags = 0x8914;
        Libc.Check(Libc.Call(UnshareNumber, NewNetwork));

        // struct ifreq: the name, and IFF_UP | IFF_LOOPBACK | IFF_RUNNING.
        byte* request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        "lo"u8.CopyTo(new Span<byte>(request, 16));
        *(short*)(request + 16) = 0x1 | 0x8 | 0x40;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Libc.Check(Libc.Call(IoctlNumber, socket.Handle, SetFlags, (long)request));
    }

    public static void Run()
    {
        Test("XDP", [KernelFeatures.XdpLinks], static () => Equal(
            Events, Packets(Kernel.Running, "Received", "XDP link", FrameLength, static one => one.AttachXdp("lo")), "packets"));
        Test("XDP on an interface that has one", [KernelFeatures.XdpLinks], static () =>
        {
            using Probes.Loaded loaded = Trace.Load(Kernel.Running, "Received");
            using BpfLink link = loaded.Object.GetProgram("Received").AttachXdp("lo");
            KernelFunctionTests.Refused(() => loaded.Object.GetProgram("Received").AttachXdp("lo"), "has a program already");
        });
        Test("XDP on no interface", [KernelFeatures.XdpLinks], static () =>
        {
            using Probes.Loaded loaded = Trace.Load(Kernel.Running, "Received");
            KernelFunctionTests.Refused(() => loaded.Object.GetProgram("Received").AttachXdp("nothing0"), "no network interface nothing0");
        });
        foreach (bool outgoing in (bool[])[false, true])
        {
            string direction = outgoing ? "outgoing" : "incoming";
            Test("tc, " + direction, Needed, () => Equal(
                Events, Packets(Kernel.Running, "Passed", TcWay, FrameLength, one => one.AttachTc("lo", outgoing)), "packets"));
            Test("clsact, " + direction, [s_clsact], () =>
            {
                Equal(
                    Events, Packets(SelectiveCalls.WithoutLinks(46, 47), "Passed", "clsact filter", FrameLength, one => one.AttachTc("lo", outgoing)), "packets");
                Equal(false, RemoveQdisc(), "clsact was left");
            });
        }

        Test("clsact of several", [s_clsact], static () =>
        {
            // The one that made the discipline ends first, and the others' filters stay. Of two in one direction the first has the last word.
            using Probes.Loaded loaded = Trace.Load(SelectiveCalls.WithoutLinks(46, 47), "Passed", new Probes.Constants { PacketLength = FrameLength });
            BpfProgram program = loaded.Object.GetProgram("Passed");
            BpfLink first = program.AttachTc("lo", outgoing: true), second = program.AttachTc("lo", outgoing: false), third = program.AttachTc("lo", outgoing: true);
            first.Dispose();
            Send(Events);
            Equal(2UL * Events, loaded.Calls, "packets seen by two");
            third.Dispose();
            second.Dispose();
            Send(Events);
            Equal(2UL * Events, loaded.Calls, "packets seen after the end");
            Equal(false, RemoveQdisc(), "clsact was left");
        });
        Test("clsact of others", [s_clsact], static () =>
        {
            Ask(36, 0x400 | 0x200);
            Equal(Events, Packets(SelectiveCalls.WithoutLinks(46, 47), "Passed", "clsact filter", FrameLength, static one => one.AttachTc("lo", false)), "packets");
            Equal(true, RemoveQdisc(), "clsact is there");
        });
        Cgroups();
    }

    private static void Cgroups()
    {
        if (Mounted() is not { } root)
        {
            // Nothing of the kernel's is asked: without the mount there is no cgroup to attach to.
            Test("cgroup programs", [KernelFeatures.CgroupPrograms], static () => throw new TestFailure("cgroup2 is not mounted"));
            return;
        }

        string group = Path.Combine(root, "fathom-" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        string before = File.ReadAllLines("/proc/self/cgroup").First(static line => line.StartsWith("0::", StringComparison.Ordinal))[3..];
        Directory.CreateDirectory(group);
        Enter(group);
        try
        {
            Test("cgroup_skb, received", [KernelFeatures.CgroupPrograms], () => Equal(
                Events, Packets(Kernel.Running, "CgroupReceived", "cgroup link", PacketLength, one => one.AttachCgroup(group)), "packets"));
            Test("cgroup_skb, sent", [KernelFeatures.CgroupPrograms], () => Equal(
                Events, Packets(Kernel.Running, "CgroupSent", "cgroup link", PacketLength, one => one.AttachCgroup(group)), "packets"));
            Test("cgroup connect4", [KernelFeatures.CgroupPrograms], () => Equal(
                new Seen { Calls = Events, First = Events * 1789, Second = Events * 0x0100007fL },
                Trace.Run(Kernel.Running, "Connects", "cgroup link", one => one.AttachCgroup(group), static count => Connect(count, 1789)), "seen"));
            Test("cgroup sock_create", [KernelFeatures.CgroupPrograms], () => Equal(
                new Seen { Calls = Events, First = Events * 2, Second = Events * 2 },
                Trace.Run(Kernel.Running, "Makes", "cgroup link", one => one.AttachCgroup(group), static count => Connect(count, 0)), "seen"));
            Test("cgroup of others", [KernelFeatures.CgroupPrograms], () =>
            {
                string other = Directory.CreateDirectory(group + "-other").FullName;
                Equal(0UL, Trace.Run(Kernel.Running, "Makes", "cgroup link", one => one.AttachCgroup(other), static count => Connect(count, 0)).Calls, "events");
                Directory.Delete(other);
            });
            Test("cgroup that is none", [KernelFeatures.CgroupPrograms], static () =>
            {
                using Probes.Loaded loaded = Trace.Load(Kernel.Running, "Makes");
                KernelFunctionTests.Refused(() => loaded.Object.GetProgram("Makes").AttachCgroup("/no/such/cgroup"), "no such cgroup");
                KernelFunctionTests.Refused(() => loaded.Object.GetProgram("Makes").AttachCgroup("/tmp"), "no directory of a cgroup");
            });
        }
        finally
        {
            Enter(root + before);
            Directory.Delete(group);
        }
    }

    private static void Enter(string group) =>
        File.WriteAllText(Path.Combine(group, "cgroup.procs"), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

    private static string? Mounted() => File.ReadLines("/proc/self/mounts").Select(static line => line.Split(' '))
        .FirstOrDefault(static fields => fields[2] == "cgroup2")?[1];

    private static int Packets(Kernel kernel, string program, string way, int length, Func<BpfProgram, BpfLink> attach) => (int)Trace.Run(
        kernel, program, way, attach, Send, new Probes.Constants { PacketLength = (uint)length }).Calls;

    // From a socket to another, and waits for each to arrive.
    private static void Send(int count)
    {
        using var from = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var to = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 60_000 };
        to.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        byte[] bytes = new byte[Payload];
        for (int i = 0; i < count; i++)
        {
            from.SendTo(bytes, to.LocalEndPoint!);
            Equal(Payload, to.Receive(bytes), "bytes of the packet");
        }
    }

    // Sockets of UDP, which send nothing when they are connected.
    private static void Connect(int count, int port)
    {
        for (int i = 0; i < count; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            if (port != 0)
            {
                socket.Connect(IPAddress.Loopback, port);
            }
        }
    }

    // Whether there was a discipline clsact; it is gone then.
    private static bool RemoveQdisc() => Ask(37, 0) == 0;

    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/rtnetlink.h: a request about clsact on lo; 0 or the errno.
    private static int Ask(ushort type, ushort flags)
    {
        byte[] message = new byte[16 + 20 + 12];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), (ushort)(flags | 5));
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(20), (int)Kernel.Running.Calls.Raw.GetInterfaceIndex("lo"));
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(24), 0xffff_0000);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(28), 0xffff_fff1);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(36), 11);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(38), 1);
        "clsact\0"u8.CopyTo(message.AsSpan(40));
        int socket = Libc.Check(Libc.Call(41, 16, 3, 0));
        byte[] answer = new byte[4096];
        fixed (byte* sent = message, got = answer)
        {
            Libc.Check(Libc.Call(1, socket, (long)sent, message.Length));
            Libc.Check(Libc.Call(0, socket, (long)got, answer.Length));
        }

        Libc.Close(socket);
        return -BinaryPrimitives.ReadInt32LittleEndian(answer.AsSpan(16));
    }
}
