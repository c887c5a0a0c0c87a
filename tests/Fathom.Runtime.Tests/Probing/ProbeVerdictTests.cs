using System;
using Fathom.Format.Elf.Images;
using Xunit;

namespace Fathom.Runtime.Tests.Probing;

/// <summary>Which instructions get a probe and how the kernel gets past them. Bytes alone are judged: nothing is attached, and nothing is run.</summary>
public sealed class ProbeVerdictTests
{
    [Theory]
    [InlineData("55", ProbeStep.Emulate)]
    [InlineData("54", ProbeStep.Emulate)]
    [InlineData("41 57", ProbeStep.Emulate)]
    [InlineData("48 55", ProbeStep.SingleStep)]
    [InlineData("40 53", ProbeStep.SingleStep)]
    [InlineData("66 50", ProbeStep.SingleStep)]
    [InlineData("f3 0f 1e fa", ProbeStep.SingleStep)]
    [InlineData("48 83 ec 08", ProbeStep.SingleStep)]
    [InlineData("31 c0", ProbeStep.SingleStep)]
    [InlineData("48 89 f8", ProbeStep.SingleStep)]
    [InlineData("48 8d 05 10 00 00 00", ProbeStep.SingleStep)]
    [InlineData("83 3d 10 00 00 00 07", ProbeStep.SingleStep)]
    [InlineData("48 8b 35 10 00 00 00", ProbeStep.SingleStep)]
    [InlineData("64 48 8b 04 25 28 00 00 00", ProbeStep.SingleStep)]
    [InlineData("0f b6 07", ProbeStep.SingleStep)]
    [InlineData("0f 44 c6", ProbeStep.SingleStep)]
    [InlineData("0f a3 f7", ProbeStep.SingleStep)]
    [InlineData("d3 e7", ProbeStep.SingleStep)]
    [InlineData("f7 f6", ProbeStep.SingleStep)]
    [InlineData("87 f7", ProbeStep.SingleStep)]
    [InlineData("c3", ProbeStep.SingleStep)]
    [InlineData("f3 c3", ProbeStep.SingleStep)]
    [InlineData("c2 08 00", ProbeStep.SingleStep)]
    [InlineData("ff e0", ProbeStep.SingleStep)]
    [InlineData("ff d0", ProbeStep.SingleStep)]
    [InlineData("ff 25 00 00 00 00", ProbeStep.SingleStep)]
    [InlineData("f2 ff 25 00 00 00 00", ProbeStep.SingleStep)]
    [InlineData("e2 05", ProbeStep.SingleStep)]
    [InlineData("e3 05", ProbeStep.SingleStep)]
    [InlineData("a4", ProbeStep.SingleStep)]
    [InlineData("e8 00 00 00 00", ProbeStep.Emulate)]
    [InlineData("67 e8 00 00 00 00", ProbeStep.Emulate)]
    [InlineData("e9 00 00 00 00", ProbeStep.Emulate)]
    [InlineData("f2 e9 00 00 00 00", ProbeStep.Emulate)]
    [InlineData("eb 10", ProbeStep.Emulate)]
    [InlineData("74 10", ProbeStep.Emulate)]
    [InlineData("0f 84 00 00 00 00", ProbeStep.Emulate)]
    [InlineData("90", ProbeStep.Emulate)]
    [InlineData("66 90", ProbeStep.Emulate)]
    [InlineData("0f 1f 00", ProbeStep.EmulateSince616)]
    [InlineData("0f 1f 40 00", ProbeStep.EmulateSince616)]
    [InlineData("66 0f 1f 44 00 00", ProbeStep.EmulateSince616)]
    [InlineData("0f 1f 84 00 00 00 00 00", ProbeStep.EmulateSince616)]
    [InlineData("66 0f 1f 84 00 00 00 00 00", ProbeStep.SingleStep)]
    [InlineData("0f 28 c1", ProbeStep.SingleStep)]
    [InlineData("f2 0f 58 c1", ProbeStep.SingleStep)]
    [InlineData("f2 0f 10 05 10 00 00 00", ProbeStep.SingleStep)]
    [InlineData("66 0f ef c0", ProbeStep.SingleStep)]
    [InlineData("66 0f 70 c0 00", ProbeStep.SingleStep)]
    [InlineData("66 0f 74 c1", ProbeStep.SingleStep)]
    [InlineData("66 0f 38 00 c1", ProbeStep.SingleStep)]
    [InlineData("66 0f 3a 0f c1 08", ProbeStep.SingleStep)]
    [InlineData("db 6c 24 08", ProbeStep.SingleStep)]
    public void What_is_known_to_be_safe_gets_a_probe(string hex, ProbeStep step)
    {
        byte[] code = Bytes(hex);
        ProbeVerdict verdict = ProbeVerdict.Of(code, ElfMachine.X64);
        Assert.Equal((step, null, code.Length), (verdict.Step, verdict.Refusal, verdict.Length));

        // What follows is not part of it.
        Assert.Equal(verdict, ProbeVerdict.Of([.. code, 0x62, 0xff, 0xff, 0xff], ElfMachine.X64));
    }

