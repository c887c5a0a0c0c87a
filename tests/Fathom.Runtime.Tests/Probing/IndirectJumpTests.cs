using System;
using System.Diagnostics;
using System.Linq;
using Fathom.Format.Elf.Images;
using Fathom.Format.Tests.Elf.Images;
using Xunit;

namespace Fathom.Runtime.Tests.Probing;

/// <summary>Where the jumps of a function lead that do not say it themselves: through tables, pointers, labels and thunks. What they come back to counts no calls.</summary>
public sealed class IndirectJumpTests
{
    private const int Function = 0x12;

    // f: endbr64; L: lea rdx, [table]; mov eax, edi; movsxd rax, [rdx+rax*4]; add rax, rdx; notrack jmp rax; ret. table: ret, cold. Elsewhere, cold: xor edi, edi; jmp L
    // Run with a uprobe (6.18): 2000 hits for 1000 calls.
    [Fact]
    public void A_table_leads_to_code_elsewhere_that_no_symbol_names()
    {
        byte[] code = Bytes("f3 0f 1e fa 48 8d 15 f5 17 00 00 89 f8 48 63 04 82 48 01 d0 3e ff e0 c3");
        byte[] cold = Bytes("31 ff e9 7d ff ff ff");
        long distance = (long)ImageBuilder.CodeAddress - (long)ImageBuilder.DataAddress;
        ProbeSite site = SiteOf(new ImageBuilder().Code(0, code).Code(0x80, cold).Data(0, (uint)(distance + 23) | ((ulong)(uint)(distance + 0x80) << 32)), code.Length);
        Assert.False(site is { IsCountable: true, Offset: 4 }, site.ToString());
    }

    // f: endbr64; L: dec edi; js ret; push rbx; lea rdx, [table]; movsxd rax, [rdx]; add rax, rdx; notrack jmp rax; M: pop rbx; lea rax, [L]; notrack jmp rax; ret: ret. table: M
    // Run with a uprobe: 4000 hits for 1000 calls. The label is named by the code itself.
    [Fact]
    public void A_label_that_the_code_names_is_jumped_to()
    {
        byte[] code = Bytes("f3 0f 1e fa ff cf 78 1c 53 48 8d 15 f0 17 00 00 48 63 02 48 01 d0 3e ff e0 5b 48 8d 05 e3 ff ff ff 3e ff e0 c3");
        long distance = (long)ImageBuilder.CodeAddress - (long)ImageBuilder.DataAddress;
        ProbeSite site = SiteOf(new ImageBuilder().Code(0, code).Data(0, (uint)(distance + 25)), code.Length);
        Assert.False(site is { IsCountable: true, Offset: 4 }, site.ToString());
    }

    // f: dec edi; jns f; cs call X; nop; X: nop; ret. Run with a uprobe at X: 2000 hits for 1000 calls.
    [Fact]
    public void What_is_called_inside_and_run_into_is_passed_twice()
    {
        byte[] code = Bytes("ff cf 79 fc 2e e8 01 00 00 00 90 90 c3");
        ProbeSite site = SiteOf(new ImageBuilder().Code(0, code), code.Length);
        Assert.False(site.IsCountable, site.ToString());
    }

    // f: xbegin f; nop; xend; ret. The breakpoint ends the transaction, which begins again: for ever.
    [Fact]
    public void No_place_is_inside_a_transaction()
    {
        byte[] code = Bytes("c7 f8 fa ff ff ff 90 0f 01 d5 c3");
        ProbeSite site = SiteOf(new ImageBuilder().Code(0, code), code.Length);
        Assert.False(site.IsCountable, site.ToString());
    }

