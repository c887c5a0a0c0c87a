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

    [Fact]
    public void One_of_many_runs_is_timed_without_a_look_at_the_clock()
    {
        // Each look at the clock takes so long, and nothing else does: the program looks once.
        _bpf.Machine.SetHelper(KtimeGetNs, (_, _, _, _, _, _) => _now += ClockNs);
        for (int i = 0; i < 131; i++)
        {
            Wake(1);
        }

        RunTimes times = Meters().TimesOf(Number);
        Assert.Equal((3UL, 3 * ClockNs), (times.Count, times.Ns));
    }

    private RunMeters Meters() => _bpf.Map<uint, RunMeters>(nameof(RunCost.Meters))[0];

    private void Wake(int thread) => _bpf.Run(RunqLatProbe.Programs.Woken, _bpf.Place(new TaskStruct { pid = thread }));
}
