using System;
using System.Linq;
using Fathom.Format.Elf.Images;
using Fathom.Format.Tests.Elf.Images;
using Xunit;

namespace Fathom.Runtime.Tests.Probing;

/// <summary>Where calls of functions of made-up code are counted: at a place that each call passes once, or nowhere.</summary>
public sealed class FunctionSitesTests
{
    private const int Function = 0x12;
    private const int LocalFunction = 0x02;
    private const string Loop = "comes back to its beginning, as a loop does";
    private const string Blind = "jumps to where a table says that is not found, which may be its beginning";
    private const string Elsewhere = "comes back to its beginning through code that no symbol names, which may be a part of it or another function";

    // f, with whatever the compiler put behind it.
    [Theory]
    [InlineData("55 48 89 e5 5d c3", 0, "")]
    [InlineData("f3 0f 1e fa 55 48 89 e5 5d c3", 4, "")]
    [InlineData("f3 0f 1e fa c5 f8 77 c3", 0, "")]
    [InlineData("f3 0f 1e fa 90 ff cf 75 fb c3", 0, "")] // `void spin(n) { do { asm("nop"); } while (--n); }` of gcc -Os -fcf-protection=full
    [InlineData("f3 0f 1e fa 90 ff cf 75 fa c3", 0, "")] // into the middle of the mark, from where it runs into the nop
    [InlineData("f3 0f 1e fa 90 ff cf 75 fc c3", 4, "")]
    [InlineData("f3 0f 1e fa 55 eb fd", 0, "")]
    [InlineData("f3 0f 1e fa 55 e2 fd c3", 0, "")]
    [InlineData("f3 0f 1e fa 55 e3 fd c3", 0, "")]
    [InlineData("f3 0f 1e fa 55 e8 fa ff ff ff c3", 0, "")] // calls the place behind its mark
    [InlineData("f3 0f 1e fa 55 e8 f6 ff ff ff c3", 4, "")] // calls itself
    [InlineData("f3 0f 1e fa 55 e9 fa ff ff ff", 0, "")]
    [InlineData("f3 0f 1e fa 55 0f 85 f9 ff ff ff c3", 0, "")]
    [InlineData("f3 0f 1e fa 90 ff e0", 4, "")] // to another function, as far as is known
    [InlineData("f3 0f 1e fa 55 b8 eb fc 00 00 c3", 4, "")] // what only looks like a jump is none
    [InlineData("f3 0f 1e fa 55 e9 f6 ff ff ff", 0, Loop)]
    [InlineData("f3 0f 1e fa ff cf 75 f8 c3", 8, "")] // a wait: behind it, each call passes once
    [InlineData("ff cf 75 fc c3", 4, "")]
    [InlineData("ff cf 74 02 eb fa c3", 0, Loop)]
    [InlineData("90 e8 00 01 00 00 ff cf 75 f6 c3", 0, Loop)] // behind a call, which may not come back
    [InlineData("eb fe", 0, Loop)]
    [InlineData("f0 ff 0f 75 fb c3", 5, "")] // lock dec; jne: the place at the beginning would not be safe either
    public void A_place_that_something_comes_back_to_counts_no_calls(string hex, int offset, string miscount)
    {
        ProbeSite site = SiteOf(new ImageBuilder().Code(0, Bytes(hex)), Bytes(hex).Length);
        Assert.Equal((offset, miscount), (site.Offset, site.Miscount));
    }

    // cmp rsp, [r14+16]; jbe; sub rsp, 24; ...; add rsp, 24; ret; then: mov [rsp+8], eax; call; mov eax, [rsp+8]; jmp f
    private const string GoBody = "49 3b 66 10 76 0b 48 83 ec 18 90 90 48 83 c4 18 c3 ";
    private const string GoMore = "89 44 24 08 e8 20 00 00 00 8b 44 24 08 eb e0";

    [Fact]
    public void A_function_of_Go_is_counted_behind_the_check_of_its_stack()
    {
        ProbeSite site = GoSiteOf(GoBody + GoMore);
        Assert.Equal(new ProbeSite(6, new ProbeVerdict(ProbeStep.SingleStep, null) { Length = 4 }, ""), site);
        Assert.True(site.IsCountable);
    }