    // gcc -O2 -no-pie -mindirect-branch=thunk (and -pie, and thunk-inline) of
    // int f(const unsigned char *p) { static const void *const t[] = { &&again, &&out }; again: goto *t[*p++]; out: return *p; }
    // Run with a uprobe: 4000 hits for 1000 calls of f("\0\0\0\1").
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Jumps_through_a_thunk_are_indirect(ushort type)
    {
        // f: movzx eax, byte [rdi]; inc rdi; mov rax, [rax*8+table] or lea rdx, [table]; mov rax, [rdx+rax*8]; jmp thunk; ret
        byte[] code = type == 2 ? Bytes("0f b6 07 48 ff c7 48 8b 04 c5 00 28 40 00 e9 6d 00 00 00 c3") : Bytes("0f b6 07 48 ff c7 48 8d 15 f3 17 00 00 48 8b 04 c2 e9 6a 00 00 00 c3");
        ulong f = ImageBuilder.CodeAddress, table = ImageBuilder.DataAddress;
        var builder = new ImageBuilder(type: type);
        builder.Data(0, f, f + (ulong)code.Length - 1);
        builder.AddSection(".rela.dyn", 4, builder.Words(table, 8, f, table + 8, 8, f + (ulong)code.Length - 1));

        // __x86_indirect_thunk_rax: call 1f; 2: pause; lfence; jmp 2b; 1: mov [rsp], rax; ret
        byte[] thunk = Bytes("e8 07 00 00 00 f3 90 0f ae e8 eb f9 48 89 04 24 c3");
        ProbeSite site = SiteOf(builder.Code(0, code).Code(0x80, thunk), code.Length, ("__x86_indirect_thunk_rax", Function, 1, f + 0x80, (ulong)thunk.Length));
        Assert.False(site.IsCountable, site.ToString());
    }

    // A C++ destructor, which stores the address of its vtable and ends by a virtual call: its own address, in the vtable, is none of a loop.
    // _ZN4node24NodeArrayBufferAllocatorD1Ev of node: mov qword [rdi], vtable; mov rdi, [rdi+0x18]; test rdi, rdi; je; mov rax, [rdi]; jmp [rax+8]; ret
    [Theory]
    [InlineData(2, "48 c7 07 00 28 40 00 48 8b 7f 18 48 85 ff 74 06 48 8b 07 ff 60 08 c3")]
    [InlineData(3, "48 8d 05 f9 17 00 00 48 89 07 48 8b 7f 18 48 85 ff 74 06 48 8b 07 ff 60 08 c3")]
    // With a frame: push rbp; mov rbp, rsp; push rbx; sub rsp, 8; mov qword [rdi], vtable; mov rax, [rdi]; mov rbx, [rbp-8]; leave; jmp [rax+8]
    [InlineData(2, "55 48 89 e5 53 48 83 ec 08 48 c7 07 00 28 40 00 48 8b 07 48 8b 5d f8 c9 ff 60 08")]
    [InlineData(2, "55 48 89 e5 53 48 83 ec 08 48 c7 07 00 28 40 00 48 8b 07 48 8d 65 f8 5b 5d ff 60 08")] // lea rsp, [rbp-8]; pop rbx; pop rbp
    // Through a register: mov qword [rdi], vtable; mov rax, [rdi]; mov rax, [rax+8]; jmp rax
    [InlineData(2, "48 c7 07 00 28 40 00 48 8b 07 48 8b 40 08 ff e0")]
    [InlineData(3, "48 8d 05 f9 17 00 00 48 89 07 48 8b 07 48 8b 40 08 48 89 c2 ff e2")]
    public void A_virtual_destructor_is_no_loop(ushort type, string hex)
    {
        ulong f = ImageBuilder.CodeAddress, table = ImageBuilder.DataAddress;
        var builder = new ImageBuilder(type: type);
        builder.Data(0, f).AddSection(".rela.dyn", 4, builder.Words(table, 8, f));
        Assert.Equal("", SiteOf(builder.Code(0, Bytes(hex)), Bytes(hex).Length).Miscount);
    }

    // mov qword [rdi], vtable; jmp delete, of the procedure linkage table, which no symbol names: jmp [slot]. The slot is none of a variable that could hold a label.
    [Theory]
    [InlineData(".got.plt", "")]
    [InlineData(".data", "comes back to its beginning, as a loop does")]
    public void A_destructor_that_frees_is_no_loop(string section, string miscount)
    {
        byte[] code = Bytes("48 c7 07 00 28 40 00 e9 74 00 00 00");
        var builder = new ImageBuilder(type: 2);
        builder.Data(0, ImageBuilder.CodeAddress).Code(0, code).Code(0x80, Bytes("ff 25 7a 17 00 00")).AddSection(section, 1, new byte[8], 0, ImageBuilder.CodeAddress + 0x1800);
        Assert.Equal(miscount, SiteOf(builder, code.Length).Miscount);
    }

