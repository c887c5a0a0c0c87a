using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Format.Btf;
using Fathom.Format.CoRe;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Format.Tests.Hostile;

/// <summary>BPF objects and BTF that are made to cost their reader as much as can be.</summary>
public sealed class HostileObjectTests
{
    private const uint Array = 3, Struct = 4, Pointer = 2, Int = 1, Variable = 14, DataSection = 15, Enum = 6, Typedef = 8;
    private const uint ProgramBits = 1, NoBits = 8, Relocations = 9;
    private const ulong Allocate = 2, AllocateExecute = 6, AllocateWrite = 3;

    // mov r0, 0; exit
    private static readonly byte[] Code = [0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];

    [Fact]
    public void Thousands_of_sections_of_zeros()
    {
        RawObject raw = new();
        for (int i = 0; i < 8_000; i++)
        {
            raw.Add(string.Create(CultureInfo.InvariantCulture, $".bss.{i}"), NoBits, AllocateWrite, [], 64 << 20);
        }

        Read(raw.Build());
    }

    [Fact]
    public void One_section_of_zeros_takes_no_memory_until_it_is_loaded()
    {
        RawObject raw = new();
        raw.Add(".bss", NoBits, AllocateWrite, [], 60 << 20);
        byte[] file = raw.Build();
        Assert.True(Cost.OfReading(file.Length, () => Assert.Equal(60 << 20, Assert.Single(ObjectFile.Parse(file).Maps).ValueSize)));
    }

    [Fact]
    public void Thousands_of_symbols_share_one_long_name()
    {
        RawObject raw = new();
        uint name = raw.SymbolName(RawObject.Long(500_000));
        int data = raw.Add(".data", ProgramBits, AllocateWrite, new byte[8]);
        for (int i = 0; i < 18_000; i++)
        {
            raw.Symbol(name, 0x11, data, 0, 8);
        }

        RawBtf btf = new();
        int number = btf.Add(btf.String("int"), Int, 0, 4, 32);
        int variable = btf.Add(btf.String("v"), Variable, 0, (uint)number, 0);
        btf.Add(btf.String(".data"), DataSection, 1, 0, (uint)variable, 0, 4);
        raw.Add(".BTF", ProgramBits, 0, btf.Build());
        Read(raw.Build());
    }

    [Fact]
    public void Relocations_name_one_symbol_with_a_long_name()
    {
        RawObject raw = new();
        int symbol = raw.Symbol(raw.SymbolName(RawObject.Long(250_000)), 0x10, 0, 0, 0);
        List<byte> code = [];
        List<byte> relocations = [];
        for (int i = 0; i < 18_000; i++)
        {
            relocations.AddRange(RawObject.Words((uint)code.Count, 0, 1, (uint)symbol));
            code.AddRange(new byte[] { 0x18, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 });
        }

        code.AddRange(Code);
        int section = raw.Add("socket", ProgramBits, AllocateExecute, [.. code]);
        raw.Symbol(raw.SymbolName("f"), 0x12, section, 0, 0);
        raw.Add(".relsocket", Relocations, 0, [.. relocations], link: uint.MaxValue, info: (uint)section);
        RawBtf btf = new();
        int number = btf.Add(btf.String("int"), Int, 0, 4, 32);
        int variable = btf.Add(btf.String(RawObject.Long(100_000, 'y')), Variable, 0, (uint)number, 2);
        btf.Add(btf.String(".kconfig"), DataSection, 1, 0, (uint)variable, 0, 4);
        raw.Add(".BTF", ProgramBits, 0, btf.Build());
        Read(raw.Build());
    }

