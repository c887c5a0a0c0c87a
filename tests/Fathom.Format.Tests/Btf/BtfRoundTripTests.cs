using System;
using System.Linq;
using System.Text;
using Fathom.Format.Btf;
using Xunit;

namespace Fathom.Format.Tests.Btf;

/// <summary>What <see cref="BtfBuilder"/> writes, <see cref="BtfData"/> reads.</summary>
public class BtfRoundTripTests
{
    private readonly BtfBuilder _builder = new();

    [Fact]
    public void Integers_keep_name_size_and_encoding()
    {
        int plain = _builder.AddInt("unsigned int", 4);
        int signed = _builder.AddInt("long", 8, isSigned: true);
        int truth = _builder.AddInt("bool", 1, isBool: true);
        int letter = _builder.AddInt("char", 1, isSigned: true, isChar: true);
        BtfData read = Read();

        Assert.Equal((BtfKind.Int, "unsigned int", 4, false, 32), Describe(plain));
        Assert.Equal((BtfKind.Int, "long", 8, true, 64), Describe(signed));
        Assert.True(read.GetType(truth).IsBool);
        Assert.True(read.GetType(letter) is { IsChar: true, IsSigned: true, IsBool: false });

        (BtfKind, string, int, bool, int) Describe(int id) => read.GetType(id) is var type
            ? (type.Kind, type.Name, type.Size, type.IsSigned, type.IntBits)
            : default;
    }

    [Fact]
    public void Kinds_with_a_target_keep_it()
    {
        int number = _builder.AddInt("int", 4, isSigned: true);
        int toVoid = _builder.AddPointer(0);
        int alias = _builder.AddTypedef("number_t", number);
        int isConst = _builder.AddModifier(BtfKind.Const, alias);
        int isVolatile = _builder.AddModifier(BtfKind.Volatile, isConst);
        int isRestrict = _builder.AddModifier(BtfKind.Restrict, isVolatile);
        int tagged = _builder.AddModifier(BtfKind.TypeTag, isRestrict, "user");
        int pointer = _builder.AddPointer(tagged);
        BtfData read = Read();

        Assert.Equal(0, read.GetType(toVoid).TargetId);
        Assert.Equal(
            [(alias, BtfKind.Typedef, number), (isConst, BtfKind.Const, alias), (isVolatile, BtfKind.Volatile, isConst),
                (isRestrict, BtfKind.Restrict, isVolatile), (tagged, BtfKind.TypeTag, isRestrict), (pointer, BtfKind.Pointer, tagged)],
            new[] { alias, isConst, isVolatile, isRestrict, tagged, pointer }
                .Select(id => (id, read.GetType(id).Kind, read.GetType(id).TargetId)));
        Assert.Equal("user", read.GetType(tagged).Name);
        Assert.Equal(number, read.SkipModifiers(tagged));
        Assert.Equal(pointer, read.SkipModifiers(pointer));
    }

    [Fact]
    public void An_array_keeps_element_count_and_gets_an_index_type()
    {
        int number = _builder.AddInt("int", 4, isSigned: true);
        int array = _builder.AddArray(number, 7);
        int flexible = _builder.AddArray(number, 0);
        int huge = _builder.AddArray(number, uint.MaxValue);
        BtfData read = Read();

        Assert.Equal((BtfKind.Array, number, 7), (read.GetType(array).Kind, read.GetType(array).TargetId, read.GetType(array).Count));
        Assert.Equal(28, read.SizeOf(array));
        Assert.Equal(0, read.SizeOf(flexible));
        Assert.Equal(uint.MaxValue, read.GetType(huge).ElementCount);
        Assert.Equal("__ARRAY_SIZE_TYPE__", read.GetType(read.GetType(array).IndexTypeId).Name);
    }

    [Fact]
    public void A_struct_may_point_at_itself()
    {
        int node = _builder.ReserveStruct("node");
        int pointer = _builder.AddPointer(node);
        _builder.DefineStruct(node, 8, [new BtfMember("next", pointer, 0)]);
        BtfData read = Read();

        BtfType type = read.GetType(node);
        Assert.Equal((BtfKind.Struct, "node", 8, 1), (type.Kind, type.Name, type.Size, type.Count));
        Assert.Equal(new BtfMember("next", pointer, 0), type.GetMember(0));
    }

