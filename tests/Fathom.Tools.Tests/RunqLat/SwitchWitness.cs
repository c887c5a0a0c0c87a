using System;
using System.Globalization;
using System.IO;
using System.Linq;
using Xunit;

namespace Fathom.Tools.Tests.RunqLat;

/// <summary>
/// Counts the switches to a thread that the kernel announces, with the kernel's own tracer. A kernel need not announce all: on some virtual machines no
/// tracepoint fires while a thread of the first process runs, an agent of the host, so that nobody who traces sees the switch from it to the next.
/// </summary>
internal sealed class SwitchWitness : IDisposable
{
    private readonly string _instance = $"/sys/kernel/tracing/instances/fathom-test-{Environment.ProcessId}-{Guid.NewGuid():N}";

    /// <summary>Begins to count.</summary>
    /// <param name="thread">Its number.</param>
    public SwitchWitness(int thread)
    {
        Assert.SkipUnless(Directory.Exists("/sys/kernel/tracing/events"), "tracefs is not mounted at /sys/kernel/tracing, as ./test does.");
        Directory.CreateDirectory(_instance);
        File.WriteAllText(_instance + "/events/sched/sched_switch/filter", string.Create(CultureInfo.InvariantCulture, $"next_pid=={thread}"));
        File.WriteAllText(_instance + "/events/sched/sched_switch/enable", "1");
    }

    /// <summary>How many there were so far.</summary>
    public int Count => File.ReadLines(_instance + "/trace").Count(static line => line.Contains(" sched_switch: ", StringComparison.Ordinal));

    /// <summary>How often threads of the first process have been taken from a CPU.</summary>
    public static long SwitchesOfTheFirstProcess => Directory.GetDirectories("/proc/1/task").Sum(static thread => SwitchesOf(File.ReadAllText(thread + "/status")));

    /// <summary>How often a thread has been taken from a CPU.</summary>
    /// <param name="status">What /proc/PID/status says of it.</param>
    public static long SwitchesOf(string status) => status.Split('\n')
        .Where(static line => line.Contains("_ctxt_switches:", StringComparison.Ordinal))
        .Sum(static line => long.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture));

    public void Dispose()
    {
        File.WriteAllText(_instance + "/events/enable", "0");
        Directory.Delete(_instance);
    }
}
