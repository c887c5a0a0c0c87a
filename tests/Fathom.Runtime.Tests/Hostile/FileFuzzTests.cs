using System.Linq;
using Fathom.FileFuzzing;
using Xunit;

namespace Fathom.Runtime.Tests.Hostile;

/// <summary>The short form of the campaigns of eng/filefuzz, whose totals are in its table.</summary>
public sealed class FileFuzzTests
{
    private const int Inputs = 1_500;

    public static TheoryData<string> Names => [.. Readers.All.Select(static reader => reader.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Changed_files_are_read_or_refused_at_their_cost(string name)
    {
        Campaign campaign = new(Readers.All.Single(reader => reader.Name == name));
        campaign.Run(1, Inputs);

        Assert.Equal("", campaign.Totals.FirstFinding);
        Assert.Equal(Inputs, campaign.Totals.Read + campaign.Totals.Refused);

        // Too weak mutations are always read, too strong ones never.
        Assert.True(campaign.Totals.Read > Inputs / 100, $"{campaign.Totals.Read} of {Inputs} were read");
    }

    public static TheoryData<string> GrowingFiles => [.. Growth.All.Select(static one => one.Name)];

    // The short form of `--growth`, which measures time too.
    [Theory]
    [MemberData(nameof(GrowingFiles))]
    public void What_a_file_costs_grows_as_its_size_does(string name)
    {
        const int Small = 1 << 18, Large = 4 * Small, MostMemory = 64 << 20, Any = 4 << 20;
        Growth growth = Growth.All.Single(one => one.Name == name);
        growth.Measure(Small, 1);
        (int size, long allocated, _) = growth.Measure(Small, 1);
        (int largeSize, long largeAllocated, _) = growth.Measure(Large, 1);

        Assert.InRange(largeSize, 2 * size, 8 * size);
        Assert.InRange(largeAllocated, 0, MostMemory);
        Assert.InRange(largeAllocated, 0, (2 * allocated * largeSize / size) + Any);
    }

    [Fact]
    public void An_input_is_the_same_each_time()
    {
        foreach (Reader reader in Readers.All)
        {
            Assert.Equal(new Campaign(reader).InputOf(77), new Campaign(reader).InputOf(77));
            Assert.NotEqual(new Campaign(reader).InputOf(77), new Campaign(reader).InputOf(78));
        }
    }
}
