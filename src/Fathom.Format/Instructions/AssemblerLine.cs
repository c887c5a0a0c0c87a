using System;

namespace Fathom.Format.Instructions;

/// <summary>One line of assembler text: a mnemonic and its operands.</summary>
internal sealed class AssemblerLine
{
    private readonly int number;
    private readonly string mnemonic;
    private readonly string rest;
    private string[] operands;

    /// <param name="text">The line, without label and comment, not empty.</param>
    /// <param name="number">Its number, from 1.</param>
    internal AssemblerLine(string text, int number)
    {
        this.number = number;
        (mnemonic, rest) = SplitWord(text);
        operands = SplitOperands(rest);
    }

    /// <summary>The label that the target is to be taken from; null if the instruction has none.</summary>
    internal string? Label { get; private set; }

    internal Instruction Assemble()
    {
        if (mnemonic == "lock")
        {
            return AssembleAtomic();
        }

        if (!Mnemonic.ByName.TryGetValue(mnemonic, out Mnemonic found))
        {
            throw Bad($"unknown mnemonic '{mnemonic}'");
        }

        Instruction plain = new(found.Opcode, 0, 0, found.Offset, found.Immediate);
        switch (found.Form)
        {
            case OperandForm.Binary:
                Expect(2);
                return SetSecond(plain with { Destination = ParseRegister(operands[0]) }, operands[1]);
            case OperandForm.Move:
                Expect(2);
                return plain with { Destination = ParseRegister(operands[0]), Source = ParseRegister(operands[1]) };
            case OperandForm.Unary:
                Expect(1);
                return plain with { Destination = ParseRegister(operands[0]) };
            case OperandForm.Compare:
                Expect(3);
                return SetSecond(plain with { Destination = ParseRegister(operands[0]), Offset = (short)ParseTarget(operands[2], short.MinValue, short.MaxValue) }, operands[1]);
            case OperandForm.Goto:
                Expect(1);
                return plain with { Offset = (short)ParseTarget(operands[0], short.MinValue, short.MaxValue) };
            case OperandForm.GotoLong:
                Expect(1);
                return plain with { Immediate = ParseTarget(operands[0], int.MinValue, int.MaxValue) };
            case OperandForm.Load:
                Expect(2);
                return plain with { Destination = ParseRegister(operands[0]), Source = ParseMemory(operands[1], out short from), Offset = from };
            case OperandForm.StoreImmediate:
                Expect(2);
                return plain with { Destination = ParseMemory(operands[0], out short to), Offset = to, Immediate = ParseImmediate(operands[1]) };
            case OperandForm.StoreRegister:
                Expect(2);
                return plain with { Destination = ParseMemory(operands[0], out short at), Offset = at, Source = ParseRegister(operands[1]) };
            case OperandForm.LoadImmediate64:
                return AssembleImmediate64(plain);
            case OperandForm.PacketAbsolute:
                Expect(1);
                return plain with { Immediate = ParseImmediate(operands[0]) };
            case OperandForm.PacketIndirect:
                Expect(2);
                return plain with { Source = ParseRegister(operands[0]), Immediate = ParseImmediate(operands[1]) };
            case OperandForm.Call:
                return AssembleCall(plain);
            default:
                Expect(0);
                return plain;
        }
    }

    private static (string Word, string Tail) SplitWord(string text)
    {
        int end = text.IndexOfAny([' ', '\t']);
        return end < 0 ? (text, "") : (text.Substring(0, end), text.Substring(end).Trim());
    }

    private static string[] SplitOperands(string text)
    {
        if (text.Length == 0)
        {
            return [];
        }

        string[] parts = text.Split(',');
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = parts[i].Trim();
        }