    // The same table, and: jmp [rax*8+table]; push rbx; jmp [rax+8]; mov rax, [rax+8]; jmp rax; movzx eax, [rsi+rax]; mov rax, [rax*8+table]; jmp [rax]; push rbx; mov rax, [rax+8]; jmp rax
    [Theory]
    [InlineData("0f b6 07 ff 24 c5 00 28 40 00")]
    [InlineData("53 48 c7 07 00 28 40 00 48 8b 07 ff 60 08")]
    [InlineData("53 48 c7 07 00 28 40 00 48 8b 07 48 8b 40 08 ff e0")]
    [InlineData("48 c7 07 00 28 40 00 48 8b 04 c5 00 28 40 00 ff 20")]
    [InlineData("53 55 48 89 e5 48 c7 07 00 28 40 00 48 8b 07 c9 ff 60 08")] // push rbx; push rbp; mov rbp, rsp; ...; leave; jmp [rax+8]
    [InlineData("55 48 89 e5 48 83 c5 08 48 c7 07 00 28 40 00 48 8b 07 c9 ff 60 08")] // push rbp; mov rbp, rsp; add rbp, 8; ...; leave; jmp [rax+8]
    [InlineData("48 8d 04 25 00 10 40 00 ff e0")] // lea rax, [f]; jmp rax
    public void What_jumps_otherwise_to_the_beginning_is_one(string hex)
    {
        var builder = new ImageBuilder(type: 2);
        builder.Data(0, ImageBuilder.CodeAddress).Code(0, Bytes(hex));
        Assert.Contains("its beginning", SiteOf(builder, Bytes(hex).Length).Miscount, StringComparison.Ordinal);
    }

    // endbr64; push rbx; lea rdx, [table]; movsxd rax, [rdx+rax*4]; add rax, rdx; jmp rax; M: pop rbx; ret, and with a jump behind it that reads no table: jmp rcx.
    [Theory]
    [InlineData("f3 0f 1e fa 53 48 8d 15 f4 17 00 00 48 63 04 82 48 01 d0 ff e0 5b c3", "")]
    [InlineData("f3 0f 1e fa 53 48 8d 15 f4 17 00 00 48 63 04 82 48 85 c0 74 05 48 01 d0 ff e0 31 c0 31 c0 31 c0 31 c0 31 c0 31 c0 31 c0 31 c0 31 c0 31 c0 31 c0 31 c0 31 c0 31 c0 ff e1",
        "jumps to where a table says that is not found, which may be its beginning")]
    public void A_table_says_nothing_of_other_jumps(string hex, string miscount)
    {
        long distance = (long)ImageBuilder.CodeAddress - (long)ImageBuilder.DataAddress;
        Assert.Equal(miscount, SiteOf(new ImageBuilder().Code(0, Bytes(hex)).Data(0, (uint)(distance + 21)), Bytes(hex).Length).Miscount);
    }

    // endbr64; M: lea rdx, [table]; movsxd rax, [rdx+rdi*4]; add rax, rdx; jmp rax; N: mov rdx, [rsi]; movsxd rax, [rdx+rcx*4]; add rax, r8; jmp rax; ret. Of
    // two jumps by an index one reads a table that is found, which leads to N; what the other reads may lead to M, and that to N again.
    // push rbx is put before, and pop rbx behind the first jump, or not: with nothing on the stack it is no call of another function either.
    [Theory]
    [InlineData("f3 0f 1e fa 53 48 8d 15 f4 17 00 00 48 63 04 ba 48 01 d0 ff e0 48 8b 16 48 63 04 8a 4c 01 c0 ff e0 5b c3", 21)]
    [InlineData("f3 0f 1e fa 48 8d 15 f5 17 00 00 48 63 04 ba 48 01 d0 ff e0 48 8b 16 48 63 04 8a 4c 01 c0 ff e0 c3", 20)]
    [InlineData("f3 0f 1e fa 48 8d 15 f5 17 00 00 48 63 04 ba 48 01 d0 ff e0 48 8b 16 ff 24 ca c3", 20)]
    public void A_table_that_is_found_says_nothing_of_another_jump(string hex, int target)
    {
        long distance = (long)ImageBuilder.CodeAddress - (long)ImageBuilder.DataAddress;
        ProbeSite site = SiteOf(new ImageBuilder().Code(0, Bytes(hex)).Data(0, (uint)(distance + target)), Bytes(hex).Length);
        Assert.Equal("jumps to where a table says that is not found, which may be its beginning", site.Miscount);
    }

