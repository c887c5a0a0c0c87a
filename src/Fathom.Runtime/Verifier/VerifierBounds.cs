using System;
using System.Globalization;
using Fathom.Format.Instructions;

namespace Fathom.Runtime;

/// <summary>The words for accesses that may lie outside: by how much, which number leads there, and against what to test it.</summary>
internal static class VerifierBounds
{
    /// <summary>Memory of a known size: <c>value_size</c>, <c>off</c>, <c>size</c>.</summary>
    public static string Memory(VerifierFacts facts, string[] values, string what)
    {
        long room = LogPattern.Number(values[0]), offset = LogPattern.Number(values[1]), size = LogPattern.Number(values[2]);
        int pointer = PointerRegister(facts);
        RegisterState? state = pointer < 0 ? null : facts.StateOf(pointer);
        what = state is null ? what : NameOf(state);
        if (facts.Instruction is { IsCall: true } && SizeRegister(facts, size) is { } sizeRegister)
        {
            return Size(facts, sizeRegister);
        }

        if (pointer >= 0 && facts.IndexOf(pointer) is { } index)
        {
            // What the kernel says is the end that fails; without the number that was added it is the constant part.
            long part = offset - (offset < 0 ? index.State?.Smallest ?? offset : (long)(index.State?.LargestUnsigned ?? (ulong)offset));
            return Variable(facts, index, $"{facts.Access(size)} may lie outside of {what} ({VerifierFacts.Bytes(room)})", room, size, part);
        }

        return $"{facts.Access(size)} at offset {offset} lies outside of {what} ({VerifierFacts.Bytes(room)}): use a smaller offset, or make the type larger";
    }

    /// <summary>A pointer whose offset has no limit.</summary>
    public static string Pointer(VerifierFacts facts, int register)
    {
        RegisterState? state = facts.StateOf(register);
        long size = AccessSize(facts);
        string what = NameOf(state);
        string room = state is { Size: >= 0 } ? $" ({VerifierFacts.Bytes(state.Size)})" : "";
        string problem = $"{facts.Access(size)} may lie outside of {what}{room}";
        return facts.IndexOf(register) is { } index
            ? Variable(facts, index, problem, state?.Size ?? -1, size, (state?.Offset ?? 0) + (facts.Instruction?.Offset ?? 0))
            : problem + ": test the number that is added to the pointer before";
    }

    /// <summary>The addition itself is refused.</summary>
    public static string Addition(VerifierFacts facts, string kernelName)
    {
        int register = facts.Instruction is { IsAlu: true } add ? (int)add.Destination : -1;
        RegisterState? state = register < 0 ? null : facts.StateOf(register);
        if (state is { IsNumber: true } && facts.Instruction is { UsesSourceRegister: true } other)
        {
            state = facts.StateOf((int)other.Source);
        }

        string room = state is { Size: >= 0 } ? $" ({VerifierFacts.Bytes(state.Size)})" : "";
        string what = state is not null || kernelName == "map_value" ? NameOf(state) : $"what a pointer ({kernelName}) points to";
        string problem = $"the pointer may be moved far outside of {what}{room}";
        return register >= 0 && facts.IndexOf(register) is { } index ? Variable(facts, index, problem, state?.Size ?? -1, 1, state?.Offset ?? 0)
            : problem + ": test the number that is added to it before";
    }

    /// <summary>A field of a kernel object at a variable place.</summary>
    public static string KernelObject(VerifierFacts facts, int register, string type)
    {
        string problem = $"a field of struct {type} is read at a place that is not constant, which the verifier does not allow";
        string story = facts.IndexOf(register) is { } index ? facts.Story(index.Origin, "the index") : "";
        return problem + (story.Length == 0 ? "" : ": " + story) + "; use constant indices, or copy the field with `Helpers.ProbeReadKernel` first";
    }

    /// <summary>The packet: <c>off</c>, <c>size</c>, register, <c>id</c>, <c>off</c>, <c>r</c>.</summary>
    public static string Packet(VerifierFacts facts, string[] values)
    {
        long offset = LogPattern.Number(values[0]), size = LogPattern.Number(values[1]), known = LogPattern.Number(values[5]);
        int register = VerifierRules.Register(values[2]);
        string known1 = known == 0 ? "nothing of it is known to be there" : $"only {VerifierFacts.Bytes(known)} of it are known to be there";
        if (facts.IndexOf(register) is { } index)
        {
            return $"{facts.Access(size)} may lie behind the end of the packet: the pointer was moved{facts.AtStep(index.Step)} by a number that is not constant"
                + $" ({StoryAndLimit(facts, index.Origin, index.State, "the number")}), and {known1.Replace("of it", "from there on", StringComparison.Ordinal)}; "
                + $"test the moved pointer plus {size} against the end of the packet before";
        }

        return $"{facts.Access(size)} at offset {offset} may lie behind the end of the packet: {known1}; test the start of the packet plus {offset + size} against its end before, and leave if it is larger";
    }

    /// <summary>A number of bytes that a helper is given.</summary>
    public static string Size(VerifierFacts facts, int register)
    {
        if (register < 1)
        {
            return "the number of bytes that the helper is given has no limit: test it before";
        }

        RegisterState? state = facts.StateOf(register);
        RegisterOrigin origin = facts.OriginOf(register);
        RegisterState? memory = facts.StateOf(register - 1);
        long room = memory switch
        {
            { Type: "fp" } => -memory.Offset,
            { Size: >= 0 } => memory.Size - memory.Offset,
            _ => -1,
        };
        string name = facts.VariableOf(origin, "size");
        string against = room >= 0 ? $"the memory has {(memory!.Type == "fp" ? "at most " : "")}{VerifierFacts.Bytes(room)}: limit it before, as in `if ({name} > {room}) {name} = {room};`"
            : "limit it to the size of the memory before";
        return $"{facts.QuoteHere("the helper")} may access more than there is: {StoryAndLimit(facts, origin, state, "the number of bytes")}, and {against}";
    }