        return parts;
    }

    private AssemblerException Bad(string problem) => new(number, problem);

    private void Expect(int count)
    {
        if (operands.Length != count)
        {
            throw Bad($"{mnemonic} takes {count} operands, not {operands.Length}");
        }
    }

    private Instruction AssembleAtomic()
    {
        (string name, string tail) = SplitWord(rest);
        bool isFetch = name == "fetch";
        if (isFetch)
        {
            (name, tail) = SplitWord(tail);
        }

        bool is32 = name.EndsWith("32", StringComparison.Ordinal);
        string operationName = is32 ? name.Substring(0, name.Length - 2) : name;
        if (!Mnemonic.TryFindAtomic(operationName, out AtomicOperation operation))
        {
            throw Bad(name.Length == 0 ? "lock takes an operation and 2 operands" : $"unknown atomic operation '{name}'");
        }

        if (isFetch && (operation & AtomicOperation.Fetch) != 0)
        {
            throw Bad($"{name} always fetches");
        }

        operands = SplitOperands(tail);
        if (operands.Length != 2)
        {
            throw Bad($"lock {name} takes 2 operands, not {operands.Length}");
        }

        return Instruction.Atomic(
            isFetch ? operation | AtomicOperation.Fetch : operation,
            is32 ? MemorySize.Word : MemorySize.Double,
            ParseMemory(operands[0], out short offset),
            offset,
            ParseRegister(operands[1]));
    }

    private Instruction AssembleCall(Instruction plain)
    {
        (string kind, string tail) = SplitWord(rest);
        switch (kind)
        {
            case "local":
                return plain with { Source = (Register)CallKind.Subprogram, Immediate = ParseTarget(tail, int.MinValue, int.MaxValue) };
            case "runtime":
                operands = SplitOperands(tail);
                return operands.Length is 1 or 2
                    ? plain with
                    {
                        Source = (Register)CallKind.KernelFunction,
                        Immediate = ParseImmediate(operands[0]),
                        Offset = operands.Length == 1 ? (short)0 : (short)ParseNumber(operands[1], short.MinValue, short.MaxValue, "offset"),
                    }
                    : throw Bad("call runtime takes a number");
            case "helper":
                return plain with { Immediate = ParseImmediate(tail) };
        }

        Expect(1);
        return Starts(operands[0], '%')
            ? plain with { Opcode = 0x8d, Destination = ParseRegister(operands[0]) }
            : plain with { Immediate = ParseImmediate(operands[0]) };
    }

    private Instruction AssembleImmediate64(Instruction plain)
    {
        int comma = rest.IndexOf(',');
        if (comma < 0)
        {
            throw Bad($"{mnemonic} takes 2 operands, not {operands.Length}");
        }

        Register destination = ParseRegister(rest.Substring(0, comma).Trim());
        string value = rest.Substring(comma + 1).Trim();
        int open = value.IndexOf('(');
        if (open < 0)
        {
            return plain with { Destination = destination, Immediate = ParseImmediate64(value) };
        }

        if (!Ends(value, ')'))
        {
            throw Bad("there is no closing parenthesis");
        }

        ImmediateKind kind = ParseKind(value.Substring(0, open), out int arguments);
        operands = SplitOperands(value.Substring(open + 1, value.Length - open - 2));
        if (operands.Length != arguments)
        {
            throw Bad($"{value.Substring(0, open)} takes {arguments} arguments, not {operands.Length}");
        }

        int low = kind == ImmediateKind.Function ? ParseTarget(operands[0], int.MinValue, int.MaxValue) : ParseImmediate(operands[0]);
        int high = arguments == 2 ? ParseImmediate(operands[1]) : 0;
        return Instruction.LoadImmediate64(destination, (uint)low | ((long)high << 32), kind);
    }

    private ImmediateKind ParseKind(string name, out int arguments)
    {
        (ImmediateKind kind, arguments) = name switch
        {
            "map_by_fd" => (ImmediateKind.MapDescriptor, 1),
            "map_val_by_fd" => (ImmediateKind.MapValue, 2),
            "var_addr" => (ImmediateKind.KernelVariable, 2),
            "code_addr" => (ImmediateKind.Function, 1),
            "map_by_idx" => (ImmediateKind.MapIndex, 1),
            "map_val_by_idx" => (ImmediateKind.MapIndexValue, 2),
            _ => throw Bad($"unknown kind of 64-bit immediate '{name}'"),
        };
        return kind;
    }

    private Instruction SetSecond(in Instruction instruction, string operand) => Starts(operand, '%')
        ? instruction with { Opcode = (byte)(instruction.Opcode | 0x08), Source = ParseRegister(operand) }
        : instruction with { Immediate = ParseImmediate(operand) };

    private Register ParseRegister(string text) =>
        text.StartsWith("%r", StringComparison.Ordinal) && text.Length is 3 or 4 && TryReadDigits(text, 2, 10, out ulong register) && register <= (ulong)Register.R10
            ? (Register)register
            : throw Bad($"'{text}' is no register");

    private Register ParseMemory(string text, out short offset)
    {
        offset = 0;
        if (!Starts(text, '[') || !Ends(text, ']'))
        {
            throw Bad($"'{text}' is no memory operand");
        }

        string inner = text.Substring(1, text.Length - 2);
        int sign = inner.IndexOfAny(['+', '-']);
        if (sign < 0)
        {
            return ParseRegister(inner.Trim());
        }

        string distance = inner.Substring(sign).Replace(" ", "");
        offset = (short)ParseNumber(distance, short.MinValue, short.MaxValue, "offset");
        return ParseRegister(inner.Substring(0, sign).Trim());
    }

    private int ParseTarget(string text, int min, int max)
    {
        if (Starts(text, '+') || Starts(text, '-'))
        {
            return (int)ParseNumber(text, min, max, "distance");
        }

        Label = Assembler.IsName(text) ? text : throw Bad($"'{text}' is no target");
        return 0;
    }

    /// <summary>A 32-bit number; in hexadecimal without a sign, all of its bits.</summary>
    private int ParseImmediate(string text) => IsHexadecimal(text, 0)
        ? unchecked((int)ParseNumber(text, 0, uint.MaxValue, "immediate"))
        : (int)ParseNumber(text, int.MinValue, int.MaxValue, "immediate");

    private long ParseImmediate64(string text) =>
        (IsHexadecimal(text, 0) ? TryReadDigits(text, 2, 16, out ulong bits) : TryReadDigits(text, 0, 10, out bits))
            ? unchecked((long)bits)
            : ParseNumber(text, long.MinValue, long.MaxValue, "immediate");

    private long ParseNumber(string text, long min, long max, string what)
    {
        bool isNegative = Starts(text, '-');
        int digits = isNegative || Starts(text, '+') ? 1 : 0;
        bool isRead = IsHexadecimal(text, digits) ? TryReadDigits(text, digits + 2, 16, out ulong size) : TryReadDigits(text, digits, 10, out size);
        if (!isRead || size > (isNegative ? 1UL << 63 : long.MaxValue))
        {
            throw Bad($"'{text}' is no {what}");
        }

        long value = isNegative ? unchecked(-(long)size) : (long)size;
        return value >= min && value <= max ? value : throw Bad($"the {what} {text} is not between {min} and {max}");
    }

    private static bool Starts(string text, char first) => text.Length > 0 && text[0] == first;

    private static bool Ends(string text, char last) => text.Length > 0 && text[text.Length - 1] == last;

    private static bool IsHexadecimal(string text, int start) => string.CompareOrdinal(text, start, "0x", 0, 2) == 0;

    /// <summary>Reads digits to the end of the text; false if there are none, others, or more than 64 bits of them.</summary>
    private static bool TryReadDigits(string text, int start, uint radix, out ulong value)
    {
        value = 0;
        for (int i = start; i < text.Length; i++)
        {
            char c = text[i];
            uint digit = c switch
            {
                >= '0' and <= '9' => (uint)(c - '0'),
                >= 'a' and <= 'f' => (uint)(c - 'a' + 10),
                >= 'A' and <= 'F' => (uint)(c - 'A' + 10),
                _ => uint.MaxValue,
            };
            if (digit >= radix || value > (ulong.MaxValue - digit) / radix)
            {
                return false;
            }

            value = (value * radix) + digit;
        }

        return text.Length > start;
    }
}
