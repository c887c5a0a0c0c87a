using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Format.Elf.Images;
using Xunit;

namespace Fathom.Format.Tests.Elf.Images;

/// <summary>Functions and static probes of images made by hand and of this machine's; what is damaged is refused or left out.</summary>
public sealed class ElfImageTests
{
    private const int Function = 0x12;
    private const int LocalFunction = 0x02;
    private const int Indirect = 0x1a;
    private const int Variable = 0x11;

    private static string Libc { get; } = ((string[])["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"]).FirstOrDefault(File.Exists) ?? "";

    private static string Libstdcxx => Path.Combine(Path.GetDirectoryName(Libc) ?? "", "libstdc++.so.6");

    [Theory]
    [InlineData(true, 62)]
    [InlineData(true, 183)]
    [InlineData(false, 3)]
    public void Functions_have_names_addresses_and_offsets(bool is64, int machine)
    {
        ElfImage image = ElfImage.Parse(new ImageBuilder(is64, (ushort)machine)
            .Symbols(
                false,
                ("local", LocalFunction, 1, ImageBuilder.CodeAddress + 0x20, 5),
                ("seen@@V_2", Function, 1, ImageBuilder.CodeAddress + 0x10, 7),
                ("alias", Function, 1, ImageBuilder.CodeAddress + 0x10, 7),
                ("imported", Function, 0, 0, 0),
                ("absolute", Function, 0xfff1, ImageBuilder.CodeAddress, 0),
                ("in_data", Function, 1, ImageBuilder.DataAddress, 4),
                ("nowhere", Function, 1, 0x10, 4),
                ("variable", Variable, 1, ImageBuilder.DataAddress + 8, 4),
                ("last", Function, 1, ImageBuilder.CodeAddress + ImageBuilder.SegmentSize - 1, 1),
                ("behind", Function, 1, ImageBuilder.CodeAddress + ImageBuilder.SegmentSize, 1))
            .Symbols(true, ("seen", Function, 1, ImageBuilder.CodeAddress + 0x10, 7), ("chooser", Indirect, 1, ImageBuilder.CodeAddress, 9))
            .Code(0x10, 1, 2, 3)
            .Build());

        Assert.Equal(((ElfMachine)machine, is64, ElfImageType.Shared, ElfSymbolKinds.All), (image.Machine, image.Is64Bit, image.Type, image.Symbols));
        Assert.Equal(
            [
                new ElfFunction("chooser", ImageBuilder.CodeAddress, 9, ImageBuilder.CodeOffset, true),
                new ElfFunction("alias", ImageBuilder.CodeAddress + 0x10, 7, ImageBuilder.CodeOffset + 0x10, false),
                new ElfFunction("seen", ImageBuilder.CodeAddress + 0x10, 7, ImageBuilder.CodeOffset + 0x10, false),
                new ElfFunction("local", ImageBuilder.CodeAddress + 0x20, 5, ImageBuilder.CodeOffset + 0x20, false),
                new ElfFunction("last", ImageBuilder.CodeAddress + ImageBuilder.SegmentSize - 1, 1, ImageBuilder.CodeOffset + ImageBuilder.SegmentSize - 1, false),
            ],
            image.Functions.AsEnumerable());
        Assert.Equal(["seen"], image.FindFunctions("seen").Select(static f => f.Name));
        Assert.Empty(image.FindFunctions("variable"));
        Assert.True(image.TryFindVariable("variable", out ulong address));
        Assert.Equal(ImageBuilder.DataAddress + 8, address);
        Assert.Equal([1, 2, 3], image.ReadBytes(image.FindFunctions("seen")[0].FileOffset, 3).ToArray());
        Assert.Equal(0, image.ReadBytes(ulong.MaxValue, 3).Length);
    }

    [Fact]
    public void Which_symbols_there_are_is_known()
    {
        Assert.Equal(ElfSymbolKinds.None, ElfImage.Parse(new ImageBuilder().Build()).Symbols);
        ElfImage stripped = ElfImage.Parse(new ImageBuilder().Symbols(true, ("a", Function, 1, ImageBuilder.CodeAddress, 1)).Build());
        Assert.Equal(ElfSymbolKinds.DynamicOnly, stripped.Symbols);

        // The debug file knows the address; where it lies in the file is known by the image only.
        byte[] debug = new ImageBuilder().Symbols(false, ("b", LocalFunction, 1, ImageBuilder.CodeAddress + 4, 1)).Build();
        BinaryPrimitives.WriteUInt64LittleEndian(debug.AsSpan(64 + 8), 0x7000);
        ElfImage both = stripped.WithSymbolsOf(ElfImage.Parse(debug));
        Assert.Equal(ElfSymbolKinds.All, both.Symbols);
        Assert.Equal([("a", (ulong)ImageBuilder.CodeOffset), ("b", ImageBuilder.CodeOffset + 4)], both.Functions.Select(static f => (f.Name, f.FileOffset)));
    }