    [Fact]
    public void Names_of_types_are_ends_of_one_long_string()
    {
        RawBtf btf = new();
        uint text = btf.String(RawObject.Long(400_000));
        for (uint i = 0; i < 45_000; i++)
        {
            btf.Add(text + i, DataSection, 0, 0);
        }

        Read(Object(btf.Build()));
        byte[] bytes = btf.Build();
        Cost.OfReading(bytes.Length, () => BtfDumper.Write(BtfData.Parse(bytes), TextWriter.Null));
        Cost.OfReading(bytes.Length, () => BtfSanitizer.Sanitize(BtfData.Parse(bytes), default));
    }

    [Fact]
    public void Types_share_one_long_name()
    {
        RawBtf btf = new();
        uint text = btf.String(RawObject.Long(400_000));
        for (uint i = 0; i < 45_000; i++)
        {
            btf.Add(text, DataSection, 0, 0);
        }

        Read(Object(btf.Build()));
        byte[] bytes = btf.Build();
        Cost.OfReading(bytes.Length, () => BtfDumper.Write(BtfData.Parse(bytes), TextWriter.Null));
        Cost.OfReading(bytes.Length, () => BtfSanitizer.Sanitize(BtfData.Parse(bytes), default));
    }

    [Fact]
    public void Thousands_of_maps_of_one_struct_with_thousands_of_members()
    {
        RawBtf btf = new();
        int number = btf.Add(btf.String("int"), Int, 0, 4, 32);
        int array = btf.Add(0, Array, 0, 0, (uint)number, (uint)number, 1);
        int pointer = btf.Add(0, Pointer, 0, (uint)array);
        uint type = btf.String("type");
        List<uint> members = [];
        const int Members = 45_000;
        for (int i = 0; i < Members; i++)
        {
            members.AddRange([type, (uint)pointer, 0]);
        }

        int map = btf.Add(0, Struct, Members, 8, [.. members]);
        List<uint> variables = [];
        for (uint i = 0; i < 10_000; i++)
        {
            variables.AddRange([(uint)btf.Add(btf.String(string.Create(CultureInfo.InvariantCulture, $"m{i}")), Variable, 0, (uint)map, 1), i, 1]);
        }

        btf.Add(btf.String(".maps"), DataSection, 10_000, 10_000, [.. variables]);
        RawObject raw = new();
        raw.Add(".maps", ProgramBits, AllocateWrite, new byte[10_000]);
        raw.Add(".BTF", ProgramBits, 0, btf.Build());
        Read(raw.Build());
    }

    [Fact]
    public void Maps_whose_section_only_the_types_make_large()
    {
        RawBtf btf = new();
        int number = btf.Add(btf.String("int"), Int, 0, 4, 32);
        int array = btf.Add(0, Array, 0, 0, (uint)number, (uint)number, 1);
        int pointer = btf.Add(0, Pointer, 0, (uint)array);
        int map = btf.Add(0, Struct, 1, 8, btf.String("type"), (uint)pointer, 0);
        int variable = btf.Add(btf.String("m"), Variable, 0, (uint)map, 1);
        btf.Add(btf.String(".maps"), DataSection, 1, 1_800_000_000, (uint)variable, 0, 8);
        RawObject raw = new();
        raw.Add(".maps", ProgramBits, AllocateWrite, new byte[8]);
        raw.Add(".BTF", ProgramBits, 0, btf.Build());
        byte[] file = raw.Build();
        Cost.OfReading(file.Length, () => ObjectFile.Write(ObjectFile.Parse(file)));
    }

    [Fact]
    public void Tables_of_lines_name_a_section_with_a_long_name_again_and_again()
    {
        RawBtf btf = new();
        string name = RawObject.Long(250_000);
        uint text = btf.String(name);
        RawObject raw = new();
        int section = raw.Add(name, ProgramBits, AllocateExecute, Code);
        raw.Symbol(raw.SymbolName("f"), 0x12, section, 0, 0);
        List<uint> lines = [16];
        for (int i = 0; i < 60_000; i++)
        {
            lines.AddRange([text, 0]);
        }

        uint length = (uint)lines.Count * 4;
        raw.Add(".BTF", ProgramBits, 0, btf.Build());
        raw.Add(".BTF.ext", ProgramBits, 0, [.. RawObject.Words([0x0001eb9f, 24, 0, 0, 0, length]), .. RawObject.Words([.. lines])]);
        Read(raw.Build());
    }

