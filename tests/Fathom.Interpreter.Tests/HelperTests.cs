using System;
using System.Text;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Interpreter.Tests;

/// <summary>Helpers give what the machine's state says, in the kernel's form.</summary>
public sealed class HelperTests
{
    private const long Fault = -14;

    [Theory]
    [InlineData(5, 1_000UL)]
    [InlineData(160, 1_000UL)]
    [InlineData(125, 2_000UL)]
    [InlineData(208, 3_000UL)]
    [InlineData(118, 4UL)]
    [InlineData(8, 1UL)]
    [InlineData(42, 5UL)]
    [InlineData(14, (7UL << 32) | 8)]
    [InlineData(15, (10UL << 32) | 9)]
    [InlineData(80, 11UL)]
    [InlineData(123, 12UL)]
    [InlineData(35, 0x1234UL)]
    [InlineData(158, 0x1234UL)]
    [InlineData(174, 13UL)]
    [InlineData(173, 14UL)]
    [InlineData(185, 2UL)]
    public void What_the_world_is_like(int helper, ulong expected)
    {
        Machine machine = new(cpuCount: 2)
        {
            State =
            {
                TimeNs = 1_000, BootTimeNs = 2_000, TaiTimeNs = 3_000, Jiffies = 4, Cpu = 1, NumaNode = 5, ProcessId = 7, ThreadId = 8,
                UserId = 9, GroupId = 10, CgroupId = 11, CurrentTask = 0x1234, AttachCookie = 13, FunctionAddress = 14, FunctionArgumentCount = 2,
            },
        };
        machine.State.AncestorCgroupIds[2] = 12;
        Assert.Equal(expected, machine.Invoke(Guest.Call(helper), 2).Value);
    }

    [Theory]
    [InlineData("mov %r2, 1\n", 183, 3, 0L, 20UL)]
    [InlineData("mov %r2, 2\n", 183, 3, -22L, 7UL)]
    [InlineData("mov %r2, -1\n", 183, 3, -22L, 7UL)]
    [InlineData("", 184, 2, 0L, 30UL)]
    public void Words_of_a_function(string index, int helper, int register, long result, ulong word)
    {
        Machine machine = new() { State = { FunctionArgumentCount = 2 } };
        InterpretedProgram program = Guest.Program(
            $"mov %r6, %r10\nadd %r6, -8\nstdw [%r6+0], 7\n{index}mov %r{register}, %r6\ncall {helper}\nldxdw %r7, [%r6+0]\njeq %r0, {result}, +1\nmov %r7, -1\nmov %r0, %r7\nexit");
        byte[] context = [.. BitConverter.GetBytes(10UL), .. BitConverter.GetBytes(20UL), .. BitConverter.GetBytes(30UL)];
        Assert.Equal(word, machine.Run(program, context).Value);
    }

    [Fact]
    public void A_function_has_no_result_when_it_is_called()
    {
        Machine machine = new() { State = { FunctionArgumentCount = 1 } };
        InterpretedProgram program = Guest.Program("mov %r2, %r10\nadd %r2, -8\ncall 184\nexit");
        Assert.Equal(unchecked((ulong)-95L), machine.Run(program, new byte[8]).Value);
    }

    [Fact]
    public void Other_clocks_follow_the_first_until_they_are_set()
    {
        Machine machine = new() { State = { TimeNs = 5 } };
        Assert.Equal(5UL, machine.Run("call 125\nexit").Value);
        Assert.Equal(5UL, machine.Run("call 208\nexit").Value);
    }

    [Fact]
    public void Random_numbers_follow_from_the_seed()
    {
        Machine first = new() { State = { RandomSeed = 5 } };
        Machine second = new() { State = { RandomSeed = 5 } };
        ulong a = first.Run("call 7\nexit").Value;
        Assert.Equal(a, second.Run("call 7\nexit").Value);
        Assert.NotEqual(a, first.Run("call 7\nexit").Value);
        Assert.True(a <= uint.MaxValue);
    }

