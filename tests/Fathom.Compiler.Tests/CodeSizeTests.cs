using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Compiler.Tests.Kernel;
using Fathom.Compiler.Tests.Random;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Compiler.Tests;

/// <summary>Typical programs take no more instructions than a person would write.</summary>
public sealed class CodeSizeTests
{
    private const int KtimeHelper = 5;
    private const int LookupHelper = 1;
    private const int DeleteHelper = 3;

    [Fact]
    public void A_latency_histogram_is_as_short_as_by_hand()
    {
        var module = new Module();
        Map(module, "start", MapType.Hash, 8, 8, 1024);
        Map(module, "hist", MapType.PerCpuArray, 4, 8, 64);
        var function = module.AddFunction("done", "raw_tp/block_rq_complete", [IrType.PointerTo(PointerSpace.Context)], IrType.I32, 0);
        Handler(new FunctionBuilder(function));

        var result = BpfCompiler.Compile(module, new CompilerOptions(CheckIr: true));

        var code = result.Object!.Functions.Single().Instructions;
        string text = string.Join('\n', code.Select(i => Dump.Text(i)));
        Assert.True(code.Length <= 50, $"{code.Length} instructions:\n{text}");
        Bpf.SkipUnlessAvailable();
        using var program = new LoadedProgram(result.Object, "done", 17);
        Assert.True(program.Verified <= 300, $"{program.Verified} verified");
    }

    // key = request; start = lookup(key); if (start == null) return 0; delta = now - *start; slot = log2(delta / 1000); hist[slot]++.
    private static void Handler(FunctionBuilder b)
    {
        var i64 = IrType.I64;
        var missing = b.NewBlock();
        var found = b.NewBlock();
        var request = b.Load(i64, b.Parameter(0), 0, MemorySize.Double);
        var key = b.NewSlot(8, 8);
        b.Store(b.SlotAddress(key), 0, MemorySize.Double, request);
        var start = b.Call(LookupHelper, IrType.PointerTo(PointerSpace.MapValue), [b.MapAddress("start"), b.SlotAddress(key)]);
        b.Branch(Comparison.Equal, start, b.Constant(b.TypeOf(start), 0), missing, found);
        b.SetBlock(missing);
        b.Return(b.Constant(IrType.I32, 0));
        b.SetBlock(found);
        var delta = b.NewValue(i64);
        b.Assign(delta, b.Binary(BinaryOperation.Subtract, b.Call(KtimeHelper, i64, []), b.Load(i64, start, 0, MemorySize.Double)));
        b.Assign(delta, b.Binary(BinaryOperation.DivideUnsigned, delta, b.Constant(i64, 1000)));
        var slot = b.NewValue(IrType.I32);
        b.Assign(slot, b.Constant(IrType.I32, 0));
        foreach (int shift in new[] { 32, 16, 8, 4, 2, 1 })
        {
            var step = b.NewBlock();
            var next = b.NewBlock();
            b.Branch(Comparison.GreaterOrEqualUnsigned, delta, b.Constant(i64, 1L << shift), step, next);
            b.SetBlock(step);
            b.Assign(delta, b.Binary(BinaryOperation.ShiftRight, delta, b.Constant(i64, shift)));
            b.Assign(slot, b.Binary(BinaryOperation.Add, slot, b.Constant(IrType.I32, shift)));
            b.Jump(next);
            b.SetBlock(next);
        }

        var index = b.NewSlot(4, 4);
        b.Store(b.SlotAddress(index), 0, MemorySize.Word, slot);
        var count = b.Call(LookupHelper, IrType.PointerTo(PointerSpace.MapValue), [b.MapAddress("hist"), b.SlotAddress(index)]);
        var add = b.NewBlock();
        var delete = b.NewBlock();
        b.Branch(Comparison.NotEqual, count, b.Constant(b.TypeOf(count), 0), add, delete);
        b.SetBlock(add);
        b.Store(count, 0, MemorySize.Double, b.Binary(BinaryOperation.Add, b.Load(i64, count, 0, MemorySize.Double), b.Constant(i64, 1)));
        b.Jump(delete);
        b.SetBlock(delete);
        b.Call(DeleteHelper, i64, [b.MapAddress("start"), b.SlotAddress(key)]);
        b.Return(b.Constant(IrType.I32, 0));
    }

    private static void Map(Module module, string name, MapType type, int key, int value, int entries) =>
        module.AddMap(new MapDefinition { Name = name, Type = type, KeySize = key, ValueSize = value, MaxEntries = entries });
}
