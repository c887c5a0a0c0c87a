using System;
using System.Collections.Immutable;
using System.Linq;
using Fathom.Format.Instructions;
using Xunit;

namespace Fathom.Format.Tests.Instructions;

/// <summary>Every legal instruction survives the way through bytes and through text; everything else is refused.</summary>
public sealed class InstructionRoundTripTests
{
    [Fact]
    public void The_table_of_legal_instructions_has_every_opcode()
    {
        Assert.Equal(LegalInstructions.Opcodes.Order(), LegalInstructions.All().Select(static i => i.Opcode).Distinct().Order());
    }

    [Fact]
    public void Every_legal_instruction_survives_encoding_and_decoding()
    {
        byte[] buffer = new byte[16];
        foreach (Instruction instruction in LegalInstructions.All())
        {
            int size = InstructionEncoder.Encode([instruction], buffer);
            Assert.Equal(instruction, Assert.Single(InstructionDecoder.Decode(buffer.AsSpan(0, size))));
        }
    }

    [Fact]
    public void Every_legal_instruction_survives_disassembling_and_assembling()
    {
        foreach (Instruction instruction in LegalInstructions.All())
        {
            string text = Disassembler.Format(instruction);
            Assert.Equal((text, instruction), (text, Assert.Single(Assembler.Assemble(text))));
        }
    }

    [Fact]
    public void A_program_of_all_legal_instructions_survives_as_text_with_labels()
    {
        ImmutableArray<Instruction> program = [.. LegalInstructions.All()];
        Assert.Equal(program.AsEnumerable(), Assembler.Assemble(Disassembler.Disassemble(program.AsSpan())).AsEnumerable());
    }

    [Fact]
    public void Every_unknown_opcode_is_refused()
    {
        for (int opcode = 0; opcode < 256; opcode++)
        {
            if (!LegalInstructions.Opcodes.Contains((byte)opcode))
            {
                byte[] code = new byte[16];
                code[8] = (byte)opcode;
                code[0] = 0xb7;
                BadFormatException exception = Assert.Throws<BadFormatException>(() => InstructionDecoder.Decode(code));
                Assert.Contains("unknown opcode", exception.Message, StringComparison.Ordinal);
                Assert.Equal(8, exception.Offset);
            }
        }
    }

    /// <summary>Whatever one changed byte makes of a legal instruction is refused, or is a legal instruction that has just those bytes.</summary>
    [Fact]
    public void What_the_decoder_accepts_is_exactly_what_the_encoder_writes()
    {
        byte[] buffer = new byte[16];
        byte[] again = new byte[16];
        int refused = 0;
        int accepted = 0;
        foreach (Instruction instruction in LegalInstructions.All().Where(static (_, index) => index % 7 == 0))
        {
            int size = InstructionEncoder.Encode([instruction], buffer);
            for (int at = 0; at < size; at++)
            {
                byte old = buffer[at];
                foreach (byte change in (byte[])[0x01, 0x10, 0x80, 0xff])
                {
                    buffer[at] ^= change;
                    try
                    {
                        ImmutableArray<Instruction> decoded = InstructionDecoder.Decode(buffer.AsSpan(0, size));
                        Assert.Equal(size, InstructionEncoder.Encode(decoded.AsSpan(), again));
                        Assert.True(buffer.AsSpan(0, size).SequenceEqual(again.AsSpan(0, size)));
                        accepted++;
                    }
                    catch (BadFormatException)
                    {
                        refused++;
                    }

                    buffer[at] = old;
                }
            }
        }

        Assert.True(accepted > 1000 && refused > 1000, $"{accepted} accepted, {refused} refused");
    }

