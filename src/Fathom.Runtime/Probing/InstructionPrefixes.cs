using System;

namespace Fathom.Runtime;

/// <summary>The prefixes of an instruction, byte by byte: the decoder drops those that mean nothing, and the kernel does not.</summary>
internal readonly ref struct InstructionPrefixes
{
    /// <summary>Reads them.</summary>
    /// <param name="code">The instruction, which is a valid one.</param>
    /// <param name="bits">64, or 32 for i386, which has no REX.</param>
    public InstructionPrefixes(ReadOnlySpan<byte> code, int bits)
    {
        while (true)
        {
            byte prefix = code[Length];
            if (prefix is 0x26 or 0x2e or 0x36 or 0x3e or 0xf0)
            {
                HasRefused = true;
            }
            else if (prefix is 0x64 or 0x65)
            {
                IsOdd |= HasThreadSegment;
                HasThreadSegment = true;
            }
            else if (prefix == 0x66)
            {
                IsOdd |= HasOperandSize;
                HasOperandSize = true;
            }
            else if (prefix == 0x67)
            {
                IsOdd |= HasAddressSize;
                HasAddressSize = true;
            }
            else if (prefix == 0xf2)
            {
                IsOdd |= HasRepeatNot || HasRepeat;
                HasRepeatNot = true;
            }
            else if (prefix == 0xf3)
            {
                IsOdd |= HasRepeat || HasRepeatNot;
                HasRepeat = true;
            }
            else
            {
                break;
            }

            Length++;
        }

        // Only right before the opcode it is one: what follows another is none to the processor.
        if (bits == 64 && code[Length] is >= 0x40 and <= 0x4f)
        {
            HasHighBase = (code[Length] & 1) != 0;
            Length++;
            IsOdd |= code[Length] is 0x26 or 0x2e or 0x36 or 0x3e or 0xf0 or 0x64 or 0x65 or 0x66 or 0x67 or 0xf2 or 0xf3 or (>= 0x40 and <= 0x4f);
        }
    }

    /// <summary>How many bytes they have together; the opcode follows.</summary>
    public int Length { get; }

    /// <summary>A REX prefix with B: the register that the opcode or its operand names is one of r8 to r15.</summary>
    public bool HasHighBase { get; }

    /// <summary>es, cs, ss, ds or lock, for which the kernel refuses a probe (<c>is_prefix_bad</c>).</summary>
    public bool HasRefused { get; }

    /// <summary>fs or gs.</summary>
    public bool HasThreadSegment { get; }

    /// <summary>66.</summary>
    public bool HasOperandSize { get; }

    /// <summary>67.</summary>
    public bool HasAddressSize { get; }

    /// <summary>f2.</summary>
    public bool HasRepeatNot { get; }

    /// <summary>f3.</summary>
    public bool HasRepeat { get; }

    /// <summary>Whether one is there twice, or is overridden by another: processors and decoders differ there.</summary>
    public bool IsOdd { get; }
}
