using System;
using System.IO;
using System.Linq;
using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Xunit;

namespace Fathom.Testing.Tests;

/// <summary>The example of docs/testing.md, as it stands there.</summary>
public sealed class ForkCountTests
{
    [Fact]
    public void Counts_forks_by_process()
    {
        var bpf = BpfTest.Load(ForkCount.GetObjectFile());
        var shell = bpf.Place(new TaskStruct { tgid = 100 });
        var other = bpf.Place(new TaskStruct { tgid = 200 });

        bpf.Run(ForkCount.Programs.Forked, shell, bpf.Place(new TaskStruct { tgid = 101 }));
        bpf.Run(ForkCount.Programs.Forked, shell, other);
        bpf.Run(ForkCount.Programs.Forked, other, shell);

        var forks = bpf.Map<uint, ulong>("Forks");
        Assert.Equal(2, forks.Count);
        Assert.Equal(2UL, forks[100]);
        Assert.Equal(1UL, forks[200]);
    }

    [Fact]
    public void The_document_shows_this_file()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Fathom.slnx")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("The tests do not lie in the tree.");
        }

        string[] Words(string path) => File.ReadAllText(Path.Combine(root, path)).Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        string sources = string.Join(' ', Directory.GetFiles(Path.Combine(root, "tests/Fathom.Testing.Tests"), "*.cs").SelectMany(Words));
        string[] parts = File.ReadAllText(Path.Combine(root, "docs/testing.md")).Split("```");
        string[] blocks = [.. parts.Where(static part => part.StartsWith("csharp\n", StringComparison.Ordinal)).Select(static part => part["csharp\n".Length..])];
        Assert.True(blocks.Length >= 4);
        Assert.All(blocks, block => Assert.Contains(string.Join(' ', block.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)), sources, StringComparison.Ordinal));
    }
}

[BpfObject]
internal static unsafe partial class ForkCount
{
    [Map(MaxEntries = 10_240)] internal static readonly HashMap<uint, ulong> Forks = new();

    [TracepointBtf("sched_process_fork")]
    private static void Forked(TaskStruct* parent, TaskStruct* child)
    {
        uint process = (uint)parent->tgid;
        ulong* count = Forks.Lookup(process);
        if (count != null) { Interlocked.Increment(ref *count); }
        else { Forks.Update(process, 1UL); }
    }
}