    [Fact]
    public void Lines_of_ours_name_a_function_with_a_long_name_again_and_again()
    {
        RawObject raw = new();
        string name = RawObject.Long(250_000);
        int section = raw.Add("socket", ProgramBits, AllocateExecute, Code);
        raw.Symbol(raw.SymbolName(name), 0x12, section, 0, 0);
        const int Count = 38_000;
        List<uint> words = [0x464c_0001, Count, (Count * 12) + 12];
        for (int i = 0; i < Count; i++)
        {
            words.AddRange([0, 0, 0]);
        }

        raw.Add(".fathom.lines", ProgramBits, 0, [.. RawObject.Words([.. words]), .. System.Text.Encoding.ASCII.GetBytes(name), 0]);
        Read(raw.Build());
    }

    [Fact]
    public void Thousands_of_data_sections_are_looked_for_among_thousands_of_sections()
    {
        RawObject raw = new();
        RawBtf btf = new();
        int number = btf.Add(btf.String("int"), Int, 0, 4, 32);
        int variable = btf.Add(btf.String("v"), Variable, 0, (uint)number, 0);
        for (int i = 0; i < 5_000; i++)
        {
            raw.Add(string.Create(CultureInfo.InvariantCulture, $"{RawObject.Long(60)}{i:d5}"), ProgramBits, 0, [1]);
        }

        for (int i = 0; i < 6_000; i++)
        {
            btf.Add(btf.String(string.Create(CultureInfo.InvariantCulture, $"{RawObject.Long(20)}{i:d5}")), DataSection, 1, 0, (uint)variable, 0, 4);
        }

        raw.Add(".BTF", ProgramBits, 0, btf.Build());
        Read(raw.Build());
    }

    [Fact]
    public void A_function_is_reached_from_thousands_of_programs()
    {
        RawObject raw = new();
        List<byte> code = [];
        for (int i = 0; i < 12_000; i++)
        {
            code.AddRange([0xb7, 0, 0, 0, 0, 0, 0, 0]);
        }

        code.AddRange(Code);
        int text = raw.Add(".text", ProgramBits, AllocateExecute, [.. code]);
        int called = raw.Symbol(raw.SymbolName("called"), 0x12, text, 0, (ulong)code.Count);
        List<byte> entries = [];
        List<byte> relocations = [];
        int section = raw.SectionCount;
        for (int i = 0; i < 8_000; i++)
        {
            relocations.AddRange(RawObject.Words((uint)entries.Count, 0, 10, (uint)called));
            raw.Symbol(raw.SymbolName(string.Create(CultureInfo.InvariantCulture, $"f{i}")), 0x12, section, (ulong)entries.Count, 16);
            entries.AddRange([0x85, 0x10, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x95, 0, 0, 0, 0, 0, 0, 0]);
        }

        raw.Add("socket", ProgramBits, AllocateExecute, [.. entries]);
        raw.Add(".relsocket", Relocations, 0, [.. relocations], link: uint.MaxValue, info: (uint)section);
        byte[] file = raw.Build();
        Cost.OfReading(file.Length, () =>
        {
            BpfObject value = ObjectFile.Parse(file);
            Assert.Equal(8_001, value.Functions.Length);
            Assert.Equal(12_004, Linker.Link(value, "f7").Instructions.Length);
        });
    }