    [Fact]
    public void Bit_fields_and_plain_members_share_a_struct()
    {
        int number = _builder.AddInt("unsigned int", 4);
        BtfMember[] members = [new("plain", number, 0), new("low", number, 32, 3), new("high", number, 35, 29), new("", number, 64)];
        int id = _builder.AddStruct("bits", 12, members);
        int union = _builder.AddStruct("", 4, [new BtfMember("a", number, 0), new BtfMember("b", number, 0)], isUnion: true);
        BtfData read = Read();

        Assert.Equal(members, Enumerable.Range(0, 4).Select(i => read.GetType(id).GetMember(i)));
        Assert.Equal((BtfKind.Union, "", true), (read.GetType(union).Kind, read.GetType(union).Name, read.GetType(union).IsUnion));
    }

    [Fact]
    public void A_bit_offset_beyond_24_bits_needs_a_struct_without_bit_fields()
    {
        int number = _builder.AddInt("unsigned int", 4);
        const int FarAway = 0x0123_4560;
        int id = _builder.AddStruct("large", 0x0400_0000, [new BtfMember("far", number, FarAway)]);

        Assert.Throws<ArgumentException>(() =>
            _builder.AddStruct("refused", 0x0400_0000, [new BtfMember("bit", number, 0, 1), new BtfMember("far", number, FarAway)]));
        _builder.AddStruct("kept", 4, []);
        Assert.Equal(FarAway, Read().GetType(id).GetMember(0).BitOffset);
    }

    [Theory]
    [InlineData(4, false, BtfKind.Enum, 0L, 4294967295L)]
    [InlineData(4, true, BtfKind.Enum, -1L, 2147483647L)]
    [InlineData(1, true, BtfKind.Enum, -128L, 127L)]
    [InlineData(4, false, BtfKind.Enum64, 0L, 4294967296L)]
    [InlineData(4, true, BtfKind.Enum64, -1L, 2147483648L)]
    [InlineData(8, false, BtfKind.Enum64, 0L, 1L)]
    [InlineData(8, false, BtfKind.Enum64, 0L, -1L)]
    [InlineData(8, true, BtfKind.Enum64, long.MinValue, long.MaxValue)]
    public void Enumerations_keep_their_values(int bytes, bool isSigned, BtfKind kind, long low, long high)
    {
        BtfEnumerator[] enumerators = [new("LOW", low), new("HIGH", high)];
        int id = _builder.AddEnum("levels", bytes, isSigned, enumerators);
        BtfType type = Read().GetType(id);

        Assert.Equal((kind, "levels", isSigned, kind == BtfKind.Enum64 ? 8 : bytes), (type.Kind, type.Name, type.IsSigned, type.Size));
        Assert.Equal(enumerators, Enumerable.Range(0, type.Count).Select(type.GetEnumerator));
    }

    [Fact]
    public void Functions_variables_sections_and_tags_are_kept()
    {
        int number = _builder.AddInt("int", 4, isSigned: true);
        BtfParameter[] parameters = [new("first", number), new("", 0)];
        int prototype = _builder.AddFunctionPrototype(number, parameters);
        int function = _builder.AddFunction("main", prototype, BtfLinkage.Global);
        int variable = _builder.AddVariable("counter", number, BtfLinkage.External);
        int section = _builder.AddDataSection(".bss", 16, [new BtfSectionVariable(variable, 8, 4)]);
        int tag = _builder.AddDeclarationTag("hot", function, 1);
        int wholeTag = _builder.AddDeclarationTag("hot", function, -1);
        int real = _builder.AddFloat("double", 8);
        int forward = _builder.AddForward("later", isUnion: true);
        BtfData read = Read();

        Assert.Equal(parameters, Enumerable.Range(0, 2).Select(read.GetType(prototype).GetParameter));
        Assert.Equal(number, read.GetType(prototype).TargetId);
        Assert.Equal((prototype, BtfLinkage.Global), (read.GetType(function).TargetId, read.GetType(function).Linkage));
        Assert.Equal((number, BtfLinkage.External), (read.GetType(variable).TargetId, read.GetType(variable).Linkage));
        Assert.Equal(new BtfSectionVariable(variable, 8, 4), read.GetType(section).GetSectionVariable(0));
        Assert.Equal((function, 1, -1), (read.GetType(tag).TargetId, read.GetType(tag).ComponentIndex, read.GetType(wholeTag).ComponentIndex));
        Assert.Equal((BtfKind.Float, 8), (read.GetType(real).Kind, read.GetType(real).Size));
        Assert.True(read.GetType(forward) is { Kind: BtfKind.Forward, IsUnion: true });
        Assert.Equal((16L, 0L, 4L), (read.SizeOf(section), read.SizeOf(function), read.SizeOf(variable)));
    }

