using System;
using System.IO;
using System.Linq;
using Fathom.Format.Btf;
using Fathom.Format.Linux;
using Fathom.Runtime;
using Fathom.Runtime.Interop;
using static Fathom.Attachments.Suite;
using static Fathom.Attachments.Workloads;

namespace Fathom.Attachments;

/// <summary>Programs on functions of the kernel.</summary>
internal static class KernelFunctionTests
{
    private const int Events = Trace.Events;

    // Of the second of two functions: another prime number.
    private const int Others = 7;

    // So that the sum of cookies says how often each came.
    private const ulong Cookie = 0x1789, OtherCookie = 1UL << 32;

    // The verifier asks for a function to attach to before it looks for the helper; the kernel's own list of helpers is in its types.
    private static readonly KernelFeature s_result = new("bpf_get_func_ret", "5.17", static kernel =>
    {
        BtfType helpers = kernel.Btf.GetType(kernel.Btf.Find(BtfKind.Enum, "bpf_func_id"));
        bool isThere = Enumerable.Range(0, helpers.Count).Any(i => helpers.GetEnumerator(i).Name == "BPF_FUNC_get_func_ret");
        return new FeatureAnswer(isThere ? FeatureSupport.Yes : FeatureSupport.No, $"its enum bpf_func_id has {(isThere ? "it" : "it not")}");
    });

    private static readonly Lazy<ulong[]> s_addresses = new(static () =>
    {
        var symbols = new KernelSymbols(Kernel.Running);
        return [symbols.FindAll(FallocateFunction)[0].Address, symbols.FindAll(TruncateFunction)[0].Address];
    });

    private static Seen Arguments => new() { Calls = Events, First = Events * Mode, Second = Events * Offset, Third = Events * Length };

    private static Seen Results => new() { Calls = Events, Results = Events * FallocateResult };

