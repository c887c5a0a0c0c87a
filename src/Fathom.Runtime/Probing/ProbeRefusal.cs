using System.Globalization;

namespace Fathom.Runtime;

/// <summary>Why this library places no uprobe on an instruction, although the kernel may take it: the traced program would not be the same.</summary>
/// <param name="What">What stands there, such as "an AVX instruction".</param>
/// <param name="Reason">What is wrong with a probe on it: "the kernel runs it wrongly under a probe".</param>
public sealed record ProbeRefusal(string What, string Reason)
{
    private const string RunWrongly = "the kernel runs it wrongly under a probe";

    // branch_setup_xol_ops asks for the opcode byte alone, whatever map it is in: there 0x70 to 0x7f, 0x90, 0xe8, 0xe9 and 0xeb are jumps, calls and
    // no-operations, and push_setup_xol_ops takes 0x50 to 0x57 for a push:
    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/kernel/uprobes.c
    internal static ProbeRefusal Vex { get; } = new("an AVX instruction (VEX)", RunWrongly);

    internal static ProbeRefusal Evex { get; } = new("an AVX-512 instruction (EVEX)", RunWrongly);

    internal static ProbeRefusal Xop { get; } = new("an XOP instruction", "the kernel does not know it, and may run it wrongly under a probe");

    internal static ProbeRefusal Amd3DNow { get; } = new("a 3DNow! instruction", "the kernel does not know it, and may run it wrongly under a probe");

    // Case 0x90 of the same function, which does not ask for REX.B.
    internal static ProbeRefusal ExchangeAsNop { get; } = new("xchg of rax and r8", "the kernel takes it for a nop under a probe");

    internal static ProbeRefusal Invalid { get; } = new("no instruction that is known", "what the processor and the kernel make of it is not known");

    internal static ProbeRefusal CutOff { get; } = new("an instruction whose end is not in the file", "it cannot be judged");

    // Kernels ask their table of two-byte opcodes only if 0x0f itself is not in that of one-byte opcodes, where it has been since 4.1.
    internal static ProbeRefusal EntersKernel { get; } = new(
        "an instruction that enters the kernel", "the kernel would run it one step at a time, which can end the traced process");

    internal static ProbeRefusal Faults { get; } = new("an instruction that faults on purpose", "the traced process may handle that, or end by it");

    internal static ProbeRefusal Privileged { get; } = new("a privileged instruction", "a program that runs it ends by it");

    internal static ProbeRefusal Disturbed { get; } = new(
        "an instruction that reads or changes the processor's state", "running it one step at a time can change its result");

    internal static ProbeRefusal Repeated { get; } = new("a repeated string instruction", "the kernel would run the probe once for each repetition");

    internal static ProbeRefusal Prefixed { get; } = new("an instruction with a lock, segment or size prefix", "kernels refuse it or run it differently");

    internal static ProbeRefusal Unproven { get; } = new("an instruction that is not known to be safe", "the kernel would run it one step at a time, away from its place");

    // The kernel analyses and copies the instruction of the file.
    internal static ProbeRefusal Relocated { get; } = new("code that the loader changes (DT_TEXTREL)", "the kernel would run what the file has in its place");

    // valid_vma takes no mapping with VM_WRITE, and uprobe_register says nothing of that:
    // https://github.com/torvalds/linux/blob/v6.18/kernel/events/uprobes.c (valid_vma)
    internal static ProbeRefusal Writable { get; } = new("code in a segment that may be written", "the kernel sets no breakpoint in memory that may be written, and nothing would be seen");

    // An instruction that is stepped runs elsewhere. If the thread is preempted or gets a signal then, rseq_ip_fixup finds it outside of the sequence, disarms
    // that and does not restart it; and the four bytes before the handler are compared, where a breakpoint is another byte:
    // https://github.com/torvalds/linux/blob/v6.18/kernel/rseq.c
    internal static ProbeRefusal Restarted { get; } = new("a restartable sequence (rseq)", "one that is preempted while the kernel runs its instruction elsewhere is not restarted, and what it guards is damaged");

    internal static ProbeRefusal NoCode { get; } = new("no code", "no executable segment of the file holds the place");

    internal static ProbeRefusal Inside { get; } = new("the middle of an instruction", "the program would run another one");

    internal static ProbeRefusal TooFar { get; } = new("a place far behind the beginning of its function", "whether an instruction begins there is not looked at");

    // The call leads to a page that a child made by fork does not have, though it has the call; and it pushes its return address over what a function
    // keeps below the stack pointer without having moved it. Whether a kernel has the repairs cannot be asked:
    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/kernel/uprobes.c (can_optimize, create_uprobe_trampoline)
    internal static ProbeRefusal LongNop { get; } = new(
        "a no-operation of 5 bytes", "kernels since 6.18 make a call of it, which ends the process's children and overwrites what a function keeps below its stack");

    internal static ProbeRefusal NoEntry { get; } = new(
        "no beginning of a known function", "a return probe replaces what it takes for the return address, which is on top of the stack only there");

    internal static ProbeRefusal Go { get; } = new("a function of Go", "Go's runtime walks the stack, and ends the process where it finds what a return probe puts there");

    internal static ProbeRefusal ManagedCode { get; } = new(
        "a function of a runtime that walks the stack (.NET, GraalVM or OCaml)", "it ends the process where it finds what a return probe puts there");

    internal static ProbeRefusal MayThrow { get; } = new(
        "a function of a file with exceptions (C++, Rust)", "one that passes through it ends the process, since a return probe hides who called; "
        + "say with UserProbe.IsNeverUnwound that none does");

    internal static ProbeRefusal ShadowStack { get; } = new(
        "a process with a shadow stack", "kernels before their repair change the return address on one of the two stacks alone, which ends the process");

    internal static ProbeRefusal Filtered(int process, FeatureAnswer answer)
    {
        const string Advice = "place a probe at the beginning instead, or use a kernel with the repair (Linux 6.12.14, 6.13.3 or 6.14)";
        string what = process == 0 ? "what this process cannot see, whose seccomp filters are not known"
            : string.Create(CultureInfo.InvariantCulture, $"a process with a seccomp filter ({process})");
        return new(what, answer.Support == FeatureSupport.No
            ? $"on this kernel a return probe returns through a system call that the filter can refuse, which ends the process; {Advice}"
            : $"on some kernels a return probe returns through a system call that the filter can refuse, and whether this is one could not be tried "
                + $"({answer.Evidence.TrimEnd('.')}); {Advice}");
    }

    /// <summary>Both in one phrase: "an AVX instruction (VEX): the kernel runs it wrongly under a probe".</summary>
    public override string ToString() => $"{What}: {Reason}";
}
