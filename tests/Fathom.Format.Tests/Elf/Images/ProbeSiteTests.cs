using System;
using Fathom.Format.Elf.Images;
using Xunit;

namespace Fathom.Format.Tests.Elf.Images;

/// <summary>Beginnings of functions as compilers write them, and what the kernel makes of a probe there.</summary>
public sealed class ProbeSiteTests
{
    [Theory]
    [InlineData("55 48 89 e5", 0, ProbeStep.Emulate)]
    [InlineData("f3 0f 1e fa 55 48 89 e5", 4, ProbeStep.Emulate)]
    [InlineData("41 57 41 56", 0, ProbeStep.Emulate)]
    [InlineData("f3 0f 1e fa 48 83 ec 08", 4, ProbeStep.SingleStep)]
    [InlineData("48 83 ec 08", 0, ProbeStep.SingleStep)]
    [InlineData("48 55", 0, ProbeStep.SingleStep)]
    [InlineData("66 50", 0, ProbeStep.SingleStep)]
    [InlineData("31 c0", 0, ProbeStep.SingleStep)]
    [InlineData("c3", 0, ProbeStep.SingleStep)]
    [InlineData("ff 25 00 00 00 00", 0, ProbeStep.SingleStep)]
    [InlineData("e8 00 00 00 00", 0, ProbeStep.Emulate)]
    [InlineData("e9 00 00 00 00", 0, ProbeStep.Emulate)]
    [InlineData("eb 10", 0, ProbeStep.Emulate)]
    [InlineData("74 10", 0, ProbeStep.Emulate)]
    [InlineData("0f 84 00 00 00 00", 0, ProbeStep.Emulate)]
    [InlineData("0f b6 07", 0, ProbeStep.SingleStep)]
    [InlineData("66 e8 00 00", 0, ProbeStep.SingleStep)]
    [InlineData("90", 0, ProbeStep.Emulate)]
    [InlineData("66 90", 0, ProbeStep.Emulate)]
    [InlineData("0f 1f 44 00 00", 0, ProbeStep.CallSince618)]
    [InlineData("f3 0f 1e fa 0f 1f 44 00 00", 4, ProbeStep.CallSince618)]
    [InlineData("0f 1f 84 00 00 00 00 00", 0, ProbeStep.EmulateSince616)]
    [InlineData("66 0f 1f 84 00 00 00 00 00", 0, ProbeStep.SingleStep)]
    [InlineData("66 2e 0f 1f 84 00 00 00 00 00", 0, ProbeStep.Unknown)]
    [InlineData("f0 0f b1 0f", 0, ProbeStep.Unknown)]
    [InlineData("0f 1f 40 00", 0, ProbeStep.EmulateSince616)]
    [InlineData("", 0, ProbeStep.Unknown)]
    [InlineData("f3 0f 1e fa", 4, ProbeStep.Unknown)]
    [InlineData("41", 0, ProbeStep.Unknown)]
    [InlineData("0f", 0, ProbeStep.Unknown)]
    public void A_beginning_is_judged(string hex, int offset, ProbeStep step) =>
        Assert.Equal(new ProbeSite(offset, step), ProbeSite.Find(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), ElfMachine.X64));

    [Fact]
    public void Other_machines_are_not_known() =>
        Assert.Equal(new ProbeSite(0, ProbeStep.Unknown), ProbeSite.Find([0xfd, 0x7b, 0xbf, 0xa9], ElfMachine.Arm64));
}
