using System;
using System.Collections.Generic;

namespace Fathom.Runtime;

/// <summary>
/// The complaints that are told in words. The first pattern that fits any of the lines behind the last instruction counts, so that the
/// special come before the general. The lines are those of Linux 5.10 to 7.3: https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c
/// </summary>
internal static class VerifierRules
{
    private const string ByLoop = "count the rounds and stop at a constant, or use `Helpers.Loop` (Linux 5.17), whose body the verifier looks at once";

    /// <summary>Pattern, kind, and the words for what the stars of the pattern stand for.</summary>
    public static readonly IReadOnlyList<(string Pattern, VerifierErrorKind Kind, Func<VerifierFacts, string[], string> Words)> All =
    [
        // References and loops: what else is said there is about the state.
        ("Unreleased reference id=* alloc_insn=*", VerifierErrorKind.NotReleased, (f, v) => NotReleased(f, (int)LogPattern.Number(v[1]))),
        ("BPF_EXIT instruction * would lead to reference leak", VerifierErrorKind.NotReleased, (f, _) => NotReleased(f, -1)),
        ("tail_call would lead to reference leak", VerifierErrorKind.NotReleased, (f, _) => NotReleased(f, -1)),
        ("infinite loop detected at insn *", VerifierErrorKind.EndlessLoop, EndlessLoop),
        ("back-edge from insn * to *", VerifierErrorKind.EndlessLoop, EndlessLoop),
        ("BPF program is too large. Processed * insn", VerifierErrorKind.TooComplex, TooLarge),
        ("The sequence of * jumps is too complex", VerifierErrorKind.TooComplex, (_, v) =>
            $"more than {v[0]} branches wait to be followed: move parts of the program into methods marked [BpfSubprogram], or test less in loops"),

        // Null.
        ("R* invalid mem access '*_or_null'", VerifierErrorKind.MayBeNull, (f, v) => MayBeNull(f, Register(v[0]))),
        ("R* type=*_or_null expected=", VerifierErrorKind.MayBeNull, (f, v) => MayBeNull(f, Register(v[0]))),
        ("R* pointer arithmetic on *_or_null prohibited", VerifierErrorKind.MayBeNull, (f, v) => MayBeNull(f, Register(v[0]))),
        ("Possibly NULL pointer passed to helper arg*", VerifierErrorKind.MayBeNull, (f, v) => MayBeNull(f, Register(v[0]))),
        ("Possibly NULL pointer passed to trusted arg*", VerifierErrorKind.MayBeNull, (f, v) => MayBeNull(f, Register(v[0]) + 1)),

        // Numbers in the place of pointers.
        ("R* invalid mem access 'scalar'", VerifierErrorKind.NotAPointer, (f, v) => NotAPointer(f, Register(v[0]))),
        ("R* invalid mem access 'inv'", VerifierErrorKind.NotAPointer, (f, v) => NotAPointer(f, Register(v[0]))),
        ("R* type=scalar expected=*", VerifierErrorKind.NotAPointer, (f, v) => NotAPointer(f, Register(v[0]))),
        ("R* type=inv expected=*", VerifierErrorKind.NotAPointer, (f, v) => NotAPointer(f, Register(v[0]))),

        // Packets, before other memory: since 7.3 both end in the same line.
        ("invalid access to packet, off=* size=*, R*(id=*,off=*,r=*)", VerifierErrorKind.PacketBounds, VerifierBounds.Packet),

        // Sizes of helpers, before the bounds of what they fill.
        ("R* unbounded memory access, use 'var &= const'", VerifierErrorKind.UnboundedSize, (f, v) => VerifierBounds.Size(f, Register(v[0]))),
        ("R* min value is negative, either use unsigned or 'var &= const'", VerifierErrorKind.UnboundedSize, (f, v) => VerifierBounds.Size(f, Register(v[0]))),
        ("R* invalid zero-sized read", VerifierErrorKind.UnboundedSize, (f, v) => VerifierBounds.Size(f, Register(v[0]))),

        // Memory of known size.
        ("invalid access to map value, value_size=* off=* size=*", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.Memory(f, v, "the map's value")),
        ("invalid access to map key, key_size=* off=* size=*", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.Memory(f, v, "the map's key")),
        ("invalid access to memory, mem_size=* off=* size=*", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.Memory(f, v, "the memory")),
        ("R* unbounded memory access, make sure to bounds check", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.Pointer(f, Register(v[0]))),
        ("R* min value is negative, either use unsigned index", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.Pointer(f, Register(v[0]))),
        ("R* is outside of the allowed memory range", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.Pointer(f, Register(v[0]))),
        ("value * makes * pointer be out of bounds", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.Addition(f, v[1])),
        ("math between * pointer and register with unbounded min value", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.Addition(f, v[0])),
        ("* pointer offset * is not allowed", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.Addition(f, v[0])),
        ("R* is ptr_* invalid variable offset: off=", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.KernelObject(f, Register(v[0]), v[1])),
        ("R* is ptr_* invalid negative access: off=", VerifierErrorKind.MemoryBounds, (f, v) => VerifierBounds.KernelObject(f, Register(v[0]), v[1])),

        // The stack.
        ("invalid indirect read from stack * off *+* size *", VerifierErrorKind.Uninitialized, (f, v) => NotWritten(f, v[2], v[3])),
        ("invalid read from stack off *+* size *", VerifierErrorKind.Uninitialized, (f, v) => NotWritten(f, v[1], v[2])),
        ("invalid read from stack R* off *+* size *", VerifierErrorKind.Uninitialized, (f, v) => NotWritten(f, v[2], v[3])),
        ("invalid unbounded variable-offset * stack R*", VerifierErrorKind.StackBounds, (f, v) => VerifierBounds.Stack(f, Register(v[1]))),
        ("invalid variable-offset * stack R* ", VerifierErrorKind.StackBounds, (f, v) => VerifierBounds.Stack(f, Register(v[1]))),
        ("invalid write to stack R* off=* size=*", VerifierErrorKind.StackBounds, VerifierBounds.FixedStack),
        ("invalid read from stack R* off=* size=*", VerifierErrorKind.StackBounds, VerifierBounds.FixedStack),
        ("invalid indirect access to stack R* off=* size=*", VerifierErrorKind.StackBounds, VerifierBounds.FixedStack),
        ("invalid zero-size write to stack R* off=* size=*", VerifierErrorKind.UnboundedSize, VerifierBounds.FixedStack),
        ("invalid stack type R* off=* access_size=*", VerifierErrorKind.StackBounds, VerifierBounds.FixedStack),
        ("invalid stack off=* size=*", VerifierErrorKind.StackBounds, (f, v) => VerifierBounds.FixedStack(f, ["10", v[0], v[1]])),
        ("R* !read_ok", VerifierErrorKind.Uninitialized, (f, v) => NotSet(f, Register(v[0]))),
        ("combined stack size of * calls is *. Too large", VerifierErrorKind.StackTooLarge, (_, v) =>
            $"the local variables of {v[0]} functions that call each other take {v[1].TrimEnd('.')} bytes, and there are 512: keep large variables in a map of one "
            + "entry for each CPU (`PerCpuArray`)"),
        ("the call stack of * frames is too deep", VerifierErrorKind.StackTooLarge, (_, v) =>
            $"{v[0]} functions call each other, and there may be 8: drop [BpfSubprogram] from some of them"),

        // The context.
        ("invalid bpf_context access off=* size=*", VerifierErrorKind.ContextAccess, (f, v) =>
            $"the context has no field of {VerifierFacts.Bytes(LogPattern.Number(v[1]))} at offset {LogPattern.Number(v[0])} that a program of this type may "
            + $"{(f.Instruction is { Class: Format.Instructions.InstructionClass.LoadX } ? "read" : "write")}: use the fields of the context's struct, with their own types"),
        ("dereference of modified ctx ptr R* off=*", VerifierErrorKind.ContextAccess, (_, v) =>
            $"the context is read through a pointer that was moved by {LogPattern.Number(v[1])}: read it through the program's own parameter"),
        ("variable ctx access", VerifierErrorKind.ContextAccess, (_, _) => "the context is read at an offset that is not constant: read each field by its name"),
        ("func '*' doesn't have *-th argument", VerifierErrorKind.MissingInKernel, (_, v) =>
            $"the tracepoint {v[0]} of this kernel has no argument {v[1]}: declare a constant, set it from the kernel's types when loading, and read the argument only behind a test of it"),

        // Helpers.
        ("program of this type cannot use helper *#*", VerifierErrorKind.HelperNotAllowed, (_, v) => $"a program of this type may not call {v[0]}: use another type of program, or another helper"),
        ("unknown func *#*", VerifierErrorKind.HelperNotAllowed, (_, v) => $"a program of this type may not call {v[0]} on this kernel: use another type of program, or another helper"),
        ("invalid func *#*", VerifierErrorKind.HelperNotAllowed, (_, v) => $"this kernel has no helper {v[0]}#{v[1]}: a newer one may have it; leave the call out on this one, behind a constant"),
        ("cannot call GPL-restricted function from non-GPL compatible program", VerifierErrorKind.HelperNotAllowed, (_, _) =>
            "the helper is only for programs whose licence is compatible with the GPL: give the object such a licence"),
        ("helper call might sleep in a non-sleepable prog", VerifierErrorKind.HelperNotAllowed, (_, _) => "the helper may sleep, and programs of this type may not"),
        ("sleepable helper *#* in ", VerifierErrorKind.HelperNotAllowed, (_, v) => $"{v[0]} may sleep, and this program may not here"),

        // Arithmetic.
        ("R* pointer arithmetic on * prohibited", VerifierErrorKind.PointerArithmetic, (_, v) =>
            $"arithmetic on a pointer of this kind ({Pointer(v[1])}) is not allowed: {(v[1] == "pkt_end" ? "move the other pointer instead, as in `data + 4 > end`" : "compute with numbers before the pointer is made, or read through it first")}"),
        ("R* pointer arithmetic with *= operator prohibited", VerifierErrorKind.PointerArithmetic, (_, v) => $"pointers can be moved by + and -, not by {v[1]}: compute the number first, then add it"),
        ("R* bitwise operator * on pointer prohibited", VerifierErrorKind.PointerArithmetic, (_, v) => $"pointers can be moved by + and -, not by {v[1]}: compute the number first, then add it"),
        ("R* pointer += pointer prohibited", VerifierErrorKind.PointerArithmetic, (_, _) => "two pointers cannot be added: add a number to one"),
        ("R* 32-bit pointer arithmetic prohibited", VerifierErrorKind.PointerArithmetic, (_, _) => "a pointer was cut to 32 bits: keep it in a pointer or `nuint`"),
        ("R* subtraction from stack pointer prohibited", VerifierErrorKind.PointerArithmetic, (_, _) => "nothing can be subtracted from the address of a local variable: index from its start"),
        ("R* tried to * pointer", VerifierErrorKind.PointerArithmetic, (_, v) => $"the verifier does not let a program {v[1].Replace("from ", "from a ", StringComparison.Ordinal)} pointer here: compute with numbers first"),
        ("R* pointer comparison prohibited", VerifierErrorKind.PointerArithmetic, (_, _) => "these two pointers cannot be compared: compare only those into the same packet, or with null"),
        ("misaligned * access off * size *", VerifierErrorKind.Misaligned, (f, v) =>
            $"{f.Access(LogPattern.Number(v[2]))} on the {(v[0] == "stack" ? "stack" : v[0])} must be at a multiple of its size, and is not: "
            + "move it there, or access it in smaller parts, as with `BinaryPrimitives`"),

        // Results.
        ("At callback return the register R0 * should have been in *", VerifierErrorKind.ReturnValue, (_, v) =>
            $"the result of the method that is called again and again {Has(v[0])}, and must be in {Bits(v[1])}: return 0 to go on and 1 to stop"),
        ("At async callback return the register R0 * should have been in *", VerifierErrorKind.ReturnValue, (_, v) => $"the result of the callback {Has(v[0])}, and must be in {Bits(v[1])}"),
        ("At program exit the register R0 is not a known value", VerifierErrorKind.ReturnValue, (_, _) => "the result of the program is not a number that the verifier knows: return a constant"),
        ("At program exit the register R0 * should have been in *", VerifierErrorKind.ReturnValue, (_, v) => $"the result of the program {Has(v[0])}, and must be in {Bits(v[1])} for this type"),

        // Addresses.
        ("R* leaks addr as return value", VerifierErrorKind.PointerLeak, (_, _) => Leak("become the program's result")),
        ("R* leaks addr into *", VerifierErrorKind.PointerLeak, (_, v) => Leak($"be written into {Pointer(v[1])}")),
        ("R* partial copy of pointer", VerifierErrorKind.PointerLeak, (_, _) => Leak("be cut and become a number")),
        ("write into map forbidden", VerifierErrorKind.ReadOnly, (_, _) => "the value belongs to a constant or a map that programs may only read"),
        ("R* cannot write into *", VerifierErrorKind.ReadOnly, (_, v) => $"what is written to is read-only for programs ({Pointer(v[1])}): change a copy"),
        ("cannot write into *", VerifierErrorKind.ReadOnly, (_, v) => $"what is written to is read-only for programs ({Pointer(v[0])}): change a copy"),
        ("only read is supported", VerifierErrorKind.ReadOnly, (_, _) => "what is written to is a struct of the kernel, which programs may only read: change a copy"),
    ];