    // Of each kind those whose opcode byte the kernel takes for a jump (70 to 7f, eb, e9), a call (e8), a no-operation (90) or a push (50 to 57), and others.
    [Theory]
    [InlineData("62 f2 7d 48 7c c6", "an AVX-512 instruction (EVEX)")] // vpbroadcastd zmm0, esi
    [InlineData("62 e2 7d 28 7a c6", "an AVX-512 instruction (EVEX)")] // vpbroadcastb ymm16, esi
    [InlineData("62 f1 7d 48 eb c1", "an AVX-512 instruction (EVEX)")] // vpord
    [InlineData("62 f1 7c 48 10 07", "an AVX-512 instruction (EVEX)")] // vmovups
    [InlineData("62 f1 7c 48 58 c1", "an AVX-512 instruction (EVEX)")] // vaddps
    [InlineData("c5 fd 70 c1 00", "an AVX instruction (VEX)")] // vpshufd
    [InlineData("c5 fd 74 c1", "an AVX instruction (VEX)")] // vpcmpeqb
    [InlineData("c5 f8 77", "an AVX instruction (VEX)")] // vzeroupper
    [InlineData("c5 fe 7f 07", "an AVX instruction (VEX)")] // vmovdqu
    [InlineData("c5 fd e8 c1", "an AVX instruction (VEX)")] // vpsubsb
    [InlineData("c5 fd e9 c1", "an AVX instruction (VEX)")] // vpsubsw
    [InlineData("c5 fd eb c1", "an AVX instruction (VEX)")] // vpor
    [InlineData("c4 e2 6d 90 04 8f", "an AVX instruction (VEX)")] // vpgatherdd
    [InlineData("c5 fc 50 c1", "an AVX instruction (VEX)")] // vmovmskps
    [InlineData("c5 fc 51 c1", "an AVX instruction (VEX)")] // vsqrtps
    [InlineData("c5 fc 57 c1", "an AVX instruction (VEX)")] // vxorps
    [InlineData("c5 f9 6f 07", "an AVX instruction (VEX)")] // vmovdqa
    [InlineData("c5 f8 92 cf", "an AVX instruction (VEX)")] // kmovw k1, edi
    [InlineData("c4 e2 60 f2 c1", "an AVX instruction (VEX)")] // andn
    [InlineData("c4 e2 eb f6 ca", "an AVX instruction (VEX)")] // mulx
    [InlineData("c4 e2 70 f7 c7", "an AVX instruction (VEX)")] // bextr
    [InlineData("8f e9 78 81 c0", "an XOP instruction")] // vfrczpd
    [InlineData("8f e8 78 c0 c1 07", "an XOP instruction")] // vprotb
    [InlineData("0f 0f c1 9e", "a 3DNow! instruction")] // pfadd
    public void Instructions_of_later_encodings_get_none(string hex, string kind) => Assert.Equal(kind, RefusalOf(hex));

    [Theory]
    [InlineData("d5 08 01 c1")] // REX2
    [InlineData("d5 80 af c1")]
    [InlineData("62 f4 7c 08 01 c1")] // APX in EVEX
    [InlineData("06")]
    [InlineData("d6")]
    [InlineData("0f 04")]
    [InlineData("8f c8 00 00")]
    [InlineData("ff ff")]
    [InlineData("fe f0")]
    [InlineData("f0 89 c1")]
    [InlineData("c5 ff ff c1")]
    [InlineData("66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90")]
    public void What_is_no_known_instruction_gets_none(string hex) => Assert.Equal("no instruction that is known", RefusalOf(hex + "00 00 00 00 00 00"));

