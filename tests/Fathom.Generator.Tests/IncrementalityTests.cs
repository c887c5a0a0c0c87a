using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>What is not affected by an edit is not made again.</summary>
public class IncrementalityTests
{
    private const string Source = """
        using Fathom.Bpf;
        [BpfObject]
        static unsafe partial class P
        {
            static uint Counter;
            [Syscall] static int Run() => (int)Counter;
            [KernelFunction("vfs_read")] static void Reads(int file) => Counter++;
        }
        """;

    [Fact]
    public void A_comment_changes_nothing()
    {
        var reasons = Edit(Source + "\n// a comment");
        Assert.All(reasons.Access, IsKept);
        Assert.All(reasons.Object, IsKept);
        Assert.All(reasons.Outputs, r => Assert.Equal(IncrementalStepRunReason.Cached, r));
    }

    [Fact]
    public void A_changed_body_leaves_the_access_alone()
    {
        var reasons = Edit(Source.Replace("(int)Counter", "(int)Counter + 1"));
        Assert.All(reasons.Access, IsKept);
        Assert.All(reasons.Object, r => Assert.Equal(IncrementalStepRunReason.Modified, r));
    }

    [Fact]
    public void A_new_global_changes_both()
    {
        var reasons = Edit(Source.Replace("static uint Counter;", "static uint Counter, Other;"));
        Assert.All(reasons.Access, r => Assert.Equal(IncrementalStepRunReason.Modified, r));
        Assert.All(reasons.Object, r => Assert.Equal(IncrementalStepRunReason.Modified, r));
    }

    [Fact]
    public void A_changed_body_of_two_programs_leaves_the_access_alone()
    {
        var reasons = Edit(Source.Replace("Counter++", "Counter--"));
        Assert.All(reasons.Access, IsKept);
        Assert.All(reasons.Object, r => Assert.Equal(IncrementalStepRunReason.Modified, r));
    }

    [Fact]
    public void Another_function_changes_both()
    {
        var reasons = Edit(Source.Replace("vfs_read", "vfs_write"));
        Assert.All(reasons.Access, r => Assert.Equal(IncrementalStepRunReason.Modified, r));
        Assert.All(reasons.Object, r => Assert.Equal(IncrementalStepRunReason.Modified, r));
    }

    private static void IsKept(IncrementalStepRunReason reason) => Assert.True(reason is IncrementalStepRunReason.Unchanged or IncrementalStepRunReason.Cached, reason.ToString());

    private static (IncrementalStepRunReason[] Access, IncrementalStepRunReason[] Object, IncrementalStepRunReason[] Outputs) Edit(string changed)
    {
        var compilation = Compiling.Compile(Source);
        var driver = Compiling.Driver(tracks: true).RunGenerators(compilation, TestContext.Current.CancellationToken);
        SyntaxTree old = compilation.SyntaxTrees[0];
        var edited = compilation.ReplaceSyntaxTree(old, CSharpSyntaxTree.ParseText(changed, (CSharpParseOptions)old.Options, old.FilePath, System.Text.Encoding.UTF8));
        GeneratorRunResult result = Assert.Single(driver.RunGenerators(edited, TestContext.Current.CancellationToken).GetRunResult().Results);
        IncrementalStepRunReason[] Of(string step) => [.. result.TrackedSteps[step].SelectMany(s => s.Outputs).Select(o => o.Reason)];
        return (Of(BpfObjectGenerator.AccessStep), Of(BpfObjectGenerator.ObjectStep),
            [.. result.TrackedOutputSteps.SelectMany(s => s.Value).SelectMany(s => s.Outputs).Select(o => o.Reason)]);
    }
}
