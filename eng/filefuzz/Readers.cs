using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Format;
using Fathom.Format.Btf;
using Fathom.Format.CoRe;
using Fathom.Format.Elf.Images;
using Fathom.Format.Instructions;
using Fathom.Format.Names;
using Fathom.Format.Objects;
using Fathom.Format.Tests.CoRe;
using Fathom.Format.Tests.Elf.Images;
using Fathom.Format.Tests.Objects;
using Fathom.Runtime;

namespace Fathom.FileFuzzing;

/// <summary>Everything that reads what others wrote.</summary>
internal static class Readers
{
    private const string Types = """
        enum e { A = 1, B = -2 } enum64 w { BIG = 4294967296 } fwd f
        struct in { u32 a; |{ u64 b; { u16 c : 3; u16 d; }; }; }
        struct s { u32 first; in i; in* p; e k; int[3] n; f* q; u32 low : 3; u32 high : 29; const u8*[4] names; u32[0] tail; }
        typedef s s_t func fn(s_t*, u32) int
        """;

    private const string Log = """
        func#0 @0
        0: R1=ctx(off=0,imm=0) R10=fp0
        ; int F(struct S* s) @ Probe.cs:12
        0: (bf) r6 = r1                       ; R1=ctx() R6_w=ctx()
        1: (61) r2 = *(u32 *)(r6 +8)          ; R2_w=scalar(smin=0,smax=umax=4294967295,var_off=(0x0; 0xffffffff)) R6_w=ctx()
        2: (63) *(u32 *)(r10 -4) = r2
        3: (18) r1 = 0xffff8881                ; R1_w=map_ptr(map=counts,ks=4,vs=64)
        5: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=counts,ks=4,vs=64)
        6: (15) if r0 == 0x0 goto pc+3        ; R0_w=map_value(map=counts,ks=4,vs=64)
        7: (61) r2 = *(u32 *)(r10 -4)         ; R2_w=scalar(smin=0,smax=umax=0xffffffff) R10=fp0 fp-8=mmmm????
        8: (85) call pc+4
        caller:
         R6=ctx() R10=fp0
        callee:
         frame1: R1=map_value(map=counts,ks=4,vs=64) R10=fp0
        13: (0f) r0 += r2                     ; frame1: R0_w=map_value(map=counts,ks=4,vs=64,smin=0,smax=umax=255)
        14: (95) exit
        from 6 to 10: R0=0 R6=ctx() R10=fp0
        10: (71) r1 = *(u8 *)(r0 +63)
        invalid access to map value, value_size=64 off=63 size=2
        R0 max value is outside of the allowed memory range
        processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1
        """;

    private const string LogSince73 = """
        0: R1=ctx() R10=fp0
        0: (95) exit
        R0 !read_ok

        Verification failed: Register Type Safety: Unreadable register

        Reason:
          R0 has never been initialized on this path, so the verifier cannot use it as an input.

        At:
          insn 7
        processed 1 insns (limit 1000000)
        """;

    private static readonly string[] s_names =
    [
        "_ZNSt6vectorISt4pairImN4llvm9MapVectorImNS2_IPNS1_5ValueEjNS1_8DenseMapIS4_jEEEEEEE17_M_realloc_insertIJSN_EEEvN9__gnu_cxx17__normal_iteratorIPSN_SP_EEDpOT_",
        "_ZN2ns1CcvT_IiEEv", "_ZN5outer3fooIXadL_Z6targetEEEEvDpT_", "_Z1fIJicdEEvDpT_", "_ZZ4mainENKUlvE_clEv", "_ZThn16_N1A1fEv", "_Z1fPFvPA3_KiRS1_EM1AFivE",
        "_ZN3FooC1Ei.constprop.0.cold", "_ZNK3FoolsIiEERS_OT_", "_Z3sumIJ1A1BEEDTplfp_fp0_ES0_S1_", "_ZN12_GLOBAL__N_11gEv", "_ZGVZ1fvE1x", "_ZTV3Foo",
        "_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE", "_ZN75_$LT$alloc..string..String$u20$as$u20$core..fmt..Write$GT$9write_str17h0123456789abcdefE",
        "_RNvC6_123foo3bar", "_RINvNtC3std3mem8align_ofjdE", "_RNvMNtCs1234_7mycrate3fooNtB2_3Bar3baz", "_RNCNvC1a1b0B3_", "_RINvC1a1bKj1f_KcB_E", "_RNvXs_C1aINtB4_1SFG_RL0_hEuENtB4_1T1m", "_RNvCu8grn_5pa4m3foo",
    ];

