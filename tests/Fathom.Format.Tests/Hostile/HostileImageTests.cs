using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Format.Elf.Images;
using Fathom.Format.Names;
using Fathom.Format.Tests.Elf.Images;
using Xunit;

namespace Fathom.Format.Tests.Hostile;

/// <summary>Programs and libraries, their names and their static probes, made to cost their reader as much as can be.</summary>
public sealed class HostileImageTests
{
    [Fact]
    public void Thousands_of_headers_for_one_table_of_symbols()
    {
        ImageBuilder builder = new ImageBuilder().Symbols(false, [.. Enumerable.Range(0, 12_000).Select(static i => ($"s{i}", 0x12, (ushort)1, ImageBuilder.CodeAddress, 1UL))]);
        byte[] file = Repeat(builder, 2, 8_000);
        Use(file, static image => _ = image.Functions);
        Use(file, static image => image.FindFunctions("none"));
        Use(file, static image => image.TryFindVariable("none", out _));
    }

    [Fact]
    public void Thousands_of_headers_for_the_same_notes()
    {
        ImageBuilder builder = new();
        builder.AddSection(".note", 7, [.. Enumerable.Repeat(ImageBuilder.Note(1, "", []), 18_000).SelectMany(static note => note)]);
        Use(Repeat(builder, 7, 10_000), static image => _ = image.BuildId);
    }

    [Fact]
    public void Thousands_of_segments_for_the_same_notes_and_for_each_symbol()
    {
        ImageBuilder builder = new ImageBuilder().Symbols(false, [.. Enumerable.Range(0, 15_000).Select(static i => ("s", 0x12, (ushort)1, 5UL, 1UL))]);
        builder.AddSection(".note", 7, [.. Enumerable.Repeat(ImageBuilder.Note(1, "", []), 8_000).SelectMany(static note => note)]);
        byte[] file = builder.Build();
        List<byte> segments = [];
        byte[] segment = new byte[56];
        for (int i = 0; i < 5_000; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(segment, i % 2 == 0 ? 4 : 1);
            BinaryPrimitives.WriteInt32LittleEndian(segment.AsSpan(4), 5);
            BinaryPrimitives.WriteInt64LittleEndian(segment.AsSpan(8), ImageBuilder.DataOffset + ImageBuilder.SegmentSize);
            BinaryPrimitives.WriteInt64LittleEndian(segment.AsSpan(16), 0x7000_0000);
            BinaryPrimitives.WriteInt64LittleEndian(segment.AsSpan(32), 200_000);
            segments.AddRange(segment);
        }

        byte[] whole = [.. file, .. segments];
        BinaryPrimitives.WriteInt64LittleEndian(whole.AsSpan(32), file.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(whole.AsSpan(56), 5_000);
        Use(whole, static image => _ = (image.BuildId, image.Functions));
    }

    [Fact]
    public void Names_that_are_no_text_and_overlap()
    {
        const int Symbols = 12_000;
        byte[] names = new byte[500_000];
        names.AsSpan().Fill(0xff);
        names[^1] = 0;
        byte[] table = new byte[24 * Symbols];
        for (int i = 1; i < Symbols; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(i * 24), names.Length - 700 - i);
            table[(i * 24) + 4] = 0x12;
            table[(i * 24) + 6] = 1;
            BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan((i * 24) + 8), ImageBuilder.CodeAddress);
        }