    [Theory]
    [InlineData("bash", 16, "bash\0???????????")]
    [InlineData("a-name-of-seventeen", 16, "a-name-of-seven\0")]
    [InlineData("bash", 3, "ba\0")]
    public void The_command_name_is_cut_off_and_what_is_behind_it_stays_as_it_was(string comm, int size, string expected)
    {
        Machine machine = new() { State = { Comm = comm } };
        MemoryRegion to = machine.AddMemory("to", Filled(size), isWritable: true);
        Assert.Equal(0UL, machine.Invoke(Guest.Call(16), to.Address, (ulong)size).Value);
        Assert.Equal(expected, Encoding.ASCII.GetString(to.Span));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(112)]
    [InlineData(113)]
    [InlineData(148)]
    public void A_read_of_what_is_not_there_fails_and_gives_zeros(int helper)
    {
        Machine machine = new();
        MemoryRegion to = machine.AddMemory("to", Filled(4), isWritable: true);
        ulong from = machine.AddMemory("from", [1, 2, 3, 4, 5]).Address;
        Assert.Equal(0UL, machine.Invoke(Guest.Call(helper), to.Address, 4, from + 1).Value);
        Assert.Equal([2, 3, 4, 5], to.Span.ToArray());
        foreach (ulong bad in (ulong[])[from + 2, 0, 0xdead_beef_0000_0000])
        {
            to.Span.Fill(7);
            Assert.Equal(Fault, (long)machine.Invoke(Guest.Call(helper), to.Address, 4, bad).Value);
            Assert.Equal(new byte[4], to.Span.ToArray());
        }

        // What the verifier checks is not probed.
        Assert.Throws<MemoryFaultException>(() => machine.Invoke(Guest.Call(helper), to.Address, 5, from));
        Assert.Throws<MemoryFaultException>(() => machine.Invoke(Guest.Call(helper), from, 4, from));
    }

    [Theory]
    [InlineData(45)]
    [InlineData(114)]
    [InlineData(115)]
    public void A_text_is_read_with_its_zero(int helper)
    {
        Machine machine = new();
        MemoryRegion to = machine.AddMemory("to", Filled(4), isWritable: true);
        ulong from = machine.AddMemory("from", "ab\0cdefg"u8).Address;
        Assert.Equal(3L, (long)machine.Invoke(Guest.Call(helper), to.Address, 4, from).Value);
        Assert.Equal([(byte)'a', (byte)'b', 0, 0xee], to.Span.ToArray());
        // Longer than the room: cut off, with a zero.
        Assert.Equal(4L, (long)machine.Invoke(Guest.Call(helper), to.Address, 4, from + 3).Value);
        Assert.Equal("cde\0", Encoding.ASCII.GetString(to.Span));
        // Over the end of memory before the zero.
        Assert.Equal(Fault, (long)machine.Invoke(Guest.Call(helper), to.Address, 4, from + 6).Value);
        Assert.Equal(new byte[4], to.Span.ToArray());
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("%d %u %x", "-1 4294967295 ffffffff")]
    [InlineData("%lld|%lu|%llx", "-1|18446744073709551615|ffffffffffffffff")]
    [InlineData("%%%5d|%-4d|%04x", "%   -1|-1  |ffffffff")]
    [InlineData("%05d|%+5ld|% d", "-0001|   -1|-1")]
    public void Printing_follows_the_format(string format, string expected)
    {
        Machine machine = new();
        byte[] bytes = Encoding.ASCII.GetBytes(format + "\0");
        MemoryRegion text = machine.AddMemory("format", bytes);
        InterpretedProgram program = Guest.Program("mov %r3, -1\nmov %r4, -1\nmov %r5, -1\ncall 6\nexit");
        Assert.Equal((ulong)expected.Length, machine.Invoke(program, text.Address, (ulong)bytes.Length).Value);
        Assert.Equal([expected], machine.State.Trace);
    }

    [Theory]
    [InlineData("%+d|% d|%05d", "+7| 7|00007")]
    [InlineData("%+05d|%-05d|% +d", "+0007|7    |+7")]
    [InlineData("%+u|%+x|%05c", "7|7|    \a")]
    public void Printing_signs_what_is_positive(string format, string expected)
    {
        Machine machine = new();
        byte[] bytes = Encoding.ASCII.GetBytes(format + "\0");
        machine.Invoke(Guest.Program("mov %r3, 7\nmov %r4, 7\nmov %r5, 7\ncall 6\nexit"), machine.AddMemory("format", bytes).Address, (ulong)bytes.Length);
        Assert.Equal([expected], machine.State.Trace);
    }

    [Theory]
    [InlineData("caf\u00e9\0")]
    [InlineData("\u001b[1m\0")]
    public void Printing_refuses_what_is_not_text(string format)
    {
        Machine machine = new();
        byte[] bytes = Encoding.UTF8.GetBytes(format);
        Assert.Equal(-22, (long)machine.Invoke(Guest.Call(6), machine.AddMemory("format", bytes).Address, (ulong)bytes.Length).Value);
    }

    [Fact]
    public void Printing_reads_texts_and_refuses_what_the_kernel_refuses()
    {
        Machine machine = new();
        ulong name = machine.AddMemory("name", "bash\0"u8).Address;
        MemoryRegion format = machine.AddMemory("format", "<%s>\0"u8);
        MemoryRegion values = machine.AddMemory("values", BitConverter.GetBytes(name));
        MemoryRegion to = machine.AddMemory("to", Filled(5), isWritable: true);
        InterpretedProgram print = Guest.Program("mov %r5, 8\ncall 165\nexit");
        Assert.Equal(7UL, machine.Invoke(print, to.Address, 5, format.Address, values.Address).Value);
        Assert.Equal("<bas\0", Encoding.ASCII.GetString(to.Span));
        Assert.Equal(-22, (long)machine.Invoke(Guest.Program("mov %r5, 7\ncall 165\nexit"), to.Address, 5, format.Address, values.Address).Value);
        Assert.Equal(-22, (long)machine.Invoke(Guest.Program("mov %r5, 0\ncall 165\nexit"), to.Address, 5, format.Address, values.Address).Value);
        MemoryRegion unknown = machine.AddMemory("format", "%q\0"u8);
        Assert.Equal(-22, (long)machine.Invoke(Guest.Call(6), unknown.Address, 3).Value);
        // Without its zero.
        Assert.Equal(-22, (long)machine.Invoke(Guest.Call(6), unknown.Address, 2).Value);
        Assert.Empty(machine.State.Trace);
    }

