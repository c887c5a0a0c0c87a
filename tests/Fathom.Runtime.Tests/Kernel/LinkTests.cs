using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Kernels;

public sealed class LinkTests
{
    [Theory]
    [InlineData("tp_btf/sys_enter", "tp_btf link")]
    [InlineData("raw_tp/sys_enter", "raw tracepoint")]
    [InlineData("tracepoint/raw_syscalls/sys_enter", "perf link")]
    public void A_tracepoint_fires_while_it_is_attached_and_not_after(string section, string way)
    {
        BpfObject definition = Samples.Object([Samples.Counting("count", section, ".bss")], [Samples.Section(".bss", new byte[8])]);
        if (section.StartsWith("tracepoint", StringComparison.Ordinal))
        {
            Require.Tracefs();
        }

        using LoadedObject loaded = LoadedObject.Load(Require.Root(), definition);
        ref ulong count = ref loaded.GetGlobal<ulong>(".bss", 0);
        Assert.Equal(0UL, count);
        using (LinkSet links = loaded.Attach())
        {
            Assert.Equal(way, Assert.Single(links.Links).Way);
            for (int i = 0; i < 101; i++)
            {
                _ = File.Exists("/proc/self/no-such-file");
            }

            Assert.True(count >= 101, $"{count} events of 101");
        }

        ulong after = Volatile.Read(ref count);
        for (int i = 0; i < 101; i++)
        {
            _ = File.Exists("/proc/self/no-such-file");
        }

        Assert.Equal(after, Volatile.Read(ref count));
    }

    [Fact]
    public void Some_are_attached_by_name()
    {
        BpfObject definition = Samples.Object(
            [Samples.Returning("one", "raw_tp/sys_enter", 0), Samples.Returning("two", "raw_tp/sys_exit", 0), Samples.Returning("three", "perf_event", 0)]);
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), definition);

        using LinkSet one = loaded.Attach("two");

        Assert.Equal("two", Assert.Single(one.Links).Program.Name);
        Assert.Contains("AttachSampling", Assert.Throws<BpfException>(() => loaded.Attach("three")).Message, StringComparison.Ordinal);
        Assert.Contains("three (perf_event)", Assert.Throws<BpfException>(() => loaded.Attach()).Message, StringComparison.Ordinal);

        using LinkSet sampling = loaded.GetProgram("three").AttachSampling(1);
        using LinkSet all = loaded.Attach();
        Assert.Equal(2, all.Links.Count);
    }

    [Fact]
    public void A_clock_samples_each_cpu()
    {
        BpfObject definition = Samples.Object([Samples.Counting("sample", "perf_event", ".bss")], [Samples.Section(".bss", new byte[8])]);
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), definition);
        ref ulong count = ref loaded.GetGlobal<ulong>(".bss", 0);
        using LinkSet links = loaded.GetProgram("sample").AttachSampling(999);

        long end = Stopwatch.GetTimestamp() + (2 * Stopwatch.Frequency);
        while (Volatile.Read(ref count) < 7 && Stopwatch.GetTimestamp() < end)
        {
        }

        Assert.NotEmpty(links.Links);
        Assert.True(count >= 7, $"{count} samples");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_network_program_is_attached_to_the_loopback_interface(bool xdp)
    {
        BpfObject definition = Samples.Object([Samples.Returning("pass", xdp ? "xdp" : "tc", xdp ? 2 : -1)]);
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), definition);
        BpfProgram program = loaded.GetProgram("pass");
        using BpfLink link = xdp ? program.AttachXdp("lo") : program.AttachTc("lo", outgoing: false);

        Assert.Equal(xdp ? "XDP link" : "tcx link", link.Way);
        AttachException e = Assert.Throws<AttachException>(() => xdp ? program.AttachXdp("nosuch0") : program.AttachTc("nosuch0", outgoing: true));
        Assert.Contains("nosuch0", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_tracepoint_is_told_from_a_missing_tracefs()
    {
        Require.Tracefs();
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.Object([Samples.Returning("probe", "tracepoint/sched/no_such", 0)]));

        TracefsException e = Assert.Throws<TracefsException>(() => loaded.Attach());

        Assert.Contains("no such tracepoint", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_tell_what_a_program_costs()
    {
        Runtime.Kernel kernel = Require.Root();
        using LoadedObject loaded = LoadedObject.Load(kernel, Samples.Object([Samples.Returning("probe", "tp_btf/sys_enter", 0)]));
        BpfProgram program = loaded.GetProgram("probe");
        using (KernelStatistics.Enable(kernel))
        using (loaded.Attach())
        {
            _ = File.Exists("/proc/self/no-such-file");
        }

        ProgramInfo info = program.GetInfo();
        Assert.True(info.RunCount > 0);
        Assert.True(info.RunTimeNs > 0);
        Assert.True(info.TranslatedSize >= 16);
    }

    [Fact]
    public void Nothing_is_left_when_all_is_disposed()
    {
        Runtime.Kernel kernel = Require.Root();
        uint id;
        using (LoadedObject loaded = LoadedObject.Load(kernel, Samples.Object([Samples.Returning("probe", "tp_btf/sys_enter", 0)])))
        using (loaded.Attach())
        {
            id = (uint)loaded.GetProgram("probe").GetInfo().Id;
            Assert.True(IsAlive(kernel, id));
        }

        // The kernel frees a program after a grace period; its id goes with the last descriptor.
        Assert.True(SpinWait.SpinUntil(() => !IsAlive(kernel, id), TimeSpan.FromSeconds(5)));
    }

    internal static bool IsAlive(Runtime.Kernel kernel, uint id)
    {
        var attributes = new NextIdAttributes { Start = id - 1 };
        return kernel.Calls.Bpf(BpfCommand.ProgramNextId, ref attributes) >= 0 && attributes.Next == id;
    }
}