    private static readonly string[] s_arguments =
        ["-4@%edi 8@$5 8@-24(%rbp) 8@(%rax,%rbx,4) 4@counter(%rip) 2@%ah 1@-1(,%r15,8)", "8@x0 -4@[sp, 12] 8@5 4@w3 8@[x29, #-16]", "8@counter+8(%rip) 4@8+counter(%rip) -8@$-0x7f 4@%xmm0"];

    private static readonly string[] s_patterns = ["vfs_*", "[a-z]?x\\*", "^tcp_(send|recv)msg$", "a{2,5}(b|c)+d*", "[^_]+_\\w{3}"];

    public static IReadOnlyList<Reader> All { get; } = [.. Make()];

    private static IEnumerable<Reader> Make()
    {
        byte[][] objects = [ObjectFile.Write(SampleObject.Make()), ObjectFile.Write(WithRelocations())];
        yield return Binary("object", 150, objects, Fields.OfElf, ReadObject, static e => e is BadFormatException or ArgumentException);
        byte[] types = TypeWriter.Write(Types).Btf.Bytes.ToArray();
        byte[] sample = SampleObject.Make().Btf.ToArray();
        yield return Binary("btf", 150, [types, sample], static file => Fields.OfWords(24 + BitConverter.ToInt32(file, 12)), ReadTypes, IsBad);
        yield return Binary("core", 120, [types], static file => Fields.OfWords(24 + BitConverter.ToInt32(file, 12)), Relocate, IsBad);
        yield return Binary("image", 150, [Image(true, 62), Image(false, 3), Image(true, 183)], Fields.OfElf, ReadImage, IsBad);
        yield return Text("names", 110, [.. s_names.Select(Encoding.ASCII.GetBytes)], static bytes => Demangler.Demangle(Encoding.Latin1.GetString(bytes), out string plain).Length + (100_000L * plain.Length));
        yield return Text("usdt", 70, [.. s_arguments.Select(Encoding.ASCII.GetBytes)], static bytes => UsdtArgument.ParseAll(Encoding.Latin1.GetString(bytes)).Aggregate(7L, static (sum, one) => (sum * 31) + one.Value + (int)one.Kind + one.Register.Offset));
        yield return Text("log", 70, [Encoding.ASCII.GetBytes(Log), Encoding.ASCII.GetBytes(LogSince73)], ReadLog);
        yield return Text("symbols", 50, [Encoding.ASCII.GetBytes("ffffffff81000000 T _stext\nffffffff81000010 t f.isra.0\nffffffff81000010 W g\nffffffff81ffffff T _etext\nffffffffc0000000 t h\t[mod]\nffffffffc0000040 b data\t[mod]\n")], ReadSymbols);
        yield return Text("maps", 40, [Encoding.ASCII.GetBytes("55d0c0001000-55d0c0002000 r-xp 00001000 08:01 11 /app/my server\n7f0000000000-7f0000001000 r-xp 00000000 08:01 12    /srv/jail/lib/libc.so.6 (deleted)\n7f0000002000-7f0000003000 r-xp 00000000 08:01 13 /a\\012b\n7ffe00002000-7ffe00003000 r-xp 00000000 00:00 0 [vdso]\n")], static bytes => ProcessFiles.Parse(1, bytes, "/srv/jail").Sum(static file => (long)file.Path.Length));
        yield return Binary("libraries", 40, [Cache()], static file => Fields.OfWords(48 + (24 * 4)), static bytes => LoaderCache.Read(bytes).Sum(static one => one.Path.Length + (1000L * one.Name.Length)), static _ => false);
        yield return Text("pattern", 20, [.. s_patterns.Select(Encoding.ASCII.GetBytes)], ReadPattern, static e => e is FormatException);
        yield return Text("tracefs", 30, [Encoding.ASCII.GetBytes("sched:sched_switch\nblock:block_rq_issue\nsyscalls:sys_enter_openat\n"), Encoding.ASCII.GetBytes("0-3,8,10-11\n"), Encoding.ASCII.GetBytes("none [integrity] confidentiality\n")], ReadTracefs);
    }

    private static bool IsBad(Exception e) => e is BadFormatException;

    private static Reader Binary(string name, int share, byte[][] seeds, Func<byte[], List<(int At, int Width)>> fieldsOf, Func<byte[], long> read, Func<Exception, bool> mayThrow)
    {
        Dictionary<byte[], List<(int At, int Width)>> fields = seeds.ToDictionary(static seed => seed, seed => fieldsOf(seed));
        return new Reader(name, share, seeds, (dice, good) => Mutations.Binary(dice, good, fields[good]), read, mayThrow);
    }

    private static Reader Text(string name, int share, byte[][] seeds, Func<byte[], long> read, Func<Exception, bool>? mayThrow = null) =>
        new(name, share, seeds, Mutations.Text, read, mayThrow ?? (static _ => false));

