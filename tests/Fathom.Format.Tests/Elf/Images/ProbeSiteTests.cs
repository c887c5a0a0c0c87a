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
        Assert.Equal(new ProbeSite(offset, step), ProbeSite.Find(Bytes(hex), ElfMachine.X64, isWhole: true));

    // `void spin(n) { do { asm("nop"); } while (--n); }` of gcc -Os -fcf-protection=full, and other ways back to its loop.
    [Theory]
    [InlineData("f3 0f 1e fa 90 ff cf 75 fb c3", 0)]
    [InlineData("f3 0f 1e fa 90 ff cf 75 fa c3", 4)]
    [InlineData("f3 0f 1e fa 90 90 90 75 fc c3", 4)]
    [InlineData("f3 0f 1e fa 55 eb fd", 0)]
    [InlineData("f3 0f 1e fa 55 e2 fd c3", 0)]
    [InlineData("f3 0f 1e fa 55 e3 fd c3", 0)]
    [InlineData("f3 0f 1e fa 55 e4 fd c3", 4)]
    [InlineData("f3 0f 1e fa 55 e8 fa ff ff ff c3", 0)]
    [InlineData("f3 0f 1e fa 55 e9 fa ff ff ff", 0)]
    [InlineData("f3 0f 1e fa 55 e9 f6 ff ff ff", 4)]
    [InlineData("f3 0f 1e fa 55 e9 fa ff ff", 4)]
    [InlineData("f3 0f 1e fa 55 0f 85 f9 ff ff ff c3", 0)]
    [InlineData("f3 0f 1e fa 55 0f 95 f9 ff ff ff c3", 4)]
    [InlineData("f3 0f 1e fa 55 ff e0", 0)]
    [InlineData("f3 0f 1e fa 55 ff 25 00 00 00 00", 0)]
    [InlineData("f3 0f 1e fa 55 ff d0 5d c3", 4)]
    [InlineData("f3 0f 1e fa 55 b8 eb fc 00 00 c3", 0)]
    [InlineData("f3 0f 1e fa 55 eb", 4)]
    public void A_place_that_a_loop_may_come_back_to_is_none(string hex, int offset) =>
        Assert.Equal(offset, ProbeSite.Find(Bytes(hex), ElfMachine.X64, isWhole: true).Offset);

    [Fact]
    public void A_function_that_is_not_read_whole_keeps_its_probe_at_the_first_byte()
    {
        byte[] code = Bytes("f3 0f 1e fa 55 48 89 e5");
        Assert.Equal(new ProbeSite(0, ProbeStep.SingleStep), ProbeSite.Find(code, ElfMachine.X64, isWhole: false));
        Array.Resize(ref code, ProbeSite.LongestFunction);
        Assert.Equal(4, ProbeSite.Find(code, ElfMachine.X64, isWhole: true).Offset);
        Array.Resize(ref code, ProbeSite.LongestFunction + 1);
        Assert.Equal(0, ProbeSite.Find(code, ElfMachine.X64, isWhole: true).Offset);
    }

    [Fact]
    public void Other_machines_are_not_known() =>
        Assert.Equal(new ProbeSite(0, ProbeStep.Unknown), ProbeSite.Find([0xfd, 0x7b, 0xbf, 0xa9], ElfMachine.Arm64, isWhole: true));

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