    // sub rsp, 24; call of what never comes back: what follows is not its way on, since the stack is another there.
    [Theory]
    [InlineData("49 3b 66 10 76 0e 48 83 ec 18 e8 80 00 00 00 48 83 c4 18 90 e8 20 00 00 00 eb e5", 0, Loop)]
    [InlineData("49 3b 66 10 76 0e 48 83 ec 18 e8 80 00 00 00 48 83 c4 10 90 e8 20 00 00 00 eb e5", 6, "")]
    [InlineData("49 3b 66 10 76 0e 48 83 ec 18 e8 80 00 00 00 90 90 90 90 90 e8 20 00 00 00 eb e5", 6, "")]
    [InlineData("49 3b 66 10 76 0e 48 83 ec 18 e8 80 00 00 00 48 89 ec 90 90 e8 20 00 00 00 eb e5", 0, Loop)]
    public void What_follows_a_panic_is_not_its_way_on(string hex, int offset, string miscount) =>
        Assert.Equal((offset, miscount), (GoSiteOf(hex) is var site ? site.Offset : -1, site.Miscount));

    // Of two ways to one place one may be such, and the other may not: add rsp, 24 on the one that leads back.
    [Fact]
    public void What_follows_a_panic_does_not_hide_a_way_that_leads_back() => Assert.Equal(
        (0, Loop), (GoSiteOf("49 3b 66 10 76 1b 48 83 ec 18 85 c0 74 08 e8 80 00 00 00 90 eb 0b 48 83 c4 18 e8 80 00 00 00 eb f2 e8 20 00 00 00 eb d8") is var site ? site.Offset : -1, site.Miscount));

    // cmp rsp, [r14+16]; jbe more; vzeroupper; je panic (with a hint, so that no probe can be there); sub rsp, 24; add rsp, 24; ret; panic: call;
    // more: call morestack; jmp f. A call that panics would not be counted behind the second jump.
    [Theory]
    [InlineData("49 3b 66 10 76 14 c5 f8 77 2e 74 09 48 83 ec 18 48 83 c4 18 c3 e8 80 00 00 00 e8 20 00 00 00 eb df", 0, Loop)]
    [InlineData("49 3b 66 10 76 0f c5 f8 77 2e 74 09 48 83 ec 18 48 83 c4 18 c3 e8 20 00 00 00 eb e4", 12, "")] // both to where the stack is made larger
    public void What_panics_does_not_begin_again(string hex, int offset, string miscount) =>
        Assert.Equal((offset, miscount), (GoSiteOf(hex) is var site ? site.Offset : -1, site.Miscount));

    [Fact]
    public void Only_what_makes_the_stack_larger_comes_back_for_certain() =>
        Assert.Equal((0, Loop), (SiteOf(new ImageBuilder().Code(0, Bytes(GoBody + GoMore)), Bytes(GoBody + GoMore).Length) is var site ? site.Offset : -1, site.Miscount));

    // Large frames are checked twice, and the second check jumps to the same place.
    [Fact]
    public void Both_checks_of_a_large_frame_are_passed()
    {
        // mov r12, rsp; sub r12, 4096; jb +; cmp r12, [r14+16]; jbe +; sub rsp, 24; add rsp, 24; ret; call; jmp f
        const string Code = "49 89 e4 49 81 ec 00 10 00 00 72 0f 4d 3b 66 10 76 09 48 83 ec 18 48 83 c4 18 c3 e8 20 00 00 00 eb de";
        Assert.Equal((18, ""), (GoSiteOf(Code) is var site ? site.Offset : 0, site.Miscount));
    }

    [Theory]
    [InlineData("49 3b 66 10 76 0b 48 83 ec 18 90 90 48 83 c4 18 c3 89 44 24 08 e8 20 00 00 00 8b 44 24 08 c3")] // the way out does not come back: the first instruction is good
    public void Without_a_way_back_the_first_instruction_is_the_place(string hex) =>
        Assert.Equal((0, ""), (GoSiteOf(hex) is var site ? site.Offset : -1, site.Miscount));

    [Theory]
    [InlineData("49 3b 66 10 76 0b 48 83 ec 18 90 eb f9 48 83 c4 18 e8 20 00 00 00 eb e8")] // the body loops behind the check
    [InlineData("49 3b 66 10 76 0b 48 83 ec 18 90 90 48 83 c4 18 c3 84 c0 74 fb e8 20 00 00 00 eb e4")] // the way back may also return
    [InlineData("49 3b 66 10 76 0b 48 83 ec 18 90 90 48 83 c4 18 c3 84 c0 74 02 ff e0 e8 20 00 00 00 eb e2")] // or go anywhere
    public void A_check_that_is_not_only_that_is_none(string hex)
    {
        ProbeSite site = GoSiteOf(hex);
        Assert.Equal((0, Loop, false), (site.Offset, site.Miscount, site.IsCountable));
    }