    private static long ReadObject(byte[] file)
    {
        BpfObject value = ObjectFile.Parse(file);
        IReadOnlyDictionary<string, BpfFunction> functions = Linker.IndexFunctions(value);
        long sum = value.Maps.Sum(static map => (long)map.ValueSize) + value.Functions.Length;
        BtfData? types = value.Btf.IsEmpty ? null : BtfData.Parse(value.Btf);
        CoreCandidates? candidates = types is null ? null : new CoreCandidates(types, types);
        foreach (BpfFunction function in value.Functions.Where(static function => function.IsEntry).Take(16))
        {
            LinkedProgram program = Linker.Link(functions, function.Name);
            sum = (sum * 31) + program.Instructions.Length + program.Lines.Length;
            if (candidates is not null && !program.CoreRelocations.IsEmpty)
            {
                sum += CoreEngine.Relocate(program.Instructions, program.CoreRelocations, candidates).Results.Count(static one => one.Succeeded);
            }
        }

        return file.Length > 65_536 ? sum : (sum * 31) + ObjectFile.Write(value).Length;
    }

    private static long ReadTypes(byte[] file)
    {
        BtfData types = BtfData.Parse(file);
        using StringWriter text = new();
        if (file.Length <= 65_536)
        {
            BtfDumper.Write(types, text);
        }

        long sum = text.GetStringBuilder().Length + types.Find(BtfKind.Struct, "s");
        for (int id = 0; id < types.TypeCount; id++)
        {
            sum = (sum * 31) + SizeOf(types, id);
        }

        return sum + BtfSanitizer.Sanitize(types, default).Length;
    }

    private static long SizeOf(BtfData types, int id)
    {
        try
        {
            return types.SizeOf(id) + types.SkipModifiers(id);
        }
        catch (BadFormatException)
        {
            return -1;
        }
    }

    private static long Relocate(byte[] file)
    {
        BtfData good = s_types;
        BtfData bad = BtfData.Parse(file);
        long sum = 0;
        foreach ((BtfData local, BtfData target) in ((BtfData, BtfData)[])[(good, bad), (bad, good)])
        {
            CoreCandidates candidates = new(local, target);
            foreach (CoreRelocation relocation in s_relocations)
            {
                try
                {
                    CoreResult result = CoreEngine.Relocate([s_instruction], [relocation], candidates).Results[0];
                    sum = (sum * 31) + (long)result.TargetValue + result.Explanation.Length;
                }
                catch (BadFormatException e)
                {
                    sum = (sum * 31) + e.Message.Length;
                }
            }
        }

        return sum;
    }

    private static readonly BtfData s_types = TypeWriter.Write(Types).Btf;
    private static readonly Instruction s_instruction = Instruction.LoadImmediate64(Register.R1, 0);
    private static readonly CoreRelocation[] s_relocations = MakeRelocations();

    private static CoreRelocation[] MakeRelocations()
    {
        IReadOnlyDictionary<string, int> names = TypeWriter.Write(Types).Names;
        return
        [
            new(0, names["s"], "0:1:1:1:0", CoreRelocationKind.FieldExists),
            new(0, names["s_t"], "0", CoreRelocationKind.TypeMatches),
            new(0, names["s"], "0", CoreRelocationKind.TypeSize),
            new(0, names["e"], "1", CoreRelocationKind.EnumValueExists),
            new(0, names["w"], "0", CoreRelocationKind.EnumValue),
            new(0, names["s"], "0:7", CoreRelocationKind.FieldLeftShift),
            new(0, names["s"], "1:9:3", CoreRelocationKind.FieldByteOffset),
            new(0, names["fn"], "0", CoreRelocationKind.TypeExists),
        ];
    }

    private static long ReadImage(byte[] file)
    {
        ElfImage image = ElfImage.Parse(file);
        long sum = image.BuildId.Length + (int)image.Symbols + image.FindFunctions("one").Length + (image.TryFindVariable("two", out ulong address) ? (long)address : 0);
        foreach (ElfFunction function in image.Functions)
        {
            sum = (sum * 31) + (long)function.FileOffset + Demangler.Demangle(function.Name, out _).Length;
            sum += image.ReadBytes(function.FileOffset, 32).Length + image.ReadLoaded(function.Address).Length;
        }

        foreach (UsdtProbe probe in image.UsdtProbes)
        {
            foreach (UsdtArgument argument in UsdtArgument.ParseAll(probe.Arguments))
            {
                sum = (sum * 31) + argument.Resolve(image, probe).Value;
            }
        }

        return sum;
    }

    private static long ReadLog(byte[] bytes)
    {
        VerifierLog log = VerifierLog.Parse(Encoding.UTF8.GetString(bytes));
        VerifierExplanation explanation = VerifierExplanation.Of(log, s_program);
        return explanation.Words.Length + (1000L * explanation.Line.Length) + explanation.Calls.Count + log.Path.Count;
    }