    [Theory]
    [InlineData("")]
    [InlineData("41")]
    [InlineData("0f")]
    [InlineData("e8 00 00 00")]
    [InlineData("62 f1 7c")]
    public void What_is_cut_off_gets_none(string hex) => Assert.Equal("an instruction whose end is not in the file", RefusalOf(hex));

    [Theory]
    [InlineData("0f 05", "an instruction that enters the kernel")] // syscall
    [InlineData("0f 34", "an instruction that enters the kernel")] // sysenter
    [InlineData("cd 80", "an instruction that enters the kernel")]
    [InlineData("cc", "an instruction that faults on purpose")]
    [InlineData("f1", "an instruction that faults on purpose")]
    [InlineData("0f 0b", "an instruction that faults on purpose")]
    [InlineData("0f b9 c1", "an instruction that faults on purpose")]
    [InlineData("0f ff c1", "an instruction that faults on purpose")]
    [InlineData("f4", "a privileged instruction")]
    [InlineData("fa", "a privileged instruction")]
    [InlineData("ec", "a privileged instruction")]
    [InlineData("6c", "a privileged instruction")]
    [InlineData("0f 78 07", "a privileged instruction")] // vmread
    [InlineData("0f 30", "a privileged instruction")]
    [InlineData("0f 22 c0", "a privileged instruction")]
    [InlineData("0f 07", "an instruction that enters the kernel")]
    [InlineData("9c", "an instruction that reads or changes the processor's state")] // pushf
    [InlineData("9d", "an instruction that reads or changes the processor's state")] // popf
    [InlineData("48 cf", "an instruction that reads or changes the processor's state")] // iret
    [InlineData("cb", "an instruction that reads or changes the processor's state")] // far return
    [InlineData("ff 1f", "an instruction that reads or changes the processor's state")] // far call
    [InlineData("ff 2f", "an instruction that reads or changes the processor's state")] // far jump
    [InlineData("48 ff 2f", "an instruction that reads or changes the processor's state")]
    [InlineData("8e d0", "an instruction that reads or changes the processor's state")] // mov ss
    [InlineData("8e d8", "an instruction that reads or changes the processor's state")] // mov ds
    [InlineData("0f a1", "an instruction that reads or changes the processor's state")] // pop fs
    [InlineData("0f b2 07", "an instruction that reads or changes the processor's state")] // lss
    [InlineData("f3 48 0f 1e c8", "an instruction that reads or changes the processor's state")] // rdsspq
    [InlineData("f3 48 0f ae e9", "an instruction that reads or changes the processor's state")] // incsspq
    [InlineData("c7 f8 00 00 00 00", "an instruction that reads or changes the processor's state")] // xbegin
    [InlineData("0f 01 d5", "an instruction that reads or changes the processor's state")] // xend
    [InlineData("0f 01 d7", "an instruction that reads or changes the processor's state")] // enclu
    [InlineData("f3 90", "an instruction that reads or changes the processor's state")] // pause
    [InlineData("0f 31", "an instruction that reads or changes the processor's state")] // rdtsc
    [InlineData("0f a2", "an instruction that reads or changes the processor's state")] // cpuid
    [InlineData("0f c7 27", "an instruction that reads or changes the processor's state")] // xsavec
    [InlineData("f3 48 0f ae c7", "an instruction that reads or changes the processor's state")] // rdfsbase
    [InlineData("f3 a4", "a repeated string instruction")]
    [InlineData("f3 48 ab", "a repeated string instruction")]
    [InlineData("f2 ae", "a repeated string instruction")]
    [InlineData("49 90", "xchg of rax and r8")]
    [InlineData("41 90", "xchg of rax and r8")]
    [InlineData("f3 41 90", "xchg of rax and r8")] // no pause
    [InlineData("f3 49 90", "xchg of rax and r8")]
    [InlineData("0f 1f 44 00 00", "a no-operation of 5 bytes")]
    [InlineData("66 0f 1f 40 00", "a no-operation of 5 bytes")]
    [InlineData("f0 0f b1 0f", "an instruction with a lock, segment or size prefix")]
    [InlineData("2e 8b 07", "an instruction with a lock, segment or size prefix")]
    [InlineData("3e ff e0", "an instruction with a lock, segment or size prefix")] // notrack jmp
    [InlineData("66 2e 0f 1f 84 00 00 00 00 00", "an instruction with a lock, segment or size prefix")]
    [InlineData("66 e8 00 00 00 00", "an instruction with a lock, segment or size prefix")]
    [InlineData("66 c3", "an instruction with a lock, segment or size prefix")]
    [InlineData("66 74 05", "an instruction with a lock, segment or size prefix")]
    [InlineData("67 8b 05 00 00 00 00", "an instruction with a lock, segment or size prefix")] // from eip
    [InlineData("67 e3 05", "an instruction with a lock, segment or size prefix")] // jecxz
    [InlineData("67 8d 47 01", "an instruction with a lock, segment or size prefix")]
    [InlineData("66 66 90", "an instruction with a lock, segment or size prefix")]
    [InlineData("48 66 90", "an instruction with a lock, segment or size prefix")]
    [InlineData("48 41 57", "an instruction with a lock, segment or size prefix")]
    [InlineData("f3 0f c7 f7", "an instruction that is not known to be safe")] // rdpid... senduipi
    [InlineData("0f 01 d0", "an instruction that reads or changes the processor's state")] // xgetbv
    [InlineData("66 0f 38 f8 07", "an instruction that is not known to be safe")] // movdir64b
    [InlineData("0f c7 f0", "an instruction that is not known to be safe")] // rdrand
    [InlineData("0f 01 ee", "an instruction that reads or changes the processor's state")] // rdpkru
    public void What_stepping_would_change_gets_none(string hex, string kind) => Assert.Equal(kind, RefusalOf(hex));

