using System;
using System.IO;
using System.Linq;
using Fathom.Fuzzing.Mutations;
using Fathom.Fuzzing.Running;
using Xunit;

namespace Fathom.Generator.Tests.Fuzzing;

/// <summary>
/// The random methods find mistakes: for each deliberately broken compiler, eng/fuzz/mutations.tsv names the program that shows it, and
/// that program does.
/// </summary>
public sealed class MutationTests
{
    public static TheoryData<string, int> Found =>
        [.. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "mutations.tsv")).Skip(1).Select(l => l.Split('\t')).Select(c => (c[0], int.Parse(c[3])))];

    [Fact]
    public void Each_broken_compiler_is_in_the_table() => Assert.Equal(AllMutations.List.Select(m => m.Name), Found.Select(f => f.Data.Item1));

    [Theory]
    [MemberData(nameof(Found))]
    public void A_broken_compiler_is_found(string mutation, int seed)
    {
        Subject subject = Subject.Random(seed);
        Mutation broken = AllMutations.List.Single(m => m.Name == mutation);
        Assert.Equal(Verdict.Agree, Trial.Of(subject, 20, Oracles.Interpreter).Verdict);
        Assert.Equal(Verdict.Mismatch, Trial.Of(subject, 20, Oracles.Interpreter, MutationCheck.Compiler(broken)).Verdict);
    }
}
