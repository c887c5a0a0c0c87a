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