    // Two switches, the table of one behind that of the other: push rbx; sub rsp, 16; lea rcx, [table]; movsxd rax, [rcx+rdi*4]; add rax, rcx; jmp rax; N: lea rdx, [table + 4]; movsxd rax, [rdx+rsi*4]; add rax, rdx; jmp rax;
    // M: add rsp, 16; pop rbx; ret. The tables: N; M. And the first's address read back from the stack, where somebody may have changed it: lea rdx, [table];
    // mov [rsp+8], rdx; xor edx, edx; mov rcx, [rsp+8] in place of lea rcx, [table]
    [Fact]
    public void Each_jump_has_a_table_of_its_own()
    {
        byte[] code = Bytes("53 48 83 ec 10 48 8d 0d f4 17 00 00 48 63 04 b9 48 01 c8 ff e0 48 8d 15 e8 17 00 00 48 63 04 b2 48 01 d0 ff e0 48 83 c4 10 5b c3");
        byte[] kept = Bytes("53 48 83 ec 10 48 8d 15 f4 17 00 00 48 89 54 24 08 31 d2 48 8b 4c 24 08 48 63 04 b9 48 01 c8 ff e0 48 8d 15 dc 17 00 00 48 63 04 b2 48 01 d0 ff e0 48 83 c4 10 5b c3");
        long distance = (long)ImageBuilder.CodeAddress - (long)ImageBuilder.DataAddress;
        ProbeSite Site(byte[] code, int first, int second) => SiteOf(
            new ImageBuilder().Code(0, code).Data(0, (uint)(distance + first) | ((ulong)(uint)(distance - 4 + second) << 32)), code.Length);
        Assert.Equal(new ProbeSite(0, Site(code, 21, 37).Verdict, ""), Site(code, 21, 37));
        Assert.False(Site(code, 21, 0).IsCountable);
        Assert.False(Site(code, 0, 37).IsCountable);
        Assert.False(Site(kept, 33, 49).IsCountable);
    }

    // Builtins of V8: push rbp; mov rbp, rsp; mov [rbp-8], rcx; mov rsp, rbp; pop rbp; pop r10; lea rsp, [rsp+rcx*8]; push r10; ret. And where the return address was replaced: mov [rbp+8], rax
    [Theory]
    [InlineData("55 48 89 e5 48 89 4d f8 48 89 ec 5d 41 5a 48 8d 24 cc 41 52 c3", true)]
    [InlineData("55 48 89 e5 48 89 45 08 48 89 ec 5d 41 5a 48 8d 24 cc 41 52 c3", false)]
    public void A_function_may_take_its_arguments_from_the_stack(string hex, bool isCountable) =>
        Assert.Equal(isCountable, SiteOf(new ImageBuilder().Code(0, Bytes(hex)), Bytes(hex).Length).IsCountable);

    // f: jmp g. g, of which no symbol says that it is a retpoline: call 1f; 2: pause; lfence; jmp 2b; 1: mov [rsp], rax; ret. And the same inside f, and push rax; ret.
    [Theory]
    [InlineData("48 89 f8 e9 78 00 00 00", false)]
    [InlineData("e8 07 00 00 00 f3 90 0f ae e8 eb f9 48 89 04 24 c3", false)]
    [InlineData("48 89 f8 50 c3", false)]
    [InlineData("48 89 f8 50 58 c3", true)]
    public void A_return_to_what_was_put_on_the_stack_is_an_indirect_jump(string hex, bool isCountable)
    {
        var builder = new ImageBuilder().Code(0, Bytes(hex)).Code(0x80, Bytes("e8 07 00 00 00 f3 90 0f ae e8 eb f9 48 89 04 24 c3"));
        Assert.Equal(isCountable, SiteOf(builder, Bytes(hex).Length).IsCountable);
    }