    /// <summary>A local variable at an offset that has no limit.</summary>
    public static string Stack(VerifierFacts facts, int register)
    {
        string problem = $"{facts.Access(AccessSize(facts))} may lie outside of the local variable";
        return facts.IndexOf(register) is { } index
            ? Variable(facts, index, problem, -1, AccessSize(facts), 0)
            : problem + ": test the index before, or use a `Span<T>`, which tests it";
    }

    /// <summary>The stack at a constant place, or as far as a size leads: register, <c>off</c>, <c>size</c>.</summary>
    public static string FixedStack(VerifierFacts facts, string[] values)
    {
        int register = VerifierRules.Register(values[0]);
        long offset = LogPattern.Number(values[1]), size = LogPattern.Number(values[2]);
        if (facts.Instruction is { IsCall: true } && register is >= 1 and < 5)
        {
            return Size(facts, register + 1);
        }

        return offset >= 0 ? $"{facts.Access(size)} lies behind the last local variable: the index is larger than the variable has elements"
            : $"{facts.Access(size)} at {offset} lies below the stack of 512 bytes: the index is negative, or the local variables are too large";
    }

    private static string Variable(VerifierFacts facts, IndexOfPointer index, string problem, long room, long size, long part)
    {
        RegisterOrigin origin = index.Origin;
        bool isNegative = index.State is { Smallest: < 0 } state && !IsUnknown(state);
        long last = room - size - part - origin.Bias;
        string hint;
        if (room < 0 || origin.Scale <= 0 || part < 0 || origin.Kind == OriginKind.Constant)
        {
            hint = isNegative ? "test that it is not negative before, or make it unsigned" : "test it against the length before, or use a `Span<T>`, which tests it";
        }
        else
        {
            string count = last < 0 ? "" : ((last / origin.Scale) + 1).ToString(CultureInfo.InvariantCulture);
            hint = last < 0 ? "no index fits: use a smaller offset"
                : isNegative ? $"test that it is not negative and less than {count} before"
                : $"test it against {count} before, as in `if ({facts.VariableOf(origin, "i")} < {count})`";
        }

        return $"{problem}: {StoryAndLimit(facts, origin, index.State, "the index")}; {hint}";
    }

    /// <summary>Where a number came from and what is known of it, as a sentence without its end.</summary>
    private static string StoryAndLimit(VerifierFacts facts, RegisterOrigin origin, RegisterState? state, string otherwise)
    {
        string story = facts.Story(origin, otherwise);
        return (story.Length == 0 ? otherwise : story + " and") + " " + Limit(state);
    }

    private static string Limit(RegisterState? state) => state switch
    {
        null => "is not limited enough",
        _ when IsUnknown(state) => "is not limited by anything",
        { LargestUnsigned: uint.MaxValue } => "is not limited by anything: it may be up to 4294967295",
        { Smallest: < 0, Largest: long.MaxValue } => "may be negative, and as large as can be",
        { Smallest: < 0 } => string.Create(CultureInfo.InvariantCulture, $"may be from {state.Smallest} to {state.Largest}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"may be up to {state.LargestUnsigned}"),
    };

    // Since 6.12 the kernel names the map. https://github.com/torvalds/linux/blob/v6.12/kernel/bpf/log.c (print_reg_state)
    private static string NameOf(RegisterState? state) => state switch
    {
        { Map.Length: > 0 } => $"the value of {state.Map}",
        { Type: "map_value" } => "the map's value",
        { Type: "ringbuf_mem" or "alloc_mem" } => "the record",
        _ => "the memory",
    };

    private static bool IsUnknown(RegisterState state) => state is { Smallest: long.MinValue, Largest: long.MaxValue, LargestUnsigned: ulong.MaxValue };

    // The register that an access goes through.
    private static int PointerRegister(VerifierFacts facts) => facts.Instruction switch
    {
        { Class: InstructionClass.LoadX } i => (int)i.Source,
        { Class: InstructionClass.Store or InstructionClass.StoreX } i => (int)i.Destination,
        _ => -1,
    };

    private static int? SizeRegister(VerifierFacts facts, long size)
    {
        for (int register = 2; register <= 5; register++)
        {
            if (facts.StateOf(register) is { IsNumber: true } state && state.LargestUnsigned == (ulong)size)
            {
                return register;
            }
        }

        return null;
    }

    private static long AccessSize(VerifierFacts facts) => facts.Instruction switch
    {
        { Class: InstructionClass.LoadX or InstructionClass.Store or InstructionClass.StoreX, MemorySize: MemorySize.Byte } => 1,
        { Class: InstructionClass.LoadX or InstructionClass.Store or InstructionClass.StoreX, MemorySize: MemorySize.Half } => 2,
        { Class: InstructionClass.LoadX or InstructionClass.Store or InstructionClass.StoreX, MemorySize: MemorySize.Word } => 4,
        { Class: InstructionClass.LoadX or InstructionClass.Store or InstructionClass.StoreX } => 8,
        _ => 1,
    };
}
