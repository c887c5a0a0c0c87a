using System;
using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Fathom.Format.Instructions;

/// <summary>
/// From the bytes of little-endian BPF code to instructions. Strict: an unknown opcode, a register above R10, or anything but zero in a
/// field that the instruction does not use is refused (RFC 9669, section 3). <c>callx</c> (opcode 0x8d) is decoded, although Linux refuses
/// it; the forms that Linux has beyond the RFC (<c>may_goto</c>, address space casts, load-acquire and store-release) are unknown.
/// </summary>
public static class InstructionDecoder
{
    private const string Format = "BPF code";

    /// <summary>Decodes code.</summary>
    /// <param name="code">The code; whole 8-byte slots.</param>
    /// <exception cref="BadFormatException">An instruction is cut off or not legal; the offset is that of its first byte.</exception>
    public static ImmutableArray<Instruction> Decode(ReadOnlySpan<byte> code) => Decode(code, 0);

    /// <summary>Decodes code that lies somewhere in a file.</summary>
    /// <param name="code">The code; whole 8-byte slots.</param>
    /// <param name="position">Where the code lies in the file, for errors.</param>
    internal static ImmutableArray<Instruction> Decode(ReadOnlySpan<byte> code, long position)
    {
        ImmutableArray<Instruction>.Builder instructions = ImmutableArray.CreateBuilder<Instruction>(CountInstructions(code));
        for (int offset = 0; offset < code.Length;)
        {
            Instruction instruction = DecodeAt(code, offset, position);
            instructions.Add(instruction);
            offset += instruction.SlotCount * Instruction.SlotSize;
        }

        return instructions.MoveToImmutable();
    }

    /// <summary>Decodes one instruction.</summary>
    /// <param name="code">The code.</param>
    /// <param name="offset">Where the instruction starts, in bytes.</param>
    /// <exception cref="BadFormatException">The instruction is cut off or not legal.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="offset"/> is not in the code.</exception>
    public static Instruction DecodeAt(ReadOnlySpan<byte> code, int offset)
    {
        if ((uint)offset >= (uint)code.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset));
        }

        return DecodeAt(code, offset, 0);
    }

    private static Instruction DecodeAt(ReadOnlySpan<byte> code, int offset, long position)
    {
        ReadOnlySpan<byte> slot = code.Slice(offset);
        if (slot.Length < Instruction.SlotSize)
        {
            throw new BadFormatException(Format, position + offset, "the code ends within an instruction");
        }

        long immediate = BinaryPrimitives.ReadInt32LittleEndian(slot.Slice(4));
        if (slot[0] == Instruction.LoadImmediate64Opcode)
        {
            immediate = (uint)immediate | ((long)ReadSecondSlot(slot, position + offset) << 32);
        }

        Instruction instruction = new(
            slot[0], (Register)(slot[1] & 0x0f), (Register)(slot[1] >> 4), BinaryPrimitives.ReadInt16LittleEndian(slot.Slice(2)), immediate);
        return InstructionRules.FindProblem(instruction) is string problem
            ? throw new BadFormatException(Format, position + offset, $"opcode 0x{slot[0]:x2}: {problem}")
            : instruction;
    }

    /// <summary>An upper bound that is exact for legal code, so that the array is made once.</summary>
    private static int CountInstructions(ReadOnlySpan<byte> code)
    {
        int count = 0;
        for (int offset = 0; offset < code.Length; count++)
        {
            offset += code[offset] == Instruction.LoadImmediate64Opcode ? 2 * Instruction.SlotSize : Instruction.SlotSize;
        }

        return count;
    }

    private static int ReadSecondSlot(ReadOnlySpan<byte> slot, long offset)
    {
        if (slot.Length < 2 * Instruction.SlotSize)
        {
            throw new BadFormatException(Format, offset, "the code ends within a 64-bit immediate load");
        }

        return BinaryPrimitives.ReadInt32LittleEndian(slot.Slice(8)) != 0
            ? throw new BadFormatException(Format, offset + Instruction.SlotSize, "the second half of a 64-bit immediate load holds more than an immediate")
            : BinaryPrimitives.ReadInt32LittleEndian(slot.Slice(12));
    }
}