    [Theory]
    [InlineData(new byte[] { 0x18, 0, 0, 0, 1, 0, 0, 0 }, 0, "64-bit immediate")]
    [InlineData(new byte[] { 0x95, 0, 0, 0, 0, 0, 0, 0, 0xb7, 0, 0, 0 }, 8, "ends within an instruction")]
    [InlineData(new byte[] { 0x18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 }, 8, "second half")]
    [InlineData(new byte[] { 0xb7, 11, 0, 0, 0, 0, 0, 0 }, 0, "no such destination register")]
    [InlineData(new byte[] { 0xbf, 0xb0, 0, 0, 0, 0, 0, 0 }, 0, "no such source register")]
    [InlineData(new byte[] { 0x18, 0x70, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 0, "unknown kind of 64-bit immediate")]
    [InlineData(new byte[] { 0x85, 0x30, 0, 0, 0, 0, 0, 0 }, 0, "unknown kind of call")]
    [InlineData(new byte[] { 0xdb, 0, 0, 0, 2, 0, 0, 0 }, 0, "unknown atomic operation")]
    [InlineData(new byte[] { 0xbf, 0, 24, 0, 0, 0, 0, 0 }, 0, "offset of a move")]
    [InlineData(new byte[] { 0xbc, 0, 32, 0, 0, 0, 0, 0 }, 0, "offset of a move")]
    [InlineData(new byte[] { 0x37, 0, 2, 0, 0, 0, 0, 0 }, 0, "offset of a division")]
    [InlineData(new byte[] { 0xd4, 0, 0, 0, 8, 0, 0, 0 }, 0, "width of a byte swap")]
    public void Bad_code_is_refused_with_its_offset(byte[] code, long offset, string problem)
    {
        BadFormatException exception = Assert.Throws<BadFormatException>(() => InstructionDecoder.Decode(code));
        Assert.Equal(offset, exception.Offset);
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encoding_into_memory_of_the_caller_allocates_nothing()
    {
        Instruction[] program = [.. LegalInstructions.All()];
        byte[] buffer = new byte[InstructionEncoder.CountSlots(program) * Instruction.SlotSize];
        InstructionEncoder.Encode(program, buffer);
        long before = GC.GetAllocatedBytesForCurrentThread();
        InstructionEncoder.Encode(program, buffer);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Encoding_refuses_illegal_instructions_and_short_memory()
    {
        Assert.Contains("instruction 1", Assert.Throws<ArgumentException>(() =>
            InstructionEncoder.Encode([Instruction.Exit(), Instruction.Alu64(AluOperation.Add, Register.R1, 1) with { Immediate = 1L << 32 }])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => InstructionEncoder.Encode([Instruction.LoadImmediate64(Register.R1, 1)], new byte[8]));
    }

    [Theory]
    [InlineData("exit 5", "takes 0 operands")]
    [InlineData("a: b: a: exit", "defined twice")]
    [InlineData("1a: exit", "cannot be a label")]
    [InlineData("lddw %r1, map_by_fd(3", "closing parenthesis")]
    [InlineData("lddw %r1, map_by_name(3)", "unknown kind")]
    [InlineData("lddw %r1, map_val_by_fd(3)", "2 arguments")]
    [InlineData("lddw %r1, 0x10000000000000000", "no immediate")]
    [InlineData("mov %r0, -0x80000001", "not between")]
    [InlineData("mov %r0, 0x-1", "no immediate")]
    [InlineData("lock fetch xchg [%r1], %r2", "always fetches")]
    [InlineData("ja +32768", "not between")]
    [InlineData("ja", "takes 1 operands")]
    [InlineData("movsx816 %r0, %r1", "unknown mnemonic")]
    [InlineData("neg %r0, %r1", "takes 1 operands")]
    [InlineData("mov r0, 1", "no register")]
    [InlineData("mov %r01x, 1", "no register")]
    public void Bad_text_is_refused_with_its_line(string text, string problem)
    {
        AssemblerException exception = Assert.Throws<AssemblerException>(() => Assembler.Assemble("\n# a comment\n" + text));
        Assert.Equal(3, exception.Line);
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_count_slots_and_exit_is_the_first_exit()
    {
        ImmutableArray<Instruction> program = Assembler.Assemble("""
            start: lddw %r0, 1   # two slots
            jeq %r0, 1, exit ; forward over a wide load
            lddw %r1, code_addr(start)
            exit
            exit
            ja start
            """);
        Assert.Equal(2, program[1].Offset);
        Assert.Equal(unchecked((uint)-4), program[2].Immediate);
        Assert.Equal(-8, program[5].Offset);
    }

    [Fact]
    public void A_target_too_far_for_16_bits_is_refused()
    {
        string far = string.Concat(Enumerable.Repeat("exit\n", 32768));
        AssemblerException exception = Assert.Throws<AssemblerException>(() => Assembler.Assemble("ja end\n" + far + "end: exit"));
        Assert.Equal(1, exception.Line);
        Assert.Single(Assembler.Assemble("ja32 end\n" + far + "end: exit").Where(static i => i.Immediate == 32768));
    }
}
