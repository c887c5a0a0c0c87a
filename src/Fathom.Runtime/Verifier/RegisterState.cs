using System;
using System.Globalization;

namespace Fathom.Runtime;

/// <summary>
/// What the verifier knows of a register or stack slot, as it writes it: <c>inv(id=0,umax_value=255)</c> before Linux 6.0,
/// <c>scalar(smin=0,smax=umax=255)</c> since, a bare number for a constant, <c>map_value(map=m,ks=4,vs=64)</c> for a pointer.
/// </summary>
internal sealed class RegisterState
{
    private RegisterState(string type) => Type = type;

    /// <summary>The kernel's name of the type; <c>scalar</c> for every number.</summary>
    public string Type { get; }

    /// <summary>True for a number, not a pointer.</summary>
    public bool IsNumber => Type == "scalar";

    /// <summary>Smallest value, signed.</summary>
    public long Smallest { get; private set; } = long.MinValue;

    /// <summary>Largest value, signed.</summary>
    public long Largest { get; private set; } = long.MaxValue;

    /// <summary>Largest value, unsigned.</summary>
    public ulong LargestUnsigned { get; private set; } = ulong.MaxValue;

    /// <summary>The constant part of a pointer's offset.</summary>
    public long Offset { get; private set; }

    /// <summary>Bytes of what a pointer points to (<c>vs</c>, <c>sz</c>, <c>mem_size</c>), -1 if it does not say.</summary>
    public long Size { get; private set; } = -1;

    /// <summary>Bytes of the packet that are known to be there.</summary>
    public long Range { get; private set; }

    /// <summary>The map's name, empty if it does not say.</summary>
    public string Map { get; private set; } = "";

    /// <summary>Reads a value. Never throws: what it does not understand it leaves out.</summary>
    public static RegisterState Parse(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        int open = text.IndexOf('(');
        ReadOnlySpan<char> head = open < 0 ? text : text[..open];
        if (head.Length > 1 && head[0] == 'P')
        {
            head = head[1..];
        }

        if (TryNumber(head, out long number) || (head.StartsWith("inv") && TryNumber(head[3..].TrimStart('P'), out number)))
        {
            return new RegisterState("scalar") { Smallest = number, Largest = number, LargestUnsigned = (ulong)number };
        }

        // "fp-8", and "fp[0]-8" for the stack of a caller.
        if (head.StartsWith("fp") && TryNumber(head[(head.IndexOf(']') is > 0 and int bracket ? bracket + 1 : 2)..], out long frameOffset))
        {
            var frame = new RegisterState("fp") { Offset = frameOffset, Smallest = 0, Largest = 0, LargestUnsigned = 0 };
            frame.ReadFields(open < 0 ? default : text[(open + 1)..]);
            return frame;
        }

        string type = head.SequenceEqual("inv") || head.SequenceEqual("invP") || head.SequenceEqual("unknown") ? "scalar" : head.ToString();
        var state = new RegisterState(type);
        state.ReadFields(open < 0 ? default : text[(open + 1)..]);
        return state;
    }

    private void ReadFields(ReadOnlySpan<char> fields)
    {
        bool hasSigned = false;
        while (!fields.IsEmpty)
        {
            int end = EndOfField(fields);
            ReadOnlySpan<char> field = fields[..end];
            fields = end < fields.Length ? fields[(end + 1)..] : default;
            int equals = field.LastIndexOf('=');
            if (equals < 0)
            {
                continue;
            }

            // "smax=umax=0xff": several names for one value.
            ReadOnlySpan<char> value = field[(equals + 1)..];
            ReadOnlySpan<char> names = field[..equals];
            bool isNumber = TryNumber(value, out long number);
            while (!names.IsEmpty)
            {
                int next = names.IndexOf('=');
                ReadOnlySpan<char> name = next < 0 ? names : names[..next];
                names = next < 0 ? default : names[(next + 1)..];
                if (isNumber)
                {
                    hasSigned |= name.StartsWith("smin") && !name.SequenceEqual("smin32");
                    Set(name, number);
                }
                else if (name.SequenceEqual("map"))
                {
                    Map = value.ToString();
                }
            }
        }

        // Bounds that follow from others are not always written.
        if (LargestUnsigned <= long.MaxValue)
        {
            Largest = Math.Min(Largest, (long)LargestUnsigned);
            Smallest = hasSigned ? Smallest : Math.Max(Smallest, 0);
        }
    }

    private void Set(ReadOnlySpan<char> name, long number)
    {
        switch (name)
        {
            case "smin" or "smin_value":
                Smallest = number;
                break;
            case "smax" or "smax_value":
                Largest = number;
                break;
            case "umax" or "umax_value":
                LargestUnsigned = (ulong)number;
                break;
            case "off":
                Offset = number;
                break;
            case "imm" when number != 0 && IsNumber:
                Smallest = Largest = number;
                LargestUnsigned = (ulong)number;
                break;
            case "vs" or "sz" or "mem_size":
                Size = number;
                break;
            case "r":
                Range = number;
                break;
        }
    }

    private static int EndOfField(ReadOnlySpan<char> text)
    {
        int depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '(':
                    depth++;
                    break;
                case ')' when depth == 0:
                    return i;
                case ')':
                    depth--;
                    break;
                case ',' when depth == 0:
                    return i;
            }
        }

        return text.Length;
    }

    /// <summary>Reads a decimal or hexadecimal number; one of 64 bits may be meant signed or unsigned.</summary>
    internal static bool TryNumber(ReadOnlySpan<char> text, out long number)
    {
        if (text.StartsWith("0x"))
        {
            bool isHex = ulong.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits);
            number = (long)bits;
            return isHex;
        }

        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong unsigned))
        {
            number = (long)unsigned;
            return true;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }
}
