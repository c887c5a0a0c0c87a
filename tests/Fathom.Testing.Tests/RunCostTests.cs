using Fathom.Bpf.KernelTypes;
using Fathom.Tools.RunqLat;
using Fathom.Tools.Shared.Cost;
using Xunit;

namespace Fathom.Testing.Tests;

/// <summary>What programs count of what they cost.</summary>
public class RunCostTests
{
    private const int KtimeGetNs = 5;
    private const ulong ClockNs = 32;

    // In the order of declaration: behind Switched.
    private const int Number = 1;

    private readonly BpfTest _bpf = BpfTest.Load(RunqLatProbe.GetObjectFile());
    private ulong _now = 1_000;

    [Fact]
    public void Every_run_is_counted()
    {
        for (int i = 0; i < 131; i++)
        {
            Wake(1);
        }

        Assert.Equal(131UL, Meters().RunsOf(Number));
    }

    [Theory]

    // A tick in which runs are timed: one of four. The program looks at the clock once, and the looks that timing takes are 2 of 32 for each run.
    [InlineData(32, true, 33, ClockNs + 2)]

    // Another tick: one of 64, from behind the counter on.
    [InlineData(33, false, 3, ClockNs)]
    public void Some_runs_are_timed_and_what_that_takes_is_shared_by_all(ulong tick, bool inTick, ulong timed, ulong each)
    {
        // Each look at the clock takes so long, and nothing else does.
        _bpf.Machine.SetHelper(KtimeGetNs, (_, _, _, _, _, _) => _now += ClockNs);
        _bpf.Machine.State.Jiffies = tick;
        for (int i = 0; i < 131; i++)
        {
            Wake(1);
        }

        RunTimes times = Meters().TimesOf(Number, inTick), others = Meters().TimesOf(Number, !inTick);
        Assert.Equal((timed, timed * each, 0UL), (times.Count, times.Ns, others.Count));
    }

    private RunMeters Meters() => _bpf.Map<uint, RunMeters>(nameof(RunCost.Meters))[0];

    private void Wake(int thread) => _bpf.Run(RunqLatProbe.Programs.Woken, _bpf.Place(new TaskStruct { pid = thread }));
}
