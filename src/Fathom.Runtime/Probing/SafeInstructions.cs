using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>
/// The instructions that compute the same when the kernel runs them elsewhere, one step at a time: they name no place but by what the kernel
/// rewrites, take nothing from the flags that a step changes, and do not enter the kernel. Encoded as before AVX; the encoding is asked for elsewhere.
/// </summary>
internal static class SafeInstructions
{
    /// <summary>Whether an instruction is one of them.</summary>
    public static bool Contains(in Instruction instruction) => IsOrdinary(instruction.Mnemonic) && !instruction.IsPrivileged && !IsFar(instruction) && !TouchesSegment(instruction);

    /// <summary>Why an instruction is none of them.</summary>
    public static ProbeRefusal ReasonAgainst(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Syscall or Mnemonic.Sysenter or Mnemonic.Sysret or Mnemonic.Sysexit or Mnemonic.Int => ProbeRefusal.EntersKernel,
        Mnemonic.Ud0 or Mnemonic.Ud1 or Mnemonic.Ud2 or Mnemonic.Int1 or Mnemonic.Int3 or Mnemonic.Into or Mnemonic.Bound => ProbeRefusal.Faults,
        Mnemonic.Pushf or Mnemonic.Pushfd or Mnemonic.Pushfq or Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Popfq or Mnemonic.Iret or Mnemonic.Iretd
            or Mnemonic.Iretq or Mnemonic.Retf or Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss or Mnemonic.Xbegin
            or Mnemonic.Xabort or Mnemonic.Xend or Mnemonic.Xtest or Mnemonic.Rdsspd or Mnemonic.Rdsspq or Mnemonic.Incsspd or Mnemonic.Incsspq
            or Mnemonic.Rstorssp or Mnemonic.Saveprevssp or Mnemonic.Wrssd or Mnemonic.Wrssq or Mnemonic.Enclu or Mnemonic.Rdpkru
            or Mnemonic.Wrpkru or Mnemonic.Pause or Mnemonic.Rdtsc or Mnemonic.Rdtscp or Mnemonic.Cpuid or Mnemonic.Xgetbv or Mnemonic.Rdfsbase or Mnemonic.Wrfsbase or Mnemonic.Rdgsbase or Mnemonic.Wrgsbase
            or Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor or Mnemonic.Fxrstor64 or Mnemonic.Xsave or Mnemonic.Xsave64 or Mnemonic.Xsavec
            or Mnemonic.Xsavec64 or Mnemonic.Xsaveopt or Mnemonic.Xsaveopt64 or Mnemonic.Xrstor or Mnemonic.Xrstor64 => ProbeRefusal.Disturbed,
        _ when IsFar(instruction) || (!instruction.IsPrivileged && TouchesSegment(instruction)) => ProbeRefusal.Disturbed,
        _ => instruction.IsPrivileged || instruction.Mnemonic is Mnemonic.In or Mnemonic.Out or Mnemonic.Insb or Mnemonic.Insw or Mnemonic.Insd or Mnemonic.Outsb
            or Mnemonic.Outsw or Mnemonic.Outsd or Mnemonic.Cli or Mnemonic.Sti or Mnemonic.Hlt ? ProbeRefusal.Privileged : ProbeRefusal.Unproven,
    };

    private static bool IsFar(in Instruction instruction) => instruction.Code is Code.Call_m1616 or Code.Call_m1632 or Code.Call_m1664 or Code.Call_ptr1616
        or Code.Call_ptr1632 or Code.Jmp_m1616 or Code.Jmp_m1632 or Code.Jmp_m1664 or Code.Jmp_ptr1616 or Code.Jmp_ptr1632;

    // To read one is as good as anything else.
    private static bool TouchesSegment(in Instruction instruction) =>
        instruction.Mnemonic is Mnemonic.Mov or Mnemonic.Pop or Mnemonic.Push && instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsSegmentRegister();

