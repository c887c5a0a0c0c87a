using System;
using System.Runtime.InteropServices;
using System.Threading;
using Fathom.Bpf;
using Fathom.Runtime;
using Fathom.Tools.Tests.Events;
using Fathom.Workloads;
using Xunit;

namespace Fathom.Tools.Tests.FuncCount;

/// <summary>A program of a library's user on a static probe with an argument.</summary>
[Collection("events")]
public sealed unsafe class StaticProbeTests
{
    [Fact]
    public void The_argument_of_a_static_probe_arrives_with_its_sign()
    {
        Programs.NeedRoot();
        string folder = Workload.Folder();
        string path = folder + "/libprobes.so";
        TestLibrary.Write(path, 10, slow: false);
        nint library = NativeLibrary.Load(path);
        var function = (delegate* unmanaged<int, void>)NativeLibrary.GetExport(library, "f3");
        using var probe = ProbeSum.Load(Kernel.Running);
        function(1000);
        using (LinkSet links = probe.Object.AttachUsdt(ProbeSum.Programs.Passed, new UserFile(path, path), "test", "probe3", Environment.ProcessId))
        {
            Assert.NotEmpty(links.Links);
            foreach (int argument in (int[])[7, -20, int.MaxValue, 2])
            {
                function(argument);
            }
        }

        function(1000);
        Assert.Equal((4UL, 7L - 20 + int.MaxValue + 2), (probe.Count, probe.Sum));
        AttachException missing = Assert.Throws<AttachException>(() => probe.Object.AttachUsdt(ProbeSum.Programs.Passed, new UserFile(path, path), "test", "probe99"));
        Assert.Contains("it has no static probe test:probe99", missing.Message, StringComparison.Ordinal);
        Workload.Remove(folder);
    }
}

[BpfObject]
internal static unsafe partial class ProbeSum
{
    internal static ulong Count;

    internal static long Sum;

    [Usdt]
    private static void Passed(int argument)
    {
        Interlocked.Increment(ref Count);
        Interlocked.Add(ref Sum, argument);
    }
}
