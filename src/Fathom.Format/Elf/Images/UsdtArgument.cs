using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;

namespace Fathom.Format.Elf.Images;

/// <summary>Where the value of a static probe's argument is.</summary>
public enum UsdtArgumentKind
{
    /// <summary>The text is not understood: <see cref="UsdtArgument.Text"/> is all there is.</summary>
    Unknown = 0,
    /// <summary>In the text: <see cref="UsdtArgument.Value"/>.</summary>
    Constant = 1,
    /// <summary>In <see cref="UsdtArgument.Register"/>.</summary>
    Register = 2,
    /// <summary>
    /// In memory at <see cref="UsdtArgument.Register"/> + <see cref="UsdtArgument.Index"/> × <see cref="UsdtArgument.Scale"/> +
    /// <see cref="UsdtArgument.Value"/>; a register without a name counts as 0.
    /// </summary>
    Memory = 3,
    /// <summary>
    /// In memory at the variable <see cref="UsdtArgument.Symbol"/> + <see cref="UsdtArgument.Value"/>: see <see cref="UsdtArgument.Resolve"/>.
    /// </summary>
    Variable = 4,
}

/// <summary>A register as the kernel saves it for a probe (<c>struct pt_regs</c>).</summary>
/// <param name="Field">
/// The field of <c>struct pt_regs</c>: <c>di</c>, <c>r15</c>, <c>ip</c>; on arm64 <c>regs[3]</c>, <c>sp</c>. Empty for no register.
/// </param>
/// <param name="Offset">Where the field lies in the structure, in bytes.</param>
/// <param name="Shift">How many low bits of the field do not belong to the register: 8 for <c>%ah</c>, otherwise 0.</param>
public readonly record struct UsdtRegister(string Field, int Offset, int Shift)
{
    /// <summary>True for no register.</summary>
    public bool IsNone => string.IsNullOrEmpty(Field);
}