    [Theory]
    [InlineData(CoreRelocationKind.TypeMatches, "0", false)]
    [InlineData(CoreRelocationKind.TypeMatches, "0", true)]
    [InlineData(CoreRelocationKind.FieldByteOffset, "0:399", false)]
    [InlineData(CoreRelocationKind.FieldByteOffset, "0:399", true)]
    [InlineData(CoreRelocationKind.TypeExists, "0", true)]
    public void The_same_large_type_is_asked_for_again_and_again(CoreRelocationKind kind, string access, bool byDifferentTypes)
    {
        const int Members = 400;
        const int Queries = 10_000;
        RawBtf btf = new();
        int number = btf.Add(btf.String("int"), Int, 0, 4, 32);
        List<uint> members = [];
        for (uint i = 0; i < Members; i++)
        {
            // From last to first, so that looking for each goes through all.
            members.AddRange([btf.String(string.Create(CultureInfo.InvariantCulture, $"m{i}")), (uint)number, i * 32]);
        }

        uint name = btf.String("s");
        int root = btf.Add(name, Struct, Members, Members * 4, [.. members]);
        byte[] target = btf.Build();
        for (int i = 0; byDifferentTypes && i < Queries; i++)
        {
            btf.Add(name, Typedef, 0, (uint)root);
        }

        byte[] local = btf.Build();
        Instruction instruction = Instruction.Alu64(AluOperation.Move, Register.R1, kind == CoreRelocationKind.FieldByteOffset ? (Members - 1) * 4 : 1);
        ImmutableArray<CoreRelocation> relocations =
            [.. Enumerable.Range(0, Queries).Select(i => new CoreRelocation(i, byDifferentTypes && kind != CoreRelocationKind.FieldByteOffset ? root : byDifferentTypes ? root + 1 + i : root, access, kind))];
        ImmutableArray<Instruction> code = [.. Enumerable.Repeat(instruction, Queries)];
        Cost.OfReading(local.Length + (Queries * 24), () => CoreEngine.Relocate(code, relocations, BtfData.Parse(local), BtfData.Parse(byDifferentTypes ? local : target)));
    }

    [Fact]
    public void Thousands_of_types_have_thousands_of_candidates()
    {
        RawBtf btf = new();
        int number = btf.Add(btf.String("int"), Int, 0, 4, 32);
        uint name = btf.String("s");
        for (int i = 0; i < 30_000; i++)
        {
            btf.Add(name, Struct, 1, 4, name, (uint)number, 0);
        }

        byte[] bytes = btf.Build();
        ImmutableArray<CoreRelocation> relocations = [.. Enumerable.Range(0, 10_000).Select(static i => new CoreRelocation(i, 2 + i, "0:0", CoreRelocationKind.FieldByteOffset))];
        ImmutableArray<Instruction> code = [.. Enumerable.Repeat(Instruction.Alu64(AluOperation.Move, Register.R1, 0), relocations.Length)];
        Cost.OfReading(bytes.Length, () => CoreEngine.Relocate(code, relocations, BtfData.Parse(bytes), BtfData.Parse(bytes)));
    }

    [Fact]
    public void Thousands_of_fields_have_one_long_name()
    {
        RawBtf btf = new();
        int number = btf.Add(btf.String("int"), Int, 0, 4, 32);
        uint name = btf.String(RawObject.Long(300_000));
        List<uint> members = [];
        for (uint i = 0; i < 10_000; i++)
        {
            members.AddRange([name, (uint)number, i * 32]);
        }

        int root = btf.Add(name, Struct, 10_000, 40_000, [.. members]);
        byte[] bytes = btf.Build();
        ImmutableArray<CoreRelocation> relocations = [.. Enumerable.Range(0, 10_000).Select(i => new CoreRelocation(i, root, string.Create(CultureInfo.InvariantCulture, $"0:{i}"), CoreRelocationKind.FieldExists))];
        ImmutableArray<Instruction> code = [.. Enumerable.Repeat(Instruction.Alu64(AluOperation.Move, Register.R1, 1), relocations.Length)];
        Cost.OfReading(bytes.Length + (relocations.Length * 24), () => CoreEngine.Relocate(code, relocations, BtfData.Parse(bytes), BtfData.Parse(bytes)));
    }