    [Theory]
    [InlineData("abc\0", 4, "abc\0", 0L)]
    [InlineData("abd\0", 4, "abc\0", 1L)]
    [InlineData("abb\0", 4, "abc\0", -1L)]
    [InlineData("abx\0", 2, "aby\0", 0L)]
    [InlineData("ab\0x", 4, "ab\0y", 0L)]
    public void Texts_are_compared_up_to_their_end(string text, int size, string literal, long expected)
    {
        Machine machine = new();
        ulong a = machine.AddMemory("a", Encoding.ASCII.GetBytes(text)).Address;
        ulong b = machine.AddMemory("b", Encoding.ASCII.GetBytes(literal)).Address;
        Assert.Equal(expected, (long)machine.Invoke(Guest.Call(182), a, (ulong)size, b).Value);
    }

    [Fact]
    public void Ids_in_a_namespace_and_signals()
    {
        Machine machine = new() { State = { ProcessId = 7, ThreadId = 8 } };
        MemoryRegion to = machine.AddMemory("to", Filled(8), isWritable: true);
        Assert.Equal(0UL, machine.Invoke(Guest.Call(120), 1, 1, to.Address, 8).Value);
        Assert.Equal([8, 0, 0, 0, 7, 0, 0, 0], to.Span.ToArray());
        Assert.Equal(-22, (long)machine.Invoke(Guest.Call(120), 1, 1, to.Address, 4).Value);
        Assert.Equal(0UL, machine.Invoke(Guest.Call(109), 9).Value);
        Assert.Equal([9], machine.State.Signals);
    }

    [Fact]
    public void Records_of_perf_buffers_are_kept()
    {
        Machine machine = new();
        PerfEventArrayMap buffers = (PerfEventArrayMap)machine.AddMap(Guest.Map(MapType.PerfEventArray, 4, 4, 1));
        ulong data = machine.AddMemory("data", [1, 2]).Address;
        InterpretedProgram output = InterpretedProgram.Create(
        [
            Instruction.Alu64(AluOperation.Move, Register.R4, Register.R1),
            Instruction.Alu64(AluOperation.Move, Register.R3, 0),
            Instruction.LoadImmediate64(Register.R2, buffers.Descriptor, ImmediateKind.MapDescriptor),
            Instruction.Alu64(AluOperation.Move, Register.R5, 2),
            Instruction.Call(CallKind.Helper, 25),
            Instruction.Exit(),
        ]);
        Assert.Equal(0UL, machine.Invoke(output, data).Value);
        Assert.Equal([1, 2], buffers.Read());
        Assert.Null(buffers.Read());
    }

    // CPU 1 of four, of which the array has three.
    [Theory]
    [InlineData(uint.MaxValue, 0L)]
    [InlineData(1UL, 0L)]
    [InlineData(2UL, -95L)]
    [InlineData(3UL, -7L)]
    [InlineData(1UL << 32, -22L)]
    public void Perf_buffers_take_records_of_their_cpu(ulong flags, long expected)
    {
        Machine machine = new(cpuCount: 4);
        machine.State.Cpu = 1;
        PerfEventArrayMap buffers = (PerfEventArrayMap)machine.AddMap(Guest.Map(MapType.PerfEventArray, 4, 4, 3));
        InterpretedProgram output = InterpretedProgram.Create(
        [
            Instruction.Alu64(AluOperation.Move, Register.R4, Register.R1),
            Instruction.Alu64(AluOperation.Move, Register.R3, Register.R2),
            Instruction.LoadImmediate64(Register.R2, buffers.Descriptor, ImmediateKind.MapDescriptor),
            Instruction.Alu64(AluOperation.Move, Register.R5, 2),
            Instruction.Call(CallKind.Helper, 25),
            Instruction.Exit(),
        ]);
        Assert.Equal(expected, (long)machine.Invoke(output, machine.AddMemory("data", [1, 2]).Address, flags).Value);
        Assert.Equal(expected == 0, buffers.Read() is not null);
    }

    private static byte[] Filled(int size)
    {
        byte[] bytes = new byte[size];
        bytes.AsSpan().Fill(0xee);
        return bytes;
    }
}
