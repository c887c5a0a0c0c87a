using System;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Compiler.Tests.Kernel;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Compiler.Tests;

/// <summary>Small whole programs, compiled and run.</summary>
public sealed class SmokeTests
{
    [Fact]
    public void A_loop_with_a_map_value_sums_its_numbers()
    {
        Bpf.SkipUnlessAvailable();
        var module = new Module();
        module.AddMap(new MapDefinition { Name = "data", Type = MapType.Array, KeySize = 4, ValueSize = 64, MaxEntries = 1 });
        var function = module.AddFunction("sum", "syscall", [IrType.PointerTo(PointerSpace.Context)], IrType.I32, 0);
        var b = new FunctionBuilder(function);
        var slot = b.NewSlot(4, 4);
        var key = b.SlotAddress(slot);
        b.Store(key, 0, MemorySize.Word, b.Constant(IrType.I32, 0));
        var value = b.Call(1, IrType.PointerTo(PointerSpace.MapValue), [b.MapAddress("data"), key]);
        var found = b.NewBlock();
        var missing = b.NewBlock();
        b.Branch(Comparison.NotEqual, value, b.Constant(b.TypeOf(value), 0), found, missing);
        b.SetBlock(missing);
        b.Return(b.Constant(IrType.I32, 1));
        b.SetBlock(found);
        var i = b.NewValue(IrType.I64);
        var sum = b.NewValue(IrType.I64);
        b.Assign(i, b.Constant(IrType.I64, 0));
        b.Assign(sum, b.Constant(IrType.I64, 0));
        var head = b.NewBlock();
        var body = b.NewBlock();
        var done = b.NewBlock();
        b.Jump(head);
        b.SetBlock(head);
        b.Branch(Comparison.LessUnsigned, i, b.Constant(IrType.I64, 7), body, done);
        b.SetBlock(body);
        var at = b.OffsetBy(value, b.Binary(BinaryOperation.Multiply, i, b.Constant(IrType.I64, 8)));
        b.Assign(sum, b.Binary(BinaryOperation.Add, sum, b.Load(IrType.I64, at, 0, MemorySize.Double)));
        b.Assign(i, b.Binary(BinaryOperation.Add, i, b.Constant(IrType.I64, 1)));
        b.Jump(head);
        b.SetBlock(done);
        b.Store(value, 56, MemorySize.Double, sum);
        b.Return(b.Constant(IrType.I32, 0));

        var result = BpfCompiler.Compile(module, new CompilerOptions(CheckIr: true));

        using var program = new LoadedProgram(result.Object!, "sum");
        var data = new byte[64];
        for (int n = 0; n < 7; n++)
        {
            BitConverter.TryWriteBytes(data.AsSpan(n * 8), 1000003L * (n + 1));
        }

        program.Write("data", data);
        Assert.Equal(0u, program.Run());
        program.Read("data", data);
        Assert.Equal(1000003L * 28, BitConverter.ToInt64(data, 56));
        Assert.True(result.Object!.Functions.Single().Instructions.Length < 25);
    }
}