    private static readonly LinkedProgram s_program = Linker.Link(SampleObject.Make(), "count");

    private static long ReadSymbols(byte[] bytes)
    {
        KernelSymbolTable table = KernelSymbolTable.Parse(bytes);
        TraceableMarks marks = new(table);
        marks.AddBySymbols();
        marks.AddByAddress(bytes);
        marks.AddByName(bytes);
        marks.RemoveBlacklisted("0xffffffff81000010-0xffffffff81000020\tf.isra.0\n0x0-0x0\tg\n"u8);
        long sum = (long)table.Find("g"u8);
        Span<char> buffer = stackalloc char[KernelSymbolTable.LongestName];
        for (int i = 0; i < table.Count; i++)
        {
            sum = (sum * 31) + (marks.Values[i] ? 1 : 0) + table.CopyName(i, buffer) + table.Module(i).Length;
        }

        return sum;
    }

    private static long ReadPattern(byte[] bytes)
    {
        string text = Encoding.Latin1.GetString(bytes);
        bool isRegex = bytes.Length > 0 && (bytes[0] & 1) == 0;
        NamePattern pattern = NamePattern.Parse(text, isRegex);
        return (pattern.IsMatch("vfs_read_write_everything") ? 1 : 0) + (pattern.IsMatch(text.AsSpan(0, Math.Min(text.Length, 4096))) ? 2 : 0);
    }

    private static long ReadTracefs(byte[] bytes)
    {
        string text = Encoding.UTF8.GetString(bytes);
        return Tracepoints.Parse(text).Sum(static one => one.Name.Length + (1000L * one.Category.Length)) + Kernel.CountCpus(text) + Kernel.ParseLockdown(text).Length;
    }

    private static BpfObject WithRelocations()
    {
        BpfObject sample = SampleObject.Make();
        BpfFunction function = sample.Functions[1] with
        {
            Instructions = Assembler.Assemble("lddw %r1, var_addr(0, 0)\n call runtime 0\n mov %r0, 0\n exit"),
            References = [new Reference(0, ReferenceKind.KernelSymbol, "bpf_prog_active"), new Reference(1, ReferenceKind.KernelSymbol, "bpf_rcu_read_lock")],
            CoreRelocations = [new CoreRelocation(2, 4, "0:0", CoreRelocationKind.FieldByteOffset), new CoreRelocation(2, 4, "0", CoreRelocationKind.TypeExists)],
        };
        return sample with { Functions = sample.Functions.SetItem(1, function) };
    }

    private static byte[] Image(bool is64, ushort machine)
    {
        ImageBuilder builder = new ImageBuilder(is64, machine)
            .Symbols(false, ("one", 0x12, 1, ImageBuilder.CodeAddress, 16), ("two", 0x11, 1, ImageBuilder.DataAddress, 4), ("_ZN1A1fEv", 0x12, 1, ImageBuilder.CodeAddress + 16, 8))
            .Symbols(true, ("one@@V1", 0x12, 1, ImageBuilder.CodeAddress, 16), ("three", 0x1a, 1, ImageBuilder.CodeAddress + 32, 0));
        builder.AddSection(".note.stapsdt", 7, [.. builder.Probe(ImageBuilder.CodeAddress, 0x10, ImageBuilder.DataAddress, "a", "b", "8@%rdi -4@two(%rip)"), .. builder.Probe(ImageBuilder.CodeAddress + 4, 0x10, 0, "a", "c", "4@8(%rax,%rbx,2)")]);
        builder.AddSection(".stapsdt.base", 1, [0], address: 0x10);
        builder.AddSection(".note.gnu.build-id", 7, ImageBuilder.Note(3, "GNU", [1, 2, 3, 4, 5]));
        return builder.Build();
    }

    private static byte[] Cache()
    {
        byte[] cache = new byte[48 + (24 * 4) + 128];
        "glibc-ld.so.cache1.1"u8.CopyTo(cache);
        BitConverter.GetBytes(4).CopyTo(cache, 20);
        int at = 48 + (24 * 4);
        for (int i = 0; i < 4; i++)
        {
            byte[] path = Encoding.ASCII.GetBytes($"/lib/lib{(char)('a' + i)}.so.{i}\0");
            path.CopyTo(cache, at);
            BitConverter.GetBytes(0x303).CopyTo(cache, 48 + (i * 24));
            BitConverter.GetBytes(at + 5).CopyTo(cache, 48 + (i * 24) + 4);
            BitConverter.GetBytes(at).CopyTo(cache, 48 + (i * 24) + 8);
            at += path.Length;
        }

        return cache;
    }
}
