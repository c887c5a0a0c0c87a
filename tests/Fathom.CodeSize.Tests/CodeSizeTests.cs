using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;
using Xunit;
using SystemPrograms = Fathom.Tools.Tests.Programs;

namespace Fathom.CodeSize.Tests;

/// <summary>Our code is small beside clang's, and the verifier is done with it soon.</summary>
[Collection(nameof(Kernel))]
public sealed class CodeSizeTests(ITestOutputHelper output)
{
    /// <summary>Slots of all programs, as a part of clang's: 0.63 measured.</summary>
    private const double MostSlots = 0.68;

    /// <summary>The same without execsnoop, whose loop clang is told to unroll: it outweighs all others. 0.85 measured.</summary>
    private const double MostSlotsWithoutExecsnoop = 0.88;

    /// <summary>Slots of any one program, as a part of clang's.</summary>
    private const double MostSlotsOfOne = 1.05;

    /// <summary>Verified instructions of all programs, as a part of clang's.</summary>
    private const double MostVerified = 0.90;

    public static TheoryData<string> Objects => [.. CodeSizeObject.All.Select(static tool => tool.Name)];

    [Fact]
    public void The_programs_are_smaller_than_clangs()
    {
        IReadOnlyList<Measurement> sizes = Measurement.Sizes();
        Assert.True(sizes.Count >= 22);
        Print("slots", sizes.OrderByDescending(static size => size.SlotRatio), static size => (size.Slots, size.Clang.Slots));
        AssertTotal(MostSlots, sizes);
        AssertTotal(MostSlotsWithoutExecsnoop, [.. sizes.Where(static size => size.Clang.Tool != "execsnoop")]);
        Assert.All(sizes, static size => Assert.True(
            size.SlotRatio <= MostSlotsOfOne, $"{size.Clang.Ours} has {size.Slots} slots, clang's {size.Clang.Slots}."));
    }

    [Fact]
    public void The_verifier_follows_fewer_instructions_than_of_clangs()
    {
        SystemPrograms.NeedRoot();
        var verified = Measurement.SizesAndVerification(Kernel.Running).Where(static one => one.VerifiedRatio is not null).ToList();
        Assert.True(verified.Count >= 22);
        Print("verified", verified.OrderByDescending(static one => one.VerifiedRatio), static one => ((int)one.Verified!, (int)one.Clang.Verified!));
        double ratio = (double)verified.Sum(static one => (int)one.Verified!) / verified.Sum(static one => (int)one.Clang.Verified!);
        Assert.True(ratio <= MostVerified, $"All together {ratio:0.000} of clang's.");
    }

    [Theory]
    [MemberData(nameof(Objects))]
    public void The_running_kernel_accepts(string name)
    {
        SystemPrograms.NeedRoot();
        CodeSizeObject tool = CodeSizeObject.All.Single(tool => tool.Name == name);
        using LoadedObject loaded = tool.Load(Kernel.Running);
        Assert.All(loaded.Programs, static program => Assert.True(program.GetInfo().VerifiedInstructions > 0));
        Assert.All(
            Baseline.Read().Where(entry => entry.ObjectName == name), entry => Assert.Contains(loaded.Programs, program => program.Name == entry.OurProgram));
        Assert.Contains(Baseline.Read(), entry => entry.ObjectName == name);
    }

    private static void AssertTotal(double limit, IReadOnlyList<Measurement> sizes)
    {
        double ratio = (double)sizes.Sum(static size => size.Slots) / sizes.Sum(static size => size.Clang.Slots);
        Assert.True(ratio <= limit, $"{sizes.Count} programs have {ratio:0.000} of the slots of clang's.");
    }

    private void Print(string what, IEnumerable<Measurement> ordered, System.Func<Measurement, (int Ours, int Clang)> figures)
    {
        foreach (Measurement one in ordered.Take(10))
        {
            (int ours, int clang) = figures(one);
            output.WriteLine($"{one.Clang.Ours}: {ours} {what}, clang {clang} ({(double)ours / clang:0.00})");
        }
    }
}
