using System;
using System.Buffers.Binary;

namespace Fathom.Format.Instructions;

/// <summary>From instructions to the bytes that a little-endian kernel takes: 8-byte slots, two for a 64-bit immediate.</summary>
public static class InstructionEncoder
{
    /// <summary>How many 8-byte slots instructions take.</summary>
    public static int CountSlots(ReadOnlySpan<Instruction> instructions)
    {
        int slots = 0;
        foreach (ref readonly Instruction instruction in instructions)
        {
            slots += instruction.SlotCount;
        }

        return slots;
    }

    /// <summary>Encodes instructions into memory of the caller.</summary>
    /// <param name="instructions">The instructions.</param>
    /// <param name="destination">Receives the bytes; at least <see cref="CountSlots"/> times <see cref="Instruction.SlotSize"/>.</param>
    /// <returns>The number of bytes written.</returns>
    /// <exception cref="ArgumentException">The destination is too short, or an instruction is not legal (its index is in the message).</exception>
    public static int Encode(ReadOnlySpan<Instruction> instructions, Span<byte> destination)
    {
        int written = 0;
        for (int i = 0; i < instructions.Length; i++)
        {
            ref readonly Instruction instruction = ref instructions[i];
            if (InstructionRules.FindProblem(instruction) is string problem)
            {
                throw new ArgumentException($"instruction {i} (opcode 0x{instruction.Opcode:x2}): {problem}", nameof(instructions));
            }

            written += Encode(instruction, destination.Slice(written));
        }

        return written;
    }

    /// <summary>Encodes instructions.</summary>
    /// <param name="instructions">The instructions.</param>
    /// <exception cref="ArgumentException">An instruction is not legal.</exception>
    public static byte[] Encode(ReadOnlySpan<Instruction> instructions)
    {
        byte[] bytes = new byte[CountSlots(instructions) * Instruction.SlotSize];
        Encode(instructions, bytes);
        return bytes;
    }

    private static int Encode(in Instruction instruction, Span<byte> destination)
    {
        int size = instruction.SlotCount * Instruction.SlotSize;
        if (destination.Length < size)
        {
            throw new ArgumentException("the destination is too short", nameof(destination));
        }

        destination[0] = instruction.Opcode;
        destination[1] = (byte)((byte)instruction.Destination | ((byte)instruction.Source << 4));
        BinaryPrimitives.WriteInt16LittleEndian(destination.Slice(2), instruction.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(destination.Slice(4), unchecked((int)instruction.Immediate));
        if (size > Instruction.SlotSize)
        {
            BinaryPrimitives.WriteInt32LittleEndian(destination.Slice(8), 0);
            BinaryPrimitives.WriteInt32LittleEndian(destination.Slice(12), (int)(instruction.Immediate >> 32));
        }

        return size;
    }
}
