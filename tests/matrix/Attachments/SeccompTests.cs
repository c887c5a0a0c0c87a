using System;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using Fathom.Runtime;
using Fathom.Workloads;
using static Fathom.Attachments.Suite;

namespace Fathom.Attachments;

/// <summary>
/// Return probes where a process has a seccomp filter that refuses the system call by which kernels since 6.11 return. The process lives and computes
/// right: with the probe where the kernel asks no filter about that call, and elsewhere without, since it is refused.
/// </summary>
internal static unsafe class SeccompTests
{
    private const int Events = Trace.Events;
    private const int Argument = 17;
    private const string Function = "f7";
    private const int FirstChildEnded = 10;

    private static string s_path = "";
    private static ulong s_function;
    private static bool s_isRefused;

    private static Seen Results => new() { Calls = Events, Results = Events * Argument };

    public static void Run()
    {
        string folder = Directory.CreateTempSubdirectory("fathom-seccomp-").FullName;
        s_path = Path.Combine(folder, "libfiltered.so");
        TestLibrary.Write(s_path, 11, slow: false);
        using (UserImage image = UserImage.Open(Kernel.Running, s_path))
        {
            s_function = image.Image.FindFunctions(Function)[0].FileOffset;
        }

        FeatureAnswer answer = Kernel.Running.Probe(KernelFeatures.FilteredReturns);
        s_isRefused = answer.Support == FeatureSupport.No;
        Test("return probe under a filter, tried on a child", [], () =>
        {
            if (Environment.GetEnvironmentVariable("FATHOM_UNREPAIRED") == "1")
            {
                Equal(FeatureSupport.No, answer.Support, $"a kernel without the repair ({answer.Evidence})");
            }

            FeatureSupport hasLinks = Kernel.Running.Probe(KernelFeatures.UprobeMulti).Support;
            FeatureAnswer byLink = SelectiveCalls.WithoutPmu("uprobe").Probe(KernelFeatures.FilteredReturns);
            Equal(false, answer.Support == FeatureSupport.Unknown, "not known: " + answer.Evidence);
            FeatureSupport expected = hasLinks == FeatureSupport.Yes ? answer.Support : FeatureSupport.Unknown;
            Equal(expected, byLink.Support, $"tried through a link ({byLink.Evidence})");
            Equal((-1L, FirstChildEnded), (Libc.Call(61, -1, 0, 1), Marshal.GetLastPInvokeError()), "wait4 for children that are left");
        });
        foreach (string where in (string[])["a process", "a thread"])
        {
            const string Link = "uprobe_multi link";
            string under = "under the filter of " + where;
            UnderFilter("return uprobe " + under, KernelFeatures.UprobeEvents, where, "UserReturn", Trace.PerfWay, Results, One);
            UnderFilter("uretprobe_multi " + under, KernelFeatures.UprobeMulti, where, "UserReturns", Link, Results, Many);
            UnderFilter("uprobe session " + under, KernelFeatures.UprobeSession, where, "UserSession", Link, new() { Calls = 2 * Events }, Many);
            UnderFilter(
                "return uprobe of all processes, one " + under, KernelFeatures.UprobeEvents, where, "UserReturn", Trace.PerfWay, Results,
                static (program, _) => One(program, 0));
        }

        Test("return uprobe of all processes, a filter in one that has not mapped the file", [KernelFeatures.UprobeEvents], static () =>
        {
            using Child child = Child.Start("call-filtered", s_path, "a process");
            child.WaitForLine("ready");
            string other = Path.Combine(Path.GetDirectoryName(s_path)!, "libother.so");
            File.Copy(s_path, other);
            nint library = NativeLibrary.Load(other);
            Seen seen = Trace.Run(
                Kernel.Running, "UserReturn", Trace.PerfWay, program => program.AttachUprobe(other, new(s_function)), count => Call(library, count));
            NativeLibrary.Free(library);
            Equal(Results, seen, "seen");
        });
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>For the child: sets a filter, and calls the function as often as each line says; each answer is the sum of the results.</summary>
    public static void CallFiltered(string path, string where)
    {
        if (where == "a thread")
        {
            var thread = new Thread(() => CallFiltered(path));
            thread.Start();
            thread.Join();
        }
        else
        {
            CallFiltered(path);
        }
    }

    private static void CallFiltered(string path)
    {
        nint library = NativeLibrary.Load(path);
        SetFilter();
        Console.Out.WriteLine("ready");
        while (Console.In.ReadLine() is { } line)
        {
            long sum = Call(library, int.Parse(line, CultureInfo.InvariantCulture));
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"called {sum}"));
        }
    }

    // Of this thread alone: EPERM for the system call uretprobe, 335, as of a filter that does not know it; all others are allowed.
    private static void SetFilter()
    {
        const int Prctl = 157, SetNoNewPrivileges = 38, SetSeccomp = 22, Filter = 2;
        ulong* filter = stackalloc ulong[4] { 0x20, 0x0000014f_0100_0015, 0x00050001_0000_0006, 0x7fff0000_0000_0006 };
        ulong* program = stackalloc ulong[2] { 4, (ulong)filter };
        Libc.Check(Libc.Call(Prctl, SetNoNewPrivileges, 1));
        Libc.Check(Libc.Call(Prctl, SetSeccomp, Filter, (long)program));
    }

    private static long Call(nint library, int count)
    {
        var call = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, Function);
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += call(Argument);
        }

        return sum;
    }

    private static BpfLink One(BpfProgram program, int process) => program.AttachUprobe(s_path, new(s_function), process);

    private static BpfLink Many(BpfProgram program, int process) => program.AttachUprobes(s_path, [new(s_function)], process);

    private static void UnderFilter(
        string name, KernelFeature needs, string where, string program, string way, Seen seen, Func<BpfProgram, int, BpfLink> attach) =>
        Test(name, s_isRefused ? [] : [needs], () =>
    {
        using Child child = Child.Start("call-filtered", s_path, where);
        child.WaitForLine("ready");
        void Call(int count)
        {
            child.WriteLine(count.ToString(CultureInfo.InvariantCulture));
            child.WaitForLine(string.Create(CultureInfo.InvariantCulture, $"called {count * Argument}"));
        }

        if (s_isRefused)
        {
            using (Probes.Loaded loaded = Trace.Load(Kernel.Running, program))
            {
                BpfProgram one = loaded.Object.GetProgram(program);
                KernelFunctionTests.Refused(() => attach(one, child.Id), $"a process with a seccomp filter ({child.Id})");
            }

            Call(Events);
            return;
        }

        Equal(seen, Trace.Run(Kernel.Running, program, way, loaded => attach(loaded, child.Id), Call, new Probes.Constants()), "seen");
    });
}