        ImageBuilder builder = new();
        builder.AddSection(".symtab", 2, table, builder.AddSection(".strtab", 3, names));
        Use(builder.Build(), static image => _ = image.Functions);
    }

    [Fact]
    public void Thousands_of_arguments_name_variables_among_thousands_of_symbols()
    {
        ImageBuilder builder = new ImageBuilder().Symbols(false, [.. Enumerable.Range(0, 12_000).Select(static i => ("variable", 0x11, (ushort)1, ImageBuilder.DataAddress, 1UL))]);
        builder.AddSection(".note.stapsdt", 7, [.. Enumerable.Repeat(builder.Probe(ImageBuilder.CodeAddress, 0, 0, "p", "n", string.Join(' ', Enumerable.Repeat("4@x(%rip)", 12))), 2_500).SelectMany(static note => note)]);
        Use(builder.Build(), static image =>
        {
            foreach (UsdtProbe probe in image.UsdtProbes)
            {
                foreach (UsdtArgument argument in UsdtArgument.ParseAll(probe.Arguments))
                {
                    Assert.Equal(UsdtArgumentKind.Unknown, argument.Resolve(image, probe).Kind);
                }
            }
        });
    }

    [Theory]
    [InlineData("8@(", ",", ")")]
    [InlineData("8@[", " ,", "]")]
    [InlineData("", "1@$1 ", "")]
    [InlineData("", "((", "")]
    [InlineData("8@", "9", "")]
    [InlineData("8@x+", "9", "")]
    [InlineData("8@0x", "f", "(%rax)")]
    public void An_argument_of_a_megabyte(string start, string part, string end)
    {
        StringBuilder text = new(start);
        while (text.Length < 1_000_000)
        {
            text.Append(part);
        }

        string arguments = text.Append(end).ToString();
        Cost.OfReading(arguments.Length, () => UsdtArgument.ParseAll(arguments));
    }

    // The name of a conversion operator, where what is read ahead holds the same again.
    public static TheoryData<string> WorstNames =>
    [
        "_ZN1AcvT_" + string.Concat(Enumerable.Repeat("IT_", 5_000)),
        "_ZN1AcvT_" + string.Concat(Enumerable.Repeat("IT_", 12)) + "I16000" + RawObject.Long(16_000) + string.Concat(Enumerable.Repeat("E", 13)) + "IiEEvv",
        "_ZN1AcvT_" + string.Concat(Enumerable.Repeat("IT_", 40)) + "I10000" + RawObject.Long(10_000),
        "_Z1fv" + string.Concat(Enumerable.Repeat(".a", 15_000)),
        "_Z1fv" + string.Concat(Enumerable.Repeat(".a.0", 5_000)),
        "_Z1fI" + string.Concat(Enumerable.Range(0, 500).Select(static i => $"1aIS_S_E")) + "Evv",
        "_Z1f" + Doubling(26),
        "_Z1f" + string.Concat(Enumerable.Repeat("R", 500)) + "i" + string.Concat(Enumerable.Repeat("RS_", 10_000)),
        "_Z1fIJ" + string.Concat(Enumerable.Repeat("i", 10_000)) + "EEvDpDpDpDpDpT_",
        "_Z1fIJ" + string.Concat(Enumerable.Repeat("i", 8_000)) + "EEv" + string.Concat(Enumerable.Repeat("DpT_", 5_000)),
        "_Z1fIJEEv" + string.Concat(Enumerable.Repeat("DpT_", 8_000)),
        "_RINvC1a1b" + string.Concat(Enumerable.Repeat("B2_", 10_000)) + "E",
        "_RINvC1a1bKj" + RawObject.Long(15_000, '0') + "1_" + string.Concat(Enumerable.Repeat("KB9_", 4_000)) + "E",
        "_RINvC1a1b" + string.Concat(Enumerable.Repeat("FG99_EuE", 3_500)) + "E",
        "_RNvC1a" + "u250" + "a" + RawObject.Long(249, '9') + string.Concat(Enumerable.Repeat("B5_", 10_000)),
        "_ZN" + string.Concat(Enumerable.Repeat("9$u2$u2$u2", 3_000)) + "17h0123456789abcdefE",
        "_ZN30000" + RawObject.Long(30_000, '$') + "17h0123456789abcdefE",
    ];

    [Theory]
    [MemberData(nameof(WorstNames))]
    public void A_mangled_name_that_means_the_most(string name)
    {
        Cost.OfReading(name.Length, () => Demangler.Demangle(name, out _));
        string cut = name[..Math.Min(name.Length, Demangler.LongestText)];
        Cost.OfReading(cut.Length, () => Demangler.Demangle(cut, out _));
    }

    private static string Doubling(int times)
    {
        // Each type is a template of the one before, twice.
        StringBuilder text = new("1aIiiE");
        for (int i = 0; i < times; i++)
        {
            string last = i == 0 ? "S_" : "S" + ToSequence(i - 1) + "_";
            text.Append("1aI").Append(last).Append(last).Append('E');
        }

        return text.ToString();
    }

    private static string ToSequence(int number)
    {
        const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        return number < 36 ? Digits[number].ToString() : ToSequence((number / 36) - 1) + Digits[number % 36];
    }

    private static void Use(byte[] file, Action<ElfImage> use) => Cost.OfReading(file.Length, () => use(ElfImage.Parse(file)));

    // The headers of the last section of a type, again and again.
    private static byte[] Repeat(ImageBuilder builder, uint type, int times)
    {
        byte[] file = builder.Build();
        int table = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(40));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(60));
        int found = Enumerable.Range(0, count).Last(i => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(table + (i * 64) + 4)) == type);
        byte[] header = file[(table + (found * 64))..(table + (found * 64) + 64)];
        List<byte> whole = [.. file];
        for (int i = 0; i < times; i++)
        {
            whole.AddRange(header);
        }

        byte[] result = [.. whole];
        BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan(60), (ushort)(count + times));
        return result;
    }
}