    private static bool IsOrdinary(Mnemonic mnemonic) => mnemonic switch
    {
        // Moves, and the stack.
        Mnemonic.Mov or Mnemonic.Movsx or Mnemonic.Movsxd or Mnemonic.Movzx or Mnemonic.Movbe or Mnemonic.Bswap or Mnemonic.Lea or Mnemonic.Xchg or
        Mnemonic.Push or Mnemonic.Pop or Mnemonic.Xadd or Mnemonic.Cmpxchg or Mnemonic.Cmpxchg8b or Mnemonic.Cmpxchg16b or Mnemonic.Cbw or
        Mnemonic.Cwde or Mnemonic.Cdqe or Mnemonic.Cwd or Mnemonic.Cdq or Mnemonic.Cqo or Mnemonic.Lahf or Mnemonic.Sahf or Mnemonic.Enter or
        Mnemonic.Leave or Mnemonic.Xlatb or Mnemonic.Cmova or Mnemonic.Cmovae or Mnemonic.Cmovb or Mnemonic.Cmovbe or Mnemonic.Cmove or
        Mnemonic.Cmovg or Mnemonic.Cmovge or Mnemonic.Cmovl or Mnemonic.Cmovle or Mnemonic.Cmovne or Mnemonic.Cmovno or Mnemonic.Cmovnp or
        Mnemonic.Cmovns or Mnemonic.Cmovo or Mnemonic.Cmovp or Mnemonic.Cmovs or Mnemonic.Seta or Mnemonic.Setae or Mnemonic.Setb or Mnemonic.Setbe or
        Mnemonic.Sete or Mnemonic.Setg or Mnemonic.Setge or Mnemonic.Setl or Mnemonic.Setle or Mnemonic.Setne or Mnemonic.Setno or Mnemonic.Setnp or
        Mnemonic.Setns or Mnemonic.Seto or Mnemonic.Setp or Mnemonic.Sets or
        // Arithmetic, bits and flags.
        Mnemonic.Add or Mnemonic.Adc or Mnemonic.Sub or Mnemonic.Sbb or Mnemonic.Inc or Mnemonic.Dec or Mnemonic.Neg or Mnemonic.Cmp or
        Mnemonic.Mul or Mnemonic.Imul or Mnemonic.Div or Mnemonic.Idiv or Mnemonic.And or Mnemonic.Or or Mnemonic.Xor or Mnemonic.Not or
        Mnemonic.Test or Mnemonic.Adcx or Mnemonic.Adox or Mnemonic.Crc32 or Mnemonic.Popcnt or Mnemonic.Lzcnt or Mnemonic.Tzcnt or Mnemonic.Shl or
        Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Shld or Mnemonic.Shrd or
        Mnemonic.Bt or Mnemonic.Btc or Mnemonic.Btr or Mnemonic.Bts or Mnemonic.Bsf or Mnemonic.Bsr or Mnemonic.Clc or Mnemonic.Stc or Mnemonic.Cmc or
        Mnemonic.Cld or Mnemonic.Std or
        // Branches to a place that they say, and indirect ones; not the far ones.
        Mnemonic.Call or Mnemonic.Jmp or Mnemonic.Ret or Mnemonic.Loop or Mnemonic.Loope or Mnemonic.Loopne or Mnemonic.Jrcxz or Mnemonic.Jecxz or
        Mnemonic.Ja or Mnemonic.Jae or Mnemonic.Jb or Mnemonic.Jbe or Mnemonic.Je or Mnemonic.Jg or Mnemonic.Jge or Mnemonic.Jl or Mnemonic.Jle or
        Mnemonic.Jne or Mnemonic.Jno or Mnemonic.Jnp or Mnemonic.Jns or Mnemonic.Jo or Mnemonic.Jp or Mnemonic.Js or
        // Strings, one step. Those with a repeat prefix are told apart elsewhere.
        Mnemonic.Movsb or Mnemonic.Movsw or Mnemonic.Movsq or Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd or Mnemonic.Stosq or
        Mnemonic.Lodsb or Mnemonic.Lodsw or Mnemonic.Lodsd or Mnemonic.Lodsq or Mnemonic.Scasb or Mnemonic.Scasw or Mnemonic.Scasd or
        Mnemonic.Scasq or Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsq or
        // What does nothing, and fences. Not pause and the clock, which are left to a hypervisor: one that goes on without the trap of a step runs what follows the copy.
        Mnemonic.Nop or Mnemonic.Endbr64 or Mnemonic.Endbr32 or Mnemonic.Prefetchnta or Mnemonic.Prefetcht0 or
        Mnemonic.Prefetcht1 or Mnemonic.Prefetcht2 or Mnemonic.Prefetchw or Mnemonic.Lfence or Mnemonic.Mfence or Mnemonic.Sfence or
        // x87. One step out of line changes only where the unit says that its last instruction was.
        Mnemonic.Fld or Mnemonic.Fst or Mnemonic.Fstp or Mnemonic.Fild or Mnemonic.Fist or Mnemonic.Fistp or Mnemonic.Fisttp or Mnemonic.Fbld or
        Mnemonic.Fbstp or Mnemonic.Fld1 or Mnemonic.Fldz or Mnemonic.Fldpi or Mnemonic.Fldl2e or Mnemonic.Fldl2t or Mnemonic.Fldlg2 or
        Mnemonic.Fldln2 or Mnemonic.Fadd or Mnemonic.Faddp or Mnemonic.Fiadd or Mnemonic.Fsub or Mnemonic.Fsubp or Mnemonic.Fsubr or
        Mnemonic.Fsubrp or Mnemonic.Fisub or Mnemonic.Fisubr or Mnemonic.Fmul or Mnemonic.Fmulp or Mnemonic.Fimul or Mnemonic.Fdiv or
        Mnemonic.Fdivp or Mnemonic.Fdivr or Mnemonic.Fdivrp or Mnemonic.Fidiv or Mnemonic.Fidivr or Mnemonic.Fabs or Mnemonic.Fchs or
        Mnemonic.Fsqrt or Mnemonic.Frndint or Mnemonic.Fscale or Mnemonic.Fprem or Mnemonic.Fprem1 or Mnemonic.Fxtract or Mnemonic.Fsin or
        Mnemonic.Fcos or Mnemonic.Fsincos or Mnemonic.Fptan or Mnemonic.Fpatan or Mnemonic.F2xm1 or Mnemonic.Fyl2x or Mnemonic.Fyl2xp1 or
        Mnemonic.Fcom or Mnemonic.Fcomp or Mnemonic.Fcompp or Mnemonic.Fucom or Mnemonic.Fucomp or Mnemonic.Fucompp or Mnemonic.Fcomi or
        Mnemonic.Fcomip or Mnemonic.Fucomi or Mnemonic.Fucomip or Mnemonic.Ficom or Mnemonic.Ficomp or Mnemonic.Ftst or Mnemonic.Fxam or
        Mnemonic.Fxch or Mnemonic.Ffree or Mnemonic.Fincstp or Mnemonic.Fdecstp or Mnemonic.Fnop or Mnemonic.Fcmovb or Mnemonic.Fcmove or
        Mnemonic.Fcmovbe or Mnemonic.Fcmovu or Mnemonic.Fcmovnb or Mnemonic.Fcmovne or Mnemonic.Fcmovnbe or Mnemonic.Fcmovnu or Mnemonic.Fldcw or
        Mnemonic.Fnstcw or Mnemonic.Fnstsw or Mnemonic.Fnstenv or Mnemonic.Fninit or Mnemonic.Fnclex or Mnemonic.Wait or
        // Integer vectors, MMX to SSE4.2.
        Mnemonic.Movd or Mnemonic.Movq or Mnemonic.Movdq2q or Mnemonic.Movq2dq or Mnemonic.Packssdw or Mnemonic.Packsswb or Mnemonic.Packuswb or
        Mnemonic.Packusdw or Mnemonic.Paddb or Mnemonic.Paddw or Mnemonic.Paddd or Mnemonic.Paddq or Mnemonic.Paddsb or Mnemonic.Paddsw or
        Mnemonic.Paddusb or Mnemonic.Paddusw or Mnemonic.Pand or Mnemonic.Pandn or Mnemonic.Por or Mnemonic.Pxor or Mnemonic.Pcmpeqb or
        Mnemonic.Pcmpeqw or Mnemonic.Pcmpeqd or Mnemonic.Pcmpeqq or Mnemonic.Pcmpgtb or Mnemonic.Pcmpgtw or Mnemonic.Pcmpgtd or Mnemonic.Pcmpgtq or
        Mnemonic.Pmaddwd or Mnemonic.Pmulhw or Mnemonic.Pmullw or Mnemonic.Pmulhuw or Mnemonic.Pmuludq or Mnemonic.Pmuldq or Mnemonic.Pmulld or
        Mnemonic.Pslld or Mnemonic.Psllq or Mnemonic.Psllw or Mnemonic.Pslldq or Mnemonic.Psrad or Mnemonic.Psraw or Mnemonic.Psrld or
        Mnemonic.Psrlq or Mnemonic.Psrlw or Mnemonic.Psrldq or Mnemonic.Psubb or Mnemonic.Psubw or Mnemonic.Psubd or Mnemonic.Psubq or
        Mnemonic.Psubsb or Mnemonic.Psubsw or Mnemonic.Psubusb or Mnemonic.Psubusw or Mnemonic.Punpckhbw or Mnemonic.Punpckhwd or
        Mnemonic.Punpckhdq or Mnemonic.Punpckhqdq or Mnemonic.Punpcklbw or Mnemonic.Punpcklwd or Mnemonic.Punpckldq or Mnemonic.Punpcklqdq or
        Mnemonic.Emms or Mnemonic.Pavgb or Mnemonic.Pavgw or Mnemonic.Pextrb or Mnemonic.Pextrw or Mnemonic.Pextrd or Mnemonic.Pextrq or
        Mnemonic.Pinsrb or Mnemonic.Pinsrw or Mnemonic.Pinsrd or Mnemonic.Pinsrq or Mnemonic.Pmaxsb or Mnemonic.Pmaxsw or Mnemonic.Pmaxsd or
        Mnemonic.Pmaxub or Mnemonic.Pmaxuw or Mnemonic.Pmaxud or Mnemonic.Pminsb or Mnemonic.Pminsw or Mnemonic.Pminsd or Mnemonic.Pminub or
        Mnemonic.Pminuw or Mnemonic.Pminud or Mnemonic.Pmovmskb or Mnemonic.Psadbw or Mnemonic.Pshufb or Mnemonic.Pshufd or Mnemonic.Pshufhw or
        Mnemonic.Pshuflw or Mnemonic.Pshufw or Mnemonic.Pabsb or Mnemonic.Pabsw or Mnemonic.Pabsd or Mnemonic.Palignr or Mnemonic.Phaddw or
        Mnemonic.Phaddd or Mnemonic.Phaddsw or Mnemonic.Phsubw or Mnemonic.Phsubd or Mnemonic.Phsubsw or Mnemonic.Pmaddubsw or Mnemonic.Pmulhrsw or
        Mnemonic.Psignb or Mnemonic.Psignw or Mnemonic.Psignd or Mnemonic.Pblendvb or Mnemonic.Pblendw or Mnemonic.Phminposuw or Mnemonic.Pmovsxbw or
        Mnemonic.Pmovsxbd or Mnemonic.Pmovsxbq or Mnemonic.Pmovsxwd or Mnemonic.Pmovsxwq or Mnemonic.Pmovsxdq or Mnemonic.Pmovzxbw or
        Mnemonic.Pmovzxbd or Mnemonic.Pmovzxbq or Mnemonic.Pmovzxwd or Mnemonic.Pmovzxwq or Mnemonic.Pmovzxdq or Mnemonic.Ptest or
        Mnemonic.Pcmpestri or Mnemonic.Pcmpestrm or Mnemonic.Pcmpistri or Mnemonic.Pcmpistrm or Mnemonic.Mpsadbw or
        // Floating-point vectors, SSE to SSE4.1.
        Mnemonic.Movaps or Mnemonic.Movups or Mnemonic.Movapd or Mnemonic.Movupd or Mnemonic.Movdqa or Mnemonic.Movdqu or Mnemonic.Movss or
        Mnemonic.Movsd or Mnemonic.Movhlps or Mnemonic.Movlhps or Mnemonic.Movlps or Mnemonic.Movhps or Mnemonic.Movlpd or Mnemonic.Movhpd or
        Mnemonic.Movddup or Mnemonic.Movsldup or Mnemonic.Movshdup or Mnemonic.Lddqu or Mnemonic.Movmskps or Mnemonic.Movmskpd or Mnemonic.Movntdq or
        Mnemonic.Movntdqa or Mnemonic.Movnti or Mnemonic.Movntpd or Mnemonic.Movntps or Mnemonic.Movntq or Mnemonic.Addps or Mnemonic.Addpd or
        Mnemonic.Addss or Mnemonic.Addsd or Mnemonic.Addsubps or Mnemonic.Addsubpd or Mnemonic.Subps or Mnemonic.Subpd or Mnemonic.Subss or
        Mnemonic.Subsd or Mnemonic.Mulps or Mnemonic.Mulpd or Mnemonic.Mulss or Mnemonic.Mulsd or Mnemonic.Divps or Mnemonic.Divpd or
        Mnemonic.Divss or Mnemonic.Divsd or Mnemonic.Sqrtps or Mnemonic.Sqrtpd or Mnemonic.Sqrtss or Mnemonic.Sqrtsd or Mnemonic.Rcpps or
        Mnemonic.Rcpss or Mnemonic.Rsqrtps or Mnemonic.Rsqrtss or Mnemonic.Maxps or Mnemonic.Maxpd or Mnemonic.Maxss or Mnemonic.Maxsd or
        Mnemonic.Minps or Mnemonic.Minpd or Mnemonic.Minss or Mnemonic.Minsd or Mnemonic.Andps or Mnemonic.Andpd or Mnemonic.Andnps or
        Mnemonic.Andnpd or Mnemonic.Orps or Mnemonic.Orpd or Mnemonic.Xorps or Mnemonic.Xorpd or Mnemonic.Cmpps or Mnemonic.Cmppd or Mnemonic.Cmpss or
        Mnemonic.Cmpsd or Mnemonic.Comiss or Mnemonic.Comisd or Mnemonic.Ucomiss or Mnemonic.Ucomisd or Mnemonic.Shufps or Mnemonic.Shufpd or
        Mnemonic.Unpckhps or Mnemonic.Unpckhpd or Mnemonic.Unpcklps or Mnemonic.Unpcklpd or Mnemonic.Haddps or Mnemonic.Haddpd or Mnemonic.Hsubps or
        Mnemonic.Hsubpd or Mnemonic.Cvtdq2pd or Mnemonic.Cvtdq2ps or Mnemonic.Cvtpd2dq or Mnemonic.Cvtpd2pi or Mnemonic.Cvtpd2ps or
        Mnemonic.Cvtpi2pd or Mnemonic.Cvtpi2ps or Mnemonic.Cvtps2dq or Mnemonic.Cvtps2pd or Mnemonic.Cvtps2pi or Mnemonic.Cvtsd2si or
        Mnemonic.Cvtsd2ss or Mnemonic.Cvtsi2sd or Mnemonic.Cvtsi2ss or Mnemonic.Cvtss2sd or Mnemonic.Cvtss2si or Mnemonic.Cvttpd2dq or
        Mnemonic.Cvttpd2pi or Mnemonic.Cvttps2dq or Mnemonic.Cvttps2pi or Mnemonic.Cvttsd2si or Mnemonic.Cvttss2si or Mnemonic.Blendpd or
        Mnemonic.Blendps or Mnemonic.Blendvpd or Mnemonic.Blendvps or Mnemonic.Dppd or Mnemonic.Dpps or Mnemonic.Extractps or Mnemonic.Insertps or
        Mnemonic.Roundpd or Mnemonic.Roundps or Mnemonic.Roundsd or Mnemonic.Roundss or Mnemonic.Ldmxcsr or Mnemonic.Stmxcsr or
        // Ciphers and digests.
        Mnemonic.Aesenc or Mnemonic.Aesenclast or Mnemonic.Aesdec or Mnemonic.Aesdeclast or Mnemonic.Aesimc or Mnemonic.Aeskeygenassist or
        Mnemonic.Pclmulqdq or Mnemonic.Sha1rnds4 or Mnemonic.Sha1nexte or Mnemonic.Sha1msg1 or Mnemonic.Sha1msg2 or Mnemonic.Sha256rnds2 or
        Mnemonic.Sha256msg1 or Mnemonic.Sha256msg2 => true,
        _ => false,
    };
}