    /// <summary>The number of a register as written, -1 if it is none.</summary>
    internal static int Register(string text) => int.TryParse(text.Split(' ')[0], out int register) && register is >= 0 and <= 10 ? register : -1;

    private static string Pointer(string kernelName) => kernelName.TrimEnd('.', ',', '\'') is { Length: > 0 } name ? name : "?";

    // "has smin=2 smax=2" and "[0, 1]" since 6.7; before, "has value (0x2; 0x0)" and "(0x0; 0x1)": the known bits, and a mask of the others.
    private static string Has(string text)
    {
        if (LogPattern.Match(text, "has smin=* smax=*") is { } range)
        {
            return range[0] == range[1] ? "is " + range[0] : $"is from {range[0]} to {range[1]}";
        }

        return text.StartsWith("has value ", StringComparison.Ordinal) ? "is " + Bits(text[10..]) : text;
    }

    private static string Bits(string text) =>
        LogPattern.Match(text, "(0x*; 0x*)") is not { } parts || !RegisterState.TryNumber("0x" + parts[0], out long known) || !RegisterState.TryNumber("0x" + parts[1], out long mask) ? text
        : mask == 0 ? known.ToString(System.Globalization.CultureInfo.InvariantCulture)
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"[{known}, {known | mask}]");

    private static string Leak(string where) => $"the address of something in the kernel would {where}, which takes CAP_PERFMON: store what it points to, or run with that capability";

    private static string NotReleased(VerifierFacts facts, int slot)
    {
        string what = slot < 0 ? "what was reserved or acquired" : $"what {facts.Quote(slot, "a helper")} gave at {Where(facts, slot)}";
        string end = facts.Instruction is { IsExit: true } ? "the program ends here" : "this is reached";
        return $"{what} is still held where {end}: submit or discard it on every path before";
    }

    private static string Where(VerifierFacts facts, int slot) => facts.Source.PositionOf(slot) is { Length: > 0 } position ? position : "instruction " + slot;

    private static string MayBeNull(VerifierFacts facts, int register)
    {
        RegisterOrigin origin = facts.OriginOf(register);
        string story = origin.Kind is OriginKind.Call or OriginKind.Load ? facts.Story(origin, "the pointer") : "";
        return (story.Length == 0 ? "the pointer" : story + " and") + " may be null: test it against null before it is used";
    }

    private static string NotAPointer(VerifierFacts facts, int register)
    {
        if (facts.FindRelease(register) is { } release)
        {
            return $"{facts.NameOf(new RegisterOrigin(OriginKind.Call, release.Taken), "the record")}, which was reserved{facts.AtStep(release.Taken)}, was given back"
                + $"{facts.AtStep(release.Given)} by {facts.Quote(facts.Log.Path[release.Given].Slot, "a helper")}: use it before that, and only once";
        }

        string story = facts.Story(facts.OriginOf(register), "it");
        bool isArgument = facts.Instruction is { IsCall: true };
        return "to the verifier this is a number and no pointer" + (story.Length == 0 ? "" : ": " + story) + (isArgument
            ? "; give the helper the pointer that it asks for, as it came from a map, a ring buffer or `stackalloc`"
            : "; read kernel memory through `Helpers.ProbeReadKernel`, or keep the pointer in a variable of pointer type from where it comes");
    }

    private static string NotWritten(VerifierFacts facts, string index, string size)
    {
        string of = LogPattern.Number(size) > 1 ? $"byte {LogPattern.Number(index)} of the {LogPattern.Number(size)}" : "a byte";
        string reader = facts.Instruction is { IsCall: true } ? facts.QuoteHere("the helper") + " reads" : "the program reads";
        return $"{reader} local memory of which {of} was never written: fill it before, or drop [SkipLocalsInit], so that it starts as zeros";
    }

    private static string NotSet(VerifierFacts facts, int register)
    {
        string use = register == 0 && facts.Instruction is { IsExit: true } ? "the program ends without a result"
            : facts.Instruction is { IsCall: true } && register is >= 1 and <= 5 ? $"argument {register} of the call has no value on this path"
            : "a value is used that has none on this path";
        string story = facts.OriginOf(register) is { Kind: OriginKind.Nothing, Step: >= 0 } lost ? facts.Story(lost, "it") : "";
        return use + (story.Length == 0 ? "" : ": " + story) + (register == 0 && facts.Instruction is { IsExit: true } ? ": set R0 before" : ": give it one on every path that leads here");
    }

    private static string EndlessLoop(VerifierFacts facts, string[] values)
    {
        string at = facts.Source.PositionOf((int)LogPattern.Number(values[0])) is { Length: > 0 } position ? " at " + position : "";
        return $"the loop{at} comes back with nothing changed that the verifier can see, so that it may never end: {ByLoop}";
    }

    private static string TooLarge(VerifierFacts facts, string[] values)
    {
        int loop = facts.FindLoop();
        string count = (LogPattern.Number(values[0]) - 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return $"the verifier gives up after {count} instructions, counting every round of every loop on every path"
            + (loop < 0 ? ": make the program smaller, or split it" : $"; it was in the loop{facts.AtStep(loop)}: make fewer rounds, or use `Helpers.Loop` (Linux 5.17), whose body the verifier looks at once");
    }
}
