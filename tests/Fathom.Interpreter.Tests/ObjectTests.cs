using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Interpreter.Tests;

/// <summary>Objects with their maps and data, as compiled and as read from a file.</summary>
public sealed class ObjectTests
{
    [Fact]
    public void A_compiled_object_computes()
    {
        InterpretedObject loaded = Load();
        Span<SampleIo> io = MemoryMarshal.Cast<byte, SampleIo>(((ArrayMap)loaded.Maps["Io"]).GetValue(0));
        io[0] = new SampleIo { A = 1000, B = 10 };
        RunResult result = loaded.Run("Compute");
        Assert.Equal(7, result.ReturnValue);
        // 0 + 1 + ... + 9
        ulong expected = ((1000UL / 45) + (1000UL % 45)) * 3;
        Assert.Equal(expected, io[0].Result);
        Assert.Equal(expected, BitConverter.ToUInt64(loaded.Maps["Seen"].GetValue(BitConverter.GetBytes(1000UL))));
        Assert.Equal(1UL, BitConverter.ToUInt64(loaded.Maps[".bss"].GetValue(new byte[4])));
        Assert.Equal(101UL, BitConverter.ToUInt64(loaded.Maps[".data"].GetValue(new byte[4])));

        // The loop stops where its body says: 0 + 1 + ... + 14.
        io[0] = new SampleIo { A = 7, B = 1_000 };
        loaded.Run("Compute");
        Assert.Equal(7UL % 105 * 3, io[0].Result);
        Assert.Equal(2UL, BitConverter.ToUInt64(loaded.Maps[".bss"].GetValue(new byte[4])));
        Assert.Equal(103UL, BitConverter.ToUInt64(loaded.Maps[".data"].GetValue(new byte[4])));
    }

    [Fact]
    public void A_constant_is_changed_before_it_runs()
    {
        InterpretedObject loaded = Load();
        BitConverter.TryWriteBytes(loaded.Maps[".rodata"].GetValue(new byte[4]), 5UL);
        Span<SampleIo> io = MemoryMarshal.Cast<byte, SampleIo>(((ArrayMap)loaded.Maps["Io"]).GetValue(0));
        io[0] = new SampleIo { A = 7, B = 1_000 };
        loaded.Run("Compute");
        Assert.Equal(7UL * 5, io[0].Result);
    }

    [Fact]
    public void Errors_say_the_line_of_the_source()
    {
        InterpretedObject loaded = Load();
        Span<SampleIo> io = MemoryMarshal.Cast<byte, SampleIo>(((ArrayMap)loaded.Maps["Io"]).GetValue(0));
        io[0] = new SampleIo { A = 7, B = 1_000 };
        loaded.Machine.StepLimit = 40;
        StepLimitException stopped = Assert.Throws<StepLimitException>(() => loaded.Run("Compute"));
        Assert.NotNull(stopped.Position.Line);
        Assert.Contains("SampleProbe.cs", stopped.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constants_are_read_only_for_programs()
    {
        BpfObject value = new()
        {
            License = "GPL",
            Functions =
            [
                new BpfFunction
                {
                    Name = "write",
                    Section = "syscall",
                    Instructions = [Instruction.LoadImmediate64(Register.R1, 0), Instruction.Store(MemorySize.Byte, Register.R1, 0, 1), Instruction.Exit()],
                    References = [new Reference(0, ReferenceKind.Data, ".rodata", 3)],
                },
            ],
            Maps = [Guest.Map(MapType.Array, 4, 8, 1, ".rodata") with { InitialValue = new byte[8], IsReadOnlyData = true }],
        };
        MemoryFaultException fault = Assert.Throws<MemoryFaultException>(() => InterpretedObject.Load(new Machine(), value).Run("write"));
        Assert.Equal("the .rodata is read-only", fault.Near);
        Assert.Equal(3UL, fault.Address & 7);
    }

    [Fact]
    public void Kernel_symbols_are_the_hosts_to_give()
    {
        BpfObject value = new()
        {
            License = "GPL",
            Functions =
            [
                new BpfFunction
                {
                    Name = "read",
                    Section = "syscall",
                    Instructions = [Instruction.LoadImmediate64(Register.R1, 0), Instruction.Load(MemorySize.Byte, Register.R0, Register.R1, 0), Instruction.Exit()],
                    References = [new Reference(0, ReferenceKind.KernelSymbol, "jiffies")],
                },
            ],
        };
        Machine machine = new();
        Assert.Throws<KeyNotFoundException>(() => InterpretedObject.Load(machine, value).Run("read"));
        ulong address = machine.AddMemory("jiffies", [42]).Address;
        InterpretedObjectOptions options = new() { KernelSymbols = ImmutableDictionary<string, ulong>.Empty.Add("jiffies", address) };
        Assert.Equal(42, InterpretedObject.Load(machine, value, options).Run("read").ReturnValue);
    }

    private static InterpretedObject Load() => InterpretedObject.Load(new Machine(), ObjectFile.Parse(SampleProbe.GetObjectFile()));
}