    // gcc -mfunction-return=thunk
    [Fact]
    public void A_jump_to_the_thunk_of_returns_is_one()
    {
        byte[] code = Bytes("89 f8 e9 79 00 00 00");
        Assert.True(SiteOf(new ImageBuilder().Code(0, code), code.Length, ("__x86_return_thunk", Function, 1, ImageBuilder.CodeAddress + 0x80, 4)).IsCountable);
    }

    // endbr64; xor eax, eax; xbegin; nop; xend; ret, and: endbr64; xend; ret
    [Theory]
    [InlineData("f3 0f 1e fa 31 c0 c7 f8 00 00 00 00 90 0f 01 d5 c3", 0, "")]
    [InlineData("f3 0f 1e fa 0f 01 d5 c3", 0, "ends a transaction of the processor's that its caller has begun, which a probe would end")]
    public void Before_a_transaction_only_the_beginning_is_a_place(string hex, int offset, string miscount) =>
        Assert.Equal((offset, miscount), (SiteOf(new ImageBuilder().Code(0, Bytes(hex)), Bytes(hex).Length) is var site ? site.Offset : -1, site.Miscount));

    [Theory]
    [InlineData("f.cold.1")]
    [InlineData("f.part.0.cold")]
    [InlineData("f.cold.lto_priv.0")]
    [InlineData("f.__part.12")]
    public void Parts_are_named_by_what_made_them(string name)
    {
        byte[] code = Bytes("55 48 89 e5 5d c3");
        Assert.StartsWith("is a part of", new FunctionSites(ElfImage.Parse(new ImageBuilder().Symbols(false, [(name, Function, 1, ImageBuilder.CodeAddress, (ulong)code.Length)]).Build()))
            .Find(new(name, ImageBuilder.CodeAddress, (ulong)code.Length, ImageBuilder.CodeOffset, false)).Miscount, StringComparison.Ordinal);
    }

    // Go: package main has functions coldStart and warmUp.
    [Theory]
    [InlineData("main.coldStart")]
    [InlineData("main.warm")]
    [InlineData("net/http.(*cache).warmUp")]
    public void A_function_of_Go_may_be_called_so(string name)
    {
        byte[] code = Bytes("55 48 89 e5 5d c3");
        ElfImage image = ElfImage.Parse(new ImageBuilder().Code(0, code).Symbols(false, [(name, Function, 1, ImageBuilder.CodeAddress, (ulong)code.Length)]).Build());
        Assert.Equal("", new FunctionSites(image).Find(image.Functions.Single()).Miscount);
    }

    // 2n names in a file of 250 KB; 1.7 GB at n = 5000.
    [Fact]
    public void Functions_and_parts_of_one_name_cost_no_square()
    {
        const int Count = 700;
        (string, int, ushort, ulong, ulong)[] symbols =
        [
            .. Enumerable.Range(0, Count).Select(static i => ("f", Function, (ushort)1, ImageBuilder.CodeAddress + (ulong)i, 1ul)),
            .. Enumerable.Range(0, Count).Select(static i => ("f.cold", Function, (ushort)1, ImageBuilder.CodeAddress + 1000 + (ulong)i, 1ul)),
        ];
        byte[] file = new ImageBuilder().Symbols(false, symbols).Build();
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = new FunctionSites(ElfImage.Parse(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64L * file.Length);
    }

    // Half of the function's leas name labels of its own, half of them tables: each table would be tried with each label.
    [Fact]
    public void Labels_and_tables_cost_no_square()
    {
        const int Named = 20_000;
        var code = new byte[(Named * 7) + 3];
        for (int i = 0; i < Named; i++)
        {
            Bytes("48 8d 05").CopyTo(code, 7 * i);
            BitConverter.TryWriteBytes(code.AsSpan((7 * i) + 3), i % 2 == 0 ? -7 : code.Length + (8 * i) - (7 * (i + 1)));
        }

        Bytes("ff e0 c3").CopyTo(code, 7 * Named);
        byte[] file = LargeFile(code, 8 * Named);
        ElfImage image = ElfImage.Parse(file);
        var sites = new FunctionSites(image);
        var watch = Stopwatch.StartNew();
        ProbeSite site = sites.Find(image.Functions.Single());
        Assert.Equal("has more tables of jumps than are read, one of which may lead to its beginning", site.Miscount);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 1);
    }

