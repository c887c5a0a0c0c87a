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
    private static readonly (string Program, BioLatencyProbe.Constants Mode, int Slots, int Verified)[] Clang =
    [
        (BioLatencyProbe.Programs.Issued, new(), 187, 27),
        (BioLatencyProbe.Programs.IssuedChosen, new() { OneDisk = true }, 187, int.MaxValue),
        (BioLatencyProbe.Programs.Inserted, new() { Queued = true }, 147, 24),
        (BioLatencyProbe.Programs.InsertedChosen, new() { Queued = true, OneDisk = true }, 147, int.MaxValue),
        (BioLatencyProbe.Programs.Completed, new(), 176, 673),
    ];

    // What measures its own cost around each of our programs, and the peer's do not have.
    private const int MeterSlots = 38, MeterVerified = 64;

    private static readonly TaskFilterSettings s_everyQuestion = new()
    {
        ByUser = true,
        ByCommand = true,
        ByCgroup = true,
        ByTree = true,
        Self = 1,
        Process = 2,
        Thread = 3,
        User = 4,
        Parent = 5,
    };

    public static TheoryData<bool, bool, bool, bool, bool> Modes
    {
        get
        {
            bool[] both = [false, true];
            return new(from queued in both from disks in both from flags in both from disk in both from submitter in both select (queued, disks, flags, disk, submitter));
        }
    }

    [Fact]
    public void Programs_are_no_larger_than_clangs()
    {
        Programs.NeedRoot();
        BpfObject definition = ObjectFile.Parse(BioLatencyProbe.GetObjectFile());
        Assert.All(Clang, expected =>
        {
            using var probe = BioLatencyProbe.Load(Kernel.Running, expected.Mode);
            var slots = Linker.Link(definition, expected.Program).Instructions.Sum(static instruction => instruction.SlotCount);
            var verified = probe.Object.GetProgram(expected.Program).GetInfo().VerifiedInstructions;
            output.WriteLine($"{expected.Program}: {slots} slots (clang {expected.Slots}), {verified} verified (clang {expected.Verified})");
            Assert.InRange(slots, 1, expected.Slots + MeterSlots);
            Assert.InRange(verified, 1, (long)expected.Verified + MeterVerified);
        });
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Every_mode_passes_the_verifier(bool queued, bool perDisk, bool perFlags, bool oneDisk, bool bySubmitter)
    {
        Programs.NeedRoot();
        using var probe = BioLatencyProbe.Load(Kernel.Running, new()
        {
            Queued = queued,
            PerDisk = perDisk,
            PerFlags = perFlags,
            OneDisk = oneDisk,
            BySubmitter = bySubmitter,
            ByKey = perDisk || perFlags,
            Filter = s_everyQuestion,
            Held = new() { IsAsked = queued, OneDisk = oneDisk, Disk = 1 },
        });

        // Of each tracepoint of requests one program at most.
        var names = probe.Object.Programs.Where(static program => program.Target.StartsWith("block_rq_", System.StringComparison.Ordinal) && !program.Name.StartsWith("Held", System.StringComparison.Ordinal));
        Assert.All(names.GroupBy(static program => program.Target), static group => Assert.Single(group));
        Assert.Equal(queued, probe.Object.Programs.Any(static program => program.Name == BioLatencyProbe.Programs.HeldSlept));
    }
}
