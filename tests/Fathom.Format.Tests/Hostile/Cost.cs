using System;
using System.Diagnostics;
using System.Threading;
using Xunit;

namespace Fathom.Format.Tests.Hostile;

/// <summary>
/// What a reader may cost that is given a file of at most 1 MB: 64 MB of memory, and an end. Memory is counted exactly. Time is no assertion of a
/// test, so that the watchdog only tells the end from none: what these files cost before they were bounded was more than it waits.
/// </summary>
internal static class Cost
{
    public const int LargestFile = 1 << 20;
    private const long MostMemory = 64 << 20;
    private static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(10);

    /// <summary>Reads a file on a thread of its own; what it throws besides <see cref="BadFormatException"/> fails the test.</summary>
    /// <returns>Whether it was read, and not refused.</returns>
    public static bool OfReading(int size, Action read)
    {
        Assert.InRange(size, 1, LargestFile);
        Exception? failure = null;
        bool isRead = false;
        long allocated = 0;
        long started = Stopwatch.GetTimestamp();
        var thread = new Thread(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read();
                isRead = true;
            }
            catch (BadFormatException e)
            {
                failure = e.Message.Length > 1000 ? new InvalidOperationException($"a message of {e.Message.Length} characters") : null;
            }
            catch (Exception e)
            {
                failure = e;
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        })
        {
            IsBackground = true,
        };
        thread.Start();
        Assert.True(thread.Join(Watchdog), $"reading {size} bytes has no end within {Watchdog.TotalSeconds} s");
        if (Environment.GetEnvironmentVariable("FATHOM_SHOW_COST") is { Length: > 0 })
        {
            Console.Error.WriteLine($"COST {TestContext.Current.TestMethod?.MethodName}: {size} bytes, {allocated >> 20} MB, {Stopwatch.GetElapsedTime(started).TotalMilliseconds:f0} ms{(isRead ? "" : ", refused")}");
        }

        Assert.Null(failure);
        Assert.True(allocated <= MostMemory, $"reading {size} bytes took {allocated >> 20} MB");
        return isRead;
    }
}