    // One segment of code and, behind it, words that lead nowhere.
    private static byte[] LargeFile(byte[] code, int others)
    {
        var builder = new ImageBuilder();
        builder.Symbols(false, [("f", Function, 1, ImageBuilder.CodeAddress, (ulong)code.Length)]);
        byte[] head = builder.Build(), file = new byte[head.Length + code.Length + others];
        head.CopyTo(file, 0);
        code.CopyTo(file, head.Length);
        file.AsSpan(head.Length + code.Length).Fill(0x7f);
        BitConverter.TryWriteBytes(file.AsSpan(64 + 8), (ulong)head.Length);
        BitConverter.TryWriteBytes(file.AsSpan(64 + 32), (ulong)(code.Length + others));
        file.AsSpan(64 + 56, 56).Clear();
        return file;
    }

    // A segment that may be written and executed gets no breakpoint.
    [Fact]
    public void Code_that_may_be_written_is_refused()
    {
        byte[] code = Bytes("55 48 89 e5 5d c3");
        byte[] file = new ImageBuilder().Code(0, code).Symbols(false, [("f", Function, 1, ImageBuilder.CodeAddress, (ulong)code.Length)]).Build();
        file[64 + 4] = 7;
        ElfImage image = ElfImage.Parse(file);
        Assert.Equal("code in a segment that may be written", new FunctionSites(image).Find(image.Functions.Single()).Verdict.Refusal?.What);
    }

    // f: lea rax, [descriptor]; mov fs:[rseq], rax; S: mov eax, ebx; xor eax, eax; E: ret; ...; signature; H: jmp S. The sequence lasts from S to E.
    [Theory]
    [InlineData(0, false)]
    [InlineData(7, true)] // what arms it
    [InlineData(16, true)]
    [InlineData(18, true)]
    [InlineData(20, false)]
    [InlineData(0x20, true)] // the signature
    [InlineData(0x24, false)]
    public void A_restartable_sequence_gets_no_probe(int offset, bool isRefused)
    {
        byte[] code = Bytes("48 8d 05 f9 17 00 00 64 48 89 04 25 00 00 00 00 89 d8 31 c0 c3");
        ulong f = ImageBuilder.CodeAddress, table = ImageBuilder.DataAddress;
        var builder = new ImageBuilder();
        builder.Code(0, code).Code(0x20, Bytes("53 30 05 53 eb ea")).Data(0, 0, 0, 4, 0);
        builder.AddSection(".rela.dyn", 4, builder.Words(table + 8, 8, f + 16, table + 24, 8, f + 0x24));
        builder.AddSection("__rseq_cs", 1, new byte[32], 0, table);
        ElfImage image = ElfImage.Parse(builder.Symbols(false, [("g", Function, 1, f + (ulong)offset, 1)]).Build());
        Assert.Equal(isRefused, new FunctionSites(image).Find(image.Functions.Single()).Verdict.Refusal?.What == "a restartable sequence (rseq)");
    }

    private static ProbeSite SiteOf(ImageBuilder builder, int size, params (string Name, int Info, ushort Section, ulong Address, ulong Size)[] others)
    {
        ElfImage image = ElfImage.Parse(builder.Symbols(false, [("f", Function, 1, ImageBuilder.CodeAddress, (ulong)size), .. others]).Build());
        return new FunctionSites(image).Find(image.Functions.Single(static one => one.Name == "f"));
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
