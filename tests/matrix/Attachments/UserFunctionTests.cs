using System;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using Fathom.Format.Elf.Images;
using Fathom.Runtime;
using Fathom.Workloads;
using static Fathom.Attachments.Suite;

namespace Fathom.Attachments;

/// <summary>Programs on functions of a library of our own, which this process and a child call.</summary>
internal static unsafe class UserFunctionTests
{
    private const int Events = Trace.Events;
    private const int Others = 7;
    private const int Argument = 17;
    private const ulong Cookie = 0x1789, OtherCookie = 1UL << 32;

    // Begun with a push, and with endbr64: the first returns its argument.
    private const string Plain = "f7", Marked = "f9";

    // The static probe of this one has a semaphore.
    private const int Probed = 1;

    private static string s_path = "";
    private static nint s_library;
    private static ulong s_plain, s_marked;
    private static UsdtProbe s_probe;

    private static Seen Arguments => new() { Calls = Events, First = Events * Argument };

    private static Seen Results => new() { Calls = Events, Results = Events * Argument };

    public static void Run()
    {
        s_path = WriteLibrary();
        s_library = NativeLibrary.Load(s_path);
        using (UserImage image = UserImage.Open(Kernel.Running, s_path))
        {
            s_plain = image.Image.FindFunctions(Plain)[0].FileOffset;
            s_marked = image.Image.FindFunctions(Marked)[0].FileOffset;
            s_probe = image.Image.UsdtProbes[Probed];
        }

        Singles("uprobe", Kernel.Running, Trace.PerfWay);
        Singles("uprobe by tracefs", SelectiveCalls.WithoutPmu("uprobe"), "tracefs uprobe");
        Test("uprobe on an event without a link", [KernelFeatures.UprobeEvents], static () =>
            Equal(Arguments, Single(SelectiveCalls.WithoutLinks(ProgramSection.AttachPerfEvent), "UserCall", "perf event", new(s_plain)), "seen"));
        Test("uprobe of one process", [KernelFeatures.UprobeEvents], static () => OfOneProcess(
            "UserCall", Trace.PerfWay, static (program, process) => program.AttachUprobe(s_path, new(s_plain), process)));
        Test("uprobes that a killed process left", [KernelFeatures.UprobeEvents], static () => KernelFunctionTests.Killed(
            "hold-uprobe", "uprobe_events",
            static () => Equal(Arguments, Single(SelectiveCalls.WithoutPmu("uprobe"), "UserCall", "tracefs uprobe", new(s_plain)), "seen"), s_path));
        Test("uprobe at no file and no code", [KernelFeatures.UprobeEvents], static () =>
        {
            foreach (Kernel kernel in (Kernel[])[Kernel.Running, SelectiveCalls.WithoutPmu("uprobe")])
            {
                using Probes.Loaded loaded = Trace.Load(kernel, "UserCall");
                KernelFunctionTests.Refused(() => loaded.Object.GetProgram("UserCall").AttachUprobe("/no/such/file", new(s_plain)), "no such file");
                KernelFunctionTests.Refused(() => loaded.Object.GetProgram("UserCall").AttachUprobe(s_path, new(1UL << 30)), "no executable segment");
            }

            KernelFunctionTests.NothingInTracefs("uprobe_events");
        });
        Test("uprobe_multi", [KernelFeatures.UprobeMulti], static () => Equal(
            new Seen { Calls = Events + Others, First = (Events + Others) * Argument }, Many("UserCalls", new(s_plain), new(s_marked), null), "seen"));
        Test("uprobe_multi, cookies", [KernelFeatures.UprobeMulti], static () => Equal(
            new Seen { Calls = Events + Others, First = (Events + Others) * Argument, Cookies = (Events * Cookie) + (Others * OtherCookie) },
            Many("UserCalls", new(s_plain, Cookie), new(s_marked, OtherCookie), Trace.WithCookies), "seen"));
        Test("uprobe_multi, semaphores", [KernelFeatures.UprobeMulti], static () =>
        {
            Equal(
                Arguments with { Cookies = Events * Cookie },
                Trace.Run(
                    Kernel.Running, "UserCalls", "uprobe_multi link",
                    static program => Raised(program.AttachUprobes(s_path, [Site(Cookie), new(s_marked, OtherCookie)])), static count => Call("f1", count), Trace.WithCookies),
                "seen");
            Equal(0, Semaphore, "semaphore after detaching");
        });
        Test("uretprobe_multi", [KernelFeatures.UprobeMulti], static () => Equal(
            Results with { Cookies = Events * Cookie },
            Trace.Run(
                Kernel.Running, "UserReturns", "uprobe_multi link", static program => program.AttachUprobes(s_path, [new(s_plain, Cookie)]),
                static count => Call(Plain, count), Trace.WithCookies), "seen"));
        Test("uprobe_multi of one process", [KernelFeatures.UprobeMulti], static () => OfOneProcess(
            "UserCalls", "uprobe_multi link", static (program, process) => program.AttachUprobes(s_path, [new(s_plain)], process)));

        // At the call and at the return.
        Test("uprobe session", [KernelFeatures.UprobeSession], static () => Equal(
            new Seen { Calls = 2 * (Events + Others) }, Many("UserSession", new(s_plain), new(s_marked), null), "seen"));
        // Refused before the kernel is asked, which may lack such links.
        Test("uprobe_multi at no code", [], static () =>
        {
            using Probes.Loaded loaded = Trace.Load(Kernel.Running, "UserCalls");
            KernelFunctionTests.Refused(() => loaded.Object.GetProgram("UserCalls").AttachUprobes(s_path, [new(s_plain), new(1UL << 30)]), "no executable segment");
        });

        NativeLibrary.Free(s_library);
        Directory.Delete(Path.GetDirectoryName(s_path)!, recursive: true);
    }