    public static void Run()
    {
        Test("fentry", [KernelFeatures.FunctionEntry], static () => Equal(Arguments, Named(Kernel.Running, "Entered", "fentry link"), "seen"));
        Test("fexit", [KernelFeatures.FunctionEntry], static () =>
            Equal(Arguments with { Results = Events * FallocateResult }, Named(Kernel.Running, "Left", "fexit link"), "seen"));
        Test("fentry and fexit by the older command", [KernelFeatures.FunctionEntry], static () =>
        {
            Kernel kernel = SelectiveCalls.WithoutLinks(ProgramSection.TraceFentry, ProgramSection.TraceFexit);
            Equal(Arguments, Named(kernel, "Entered", "fentry link"), "seen");
            Equal(Arguments with { Results = Events * FallocateResult }, Named(kernel, "Left", "fexit link"), "seen");
        });
        Singles("kprobe", KernelFeatures.KprobeEvents, Kernel.Running, Trace.PerfWay);
        Singles("kprobe by tracefs", KernelFeatures.TracefsKprobes, SelectiveCalls.WithoutPmu("kprobe"), "tracefs kprobe");
        Test("kprobe on an event without a link", [KernelFeatures.KprobeEvents], static () =>
        {
            Kernel kernel = SelectiveCalls.WithoutLinks(ProgramSection.AttachPerfEvent);
            Equal(Arguments, Single(kernel, "KernelCall", "perf event"), "seen");
            Equal(Results, Single(kernel, "KernelReturn", "perf event"), "seen");
        });
        Test("kprobe by tracefs on an event without a link", [KernelFeatures.TracefsKprobes], static () =>
        {
            Kernel kernel = new(new SelectiveCalls
            {
                Hidden = "/sys/bus/event_source/devices/kprobe/",
                Refuses = static (command, type) => command == BpfCommand.LinkCreate && type == ProgramSection.AttachPerfEvent ? Errno.EINVAL : 0,
            });
            Equal(Arguments, Single(kernel, "KernelCall", "tracefs kprobe"), "seen");
            NothingInTracefs("kprobe_events");
        });
        Test("kprobes that a killed process left", [KernelFeatures.TracefsKprobes], static () => Killed("hold-kprobe", "kprobe_events", static () =>
            Equal(Arguments, Single(SelectiveCalls.WithoutPmu("kprobe"), "KernelCall", "tracefs kprobe"), "seen")));
        Test("kprobe at no function", [KernelFeatures.KprobeEvents], static () =>
        {
            foreach (Kernel kernel in (Kernel[])[Kernel.Running, SelectiveCalls.WithoutPmu("kprobe")])
            {
                using Probes.Loaded loaded = Trace.Load(kernel, "KernelCall");
                Refused(() => loaded.Object.GetProgram("KernelCall").AttachKprobe("no_such_function_here"), "no such function");
            }

            NothingInTracefs("kprobe_events");
        });
        Test("kprobe_multi", [KernelFeatures.KprobeMulti], static () =>
            Equal(new Seen { Calls = Events + Others }, Many("KernelCalls", [], null), "seen"));
        Test("kprobe_multi, cookies", [KernelFeatures.KprobeMulti, KernelFeatures.AttachCookies], static () =>
            Equal(WithCookies(new Seen { Calls = Events + Others }), Many("KernelCalls", [Cookie, OtherCookie], Trace.WithCookies), "seen"));
        Test("kretprobe_multi", [KernelFeatures.KprobeMulti, KernelFeatures.AttachCookies], static () => Equal(
            WithCookies(new Seen { Calls = Events + Others, Results = (Events * FallocateResult) + (Others * TruncateResult) }),
            Many("KernelReturns", [Cookie, OtherCookie], Trace.WithCookies), "seen"));

        // At the call and at the return.
        Test("kprobe session", [KernelFeatures.KprobeSession], static () =>
            Equal(new Seen { Calls = 2 * (Events + Others) }, Many("KernelSession", [], null), "seen"));
        Test("kprobe_multi at no function", [KernelFeatures.KprobeMulti], static () =>
        {
            using Probes.Loaded loaded = Trace.Load(Kernel.Running, "KernelCalls");
            RefusedWhere(KernelFeatures.KprobeMulti, () => loaded.Object.GetProgram("KernelCalls").AttachKprobes([s_addresses.Value[0], 4096]), "cannot be traced");
        });
        Pairs();
        Test("many kprobes end together", [KernelFeatures.KprobeEvents], static () =>
        {
            using Probes.Loaded loaded = Trace.Load(Kernel.Running, "KernelCall");
            using (var links = new LinkSet())
            {
                while (links.Links.Count < 17)
                {
                    links.Add(loaded.Object.GetProgram("KernelCall").AttachKprobe(FallocateFunction));
                }

                Fallocate(Events);
                Equal(17UL * Events, loaded.Calls, "events of all links");
            }

            Fallocate(Events);
            Equal(17UL * Events, loaded.Calls, "events after detaching");
        });
    }

    /// <summary>For the child that is killed: holds a kprobe by tracefs.</summary>
    public static IDisposable Hold()
    {
        Probes.Loaded loaded = Trace.Load(SelectiveCalls.WithoutPmu("kprobe"), "KernelCall");
        return loaded.Object.GetProgram("KernelCall").AttachKprobe(FallocateFunction);
    }

    /// <summary>That a process that was killed left probes in tracefs, and that who comes next removes them.</summary>
    public static void Killed(string what, string file, Action next, params string[] arguments)
    {
        // Where there are none, this says so.
        next();
        NothingInTracefs(file);
        using (Child child = Child.Start([what, .. arguments]))
        {
            child.WaitForLine("ready");
            Equal(1, Lines(file), "lines of the child in " + file);
            child.Kill();
        }

        // The event is closed when the kernel comes to it; until then its probe cannot be removed.
        Equal(1, Lines(file), "lines of the dead child in " + file);
        next();
        NothingInTracefs(file);
    }

    /// <summary>That tracefs has no probes of ours.</summary>
    public static void NothingInTracefs(string file) => Equal(0, Lines(file), "lines left in " + file);

    /// <summary>That attaching is refused with these words.</summary>
    public static void Refused(Func<IDisposable> attach, string words)
    {
        try
        {
            attach().Dispose();
        }
        catch (BpfException e) when (e is (AttachException or ProbeRefusedException) && e.Message.Contains(words, StringComparison.Ordinal))
        {
            return;
        }

        throw new TestFailure($"it was not refused with '{words}'");
    }