    [Fact]
    public void Members_and_values_with_long_names_are_compared_each_with_each()
    {
        RawBtf btf = new();
        int number = btf.Add(btf.String("int"), Int, 0, 4, 32);
        uint name = btf.String(RawObject.Long(4_000, '_'));
        List<uint> members = [];
        List<uint> values = [];
        for (uint i = 0; i < 1_800; i++)
        {
            members.AddRange([name + i, (uint)number, i * 32]);
            values.AddRange([name + i, i]);
        }

        int root = btf.Add(btf.String("s"), Struct, 1_800, 7_200, [.. members]);
        int enumeration = btf.Add(btf.String("e"), Enum, 1_800, 4, [.. values]);
        List<int> roots = [root, enumeration];
        for (int i = 0; i < 20_000; i++)
        {
            roots.Add(btf.Add(name, Typedef, 0, (uint)root));
        }

        byte[] bytes = btf.Build();
        ImmutableArray<CoreRelocation> relocations = [.. roots.Select(static (id, i) => new CoreRelocation(i, id, "0", CoreRelocationKind.TypeMatches))];
        ImmutableArray<Instruction> code = [.. Enumerable.Repeat(Instruction.Alu64(AluOperation.Move, Register.R1, 1), relocations.Length)];
        Cost.OfReading(bytes.Length, () => CoreEngine.Relocate(code, relocations, BtfData.Parse(bytes), BtfData.Parse(bytes)));
        Cost.OfReading(bytes.Length, () => CoreEngine.Relocate(code[..1], relocations[..1], BtfData.Parse(bytes), BtfData.Parse(bytes)));
        Cost.OfReading(bytes.Length, () => CoreEngine.Relocate(code[..1], [relocations[1] with { Instruction = 0 }], BtfData.Parse(bytes), BtfData.Parse(bytes)));
    }

    [Fact]
    public void Thousands_of_types_are_looked_for_by_name()
    {
        RawBtf btf = new();
        BtfTypeName[] names = new BtfTypeName[20_000];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = new(BtfKind.Int, string.Create(CultureInfo.InvariantCulture, $"t{i:d5}"));
            btf.Add(btf.String(string.Create(CultureInfo.InvariantCulture, $"u{i:d5}")), Int, 0, 4, 32);
        }

        byte[] bytes = btf.Build();
        Cost.OfReading(bytes.Length, () => Assert.Equal(0, BtfData.Parse(bytes).FindAll(names, new int[names.Length])));
    }

    [Fact]
    public void An_enumeration_is_asked_for_each_of_its_values()
    {
        const int Count = 20_000;
        RawBtf btf = new();
        List<uint> values = [];
        for (uint i = 0; i < Count; i++)
        {
            values.AddRange([btf.String(string.Create(CultureInfo.InvariantCulture, $"v{i}")), i]);
        }

        int root = btf.Add(btf.String("e"), Enum, Count, 4, [.. values]);
        byte[] bytes = btf.Build();
        ImmutableArray<CoreRelocation> relocations = [.. Enumerable.Range(0, Count).Select(i => new CoreRelocation(i, root, i.ToString(CultureInfo.InvariantCulture), CoreRelocationKind.EnumValue))];
        ImmutableArray<Instruction> code = [.. Enumerable.Range(0, Count).Select(static i => Instruction.Alu64(AluOperation.Move, Register.R1, i))];
        Cost.OfReading(bytes.Length + (Count * 24), () => CoreEngine.Relocate(code, relocations, BtfData.Parse(bytes), BtfData.Parse(bytes)));
    }

    private static byte[] Object(byte[] btf)
    {
        RawObject raw = new();
        raw.Add(".BTF", ProgramBits, 0, btf);
        return raw.Build();
    }

    private static void Read(byte[] file) => Cost.OfReading(file.Length, () => ObjectFile.Parse(file));
}
