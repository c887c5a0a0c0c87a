using System.Linq;
using Fathom.Format.Elf.Images;
using Xunit;

namespace Fathom.Format.Tests.Elf.Images;

/// <summary>The arguments of static probes in the words of the assembler.</summary>
public sealed class UsdtArgumentTests
{
    [Theory]
    [InlineData("-4@%edi", UsdtArgumentKind.Register, 4, true, "di", 112, 0)]
    [InlineData("8@%rax", UsdtArgumentKind.Register, 8, false, "ax", 80, 0)]
    [InlineData("1@%ah", UsdtArgumentKind.Register, 1, false, "ax", 80, 8)]
    [InlineData("-1@%dil", UsdtArgumentKind.Register, 1, true, "di", 112, 0)]
    [InlineData("2@%r15w", UsdtArgumentKind.Register, 2, false, "r15", 0, 0)]
    [InlineData("-4@%r8d", UsdtArgumentKind.Register, 4, true, "r8", 72, 0)]
    [InlineData("8@%rsp", UsdtArgumentKind.Register, 8, false, "sp", 152, 0)]
    [InlineData("8@x0", UsdtArgumentKind.Register, 8, false, "regs[0]", 0, 0)]
    [InlineData("-4@w30", UsdtArgumentKind.Register, 4, true, "regs[30]", 240, 0)]
    [InlineData("8@sp", UsdtArgumentKind.Register, 8, false, "sp", 248, 0)]
    public void Registers(string text, UsdtArgumentKind kind, int size, bool signed, string field, int offset, int shift)
    {
        UsdtArgument argument = UsdtArgument.Parse(text);
        Assert.Equal((kind, size, signed, new UsdtRegister(field, offset, shift), text), (argument.Kind, argument.Size, argument.IsSigned, argument.Register, argument.Text));
    }

    [Theory]
    [InlineData("8@$5", 8, false, 5)]
    [InlineData("-4@$-9", 4, true, -9)]
    [InlineData("4@$0x1f", 4, false, 31)]
    [InlineData("8@$18446744073709551615", 8, false, -1)]
    [InlineData("8@5", 8, false, 5)]
    [InlineData("-8@-5", 8, true, -5)]
    public void Constants(string text, int size, bool signed, long value)
    {
        UsdtArgument argument = UsdtArgument.Parse(text);
        Assert.Equal((UsdtArgumentKind.Constant, size, signed, value), (argument.Kind, argument.Size, argument.IsSigned, argument.Value));
    }

    [Theory]
    [InlineData("8@-24(%rbp)", "bp", "", 0, -24)]
    [InlineData("-4@(%rax)", "ax", "", 0, 0)]
    [InlineData("8@(%rax,%rbx,4)", "ax", "bx", 4, 0)]
    [InlineData("8@-9(%rdx,%rax,1)", "dx", "ax", 1, -9)]
    [InlineData("8@0x10(%rdx,%rax)", "dx", "ax", 1, 16)]
    [InlineData("8@16(,%rcx,8)", "", "cx", 8, 16)]
    [InlineData("-4@[sp, 12]", "sp", "", 0, 12)]
    [InlineData("-4@[x29]", "regs[29]", "", 0, 0)]
    [InlineData("8@[x1, -8]", "regs[1]", "", 0, -8)]
    public void Memory(string text, string register, string index, int scale, long distance)
    {
        UsdtArgument argument = UsdtArgument.Parse(text);
        Assert.Equal(
            (UsdtArgumentKind.Memory, register, index, scale, distance),
            (argument.Kind, argument.Register.Field ?? "", argument.Index.Field ?? "", argument.Scale, argument.Value));
    }

    [Theory]
    [InlineData("4@counter(%rip)", "counter", 0)]
    [InlineData("4@counter+8(%rip)", "counter", 8)]
    [InlineData("4@counter-8(%rip)", "counter", -8)]
    [InlineData("4@8+counter(%rip)", "counter", 8)]
    [InlineData("8@counter", "counter", 0)]
    [InlineData("8@.LC0(%rip)", ".LC0", 0)]
    public void Variables(string text, string symbol, long distance)
    {
        UsdtArgument argument = UsdtArgument.Parse(text);
        Assert.Equal((UsdtArgumentKind.Variable, symbol, distance), (argument.Kind, argument.Symbol, argument.Value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("8@")]
    [InlineData("3@%eax")]
    [InlineData("%eax")]
    [InlineData("8@%nothing")]
    [InlineData("8@%xmm0")]
    [InlineData("8f@%xmm0")]
    [InlineData("8@$")]
    [InlineData("8@$five")]
    [InlineData("8@()")]
    [InlineData("8@(%rax")]
    [InlineData("8@(%rax,)")]
    [InlineData("8@(%rax,%rbx,3)")]
    [InlineData("8@(%rax,%rbx,4,%rcx)")]
    [InlineData("8@(%ah)")]
    [InlineData("8@-24(%rip)")]
    [InlineData("8@%fs:16")]
    [InlineData("8@[x31]")]
    [InlineData("8@[sp, 12, 4]")]
    [InlineData("8@[sp, x1]")]
    [InlineData("8@a b")]
    [InlineData("8@99999999999999999999")]
    public void What_is_not_understood_is_unknown(string text)
    {
        UsdtArgument argument = UsdtArgument.Parse(text);
        Assert.Equal((UsdtArgumentKind.Unknown, text), (argument.Kind, argument.Text));
    }

    [Fact]
    public void Spaces_in_brackets_separate_nothing()
    {
        Assert.Equal(["8@%rdi", "-4@[sp, 12]", "8@(%rax,%rbx,4)", "4@$5"], UsdtArgument.ParseAll("  8@%rdi -4@[sp, 12]  8@(%rax,%rbx,4) 4@$5 ").Select(static a => a.Text));
        Assert.Equal(UsdtArgument.MostArguments, UsdtArgument.ParseAll(string.Concat(Enumerable.Repeat("8@%rdi ", 1000))).Length);
        Assert.Single(UsdtArgument.ParseAll("8@((((%rax 8@%rdi"));
    }

    [Fact]
    public void A_variable_lies_at_a_distance_from_the_probe()
    {
        ElfImage image = ElfImage.Parse(new ImageBuilder().Symbols(false, ("counter", 0x11, 1, ImageBuilder.DataAddress + 4, 4)).Build());
        UsdtProbe probe = new("a", "b", ImageBuilder.CodeAddress + 0x10, 0, 0, "4@counter+2(%rip)");

        UsdtArgument argument = UsdtArgument.Parse(probe.Arguments).Resolve(image, probe);
        Assert.Equal((UsdtArgumentKind.Memory, "ip", 128, 0x17f6), (argument.Kind, argument.Register.Field, argument.Register.Offset, argument.Value));
        Assert.Equal(UsdtArgumentKind.Unknown, UsdtArgument.Parse("4@other(%rip)").Resolve(image, probe).Kind);
        Assert.Equal(UsdtArgumentKind.Register, UsdtArgument.Parse("4@%edi").Resolve(image, probe).Kind);
    }
}
