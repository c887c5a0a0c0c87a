using System;
using Fathom.Format.Btf;
using Xunit;

namespace Fathom.Format.Tests.Btf;

public class BtfBadInputTests
{
    [Theory]
    [InlineData(0, 0xeb, "big-endian")]
    [InlineData(0, 0x00, "magic")]
    [InlineData(2, 2, "version")]
    [InlineData(4, 23, "header")]
    [InlineData(5, 1, "header")]
    [InlineData(8, 1, "aligned")]
    [InlineData(14, 1, "types lie outside")]
    [InlineData(22, 1, "strings lie outside")]
    [InlineData(20, 4, "end with NUL")]
    [InlineData(12, 12, "within a type")]
    [InlineData(24 + 7, 20, "kind 20 is unknown")]
    [InlineData(24, 200, "out of range")]
    [InlineData(24 + 16 + 8, 9, "out of range")]
    public void A_damaged_byte_is_a_typed_error(int offset, byte value, string problem)
    {
        var builder = new BtfBuilder();
        builder.AddPointer(builder.AddInt("int", 4));
        byte[] bytes = builder.ToArray();
        if (value == 0xeb)
        {
            bytes.AsSpan(0, 2).Reverse();
        }
        else
        {
            bytes[offset] = value;
        }

        Assert.Contains(problem, Assert.Throws<BadFormatException>(() => BtfData.Parse(bytes)).Problem);
    }

    [Fact]
    public void A_typedef_of_itself_is_a_typed_error_where_it_is_followed()
    {
        var builder = new BtfBuilder();
        builder.AddTypedef("loop", builder.AddTypedef("back", 0));
        byte[] bytes = builder.ToArray();
        bytes[24 + 8] = 2;
        BtfData btf = BtfData.Parse(bytes);

        Assert.Contains("refers to itself", Assert.Throws<BadFormatException>(() => btf.SkipModifiers(1)).Problem);
        Assert.Contains("refers to itself", Assert.Throws<BadFormatException>(() => btf.SizeOf(2)).Problem);
    }

    [Fact]
    public void An_array_of_more_than_4_GB_is_a_typed_error()
    {
        var builder = new BtfBuilder();
        int row = builder.AddArray(builder.AddInt("int", 4), 1 << 20);
        int matrix = builder.AddArray(row, 1 << 20);
        BtfData btf = BtfData.Parse(builder.ToArray());

        Assert.Equal(4 << 20, btf.SizeOf(row));
        Assert.Contains("4 GB", Assert.Throws<BadFormatException>(() => btf.SizeOf(matrix)).Problem);
    }

    [Fact]
    public void What_is_not_there_is_refused()
    {
        var builder = new BtfBuilder();
        int number = builder.AddInt("int", 4);
        BtfData btf = BtfData.Parse(builder.ToArray());

        Assert.Throws<ArgumentOutOfRangeException>(() => btf.GetType(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => btf.GetType(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => btf.GetType(number).GetMember(0));
        Assert.Throws<BadFormatException>(() => btf.GetString(1000));
        Assert.Throws<BadFormatException>(() => btf.GetString(-1));
        Assert.Equal((BtfKind.Void, "void", 0), (btf.GetType(0).Kind, btf.GetType(0).Name, btf.GetType(0).Count));
    }

    [Fact]
    public void The_builder_refuses_what_cannot_be_written()
    {
        var builder = new BtfBuilder();
        int reserved = builder.ReserveStruct("s");
        Assert.Contains("reserved", Assert.Throws<InvalidOperationException>(() => builder.ToArray()).Message);
        builder.DefineStruct(reserved, 0, []);
        Assert.Throws<InvalidOperationException>(() => builder.DefineStruct(reserved, 0, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddPointer(9));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddInt("odd", 3));
        Assert.Throws<ArgumentException>(() => builder.AddModifier(BtfKind.Const, 0, "named"));
        Assert.Throws<ArgumentException>(() => builder.AddModifier(BtfKind.TypeTag, 0));
        Assert.Throws<ArgumentException>(() => builder.AddEnum("e", 4, isSigned: false, [new BtfEnumerator("A", -1)]));
        Assert.Throws<ArgumentException>(() => builder.AddString("a\0b"));
    }
}