    /// <summary>The same, where the kernel has what is needed; where not, it is refused for that.</summary>
    public static void RefusedWhere(KernelFeature feature, Func<IDisposable> attach, string words)
    {
        if (Has(feature))
        {
            Refused(attach, words);
        }
        else
        {
            attach().Dispose();
        }
    }

    private static int Lines(string file) =>
        File.ReadLines($"{Kernel.Running.Tracefs.Root}/{file}").Count(static line => line.Contains("fathom", StringComparison.Ordinal));

    // One kprobe at a time, with all that it can do.
    private static void Singles(string name, KernelFeature feature, Kernel kernel, string way)
    {
        Test(name, [feature], () => Equal(Arguments, Single(kernel, "KernelCall", way), "seen"));
        Test("return " + name, [feature], () => Equal(Results, Single(kernel, "KernelReturn", way), "seen"));
        Test(name + " at an address", [feature], () => Equal(
            Arguments, Trace.Run(kernel, "KernelCall", way, static program => program.AttachKprobe("", s_addresses.Value[0]), Fallocate), "seen"));
        Test(name + ", cookies", [feature, KernelFeatures.AttachCookies], () =>
        {
            Func<BpfProgram, BpfLink> attach = static program => program.AttachKprobe(FallocateFunction, 0, Cookie);
            Equal(
                Arguments with { Cookies = Events * Cookie, Addresses = unchecked(Events * s_addresses.Value[0]) },
                Trace.Run(kernel, "KernelCall", way, attach, Fallocate, Trace.WithCookies), "seen");
            Equal(Results with { Cookies = Events * Cookie }, Trace.Run(kernel, "KernelReturn", way, attach, Fallocate, Trace.WithCookies), "seen");
        });
    }

    // One method, of which the kernel takes the better form: both count the same.
    private static void Pairs()
    {
        string fentry = "fentry link", fexit = "fexit link";
        Test("pair by trampoline", [KernelFeatures.FunctionEntry], () =>
        {
            Equal(Arguments, Named(Kernel.Running, "PairCall", fentry), "seen");
            Equal(Results, Named(Kernel.Running, "PairReturnOfFour", fexit), "seen");
        });
        Test("pair whose result is asked for", [KernelFeatures.KprobeEvents], () => Equal(
            Results,
            Named(Kernel.Running, "PairReturn", Has(KernelFeatures.FunctionEntry) && Has(s_result) ? fexit : Trace.PerfWay), "seen"));
        foreach (int error in (int[])[Errno.EPERM, Errno.EINVAL])
        {
            Test($"pair where trampolines are refused with {Errno.NameOf(error)}", [KernelFeatures.KprobeEvents], () =>
            {
                Kernel kernel = SelectiveCalls.WithoutTrampolines(error);
                Equal(Arguments, Named(kernel, "PairCall", Trace.PerfWay), "seen");
                Equal(Results, Named(kernel, "PairReturn", Trace.PerfWay), "seen");
                Equal(Results, Named(kernel, "PairReturnOfFour", Trace.PerfWay), "seen");
            });
        }
    }

    private static bool Has(KernelFeature feature) => Kernel.Running.Probe(feature).Support == FeatureSupport.Yes;

    private static Seen WithCookies(Seen seen) => seen with
    {
        Cookies = (Events * Cookie) + (Others * OtherCookie),
        Addresses = unchecked((Events * s_addresses.Value[0]) + (Others * s_addresses.Value[1])),
    };

    private static Seen Named(Kernel kernel, string program, string way) =>
        Trace.Run(kernel, program, way, static one => one.Attach(), Fallocate);

    private static Seen Single(Kernel kernel, string program, string way) =>
        Trace.Run(kernel, program, way, static one => one.AttachKprobe(FallocateFunction), Fallocate);

    private static Seen Many(string program, ulong[] cookies, Probes.Constants? constants) => Trace.Run(
        Kernel.Running, program, "kprobe_multi link", one => one.AttachKprobes(s_addresses.Value, cookies),
        static count =>
        {
            Fallocate(count);
            Truncate(count == Events ? Others : count);
        },
        constants);
}