    [Fact]
    public void A_table_of_jumps_may_lead_to_the_beginning()
    {
        // movzx eax, byte [rdi]; inc rdi; lea rdx, [table]; movsxd rax, [rdx+rax*4]; add rax, rdx; jmp rax; ret; table: ret, f
        byte[] code = Bytes("0f b6 07 48 ff c7 48 8d 15 0a 00 00 00 48 63 04 82 48 01 d0 ff e0 c3 " + "ff ff ff ff 00 00 00 00");
        BitConverter.TryWriteBytes(code.AsSpan(23), -1);
        BitConverter.TryWriteBytes(code.AsSpan(27), -23);
        Assert.Equal((0, Loop), (SiteOf(new ImageBuilder().Code(0, code), 23) is var site ? site.Offset : -1, site.Miscount));

        BitConverter.TryWriteBytes(code.AsSpan(27), -1);
        Assert.True(SiteOf(new ImageBuilder().Code(0, code), 23).IsCountable);
    }

    // endbr64; movzx eax, byte [rdi]; inc rdi; lea rdx, [table] or mov rdx, [pointer]; jmp [rdx+rax*8]; ret
    private const string Named = "f3 0f 1e fa 0f b6 07 48 ff c7 48 8d 15 f7 17 00 00 ff 24 c2 c3";
    private const string Pointed = "f3 0f 1e fa 0f b6 07 48 ff c7 48 8b 15 ef 17 00 00 ff 24 c2 c3";

    // A table of two addresses behind a pointer to it: the first is that of the ret. Relocations say the addresses themselves (Rela), or that the words hold them (Relr).
    [Theory]
    [InlineData(Named, true, 20, 4, "")]
    [InlineData(Named, true, 4, 0, "")]
    [InlineData(Named, true, 0, 0, Loop)]
    [InlineData(Pointed, true, 4, 0, Blind)]
    [InlineData(Pointed, true, 0, 0, Blind)]
    [InlineData(Named, false, 20, 4, "")]
    [InlineData(Named, false, 4, 0, "")]
    [InlineData(Named, false, 0, 0, Loop)]
    [InlineData(Pointed, false, 4, 0, Blind)]
    [InlineData(Pointed, false, 0, 0, Blind)]
    public void A_table_of_addresses_is_read_as_the_loader_makes_it(string hex, bool hasAddends, int target, int offset, string miscount)
    {
        ulong table = ImageBuilder.DataAddress;
        var builder = new ImageBuilder();
        ulong[] words = [table + 8, ImageBuilder.CodeAddress + 20, ImageBuilder.CodeAddress + (ulong)target];
        if (hasAddends)
        {
            builder.AddSection(".rela.dyn", 4, builder.Words([.. words.SelectMany((word, i) => new ulong[] { table + (8 * (ulong)i), 8, word })]));
        }
        else
        {
            builder.Data(0, words).AddSection(".relr.dyn", 19, builder.Words(table, 0b111));
        }

        Assert.Equal((offset, miscount), (SiteOf(builder.Code(0, Bytes(hex)), Bytes(hex).Length) is var site ? site.Offset : -1, site.Miscount));
    }

    // Where the image is loaded where it says: mov rax, [rax*8+table]; jmp rax, and mov edx, table; jmp [rdx+rax*8], and those of i386.
    [Theory]
    [InlineData(true, "0f b6 07 48 ff c7 48 8b 04 c5 00 28 40 00 ff e0")]
    [InlineData(true, "0f b6 07 48 ff c7 ba 00 28 40 00 ff 24 c2")]
    [InlineData(false, "0f b6 07 47 ff 24 85 00 28 40 00")]
    [InlineData(false, "0f b6 07 47 8b 04 85 00 28 40 00 ff e0")]
    public void A_program_that_is_not_moved_has_its_addresses_in_the_file(bool is64, string hex)
    {
        ProbeSite Site(ulong target) => SiteOf(
            new ImageBuilder(is64, (ushort)(is64 ? 62 : 3), 2).Code(0, [.. Bytes(hex), 0xc3]).Data(0, ImageBuilder.CodeAddress + (ulong)Bytes(hex).Length, target), Bytes(hex).Length + 1);
        Assert.Equal((0, Loop), (Site(ImageBuilder.CodeAddress) is var site ? site.Offset : -1, site.Miscount));
        Assert.True(Site(ImageBuilder.CodeAddress + (ulong)Bytes(hex).Length).IsCountable);
    }