    /// <summary>For the child that is killed: holds a uprobe by tracefs.</summary>
    public static IDisposable Hold(string path)
    {
        Probes.Loaded loaded = Trace.Load(SelectiveCalls.WithoutPmu("uprobe"), "UserCall");
        using UserImage image = UserImage.Open(Kernel.Running, path);
        return loaded.Object.GetProgram("UserCall").AttachUprobe(path, new(image.Image.FindFunctions(Plain)[0].FileOffset));
    }

    /// <summary>For the child that is traced: calls the function as often as each line says.</summary>
    public static void CallByLines(string path)
    {
        s_library = NativeLibrary.Load(path);
        Console.Out.WriteLine("ready");
        while (Console.In.ReadLine() is { } line)
        {
            Call(Plain, int.Parse(line, CultureInfo.InvariantCulture));
            Console.Out.WriteLine("called");
        }
    }

    private static ushort Semaphore => *(ushort*)(NativeLibrary.GetExport(s_library, Plain) - (nint)s_plain + (nint)s_probe.SemaphoreOffset);

    private static UserProbe Site(ulong cookie = 0) => new(s_probe.FileOffset, cookie, s_probe.SemaphoreOffset);

    private static string WriteLibrary()
    {
        // A folder whose name a format would take for a place of its own.
        string path = Path.Combine(Directory.CreateTempSubdirectory("fathom-{0}").FullName, "libfathom.so");
        TestLibrary.Write(path, 11, slow: false);
        return path;
    }

    private static void Call(string function, int count)
    {
        var call = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(s_library, function);
        for (int i = 0; i < count; i++)
        {
            call(Argument);
        }
    }

    private static BpfLink Raised(BpfLink link)
    {
        if (Semaphore != 1)
        {
            link.Dispose();
            throw new TestFailure("the semaphore was not raised");
        }

        return link;
    }

    private static void Singles(string name, Kernel kernel, string way)
    {
        KernelFeature feature = KernelFeatures.UprobeEvents;
        Test(name, [feature], () => Equal(Arguments, Single(kernel, "UserCall", way, new(s_plain)), "seen"));
        Test("return " + name, [feature], () => Equal(Results, Single(kernel, "UserReturn", way, new(s_plain)), "seen"));
        Test(name + ", cookies", [feature, KernelFeatures.AttachCookies], () =>
        {
            Equal(Arguments with { Cookies = Events * Cookie }, Single(kernel, "UserCall", way, new(s_plain, Cookie), Trace.WithCookies), "seen");
            Equal(Results with { Cookies = Events * Cookie }, Single(kernel, "UserReturn", way, new(s_plain, Cookie), Trace.WithCookies), "seen");
        });
        Test(name + " at a static probe", [feature], () =>
        {
            // Where there is uprobe_multi, a program at static probes is one for it.
            string best = kernel.Probe(KernelFeatures.UprobeMulti).Support == FeatureSupport.Yes ? "uprobe_multi link" : way;
            Equal(0, Semaphore, "semaphore before attaching");
            Equal(
                Arguments,
                Trace.Run(kernel, "StaticProbe", best, static program => Raised(program.AttachUprobe(s_path, Site())), static count => Call("f1", count)), "seen");
            Equal(0, Semaphore, "semaphore after detaching");
        });
    }

    private static Seen Single(Kernel kernel, string program, string way, UserProbe place, Probes.Constants? constants = null) =>
        Trace.Run(kernel, program, way, one => one.AttachUprobe(s_path, place), static count => Call(Plain, count), constants);

    private static Seen Many(string program, UserProbe first, UserProbe second, Probes.Constants? constants) => Trace.Run(
        Kernel.Running, program, "uprobe_multi link", one => one.AttachUprobes(s_path, [first, second]),
        static count =>
        {
            Call(Plain, count);
            Call(Marked, count == Events ? Others : count);
        },
        constants);

    // The program counts every process, the link only the child: what this process does is not seen.
    private static void OfOneProcess(string program, string way, Func<BpfProgram, int, BpfLink> attach)
    {
        using Child child = Child.Start("call", s_path);
        child.WaitForLine("ready");
        Seen seen = Trace.Run(
            Kernel.Running, program, way, one => attach(one, child.Id),
            count =>
            {
                Call(Plain, 2);
                child.WriteLine(count.ToString(CultureInfo.InvariantCulture));
                child.WaitForLine("called");
                Call(Plain, 3);
            },
            new Probes.Constants());
        Equal(Arguments, seen, "seen");
    }
}