    [Fact]
    public void Names_that_are_no_text_differ()
    {
        byte[][] names = [[0xff], [0xfe], "\\xff"u8.ToArray(), "é☃😀"u8.ToArray(), [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [(byte)'a', 0xc3]];
        ElfImage image = ElfImage.Parse(new ImageBuilder()
            .Symbols(false, [.. names.Select(static (name, i) => (name, Function, (ushort)1, ImageBuilder.CodeAddress + (ulong)i, 1UL))])
            .Build());
        Assert.Equal(
            [@"\xff", @"\xfe", @"\x5cxff", "é☃😀", @"\xc0\x80", @"\xed\xa0\x80", @"\xf4\x90\x80\x80", @"a\xc3"],
            image.Functions.Select(static f => f.Name));
        Assert.All(image.Functions, function => Assert.Equal(function, Assert.Single(image.FindFunctions(function.Name))));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Static_probes_are_found_where_the_image_was_moved_to(bool is64)
    {
        ImageBuilder builder = new(is64, (ushort)(is64 ? 62 : 3));
        byte[] notes =
        [
            .. builder.Probe(ImageBuilder.CodeAddress - 0x100000 + 4, 0x5000, 0, "libc", "setjmp", "8@%rdi -4@$5"),
            .. ImageBuilder.Note(1, "other", [1, 2, 3]),
            .. builder.Probe(ImageBuilder.CodeAddress - 0x100000 + 8, 0x5000, ImageBuilder.DataAddress - 0x100000 + 2, "my", "probe", ""),
            .. builder.Probe(0x10, 0x5000, 0, "my", "outside", ""),
            .. builder.Probe(ImageBuilder.CodeAddress - 0x100000, 0x5000, 0x10, "my", "no_semaphore", ""),
        ];
        builder.AddSection(".note.stapsdt", 7, notes);
        builder.AddSection(".stapsdt.base", 1, [0], address: 0x105000);

        Assert.Equal(
            [
                new UsdtProbe("libc", "setjmp", ImageBuilder.CodeAddress + 4, ImageBuilder.CodeOffset + 4, 0, "8@%rdi -4@$5"),
                new UsdtProbe("my", "probe", ImageBuilder.CodeAddress + 8, ImageBuilder.CodeOffset + 8, ImageBuilder.DataOffset + 2, ""),
            ],
            ElfImage.Parse(builder.Build()).UsdtProbes.AsEnumerable());
    }

    [Fact]
    public void Static_probes_without_a_base_are_where_they_say()
    {
        ImageBuilder builder = new();
        builder.AddSection(".note.stapsdt", 7, builder.Probe(ImageBuilder.CodeAddress, 0x5000, 0, "a", "b", "c"));
        Assert.Equal((ulong)ImageBuilder.CodeOffset, Assert.Single(ElfImage.Parse(builder.Build()).UsdtProbes).FileOffset);
    }

    [Theory]
    [InlineData(0, 1000, "ends outside of its section")]
    [InlineData(4, 1000, "ends outside of its section")]
    [InlineData(4, 20, "is too short")]
    [InlineData(4, 27, "has a text without an end")]
    public void A_damaged_note_about_a_probe_is_refused(int field, int value, string problem)
    {
        ImageBuilder builder = new();
        byte[] note = builder.Probe(ImageBuilder.CodeAddress, 0, 0, "a", "b", "c");
        BinaryPrimitives.WriteInt32LittleEndian(note.AsSpan(field), value);
        builder.AddSection(".note.stapsdt", 7, note);
        ElfImage image = ElfImage.Parse(builder.Build());
        Assert.Contains(problem, Assert.Throws<BadFormatException>(() => image.UsdtProbes).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_build_is_known_by_its_number()
    {
        ImageBuilder builder = new();
        builder.AddSection(".note.gnu.build-id", 7, [.. ImageBuilder.Note(1, "GNU", [9]), .. ImageBuilder.Note(3, "GNU", [1, 2, 3, 4, 5])]);
        Assert.Equal([1, 2, 3, 4, 5], ElfImage.Parse(builder.Build()).BuildId.ToArray());
        Assert.True(ElfImage.Parse(new ImageBuilder().Build()).BuildId.IsEmpty);
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("7f454c46", "shorter than an ELF header")]
    [InlineData("2321202f62696e2f73680a0a0a0a0a0a0a0a0a0a", "no ELF file")]
    [InlineData("7f454c4602020100000000000000000003003e00", "little-endian")]
    [InlineData("7f454c4602010100000000000000000003003e00", "shorter than an ELF header")]
    public void What_is_no_image_is_refused(string hex, string problem) =>
        Assert.Contains(problem, Assert.Throws<BadFormatException>(() => ElfImage.Parse(Convert.FromHexString(hex))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(1, 62, "object file")]
    [InlineData(4, 62, "core dump")]
    [InlineData(3, 243, "machine 243")]
    [InlineData(3, 3, "in 64 bits")]
    public void What_no_process_runs_here_is_refused(int type, int machine, string problem)
    {
        byte[] file = new ImageBuilder(true, (ushort)machine, (ushort)type).Build();
        Assert.Contains(problem, Assert.Throws<BadFormatException>(() => ElfImage.Parse(file)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".symtab", 24, -1, "lies outside the file")]
    [InlineData(".symtab", 32, long.MaxValue, "lies outside the file")]
    [InlineData(".symtab", 32, 25, "whole symbols")]
    [InlineData(".symtab", 40, 99, "string table")]
    [InlineData(".symtab", 40, 2, "string table")]
    [InlineData(".strtab", 32, 3, "has no end")]
    [InlineData(".strtab", 32, 1, "outside the string table")]
    [InlineData(".strtab", 24, -1, "lies outside the file")]
    public void A_symbol_table_that_lies_is_refused_when_it_is_needed(string section, int field, long value, string problem)
    {
        byte[] file = new ImageBuilder().Symbols(false, ("function", Function, 1, ImageBuilder.CodeAddress, 1)).Build();
        int table = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(40));
        int header = table + (64 * (section == ".strtab" ? 1 : 2));
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(header + field), value);

        ElfImage image = ElfImage.Parse(file);
        Assert.Contains(problem, Assert.Throws<BadFormatException>(() => image.Functions).Message, StringComparison.Ordinal);
        Assert.Contains(problem, Assert.Throws<BadFormatException>(() => image.FindFunctions("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_all_overlap_are_refused()
    {
        // A table of 40,000 symbols, each of which has nearly the whole string table as its name.
        byte[] name = Encoding.ASCII.GetBytes(new string('a', 100_000));
        byte[] file = new ImageBuilder()
            .Symbols(false, [(name, Function, 1, ImageBuilder.CodeAddress, 1), .. Enumerable.Repeat(("x"u8.ToArray(), Function, (ushort)1, ImageBuilder.CodeAddress, 1UL), 40_000)])
            .Build();
        int table = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(40));
        int symbols = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(table + (64 * 2) + 24));
        for (int i = 1; i <= 40_000; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(symbols + (i * 24)), i);
        }

        Assert.Contains("overlap", Assert.Throws<BadFormatException>(() => ElfImage.Parse(file).Functions).Message, StringComparison.Ordinal);
        Assert.Contains("overlap", Assert.Throws<BadFormatException>(() => ElfImage.Parse(file).FindFunctions("b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void This_machines_library_has_what_it_must_have()
    {
        Assert.SkipWhen(Libc.Length == 0, "this machine has no glibc where it is looked for");
        ElfImage image = ElfImage.Parse(File.ReadAllBytes(Libc));
        Assert.Equal((ElfImageType.Shared, true), (image.Type, image.Is64Bit));
        Assert.Equal(20, image.BuildId.Length);
        Assert.NotEqual(ElfSymbolKinds.None, image.Symbols);
        ElfFunction malloc = Assert.Single(image.FindFunctions("malloc"));
        Assert.Contains(malloc, image.Functions);
        Assert.True(malloc.Size > 10 && !malloc.IsIndirect);
        Assert.True(Assert.Single(image.FindFunctions("strlen")).IsIndirect);
    }

    [Fact]
    public void This_machines_library_has_the_probes_that_it_is_known_for()
    {
        Assert.SkipWhen(!File.Exists(Libstdcxx), "this machine has no libstdc++ where it is looked for");
        ElfImage image = ElfImage.Parse(File.ReadAllBytes(Libstdcxx));
        Assert.SkipWhen(image.UsdtProbes.IsEmpty, "this machine's libstdc++ was built without static probes");
        Assert.Superset(
            new HashSet<(string, string)> { ("libstdcxx", "catch"), ("libstdcxx", "throw"), ("libstdcxx", "rethrow") },
            image.UsdtProbes.Select(static probe => (probe.Provider, probe.Name)).ToHashSet());
        Assert.All(image.UsdtProbes.SelectMany(static probe => UsdtArgument.ParseAll(probe.Arguments)), static a => Assert.NotEqual(UsdtArgumentKind.Unknown, a.Kind));
        if (image.Machine == ElfMachine.X64)
        {
            Assert.All(image.UsdtProbes, probe => Assert.Equal(0x90, image.ReadBytes(probe.FileOffset, 1).Span[0]));
        }
    }

    [Fact]
    public void This_machines_library_has_the_functions_that_nm_says()
    {
        Assert.SkipWhen(Libc.Length == 0 || !File.Exists("/usr/bin/nm"), "nm (binutils) is not installed");
        using Process nm = Process.Start(new ProcessStartInfo("/usr/bin/nm", ["-D", "--defined-only", "--without-symbol-versions", Libc]) { RedirectStandardOutput = true })!;
        HashSet<(string, ulong)> wanted = [];
        while (nm.StandardOutput.ReadLine() is { } line)
        {
            string[] fields = line.Split(' ');
            if (fields is [var address, "T" or "W" or "i" or "t", var name])
            {
                wanted.Add((name.Split('@')[0], Convert.ToUInt64(address, 16)));
            }
        }

        nm.WaitForExit();
        Assert.True(wanted.Count > 1_000);
        ElfImage image = ElfImage.Parse(File.ReadAllBytes(Libc));
        Assert.Equal([], wanted.Except(image.Functions.Select(static f => (f.Name, f.Address))));
        if (image.Symbols == ElfSymbolKinds.DynamicOnly)
        {
            Assert.Equal([], image.Functions.Select(static f => (f.Name, f.Address)).Except(wanted));
        }
    }

    [Fact]
    public void A_library_that_was_cut_short_is_refused_or_has_less()
    {
        Assert.SkipWhen(Libc.Length == 0, "this machine has no glibc where it is looked for");
        byte[] file = File.ReadAllBytes(Libc);
        int table = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(40));
        Random random = new(20);
        IEnumerable<int> lengths = Enumerable.Range(0, 130)
            .Concat(Enumerable.Range(table - 3, Math.Min(file.Length - table + 3, 200)))
            .Concat(Enumerable.Range(0, 100).Select(_ => random.Next(file.Length)));
        foreach (int length in lengths)
        {
            UseAll(file.AsMemory(0, length));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Flipped_bytes_and_cuts_do_no_harm(bool is64)
    {
        ImageBuilder builder = new(is64, (ushort)(is64 ? 62 : 3));
        builder.Symbols(false, ("one", Function, 1, ImageBuilder.CodeAddress, 1), ("two", Variable, 1, ImageBuilder.DataAddress, 1));
        builder.Symbols(true, ("one", Function, 1, ImageBuilder.CodeAddress, 1), ("three", Indirect, 1, ImageBuilder.CodeAddress, 1));
        builder.AddSection(".note.stapsdt", 7, [.. builder.Probe(ImageBuilder.CodeAddress, 0x10, ImageBuilder.DataAddress, "a", "b", "8@%rdi"), .. builder.Probe(ImageBuilder.CodeAddress, 0x10, 0, "a", "b", "4@x(%rip)")]);
        builder.AddSection(".stapsdt.base", 1, [0], address: 0x10);
        builder.AddSection(".note.gnu.build-id", 7, ImageBuilder.Note(3, "GNU", [1, 2, 3, 4, 5]));
        byte[] file = builder.Build();
        for (int length = 0; length < file.Length; length++)
        {
            if (length is < 256 or > ImageBuilder.DataOffset)
            {
                UseAll(file.AsMemory(0, length));
            }
        }

        // The headers and what is behind the segments.
        Random random = new(20);
        int[] interesting = [.. Enumerable.Range(0, 200), .. Enumerable.Range(ImageBuilder.DataOffset + ImageBuilder.SegmentSize, file.Length - ImageBuilder.DataOffset - ImageBuilder.SegmentSize)];
        byte[] values = [0, 1, 2, 3, 0x7f, 0x80, 0xff];
        for (int i = 0; i < 30_000; i++)
        {
            byte[] copy = [.. file];
            for (int changes = random.Next(1, 5); changes > 0; changes--)
            {
                copy[interesting[random.Next(interesting.Length)]] = random.Next(2) == 0 ? values[random.Next(values.Length)] : (byte)random.Next(256);
            }

            UseAll(copy);
        }
    }

    // Nothing but the one exception, and nothing that lies outside of the file.
    private static void UseAll(ReadOnlyMemory<byte> file)
    {
        try
        {
            ElfImage image = ElfImage.Parse(file);
            _ = (image.BuildId.Length, image.Symbols, image.TryFindVariable("two", out _));
            _ = image.FindFunctions("one");
            Assert.All(image.Functions, function => Assert.True(function.FileOffset < (ulong)file.Length));
            foreach (UsdtProbe probe in image.UsdtProbes)
            {
                Assert.True(probe.FileOffset < (ulong)file.Length && probe.SemaphoreOffset < (ulong)file.Length);
                foreach (UsdtArgument argument in UsdtArgument.ParseAll(probe.Arguments))
                {
                    _ = argument.Resolve(image, probe);
                }
            }
        }
        catch (BadFormatException e)
        {
            Assert.DoesNotContain('\n', e.Message);
        }
    }
}