/// <summary>
/// An argument of a static probe in the assembler's words, as <c>sys/sdt.h</c> writes them: <c>-4@%edi</c>, <c>8@$5</c>,
/// <c>8@-24(%rbp)</c>, <c>8@(%rax,%rbx,4)</c>, <c>4@counter(%rip)</c>; on arm64 <c>8@x0</c>, <c>-4@[sp, 12]</c>, <c>8@5</c>.
/// https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
/// </summary>
/// <param name="Kind">Where the value is.</param>
/// <param name="Size">Bytes of the value: 1, 2, 4 or 8.</param>
/// <param name="IsSigned">Whether the value is signed, and is to be widened with its sign.</param>
/// <param name="Value">The constant, or the distance in bytes that is added to the address.</param>
/// <param name="Register">The register that holds the value or the address.</param>
/// <param name="Index">The register that is multiplied and added to the address.</param>
/// <param name="Scale">By what <paramref name="Index"/> is multiplied: 1, 2, 4 or 8; 0 without one.</param>
/// <param name="Symbol">The name of a variable; otherwise empty.</param>
/// <param name="Text">All of it as it was written.</param>
public readonly record struct UsdtArgument(
    UsdtArgumentKind Kind,
    int Size,
    bool IsSigned,
    long Value,
    UsdtRegister Register,
    UsdtRegister Index,
    int Scale,
    string Symbol,
    string Text)
{
    /// <summary>The most arguments that are read; <c>sys/sdt.h</c> has macros for 12.</summary>
    public const int MostArguments = 64;

    /// <summary>Reads one argument. What is not understood (floating point, segments) is <see cref="UsdtArgumentKind.Unknown"/>.</summary>
    /// <param name="text">One argument.</param>
    public static UsdtArgument Parse(string text)
    {
        UsdtArgument unknown = new(UsdtArgumentKind.Unknown, 0, false, 0, default, default, 0, "", text);
        int at = text.IndexOf('@');
        if (at < 0
            || !TryNumber(text.Substring(0, at), out long size)
            || size is not (1 or 2 or 4 or 8 or -1 or -2 or -4 or -8))
        {
            return unknown;
        }

        string operand = text.Substring(at + 1).Trim();
        UsdtArgument empty = unknown with { Size = (int)Math.Abs(size), IsSigned = size < 0 };
        return TryRead(operand, empty, out UsdtArgument argument) ? argument : unknown;
    }

    /// <summary>Reads all arguments of a probe.</summary>
    /// <param name="arguments">The arguments, separated by spaces, as in <see cref="UsdtProbe.Arguments"/>.</param>
    /// <returns>The arguments in order, at most <see cref="MostArguments"/>.</returns>
    public static ImmutableArray<UsdtArgument> ParseAll(string arguments)
    {
        List<UsdtArgument> result = [];
        int start = 0;
        while (start < arguments.Length && result.Count < MostArguments)
        {
            // Spaces inside brackets belong to the argument: `-4@[sp, 12]`.
            int end = start;
            int depth = 0;
            while (end < arguments.Length && (depth > 0 || arguments[end] != ' '))
            {
                depth += arguments[end] switch { '[' or '(' => 1, ']' or ')' => -1, _ => 0 };
                end++;
            }

            if (end > start)
            {
                result.Add(Parse(arguments.Substring(start, end - start)));
            }

            start = end + 1;
        }

        return [.. result];
    }

    /// <summary>
    /// A variable of an image as memory at a distance from the probe, which the instruction pointer holds when the probe is hit. Any other
    /// argument is given back as it is.
    /// </summary>
    /// <param name="image">The image with the probe.</param>
    /// <param name="probe">The probe.</param>
    /// <returns><see cref="UsdtArgumentKind.Unknown"/> if the image has no such variable, or has been stripped of its name.</returns>
    /// <exception cref="BadFormatException">The image's symbol table is damaged.</exception>
    public UsdtArgument Resolve(ElfImage image, UsdtProbe probe)
    {
        if (Kind != UsdtArgumentKind.Variable)
        {
            return this;
        }

        return image.TryFindVariable(Symbol, out ulong address) && UsdtRegisters.TryFind("rip", out UsdtRegister pointer)
            ? this with { Kind = UsdtArgumentKind.Memory, Register = pointer, Value = (long)(address - probe.Address) + Value, Symbol = "" }
            : this with { Kind = UsdtArgumentKind.Unknown };
    }

    private static bool TryRead(string operand, UsdtArgument empty, out UsdtArgument argument)
    {
        argument = empty;
        if (operand.Length == 0)
        {
            return false;
        }

        if (operand[0] == '$')
        {
            argument = empty with { Kind = UsdtArgumentKind.Constant };
            return TryNumber(operand.Substring(1), out long constant) && Set(ref argument, argument with { Value = constant });
        }

        if (operand[0] == '%')
        {
            return UsdtRegisters.TryFind(operand.Substring(1), out UsdtRegister register)
                && Set(ref argument, empty with { Kind = UsdtArgumentKind.Register, Register = register });
        }

        int end = operand.Length - 1;
        if (operand[end] == ')' && operand.IndexOf('(') is var open && open >= 0)
        {
            return TryReadX86Memory(operand.Substring(0, open), operand.Substring(open + 1, end - open - 1), empty, out argument);
        }

        if (operand[0] == '[' && operand[end] == ']')
        {
            return TryReadArmMemory(operand.Substring(1, end - 1), empty, out argument);
        }

        if (UsdtRegisters.TryFindArm(operand, out UsdtRegister arm))
        {
            argument = empty with { Kind = UsdtArgumentKind.Register, Register = arm };
            return true;
        }

        if (TryNumber(operand, out long value))
        {
            argument = empty with { Kind = UsdtArgumentKind.Constant, Value = value };
            return true;
        }

        return TryReadSymbol(operand, empty, out argument);
    }

    // disp(base), disp(base,index), disp(base,index,scale), disp(,index,scale), symbol(%rip)
    private static bool TryReadX86Memory(string displacement, string inside, UsdtArgument empty, out UsdtArgument argument)
    {
        argument = empty with { Kind = UsdtArgumentKind.Memory };
        string[] parts = inside.Split(',');
        long distance = 0;
        bool isNumber = displacement.Length == 0 || TryNumber(displacement, out distance);
        if (!isNumber)
        {
            return inside.Trim() is "%rip" && TryReadSymbol(displacement, empty, out argument);
        }

        string scale = parts.Length == 3 ? parts[2].Trim() : "1";
        if (parts.Length > 3
            || !TryX86Register(parts[0], parts.Length > 1, out UsdtRegister register)
            || !TryX86Register(parts.Length > 1 ? parts[1] : "", true, out UsdtRegister index)
            || scale is not ("" or "1" or "2" or "4" or "8")
            || (parts.Length > 1 && index.IsNone)
            || register.Field == "ip")
        {
            return false;
        }

        int factor = index.IsNone ? 0 : scale.Length == 0 ? 1 : scale[0] - '0';
        argument = argument with { Value = distance, Register = register, Index = index, Scale = factor };
        return true;
    }

    // [base], [base, distance]
    private static bool TryReadArmMemory(string inside, UsdtArgument empty, out UsdtArgument argument)
    {
        string[] parts = inside.Split(',');
        long distance = 0;
        argument = empty with { Kind = UsdtArgumentKind.Memory };
        return parts.Length is 1 or 2
            && UsdtRegisters.TryFindArm(parts[0].Trim(), out UsdtRegister register)
            && (parts.Length == 1 || TryNumber(parts[1].Trim().TrimStart('#'), out distance))
            && Set(ref argument, argument with { Register = register, Value = distance });
    }

    // name, name+8, name-8, 8+name
    private static bool TryReadSymbol(string text, UsdtArgument empty, out UsdtArgument argument)
    {
        argument = empty with { Kind = UsdtArgumentKind.Variable };
        text = text.Trim();
        long distance = 0;
        if (text.Length > 0 && (char.IsDigit(text[0]) || text[0] == '-'))
        {
            int plus = text.IndexOf('+');
            if (plus < 0 || !TryNumber(text.Substring(0, plus), out distance))
            {
                return false;
            }

            text = text.Substring(plus + 1);
        }
        else if (text.IndexOfAny(['+', '-']) is var sign && sign > 0)
        {
            if (!TryNumber(text.Substring(sign).TrimStart('+'), out distance))
            {
                return false;
            }

            text = text.Substring(0, sign);
        }

        foreach (char letter in text)
        {
            if (!char.IsLetterOrDigit(letter) && letter is not ('_' or '.' or '$'))
            {
                return false;
            }
        }

        argument = argument with { Symbol = text, Value = distance };
        return text.Length > 0 && !char.IsDigit(text[0]);
    }

    private static bool TryX86Register(string text, bool mayBeNone, out UsdtRegister register)
    {
        text = text.Trim();
        register = default;
        return text.Length == 0 ? mayBeNone : text[0] == '%' && UsdtRegisters.TryFind(text.Substring(1), out register) && register.Shift == 0;
    }

    private static bool TryNumber(string text, out long value)
    {
        text = text.Trim();
        bool negative = text.Length > 0 && text[0] == '-';
        string digits = negative ? text.Substring(1) : text;
        bool hexadecimal = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        bool read = ulong.TryParse(
            hexadecimal ? digits.Substring(2) : digits,
            hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture,
            out ulong number);
        value = negative ? -(long)number : (long)number;
        return read;
    }

    private static bool Set(ref UsdtArgument place, UsdtArgument argument)
    {
        place = argument;
        return true;
    }
}