    // movzx eax, byte [ecx]; inc ecx; mov eax, [ebx+eax*4+0x10]; add eax, ebx; jmp eax; ret: ebx is the global offset table, and what the table holds are distances from it.
    [Fact]
    public void Tables_of_position_independent_code_of_i386_are_distances_from_the_global_offset_table()
    {
        byte[] code = Bytes("0f b6 01 41 8b 84 83 10 00 00 00 01 d8 ff e0 c3");
        ProbeSite Site(ulong target)
        {
            var builder = new ImageBuilder(is64: false, machine: 3);
            builder.Data(0x10, unchecked(ImageBuilder.CodeAddress + 15 - ImageBuilder.DataAddress), target - ImageBuilder.DataAddress);
            builder.AddSection(".got.plt", 1, [], 0, ImageBuilder.DataAddress);
            return SiteOf(builder.Code(0, code), code.Length);
        }

        Assert.Equal((0, Loop), (Site(ImageBuilder.CodeAddress) is var site ? site.Offset : -1, site.Miscount));
        Assert.True(Site(ImageBuilder.CodeAddress + 15).IsCountable);
    }

    // push rbx; movzx eax, byte [rdi]; lea rdx, [label]; lea rcx, [table]; movsxd rax, [rcx+rax*4]; add rax, rdx; jmp rax; label: pop rbx; ret
    [Fact]
    public void Tables_may_hold_distances_from_a_label()
    {
        byte[] code = Bytes("53 0f b6 07 48 8d 15 10 00 00 00 48 8d 0d ee 17 00 00 48 63 04 81 48 01 d0 ff e0 5b c3");
        ProbeSite Site(int second) => SiteOf(new ImageBuilder().Code(0, code).Data(0, (ulong)(uint)second << 32), code.Length);
        Assert.Equal((0, Loop), (Site(-27) is var site ? site.Offset : -1, site.Miscount));
        Assert.True(Site(1).IsCountable);
    }

    [Theory]
    [InlineData("53 0f b6 07 ff e0 5b c3", "jumps to where a table says that is not found, which may be its beginning")] // push rbx, which it does not take back before it jumps
    [InlineData("53 48 8b 07 5b ff e0", "")]
    // lea rax, [its beginning less 1]; inc rax; jmp rax. endbr64; lea rax, [its beginning less 4]; add rax, 8; jmp rax. A byte is no pointer.
    [InlineData("48 8d 05 f8 ff ff ff 48 ff c0 ff e0", "jumps to where a table says that is not found, which may be its beginning")]
    [InlineData("f3 0f 1e fa 48 8d 05 f1 ff ff ff 48 83 c0 08 ff e0", "jumps to where a table says that is not found, which may be its beginning")]
    [InlineData("53 0f b6 07 5b ff e0", "jumps to where a table says that is not found, which may be its beginning")]
    public void A_jump_with_something_on_the_stack_is_none_to_another_function(string hex, string miscount) =>
        Assert.Equal(miscount, SiteOf(new ImageBuilder().Code(0, Bytes(hex)), Bytes(hex).Length).Miscount);

    // Before the function: b8. f: add rdi, 1; cmp rdi, 16; jb; ret. The jump leads to b8, which makes the first instruction a number that is loaded; or
    // behind that instruction.
    [Theory]
    [InlineData("b8 48 83 c7 01 48 83 ff 10 72 f5 c3", false)]
    [InlineData("b8 48 83 c7 01 48 83 ff 10 72 fa c3", true)]
    public void A_place_inside_another_instruction_is_none(string hex, bool isCountable)
    {
        byte[] code = Bytes(hex);
        ElfImage image = ElfImage.Parse(new ImageBuilder().Code(0, code)
            .Symbols(false, ("f", Function, 1, ImageBuilder.CodeAddress + 1, (ulong)code.Length - 1)).Build());
        Assert.Equal(isCountable, new FunctionSites(image).Find(image.Functions.Single(static one => one.Name == "f")).IsCountable);
    }

