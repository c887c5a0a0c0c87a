using System;
using System.IO;
using Fathom.Tools.FuncCount;
using Fathom.Tools.Options;
using Xunit;

namespace Fathom.Tools.Tests.FuncCount;

public sealed class FuncCountTargetTests
{
    [Theory]
    [InlineData("vfs_*", FuncCountKind.KernelFunctions, "", null, "vfs_*")]
    [InlineData("p::vfs_*", FuncCountKind.KernelFunctions, "", null, "vfs_*")]
    [InlineData("c:malloc", FuncCountKind.UserFunctions, "c", null, "malloc")]
    [InlineData("p:c:malloc", FuncCountKind.UserFunctions, "c", null, "malloc")]
    [InlineData("/usr/bin/bash:read*", FuncCountKind.UserFunctions, "/usr/bin/bash", null, "read*")]
    [InlineData("c:std::sort*", FuncCountKind.UserFunctions, "c", null, "std::sort*")]
    [InlineData("t:sched:*", FuncCountKind.Tracepoints, "", "sched", "*")]
    [InlineData("t:sched_switch", FuncCountKind.Tracepoints, "", null, "sched_switch")]
    [InlineData("t::sched_switch", FuncCountKind.Tracepoints, "", null, "sched_switch")]
    [InlineData("u:c:probe", FuncCountKind.StaticProbes, "c", null, "probe")]
    [InlineData("u:c:libc:probe", FuncCountKind.StaticProbes, "c", "libc", "probe")]
    public void A_pattern_is_taken_apart(string text, object kind, string library, string? group, string name)
    {
        FuncCountTarget target = FuncCountTarget.Parse(text, isRegex: false);
        Assert.Equal(((FuncCountKind)kind, library, group, name), (target.Kind, target.Library, target.Group?.Text, target.Name.Text));
    }

    [Fact]
    public void A_colon_in_an_expression_is_none_of_the_pattern()
    {
        FuncCountTarget target = FuncCountTarget.Parse("(?:vfs|tcp)_.*", isRegex: true);
        Assert.Equal((FuncCountKind.KernelFunctions, "(?:vfs|tcp)_.*"), (target.Kind, target.Name.Text));
        Assert.Equal("c", FuncCountTarget.Parse("c:(?:m|c)alloc", isRegex: true).Library);
    }

    [Fact]
    public void A_colon_in_a_path_is_one_of_the_path()
    {
        string folder = Directory.CreateTempSubdirectory("fathom-").FullName;
        string file = folder + "/a:b";
        File.WriteAllText(file, "");
        FuncCountTarget target = FuncCountTarget.Parse(file + ":f*", isRegex: false);
        Directory.Delete(folder, recursive: true);
        Assert.Equal((file, "f*"), (target.Library, target.Name.Text));
    }

    [Theory]
    [InlineData("p:", "'p:' is not a valid pattern: *")]
    [InlineData("u:c", "'u:c' is not a valid pattern: *")]
    [InlineData(":x", "':x' is not a valid pattern: *")]
    [InlineData("c:", "the pattern has no name: write \\* for all of them")]
    [InlineData("t:sched:", "the pattern has no name: write \\* for all of them")]
    public void What_is_no_pattern(string text, string sentence) =>
        Assert.Matches("^" + sentence.Replace(": *", ": .*", StringComparison.Ordinal) + "$", Assert.Throws<UsageException>(() => FuncCountTarget.Parse(text, isRegex: false)).Message);
}
