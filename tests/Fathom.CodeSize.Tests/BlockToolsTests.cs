using System;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.CodeSize.Programs;
using Fathom.Runtime;
using Fathom.Tools.Tests;
using Xunit;
using SystemPrograms = Fathom.Tools.Tests.Programs;

namespace Fathom.CodeSize.Tests;

/// <summary>The tools that look at block requests, all on the same ones.</summary>
[Collection(nameof(Kernel))]
public sealed unsafe class BlockToolsTests
{
    private const int Count = 97;
    private const int BlockSize = 4096;
    private const int SectorsInBlock = 8;

    [Fact]
    public void They_count_each_request_of_a_disk()
    {
        Require.Tracepoints();
        using var disk = new LoopDisk(megabytes: 1);
        int[] number = [.. File.ReadAllText($"/sys/block/{disk.Name}/dev").Trim().Split(':').Select(static part => int.Parse(part, CultureInfo.InvariantCulture))];
        uint device = ((uint)number[0] << 20) | (uint)number[1];

        // Now and then the kernel does not show a few successive requests to the programs, without counting a miss; why is not known yet.
        // So it is tried again. What must never be is a request too many.
        int attempts = 0;
        while (!CountOnce(disk, device))
        {
            Assert.True(++attempts < 4, "The kernel did not show all requests, again and again.");
        }
    }

    /// <summary>False if the kernel did not show all requests.</summary>
    private static bool CountOnce(LoopDisk disk, uint device)
    {
        using var latency = Biolatency.Load(Kernel.Running, new() { FilterDevice = true, TargetDevice = device, PerDisk = true, PerFlag = true });
        using var pattern = Biopattern.Load(Kernel.Running, new() { FilterDevice = true, TargetDevice = device });
        using var size = Bitesize.Load(Kernel.Running, new() { FilterDevice = true, TargetDevice = device });
        using var snoop = Biosnoop.Load(Kernel.Running, new() { FilterDevice = true, TargetDevice = device });
        using var pipe = new EventPipe();
        using (latency.Attach())
        using (pattern.Attach())
        using (size.Attach())
        using (snoop.Attach())
        {
            using var dd = RunningProgram.Run(
                SystemPrograms.Find("dd", "coreutils"), $"if={disk.Device}", "of=/dev/null", $"bs={BlockSize}", "skip=1", $"count={Count}", "iflag=direct");
            Assert.True(dd.ExitCode == 0, dd.Errors);
            if (!pipe.Has<Biosnoop.BlockEvent>(Count, record => record.Device == device))
            {
                return false;
            }

            var seen = pipe.WaitFor<Biosnoop.BlockEvent>(Count, record => record.Device == device);
            Assert.Equal(Count, seen.Count);
            Assert.Equal(
                Enumerable.Range(1, Count).Select(static block => (ulong)block * SectorsInBlock),
                seen.OrderBy(static record => record.Time).Select(static record => record.Sector));
            Assert.All(seen, static record => Assert.Equal((uint)BlockSize, record.Length));
            Assert.All(seen, static record => Assert.True(record.Delta > 0));
            Assert.All(seen, static record => Assert.Equal("dd", EventPipe.Text(new ReadOnlySpan<byte>(record.Command.Bytes, 16))));
        }

        long counted = 0;
        foreach ((Biolatency.HistogramKey key, Biolatency.Histogram histogram) in latency.Histograms)
        {
            Assert.Equal(device, key.Device);
            counted += Sum(histogram.Slots, 27);
        }

        Assert.Equal(Count, counted);

        Assert.True(pattern.Counters.TryGet(device, out var counter));
        Assert.Equal((uint)(Count - 1), counter.Sequential);
        Assert.Equal(0u, counter.Random);
        Assert.Equal((ulong)(Count - 1) * BlockSize, counter.Bytes);

        // Four KiB are two to the second.
        (long blocks, long all) = (0, 0);
        foreach ((_, Bitesize.Histogram histogram) in size.Histograms)
        {
            blocks += histogram.Slots[2];
            all += Sum(histogram.Slots, 20);
        }

        Assert.Equal((Count, Count), (blocks, all));
        return true;
    }

    private static long Sum(uint* slots, int count)
    {
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += slots[i];
        }

        return sum;
    }
}