    [Fact]
    public void Equal_types_are_added_once_but_structs_each_time()
    {
        int number = _builder.AddInt("int", 4, isSigned: true);
        Assert.Equal(number, _builder.AddInt("int", 4, isSigned: true));
        Assert.NotEqual(number, _builder.AddInt("int", 4));
        Assert.Equal(_builder.AddPointer(number), _builder.AddPointer(number));
        Assert.NotEqual(_builder.AddStruct("s", 0, []), _builder.AddStruct("s", 0, []));
        Assert.Equal(5, _builder.Count);
    }

    [Fact]
    public void Strings_are_shared_and_found_by_offset()
    {
        int offset = _builder.AddString("näme");
        Assert.Equal(offset, _builder.AddString("näme"));
        Assert.Equal(0, _builder.AddString(""));
        _builder.AddInt("näme", 4);
        BtfData read = Read();

        Assert.Equal("näme", read.GetString(offset));
        Assert.True(read.GetType(1).NameEquals(Encoding.UTF8.GetBytes("näme")));
        Assert.Equal("", read.GetString(0));
    }

    [Fact]
    public void Search_finds_the_first_of_a_kind_with_a_name()
    {
        int number = _builder.AddInt("twin", 4);
        int first = _builder.AddStruct("twin", 4, [new BtfMember("a", number, 0)]);
        _builder.AddStruct("twin", 4, [new BtfMember("b", number, 0)]);
        BtfData read = Read();
        int[] ids = new int[3];

        Assert.Equal(first, read.Find(BtfKind.Struct, "twin"));
        Assert.Equal(0, read.Find(BtfKind.Struct, "twi"));
        Assert.Equal(2, read.FindAll([new(BtfKind.Int, "twin"), new(BtfKind.Union, "twin"), new(BtfKind.Struct, "twin")], ids));
        Assert.Equal([number, 0, first], ids);
    }

    [Fact]
    public void Split_data_continues_ids_and_strings_of_its_base()
    {
        int number = _builder.AddInt("int", 4, isSigned: true);
        BtfData lower = Read();

        // A builder for split BTF is not needed elsewhere: one pointer at a type of the base, named by a string of its own.
        byte[] split = new BtfBuilder().ToArray();
        byte[] type = [.. BitConverter.GetBytes(BitConverter.ToInt32(lower.Bytes.Span[20..])), .. BitConverter.GetBytes((int)BtfKind.Typedef << 24), .. BitConverter.GetBytes(number)];
        byte[] header = split[..24];
        BitConverter.GetBytes(12).CopyTo(header, 12);
        BitConverter.GetBytes(12).CopyTo(header, 16);
        BitConverter.GetBytes(5).CopyTo(header, 20);
        BtfData upper = BtfData.Parse((byte[])[.. header, .. type, .. "mine\0"u8], lower);

        Assert.Equal(2, upper.FirstId);
        Assert.Equal(("mine", number), (upper.GetType(2).Name, upper.GetType(2).TargetId));
        Assert.Equal("int", upper.GetType(number).Name);
        Assert.Equal(2, upper.Find(BtfKind.Typedef, "mine"));
        Assert.Equal(number, upper.Find(BtfKind.Int, "int"));
        Assert.Equal(4, upper.SizeOf(2));
    }

    private BtfData Read() => BtfData.Parse(_builder.ToArray());
}