    [Fact]
    public void A_part_that_lies_elsewhere_has_tables_too()
    {
        // f: endbr64; push rbx; call; pop rbx; ret. f.cold: lea rdx, [table]; movsxd rax, [rdx+rax*4]; add rax, rdx; jmp rax
        byte[] code = Bytes("f3 0f 1e fa 53 e8 00 01 00 00 5b c3"), cold = Bytes("48 8d 15 79 17 00 00 48 63 04 82 48 01 d0 ff e0");
        ProbeSite Site(int target) => SiteOf(
            new ImageBuilder().Code(0, code).Code(0x80, cold).Data(0, (uint)(target + (long)ImageBuilder.CodeAddress - (long)ImageBuilder.DataAddress)), code.Length,
            ("f.cold", LocalFunction, 1, ImageBuilder.CodeAddress + 0x80, (ulong)cold.Length));
        Assert.Equal((0, ""), (Site(4) is var site ? site.Offset : -1, site.Miscount));
        Assert.Equal(4, Site(10).Offset);
    }

    [Fact]
    public void Where_another_function_begins_its_calls_would_be_counted_too()
    {
        byte[] code = Bytes("f3 0f 1e fa 55 48 89 e5 5d c3");
        Assert.Equal((0, ""), (SiteOf(new ImageBuilder().Code(0, code), code.Length, ("g", Function, 1, ImageBuilder.CodeAddress + 4, 6)) is var site ? site.Offset : -1, site.Miscount));
    }

    [Fact]
    public void What_was_moved_out_of_a_function_belongs_to_it()
    {
        // f: test edi, edi; jne cold; ret. f.cold, elsewhere: dec edi; jmp f
        byte[] code = Bytes("85 ff 0f 85 78 00 00 00 c3");
        byte[] cold = Bytes("ff cf e9 79 ff ff ff");
        var symbol = ("f.cold", LocalFunction, (ushort)1, ImageBuilder.CodeAddress + 0x80, (ulong)cold.Length);
        Assert.Equal((8, ""), (SiteOf(new ImageBuilder().Code(0, code).Code(0x80, cold), code.Length, symbol) is var site ? site.Offset : -1, site.Miscount));

        // A stripped file does not name it, but its jump leads there. It may be a function that calls this one: no place is passed once for each of its calls.
        Assert.Equal((0, Elsewhere), (SiteOf(new ImageBuilder().Code(0, code).Code(0x80, cold), code.Length) is var unnamed ? unnamed.Offset : -1, unnamed.Miscount));

        // Another function that ends with a call of f is none of it.
        symbol = ("g", Function, 1, ImageBuilder.CodeAddress + 0x80, (ulong)cold.Length);
        Assert.Equal((0, ""), (SiteOf(new ImageBuilder().Code(0, code).Code(0x80, cold), code.Length, symbol) is var other ? other.Offset : -1, other.Miscount));

        // Only the unwinder enters this one.
        code = Bytes("55 e8 00 01 00 00 5d c3");
        symbol = ("f.cold", LocalFunction, 1, ImageBuilder.CodeAddress + 0x80, (ulong)cold.Length);
        Assert.Equal((0, Loop), (SiteOf(new ImageBuilder().Code(0, code).Code(0x80, cold), code.Length, symbol) is var unwound ? unwound.Offset : -1, unwound.Miscount));
    }

    [Fact]
    public void A_function_without_a_size_ends_where_the_next_begins()
    {
        byte[] code = Bytes("55 5d c3 90 90 90 90 90 eb f6");
        Assert.Equal((0, Loop), (SiteOf(new ImageBuilder().Code(0, code), 0) is var whole ? whole.Offset : -1, whole.Miscount));
        Assert.True(SiteOf(new ImageBuilder().Code(0, code), 0, ("g", Function, 1, ImageBuilder.CodeAddress + 8, 2)).IsCountable);
    }

