using System;
using System.Collections.Immutable;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Fathom.Format.Btf;
using Fathom.Format.Elf;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Format.Tests.Objects;

/// <summary>What we write, we read, and so does bpftool.</summary>
public sealed class ObjectFileTests
{
    [Fact]
    public void An_object_survives_writing_and_reading()
    {
        BpfObject expected = SampleObject.Make();
        ObjectComparer.AssertEqual(expected, ObjectFile.Parse(ObjectFile.Write(expected)), compareBtf: false);
    }

    [Fact]
    public void Writing_adds_to_the_BTF_only_strings_that_it_lacks()
    {
        BpfObject expected = SampleObject.Make();
        byte[] first = ObjectFile.Write(expected);
        BpfObject read = ObjectFile.Parse(first);
        Assert.True(read.Btf.Length > expected.Btf.Length);
        Assert.Equal(BtfData.Parse(expected.Btf).TypeCount, BtfData.Parse(read.Btf).TypeCount);
        Assert.Equal(first, ObjectFile.Write(read));
    }

    [Fact]
    public void Relocations_and_kernel_symbols_survive()
    {
        BpfObject sample = SampleObject.Make();
        BpfFunction function = sample.Functions[1] with
        {
            Instructions = Assembler.Assemble("lddw %r1, var_addr(0, 0)\n call runtime 0\n lddw %r1, var_addr(0, 0)\n mov %r0, 8\n exit"),
            References =
            [
                new Reference(0, ReferenceKind.KernelSymbol, "bpf_prog_active"),
                new Reference(1, ReferenceKind.KernelSymbol, "bpf_rcu_read_lock"),
                new Reference(2, ReferenceKind.KernelSymbol, "may_be_missing", IsWeak: true),
            ],
            CoreRelocations = [new CoreRelocation(3, 4, "0:0", CoreRelocationKind.FieldByteOffset), new CoreRelocation(3, 4, "0", CoreRelocationKind.TypeExists)],
        };
        BpfObject expected = sample with { Functions = [function] };
        ObjectComparer.AssertEqual(expected, ObjectFile.Parse(ObjectFile.Write(expected)), compareBtf: false);
    }

    [Fact]
    public void A_configuration_value_survives_as_a_reference_into_kconfig()
    {
        BtfBuilder btf = new();
        int version = btf.AddVariable("LINUX_KERNEL_VERSION", btf.AddInt("int", 4, isSigned: true), BtfLinkage.External);
        int hertz = btf.AddVariable("CONFIG_HZ", btf.AddInt("unsigned long long", 8), BtfLinkage.External);
        btf.AddDataSection(".kconfig", 0, [new BtfSectionVariable(version, 0, 4), new BtfSectionVariable(hertz, 0, 8)]);
        ElfWriter elf = new();
        int code = elf.AddSection("socket", ElfSectionFlags.Allocate | ElfSectionFlags.Execute, InstructionEncoder.Encode(Assembler.Assemble("lddw %r1, 0\n exit").AsSpan()));
        elf.AddSymbol(new ElfSymbol("f", ElfSymbolType.Function, ElfSymbolBinding.Global, code, 0, 24));
        int symbol = elf.AddSymbol(new ElfSymbol("CONFIG_HZ", ElfSymbolType.None, ElfSymbolBinding.Global, 0, 0, 0));
        elf.AddSection(".BTF", ElfSectionFlags.None, btf.ToArray());
        elf.AddRelocations(code, [new ElfRelocation(0, BpfRelocationType.Immediate64, symbol)]);

        BpfObject read = ObjectFile.Parse(elf.ToArray());
        Assert.Equal(new Reference(0, ReferenceKind.Data, ".kconfig", 8), Assert.Single(read.Functions[0].References));
        Assert.Equal((16, true), (Assert.Single(read.Maps).ValueSize, read.Maps[0].IsReadOnlyData));
        ObjectComparer.AssertEqual(read, ObjectFile.Parse(ObjectFile.Write(read)));
    }