    [Theory]
    [InlineData("55", ProbeStep.Emulate)]
    [InlineData("40", ProbeStep.SingleStep)] // inc eax
    [InlineData("e8 00 00 00 00", ProbeStep.Emulate)]
    [InlineData("f3 0f 1e fb", ProbeStep.SingleStep)]
    [InlineData("8b 44 24 04", ProbeStep.SingleStep)]
    [InlineData("c4 07", ProbeStep.Unknown)] // les
    [InlineData("c5 f8 77", ProbeStep.Unknown)]
    [InlineData("62 f1 7c 48 10 07", ProbeStep.Unknown)]
    [InlineData("cd 80", ProbeStep.Unknown)]
    [InlineData("0f 05", ProbeStep.Unknown)]
    [InlineData("1e", ProbeStep.Unknown)] // push ds
    [InlineData("9a 00 00 00 00 00 00", ProbeStep.Unknown)]
    public void Code_of_32_bits_is_judged_too(string hex, ProbeStep step)
    {
        ProbeVerdict verdict = ProbeVerdict.Of(Bytes(hex), ElfMachine.X86);
        Assert.Equal((step, step == ProbeStep.Unknown), (verdict.Step, verdict.IsRefused));
    }

    [Fact]
    public void Other_machines_are_left_to_the_kernel() =>
        Assert.Equal(default, ProbeVerdict.Of([0xfd, 0x7b, 0xbf, 0xa9], ElfMachine.Arm64));

    // Whatever the bytes are, the judge answers, and says yes to no encoding that begins as VEX, EVEX, XOP or REX2 do.
    [Fact]
    public void Any_bytes_are_judged()
    {
        var random = new Random(1789);
        byte[] code = new byte[ProbeVerdict.BytesNeeded];
        int placed = 0;
        for (int i = 0; i < 200_000; i++)
        {
            random.NextBytes(code);
            ProbeVerdict verdict = ProbeVerdict.Of(code.AsSpan(0, random.Next(code.Length + 1)), ElfMachine.X64);
            Assert.Equal(verdict.IsRefused, verdict.Step == ProbeStep.Unknown);
            placed += verdict.IsRefused ? 0 : 1;
            Assert.False(!verdict.IsRefused && code[0] is 0xc4 or 0xc5 or 0x62 or 0xd5);
            Assert.False(!verdict.IsRefused && code[0] == 0x8f && (code[1] & 0x1f) >= 8 && (code[1] & 0x38) != 0);
        }

        Assert.InRange(placed, 10_000, 190_000);
    }

    private static string? RefusalOf(string hex)
    {
        ProbeVerdict verdict = ProbeVerdict.Of(Bytes(hex), ElfMachine.X64);
        Assert.Equal(ProbeStep.Unknown, verdict.Step);
        return verdict.Refusal?.What;
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
