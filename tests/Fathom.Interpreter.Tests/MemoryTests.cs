using System;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Interpreter.Tests;

public sealed class MemoryTests
{
    [Theory]
    [InlineData("ldxdw %r0, [%r10+0]\nexit", 0, 8, false, "0 bytes behind the end of the stack of frame 0")]
    [InlineData("ldxdw %r0, [%r10-4]\nexit", 0, 8, false, "starts at byte 508 of the stack of frame 0 and reaches 4 bytes over its end at 512")]
    [InlineData("ldxw %r0, [%r10-3]\nexit", 0, 4, false, "reaches 1 bytes over its end at 512")]
    [InlineData("stxh [%r10-1], %r1\nexit", 0, 2, true, "reaches 1 bytes over its end at 512")]
    [InlineData("stxb [%r10-513], %r10\nexit", 0, 1, true, "1 bytes before the stack of frame 0")]
    [InlineData("mov %r1, 0\nldxw %r0, [%r1+16]\nexit", 1, 4, false, "a null pointer")]
    [InlineData("ldxh %r0, [%r9]\nexit", 0, 2, false, "nothing is near")]
    [InlineData("ldxb %r0, [%r1+8]\nexit", 0, 1, false, "0 bytes behind the end of the context, which has 8 bytes")]
    [InlineData("stdw [%r1+4], 1\nexit", 0, 8, true, "starts at byte 4 of the context and reaches 4 bytes over its end at 8")]
    [InlineData("lock add [%r10+8], %r1\nexit", 0, 8, true, "8 bytes behind the end of the stack of frame 0")]
    public void An_access_outside_says_where_and_what_is_near(string assembly, int instruction, int size, bool isWrite, string near)
    {
        Machine machine = new();
        MemoryFaultException fault = Assert.Throws<MemoryFaultException>(() => machine.Run(Guest.Program(assembly), new byte[8]));
        Assert.Equal(instruction, fault.Position.Instruction);
        Assert.Equal(size, fault.Size);
        Assert.Equal(isWrite, fault.IsWrite);
        Assert.Contains(near, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_frame_that_has_returned_is_no_memory()
    {
        MemoryFaultException fault = Assert.Throws<MemoryFaultException>(() => new Machine().Run(
            "call local sub\nldxdw %r0, [%r0]\nexit\nsub:\nmov %r0, %r10\nadd %r0, -8\nstdw [%r0], 7\nexit"));
        Assert.Contains("stack of frame 1", fault.Near, StringComparison.Ordinal);
        Assert.Equal(1, fault.Position.Instruction);
    }

    [Fact]
    public void A_callee_reaches_the_frame_of_its_caller()
    {
        Assert.Equal(7UL, new Machine().Run(
            "mov %r1, %r10\nadd %r1, -8\nstdw [%r1], 1\ncall local sub\nldxdw %r0, [%r10-8]\nexit\nsub:\nstdw [%r10-8], 3\nstdw [%r1], 7\nexit").Value);
    }

    [Fact]
    public void An_address_rests_before_it_is_given_again()
    {
        AddressSpace space = new();
        MemoryRegion gone = space.Add("gone", new byte[8], isWritable: true);
        space.Recycle(gone);
        bool isReused = false;
        for (int i = 0; i < 200; i++)
        {
            MemoryRegion next = space.Add("next", new byte[8], isWritable: true);
            Assert.True(i > 30 || next.Start != gone.Start);
            isReused |= next.Start == gone.Start;
            space.Recycle(next);
        }

        Assert.True(isReused);
    }

    [Fact]
    public void Memory_of_the_host_is_read_only_unless_it_says_otherwise()
    {
        Machine machine = new();
        MemoryRegion constant = machine.AddMemory("constant", [1, 2, 3, 4]);
        MemoryRegion variable = machine.AddMemory("variable", [1, 2, 3, 4], isWritable: true);
        InterpretedProgram read = Guest.Program("ldxw %r0, [%r1]\nexit");
        InterpretedProgram write = Guest.Program("stw [%r1], 9\nmov %r0, 0\nexit");
        Assert.Equal(0x04030201UL, machine.Invoke(read, constant.Address).Value);
        MemoryFaultException fault = Assert.Throws<MemoryFaultException>(() => machine.Invoke(write, constant.Address));
        Assert.Equal("the constant is read-only", fault.Near);
        machine.Invoke(write, variable.Address);
        Assert.Equal(9, variable.Span[0]);
        machine.RemoveMemory(variable);
        Assert.Contains("no more", Assert.Throws<MemoryFaultException>(() => machine.Invoke(write, variable.Address)).Near, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Machine().RemoveMemory(constant));
    }

    [Theory]
    [InlineData(MapType.Array)]
    [InlineData(MapType.Hash)]
    public void A_value_ends_where_it_ends(MapType type)
    {
        Machine machine = new();
        InterpretedMap map = machine.AddMap(Guest.Map(type, 4, 8, 4));
        byte[] key = [1, 0, 0, 0];
        Assert.Equal(0, map.Set(key, new byte[8]));
        ulong value = machine.Invoke(Guest.CallWithMap(1, map), machine.AddMemory("key", key).Address).Value;
        Assert.NotEqual(0UL, value);
        machine.Invoke(Guest.Program("stdw [%r1], 5\nexit"), value);
        Assert.Equal(5, map.GetValue(key)[0]);
        foreach (string beyond in (string[])["stb [%r1+8], 1\nexit", "ldxw %r0, [%r1+6]\nexit", "ldxb %r0, [%r1-1]\nexit"])
        {
            MemoryFaultException fault = Assert.Throws<MemoryFaultException>(() => machine.Invoke(Guest.Program(beyond), value));
            Assert.Contains("value of map map", fault.Near, StringComparison.Ordinal);
        }

        // The map itself is no memory.
        Assert.Throws<MemoryFaultException>(() => machine.Run(InterpretedProgram.Create(
        [
            Instruction.LoadImmediate64(Register.R1, map.Descriptor, ImmediateKind.MapDescriptor),
            Instruction.Load(MemorySize.Byte, Register.R0, Register.R1, 0),
            Instruction.Exit(),
        ])));
    }

    [Fact]
    public void The_context_is_written_back()
    {
        byte[] context = [1, 2, 3];
        Assert.Equal(2UL, new Machine().Run(Guest.Program("ldxb %r0, [%r1+1]\nstb [%r1+2], 9\nexit"), context).Value);
        Assert.Equal(9, context[2]);
    }

    [Fact]
    public void A_null_pointer_reads_as_zero_where_the_kernel_handles_the_fault()
    {
        LinkedProgram linked = new("p", "tp_btf/x", Assembler.Assemble("mov %r1, 0\nldxdw %r0, [%r1+40]\nexit"), [], [], [], [], []);
        Assert.Equal(0UL, new Machine().Run(InterpretedProgram.Create(linked)).Value);
        Assert.Throws<MemoryFaultException>(() => new Machine().Run(InterpretedProgram.Create(linked with { Section = "raw_tp/x" })));
        LinkedProgram writing = linked with { Instructions = Assembler.Assemble("mov %r1, 0\nstw [%r1], 1\nexit") };
        Assert.Throws<MemoryFaultException>(() => new Machine().Run(InterpretedProgram.Create(writing)));
    }

    [Fact]
    public void The_packet_has_addresses_of_32_bits()
    {
        Machine machine = new();
        machine.SetPacket([10, 20, 30]);
        Assert.True(machine.Packet.Address + 3 < uint.MaxValue);
        Assert.Equal(30UL, machine.Invoke(Guest.Program("ldxb %r0, [%r1+2]\nexit"), machine.Packet.Address).Value);
        Assert.Throws<MemoryFaultException>(() => machine.Invoke(Guest.Program("ldxb %r0, [%r1+3]\nexit"), machine.Packet.Address));
    }
}
