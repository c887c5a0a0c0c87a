using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Runtime;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>The example of the README, as it stands there.</summary>
public sealed class ReadmeExampleTests
{
    [Fact]
    public void Counts_the_forks_of_a_process()
    {
        Programs.NeedRoot();
        const int children = 23;
        using var probe = ForkCount.Load(Kernel.Running);
        using var links = probe.Attach();
        using var shell = RunningProgram.Run("/bin/sh", "-c", $"i=0; while [ $i -lt {children} ]; do (exit 0); i=$((i+1)); done");
        ulong forks = 0;
        foreach (var (process, count) in probe.Forks.Read())
        {
            forks += process == (uint)shell.Id ? count : 0;
        }

        Assert.Equal((ulong)children, forks);
    }
}

[BpfObject]
internal static unsafe partial class ForkCount
{
    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<uint, ulong> Forks = new();

    [TracepointBtf("sched_process_fork")]
    private static void Forked(TaskStruct* parent, TaskStruct* child)
    {
        uint process = (uint)parent->tgid;
        ulong* count = Forks.Lookup(process);
        if (count != null)
        {
            Interlocked.Increment(ref *count);
        }
        else
        {
            Forks.Update(process, 1UL);
        }
    }
}
