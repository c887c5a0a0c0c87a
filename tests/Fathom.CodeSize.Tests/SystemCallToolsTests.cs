using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using Fathom.CodeSize.Programs;
using Fathom.Runtime;
using Fathom.Tools.Tests;
using Xunit;

namespace Fathom.CodeSize.Tests;

/// <summary>The tools that look at system calls.</summary>
[Collection(nameof(Kernel))]
public sealed unsafe class SystemCallToolsTests : IDisposable
{
    private const int NotThere = -2;

    private readonly string _folder = Directory.CreateTempSubdirectory("fathom-codesize").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Opensnoop_sees_each_file_that_a_thread_opens()
    {
        const int count = 23, missing = 5;
        Require.Tracepoints();
        string there = Path.Combine(_folder, "there"), none = Path.Combine(_folder, "none");
        File.WriteAllText(there, "");
        uint thread = uint.Parse(Path.GetFileName(new FileInfo("/proc/thread-self").LinkTarget!), CultureInfo.InvariantCulture);
        var seen = new List<Opensnoop.OpenEvent>();
        using (var snoop = Opensnoop.Load(Kernel.Running, new() { TargetThread = thread, TargetUser = uint.MaxValue }))
        {
            using (snoop.Attach())
            {
                for (int i = 0; i < count; i++)
                {
                    File.OpenHandle(there).Dispose();
                }

                for (int i = 0; i < missing; i++)
                {
                    Assert.Throws<FileNotFoundException>(() => File.OpenHandle(none));
                }
            }

            foreach (ReadOnlySpan<byte> record in snoop.Events.Drain())
            {
                seen.Add(MemoryMarshal.Read<Opensnoop.OpenEvent>(record));
            }
        }

        var opened = seen.Where(one => EventPipe.Text(new ReadOnlySpan<byte>(one.Paths, 255)) == there).ToList();
        Assert.Equal(count, opened.Count);
        Assert.All(opened, static one => Assert.True(one.Result >= 0));
        Assert.All(seen, static one => Assert.Equal((uint)Environment.ProcessId, one.ProcessId));
        var failed = seen.Where(one => EventPipe.Text(new ReadOnlySpan<byte>(one.Paths, 255)) == none).ToList();
        Assert.Equal(missing, failed.Count);
        Assert.All(failed, static one => Assert.Equal(NotThere, one.Result));
    }

    [Fact]
    public void Syscount_counts_each_call_of_a_process()
    {
        const int count = 97;
        const uint symlink = 88;
        Require.Tracepoints();
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "The number of symlink is that of x86-64.");
        using var calls = Syscount.Load(Kernel.Running, new() { FilterProcess = (uint)Environment.ProcessId, MeasureLatency = true });
        using (calls.Attach())
        {
            for (int i = 0; i < count; i++)
            {
                File.CreateSymbolicLink(Path.Combine(_folder, $"link{i}"), "nowhere");
            }
        }

        Assert.True(calls.Data.TryGet(symlink, out var totals));
        Assert.Equal((ulong)count, totals.Count);
        Assert.True(totals.TotalNs > 0);
    }

    [Fact]
    public void Statsnoop_sees_each_statx()
    {
        const int count = 13, missing = 3;
        Require.Tracepoints();
        string there = Path.Combine(_folder, "there"), none = Path.Combine(_folder, "none");
        File.WriteAllText(there, "");
        using var snoop = Statsnoop.Load(Kernel.Running);
        using var pipe = new EventPipe();
        using (snoop.Attach())
        {
            RunningProgram.Run(
                "/bin/sh", "-c",
                $"for i in $(seq {count}); do stat {there}; done; for i in $(seq {missing}); do stat {none}; done").Dispose();
            var seen = pipe.WaitFor<Statsnoop.StatEvent>(
                count + missing,
                one => one.Type == Statsnoop.SystemCall.Statx && Path.GetDirectoryName(EventPipe.Text(new ReadOnlySpan<byte>(one.PathName, 255))) == _folder);
            Assert.Equal(count, seen.Count(one => one.Result == 0 && EventPipe.Text(new ReadOnlySpan<byte>(one.PathName, 255)) == there));
            Assert.Equal(missing, seen.Count(one => one.Result == NotThere && EventPipe.Text(new ReadOnlySpan<byte>(one.PathName, 255)) == none));
            Assert.Equal(count + missing, seen.Count);
            Assert.All(seen, static one => Assert.Equal("stat", EventPipe.Text(new ReadOnlySpan<byte>(one.Command, 16))));
        }
    }
}