    [Fact]
    public void Writing_refuses_what_ELF_cannot_say()
    {
        BpfObject sample = SampleObject.Make();
        Assert.Contains("counts", Refused(sample with { Maps = sample.Maps.RemoveAt(0) }), StringComparison.Ordinal);
        Assert.Contains(nameof(MapTypes), Refused(sample with { Maps = sample.Maps.Add(new MapDefinition { Name = "late", Type = MapType.Hash }) }), StringComparison.Ordinal);
        Assert.Contains("no BTF", Refused(sample with { Btf = default }), StringComparison.Ordinal);
        Assert.Contains("two functions", Refused(sample with { Functions = sample.Functions.Add(sample.Functions[0]) }), StringComparison.Ordinal);
        BpfFunction far = sample.Functions[1] with { References = sample.Functions[1].References.SetItem(0, new Reference(0, ReferenceKind.Data, ".bss", 1L << 32)) };
        Assert.Contains("does not fit in 32 bits", Refused(sample with { Functions = sample.Functions.SetItem(1, far) }), StringComparison.Ordinal);
        Assert.Contains("no instructions", Refused(sample with { Functions = [sample.Functions[0] with { Instructions = [] }] }), StringComparison.Ordinal);
        Assert.Contains("not in the order", Refused(sample with { Functions = sample.Functions.SetItem(1, sample.Functions[1] with { References = [.. sample.Functions[1].References.Reverse()] }) }), StringComparison.Ordinal);

        static string Refused(BpfObject value) => Assert.ThrowsAny<ArgumentException>(() => ObjectFile.Write(value)).Message;
    }

    [Theory]
    [InlineData(4, 1, "64-bit")]
    [InlineData(5, 2, "little-endian")]
    [InlineData(6, 2, "version")]
    [InlineData(7, 3, "operating system")]
    [InlineData(16, 2, "relocatable")]
    [InlineData(18, 62, "not for BPF")]
    [InlineData(0, 0, "no ELF")]
    [InlineData(60, 0, "no sections")]
    [InlineData(62, 0xff, "section names")]
    public void A_file_of_another_kind_is_refused_where_its_header_says_so(int offset, byte value, string problem)
    {
        byte[] file = ObjectFile.Write(SampleObject.Make());
        file[offset] = value;
        BadFormatException exception = Assert.Throws<BadFormatException>(() => ObjectFile.Parse(file));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.Equal(offset, exception.Offset);
    }

    [Fact]
    public void Code_of_all_foreign_objects_survives_decoding_and_encoding()
    {
        int functions = 0;
        foreach ((string name, byte[] bytes) in TestObjects.Cilium())
        {
            foreach (ElfSection section in ElfFile.Parse(bytes).Sections.Where(static s => s.IsCode))
            {
                ImmutableArray<Instruction> code = InstructionDecoder.Decode(section.Data.Span);
                Assert.True(section.Data.Span.SequenceEqual(InstructionEncoder.Encode(code.AsSpan())), name + " " + section.Name);
                Assert.Equal(code.AsEnumerable(), Assembler.Assemble(Disassembler.Disassemble(code.AsSpan())).AsEnumerable());
                functions += code.Count(static i => i.IsExit);
            }
        }

        Assert.True(functions > 100);
    }

    [Fact]
    public void Bpftool_loads_what_we_write()
    {
        string folder = Directory.CreateTempSubdirectory("fathom-object-").FullName;
        try
        {
            string file = Path.Combine(folder, "sample.o");
            File.WriteAllBytes(file, ObjectFile.Write(SampleObject.Make()));
            if (!File.Exists("/usr/sbin/bpftool") || !Environment.IsPrivilegedProcess)
            {
                Assert.Skip("Loading needs /usr/sbin/bpftool and root.");
            }

            (int code, string output) = Run(folder, "unshare", "-m", "sh", "-c",
                $"mkdir {folder}/bpf && mount -t bpf bpf {folder}/bpf 2>&1 && bpftool -d prog loadall {file} {folder}/bpf/all 2>&1 && ls {folder}/bpf/all");
            if (code != 0 && output.Contains("mount:", StringComparison.Ordinal))
            {
                Assert.Skip("The bpf file system cannot be mounted here: " + output);
            }

            Assert.True(code == 0, output);
            Assert.EndsWith("count\nother\n", output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (int Code, string Output) Run(string folder, string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, WorkingDirectory = folder })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text);
    }
}
