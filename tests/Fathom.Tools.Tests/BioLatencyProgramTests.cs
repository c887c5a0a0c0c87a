using System.Linq;
using Fathom.Format.Objects;
using Fathom.Runtime;
using Fathom.Tools.BioLatency;
using Fathom.Tools.Shared.Filters;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>The kernel side of biolatency on the running kernel.</summary>
public sealed class BioLatencyProgramTests(ITestOutputHelper output)
{
    /// <summary>
    /// Slots and verified instructions of libbpf-tools' biolatency, compiled by clang 16 for v3, with its default constants. The programs
    /// named Chosen are for modes that it does not have: what the verifier follows there has no counterpart.
    /// </summary>
    private static readonly (string Program, int Slots, int Verified)[] Clang =
    [
        (BioLatencyProbe.Programs.Issued, 187, 27),
        (BioLatencyProbe.Programs.IssuedChosen, 187, int.MaxValue),
        (BioLatencyProbe.Programs.Inserted, 147, 24),
        (BioLatencyProbe.Programs.InsertedChosen, 147, int.MaxValue),
        (BioLatencyProbe.Programs.Completed, 176, 673),
    ];

    private static readonly TaskFilterSettings s_everyQuestion = new() { Mode = uint.MaxValue, Self = 1, Process = 2, Thread = 3, User = 4, Parent = 5 };

    public static TheoryData<uint> Modes =>
        [.. Enumerable.Range(0, 2 * (int)BioLatencyMode.SubmissionSeen).Select(static bits => (uint)bits)];

    [Fact]
    public void Programs_are_no_larger_than_clangs()
    {
        Programs.NeedRoot();
        BpfObject definition = ObjectFile.Parse(BioLatencyProbe.GetObjectFile());
        using var probe = BioLatencyProbe.Load(Kernel.Running, new(), Options());
        Assert.All(Clang, expected =>
        {
            var slots = Linker.Link(definition, expected.Program).Instructions.Sum(static instruction => instruction.SlotCount);
            var verified = probe.Object.GetProgram(expected.Program).GetInfo().VerifiedInstructions;
            output.WriteLine($"{expected.Program}: {slots} slots (clang {expected.Slots}), {verified} verified (clang {expected.Verified})");
            Assert.InRange(slots, 1, expected.Slots);
            Assert.InRange(verified, 1, expected.Verified);
        });
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Every_mode_passes_the_verifier(uint mode)
    {
        Programs.NeedRoot();
        var options = Options();
        options.MaxEntries[nameof(BioLatencyProbe.Keyed)] = 1;
        options.MaxEntries[nameof(BioLatencyProbe.Crowded)] = 1;
        options.MaxEntries[nameof(TaskFilter.FilterTree)] = 1;
        using var probe = BioLatencyProbe.Load(Kernel.Running, new() { Mode = mode, Filter = s_everyQuestion }, options);
        Assert.NotEmpty(probe.Object.Programs);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(HeldBackSettings.OneDisk)]
    public void What_asks_for_waits_before_the_disk_passes_the_verifier(uint mode)
    {
        Programs.NeedRoot();
        mode |= Kernel.Running.CountTracepointArguments("sched_switch")["sched_switch"] == 4 ? HeldBackSettings.StateIsArgument : 0;
        using var probe = BioLatencyProbe.Load(
            Kernel.Running, new() { Filter = s_everyQuestion, Held = new() { Mode = mode, Disk = 1, UnitNs = 125 } }, Options());
        Assert.NotNull(probe.Object.GetProgram(BioLatencyProbe.Programs.HeldSlept));
    }

    // The tracepoints had the queue as their first argument once; a kernel has one form or the other.
    private static LoadOptions Options()
    {
        var options = new LoadOptions();
        options.Without.Add(BioLatencyProbe.Programs.IssuedFromQueue);
        options.Without.Add(BioLatencyProbe.Programs.InsertedIntoQueue);
        return options;
    }
}
