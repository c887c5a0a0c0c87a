using System.Text;
using Fathom.Output.Rows;
using Xunit;

namespace Fathom.Output.Tests;

public sealed class EscapingTests
{
    [Theory]
    [InlineData("vda", "vda")]
    [InlineData("größe 磁盘 💾", "größe 磁盘 💾")]
    [InlineData("a\nb\tc\rd", @"a\nb\tc\rd")]
    [InlineData("\u001b[2J", @"\x1b[2J")]
    [InlineData("\0\u007f", @"\x00\x7f")]
    [InlineData("\u009b31m", @"\u009b31m")]
    [InlineData("a\u202egpj.exe", @"a\u202egpj.exe")]
    [InlineData("a\u2028b\u2029c", @"a\u2028b\u2029c")]
    [InlineData("\U000e0041", @"\U000e0041")]
    [InlineData(@"C:\x1b", @"C:\\x1b")]
    public void Nothing_drives_the_terminal(string hostile, string expected)
    {
        Assert.Equal(expected, Escaping.Escape(hostile));
        Assert.Equal(expected, Escaping.Escape(Encoding.UTF8.GetBytes(hostile)));
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_shown()
    {
        Assert.Equal(@"a\xffb", Escaping.Escape("a\u00ffb"u8[..1].ToArray() is [var a] ? [a, 0xff, (byte)'b'] : []));
        Assert.Equal(@"\xc0\x80", Escaping.Escape([0xc0, 0x80]));
        Assert.Equal(@"\xed\xa0\x80", Escaping.Escape([0xed, 0xa0, 0x80]));
        Assert.Equal(@"x\xe2\x82", Escaping.Escape([(byte)'x', 0xe2, 0x82]));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_shown() => Assert.Equal(@"a\ud83db", Escaping.Escape("a\ud83db"));

    [Fact]
    public void What_is_harmless_is_not_copied()
    {
        string text = new('x', 3);
        Assert.Same(text, Escaping.Escape(text));
    }
}