    // f lies 2 behind the beginning of the code and is as long as it says, or not; its first instructions are those of a loop.
    [Theory]
    [InlineData("ff cf 85 ff 75 fa c3", 5, 4, "")] // dec edi; f: test edi, edi; jne to before it, which runs into it; ret
    [InlineData("90 90 ff cf 90 85 ff 75 f9 c3", 3, 0, Loop)] // f: dec edi; nop; behind its end: test edi, edi; jne f; ret
    [InlineData("90 90 83 ef 01 75 fb c3", 1, 0, "is shorter than its first instruction")]
    [InlineData("90 90 ff cf cc 75 fb c3", 3, 0, "")] // nothing arrives behind an int3
    [InlineData("90 90 e8 00 01 00 00 75 f9 c3", 5, 0, "")] // nor behind a call at the end
    public void What_a_function_runs_into_belongs_to_it(string hex, int size, int offset, string miscount)
    {
        ElfImage image = ElfImage.Parse(new ImageBuilder().Code(0, Bytes(hex)).Symbols(false, [("f", Function, 1, ImageBuilder.CodeAddress + 2, (ulong)size)]).Build());
        ProbeSite site = new FunctionSites(image).Find(image.Functions.Single());
        Assert.Equal((offset, miscount), (site.Offset, site.Miscount));
    }

    [Fact]
    public void Also_if_that_has_a_name_of_its_own()
    {
        // f: dec edi; g: test edi, edi; jne f; ret
        byte[] code = Bytes("ff cf 85 ff 75 fa c3");
        Assert.Equal(Loop, SiteOf(new ImageBuilder().Code(0, code), 2, ("g", Function, 1, ImageBuilder.CodeAddress + 2, 5)).Miscount);
    }

    [Theory]
    [InlineData("f.cold")]
    [InlineData("f.__part.1")]
    [InlineData("f.warm")]
    [InlineData("alias.cold")]
    public void Parts_have_many_names(string name)
    {
        byte[] code = Bytes("55 e8 00 01 00 00 5d c3"), part = Bytes("ff cf e9 79 ff ff ff");
        ProbeSite site = SiteOf(
            new ImageBuilder().Code(0, code).Code(0x80, part), code.Length,
            (name, LocalFunction, 1, ImageBuilder.CodeAddress + 0x80, (ulong)part.Length), ("alias", Function, 1, ImageBuilder.CodeAddress, (ulong)code.Length));
        Assert.Equal((0, Loop), (site.Offset, site.Miscount));
    }

    // A file made on purpose: each of its functions claims all that follows.
    [Fact]
    public void Functions_that_overlap_cost_no_more_than_twice_the_code()
    {
        byte[] code = new byte[ImageBuilder.SegmentSize];
        Array.Fill(code, (byte)0x90);
        ElfImage image = ElfImage.Parse(new ImageBuilder().Code(0, code).Symbols(
            false, [.. Enumerable.Range(0, 100).Select(static i => ($"f{i}", Function, (ushort)1, ImageBuilder.CodeAddress + (ulong)i, (ulong)(ImageBuilder.SegmentSize - i)))]).Build());
        var sites = new FunctionSites(image);
        string[] reasons = [.. image.Functions.Select(one => sites.Find(one).Miscount)];
        Assert.Equal(("", "is too long to tell whether it comes back to its beginning"), (reasons[0], reasons[^1]));
        Assert.InRange(reasons.Count(static one => one.Length == 0), 30, 40);
    }

    [Fact]
    public void Code_of_other_machines_is_not_looked_at() =>
        Assert.Equal(new ProbeSite(0, default, ""), SiteOf(new ImageBuilder(true, 183).Code(0, 0xfd, 0x7b, 0xbf, 0xa9), 4));

    private static ProbeSite SiteOf(ImageBuilder builder, int size, params (string Name, int Info, ushort Section, ulong Address, ulong Size)[] others)
    {
        ElfImage image = ElfImage.Parse(builder.Symbols(false, [("f", Function, 1, ImageBuilder.CodeAddress, (ulong)size), .. others]).Build());
        return new FunctionSites(image).Find(image.Functions.Single(static one => one.Name == "f"));
    }

    // Where the first of its calls over 32 bytes leads, Go's runtime makes the stack larger.
    private static ProbeSite GoSiteOf(string hex)
    {
        byte[] code = Bytes(hex);
        int call = code.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xe8, 0x20, 0, 0, 0]);
        return SiteOf(new ImageBuilder().Code(0, code), code.Length, ("runtime.morestack_noctxt.abi0", Function, 1, ImageBuilder.CodeAddress + (ulong)call + 5 + 0x20, 1));
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
