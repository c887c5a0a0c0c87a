using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Fathom.Runtime;
using static Fathom.Attachments.Suite;
using static Fathom.Attachments.Workloads;

namespace Fathom.Attachments;

/// <summary>Programs on tracepoints, on a clock, and in iterators.</summary>
internal static class TracepointTests
{
    private const int Events = Trace.Events;
    private const ulong Cookie = 0x1789;
    private const string PerfName = "syscalls/sys_enter_fallocate";

    private static Seen Arguments => new() { Calls = Events, First = Events * Mode, Second = Events * Offset, Third = Events * Length };

    private static Probes.Constants WithCall => new() { Process = (uint)Environment.ProcessId, SystemCall = FallocateNumber };

    public static void Run()
    {
        Test("raw tracepoint", [], static () => Equal(
            new Seen { Calls = Events },
            Trace.Run(Kernel.Running, "RawEntry", "raw tracepoint", static one => one.AttachTracepoint("sys_enter"), Fallocate, WithCall), "seen"));
        Test("raw tracepoint, cookies", [KernelFeatures.TracepointCookies], static () => Equal(
            new Seen { Calls = Events, Cookies = Events * Cookie },
            Trace.Run(Kernel.Running, "RawEntry", "raw tracepoint", static one => one.AttachTracepoint("sys_enter", Cookie), Fallocate, Trace.WithCookies), "seen"));
        Test("perf tracepoint", [KernelFeatures.PerfTracepoints], static () => Equal(
            Arguments, Trace.Run(Kernel.Running, "PerfEntry", Trace.PerfWay, static one => one.AttachTracepoint(PerfName), Fallocate), "seen"));
        Test("perf tracepoint, cookies", [KernelFeatures.PerfTracepoints, KernelFeatures.AttachCookies], static () => Equal(
            Arguments with { Cookies = Events * Cookie },
            Trace.Run(Kernel.Running, "PerfEntry", Trace.PerfWay, static one => one.AttachTracepoint(PerfName, Cookie), Fallocate, Trace.WithCookies), "seen"));
        Test("perf tracepoint on an event without a link", [KernelFeatures.PerfTracepoints], static () => Equal(
            Arguments,
            Trace.Run(
                SelectiveCalls.WithoutLinks(ProgramSection.AttachPerfEvent), "PerfEntry", "perf event", static one => one.AttachTracepoint(PerfName), Fallocate),
            "seen"));
        Test("tp_btf", [KernelFeatures.TypedTracepoints], static () => Equal(
            Arguments, Trace.Run(Kernel.Running, "TypedEntry", "tp_btf link", static one => one.Attach(), Fallocate, WithCall), "seen"));
        Test("tp_btf by the older command", [KernelFeatures.TypedTracepoints], static () => Equal(
            Arguments,
            Trace.Run(
                SelectiveCalls.WithoutLinks(ProgramSection.TraceRawTracepoint), "TypedEntry", "tp_btf link", static one => one.Attach(), Fallocate, WithCall),
            "seen"));
        Test("cookies of a kernel that has none", [], CookiesWithoutKernel);
        Test("tracepoint that is not there", [KernelFeatures.PerfTracepoints], static () =>
        {
            using Probes.Loaded raw = Trace.Load(Kernel.Running, "RawEntry");
            KernelFunctionTests.Refused(() => raw.Object.GetProgram("RawEntry").AttachTracepoint("no_such_tracepoint"), "no such tracepoint");
        });
        Test("sampling", [], Sampling);
        Test("iterator over tasks", [KernelFeatures.Iterators], Iterator);
    }

    // The helper needs the same kernel as the cookie, so the program goes without.
    private static void CookiesWithoutKernel()
    {
        using Probes.Loaded raw = Trace.Load(Kernel.Running, "RawEntry");
        BpfProgram program = raw.Object.GetProgram("RawEntry");
        if (Kernel.Running.Probe(KernelFeatures.TracepointCookies).Support == FeatureSupport.Yes)
        {
            program.AttachTracepoint("sys_enter", Cookie).Dispose();
        }
        else
        {
            KernelFunctionTests.Refused(() => program.AttachTracepoint("sys_enter", Cookie), "Linux 6.10");
        }

        if (Kernel.Running.Probe(KernelFeatures.PerfTracepoints).Support != FeatureSupport.Yes)
        {
            return;
        }

        using Probes.Loaded perf = Trace.Load(Kernel.Running, "PerfEntry");
        program = perf.Object.GetProgram("PerfEntry");
        if (Kernel.Running.Probe(KernelFeatures.PerfLinks).Support == FeatureSupport.Yes)
        {
            program.AttachTracepoint(PerfName, Cookie).Dispose();
        }
        else
        {
            KernelFunctionTests.Refused(() => program.AttachTracepoint(PerfName, Cookie), "Linux 5.15");
        }
    }

    private static void Sampling()
    {
        using Probes.Loaded loaded = Trace.Load(Kernel.Running, "Sample");
        BpfProgram program = loaded.Object.GetProgram("Sample");
        using (LinkSet links = program.AttachSampling(997))
        {
            Equal(true, links.Links.All(static link => link.Way == Trace.PerfWay), "way");
            WaitFor(() => loaded.Calls >= Events, "samples of a busy CPU");
        }

        ulong seen = loaded.Calls;
        long end = Environment.TickCount64 + 100;
        while (Environment.TickCount64 < end)
        {
            // Busy, so that a clock that still runs would be seen.
        }

        Equal(seen, loaded.Calls, "samples after the end");
    }

    private static void Iterator()
    {
        Child[] children = [.. Enumerable.Range(0, 3).Select(static _ => Child.Start("wait"))];
        foreach (Child child in children)
        {
            child.WaitForLine("ready");
        }

        int[] expected = [.. children.Select(static child => child.Id), Environment.ProcessId];
        using Probes.Loaded loaded = Trace.Load(Kernel.Running, "Task");
        List<int> found = Read(loaded);
        Equal("1 1 1 1", string.Join(' ', expected.Select(one => found.Count(task => task == one))), "how often each process was seen");
        foreach (Child child in children)
        {
            child.Dispose();
        }

        found = Read(loaded);
        Equal("0 0 0 1", string.Join(' ', expected.Select(one => found.Count(task => task == one))), "how often each process was seen, some of them gone");
    }

    private static List<int> Read(Probes.Loaded loaded)
    {
        var found = new List<int>();
        using BpfIterator pass = loaded.Object.GetProgram("Task").OpenIterator();
        Span<byte> buffer = stackalloc byte[64];
        int count;
        while ((count = pass.Read(buffer)) > 0)
        {
            Equal(0, count % sizeof(int), "bytes behind the last number");
            found.AddRange(MemoryMarshal.Cast<byte, int>(buffer[..count]));
        }

        return found;
    }
}
