using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using Fathom.Tools.Tests;
using Xunit;
using SystemPrograms = Fathom.Tools.Tests.Programs;

namespace Fathom.CodeSize.Tests;

/// <summary>Reads the perf buffers of the one object that is loaded, by bpftool: somebody else's reader. Stops it when disposed.</summary>
internal sealed class EventPipe : IDisposable
{
    private const int PerfEventArray = 4;
    private const int BytesInLine = 16;

    private readonly RunningProgram _bpftool;

    public EventPipe()
    {
        // stdbuf becomes bpftool; each event is seen when it comes.
        _bpftool = RunningProgram.Start(
            SystemPrograms.Find("stdbuf", "coreutils"), "-oL", SystemPrograms.Find("bpftool", "bpftool"), "map", "event_pipe", "id", MapId());
        Wait(() => BufferCount() >= Environment.ProcessorCount, static () => "it did not open the buffers");
    }

    /// <summary>Waits until there are as many records of a kind, and a little longer: more would be wrong.</summary>
    public IReadOnlyList<byte[]> WaitFor(int count, Func<byte[], bool> isOfKind)
    {
        Wait(() => Records().Count(isOfKind) >= count, () => $"{Records().Count(isOfKind)} of {count} records");
        Thread.Sleep(200);
        Assert.DoesNotContain("lost", _bpftool.Output, StringComparison.Ordinal);
        return [.. Records().Where(isOfKind)];
    }

    /// <summary>The same for records of a fixed layout.</summary>
    public IReadOnlyList<T> WaitFor<T>(int count, Func<T, bool> isOfKind)
        where T : unmanaged =>
        [.. WaitFor(count, record => isOfKind(MemoryMarshal.Read<T>(record))).Select(static record => MemoryMarshal.Read<T>(record))];

    /// <summary>Whether there are as many records of a kind within two seconds.</summary>
    public bool Has<T>(int count, Func<T, bool> isOfKind)
        where T : unmanaged =>
        SpinWait.SpinUntil(() => Records().Count(record => isOfKind(MemoryMarshal.Read<T>(record))) >= count, TimeSpan.FromSeconds(2));

    public void Dispose() => _bpftool.Dispose();

    /// <summary>The text that ends at the first NUL.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) =>
        Encoding.UTF8.GetString(bytes.IndexOf((byte)0) is >= 0 and var end ? bytes[..end] : bytes);

    // The only perf event array that this process holds.
    private static string MapId() => Directory.EnumerateFiles("/proc/self/fdinfo").Select(ReadLines)
        .Where(static lines => lines.Any(static line => line == $"map_type:\t{PerfEventArray}"))
        .Select(static lines => lines.Single(static line => line.StartsWith("map_id:", StringComparison.Ordinal)).Split('\t')[1])
        .Distinct().Single();

    private static string[] ReadLines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            return [];
        }
    }

    // Each buffer that bpftool waits for is in its epoll, to which it comes last.
    private int BufferCount() => Directory.Exists($"/proc/{_bpftool.Id}/fdinfo")
        ? Directory.EnumerateFiles($"/proc/{_bpftool.Id}/fdinfo").Sum(static file => ReadLines(file).Count(static line => line.StartsWith("tfd:", StringComparison.Ordinal)))
        : 0;

    // For each event a line with "==", then its bytes in hexadecimal, 16 to a line. The kernel fills a record up to 4 more than a multiple of
    // 8 bytes, so that its last line is never full: one that ends with a full line is not all there yet.
    private List<byte[]> Records() =>
    [
        .. _bpftool.Output.Split("== @").Skip(1).Select(static text => text.Split('\n').Skip(1).SelectMany(Bytes).ToArray())
            .Where(static record => record.Length % BytesInLine != 0),
    ];

    private static IEnumerable<byte> Bytes(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(static word => byte.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private void Wait(Func<bool> isDone, Func<string> problem)
    {
        var waited = Stopwatch.StartNew();
        while (!isDone())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), $"bpftool: {problem()}. {_bpftool.Errors}{string.Join('\n', _bpftool.Output.Split('\n').Where(static line => line.Contains("lost", StringComparison.Ordinal)))}");
            Thread.Sleep(20);
        }
    }
}
