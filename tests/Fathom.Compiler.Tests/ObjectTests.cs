using System;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Compiler.Tests;

/// <summary>What an object says besides its instructions: relocations, references, lines, problems.</summary>
public sealed class ObjectTests
{
    private static readonly IrType s_trusted = IrType.PointerTo(PointerSpace.Trusted);
    private static readonly IrType s_context = IrType.PointerTo(PointerSpace.Context);

    [Fact]
    public void A_relocated_load_has_the_local_offset_and_the_relocation()
    {
        var access = new CoreAccess(7, "0:3", CoreRelocationKind.FieldByteOffset, 40);

        var function = Compile(b => b.Return(b.Convert(Conversion.Truncate, b.Load(
            IrType.I64, b.Load(s_trusted, b.Parameter(0), 8, MemorySize.Double), 0, MemorySize.Double, core: access))));

        var relocation = Assert.Single(function.CoreRelocations);
        Assert.Equal((7, "0:3", CoreRelocationKind.FieldByteOffset), (relocation.TypeId, relocation.Access, relocation.Kind));
        var load = function.Instructions[relocation.Instruction];
        Assert.Equal(InstructionClass.LoadX, load.Class);
        Assert.Equal(40, load.Offset);
    }

    [Fact]
    public void A_relocated_number_is_never_folded()
    {
        var access = new CoreAccess(7, "0:3", CoreRelocationKind.FieldExists, 1);

        var function = Compile(b =>
        {
            var exists = b.CoreValue(IrType.I32, access);
            var yes = b.NewBlock();
            var no = b.NewBlock();
            b.Branch(Comparison.NotEqual, exists, b.Constant(IrType.I32, 0), yes, no);
            b.SetBlock(yes);
            b.Return(b.Binary(BinaryOperation.Add, b.CoreValue(IrType.I32, access), b.Constant(IrType.I32, 5)));
            b.SetBlock(no);
            b.Return(b.Constant(IrType.I32, 9));
        });

        // Asked once: two equal questions have one answer. The branch stays.
        var relocation = Assert.Single(function.CoreRelocations);
        var move = function.Instructions[relocation.Instruction];
        Assert.Equal((AluOperation.Move, 1L), (move.AluOperation, move.Immediate));
        Assert.Contains(function.Instructions, i => i.HasTarget);
        Assert.Contains(function.Instructions, i => i.IsAlu && i.AluOperation == AluOperation.Add && i.Immediate == 5);
    }

    [Fact]
    public void A_relocated_offset_is_an_addition_of_its_own()
    {
        var access = new CoreAccess(7, "0:3", CoreRelocationKind.FieldByteOffset, 0);

        var function = Compile(b => b.Return(b.Convert(Conversion.Truncate, b.Load(
            IrType.I64, b.CoreOffset(b.Load(s_trusted, b.Parameter(0), 8, MemorySize.Double), access), 16, MemorySize.Double))));

        var add = function.Instructions[Assert.Single(function.CoreRelocations).Instruction];
        Assert.Equal((InstructionClass.Alu64, AluOperation.Add, 0L), (add.Class, add.AluOperation, add.Immediate));
        Assert.Contains(function.Instructions, i => i.Class == InstructionClass.LoadX && i.Offset == 16);
    }

    [Fact]
    public void Context_offsets_are_in_the_access_and_context_stores_are_of_registers()
    {
        var function = Compile(b =>
        {
            var inside = b.Offset(b.Offset(b.Parameter(0), 8), 4);
            b.Store(inside, 4, MemorySize.Double, b.Constant(IrType.I64, 3));
            b.Return(b.Load(IrType.I32, inside, 0, MemorySize.Word));
        });

        Assert.Contains(function.Instructions, i => i.Class == InstructionClass.LoadX && i is { Source: Register.R1, Offset: 12 });
        Assert.Contains(function.Instructions, i => i.Class == InstructionClass.StoreX && i is { Destination: Register.R1, Offset: 16 });
        Assert.DoesNotContain(function.Instructions, i => i.Class == InstructionClass.Store);
    }

    [Fact]
    public void Lines_are_strictly_increasing_from_the_first_instruction()
    {
        var function = Compile(b =>
        {
            b.Position = new SourcePosition("a.cs", 1, 5, "first");
            var pid = b.Call(14, IrType.I64, []);
            b.Position = new SourcePosition("a.cs", 2, 5, "second");
            b.Return(b.Convert(Conversion.Truncate, pid));
        });

        Assert.Equal(0, function.Lines[0].Instruction);
        Assert.Equal(["first", "second"], function.Lines.Select(l => l.Text));
        Assert.True(function.Lines[0].Instruction < function.Lines[1].Instruction);
    }

    [Fact]
    public void A_frame_beyond_512_bytes_is_a_problem_with_a_place_and_a_way_out()
    {
        var result = Build(b =>
        {
            b.Position = new SourcePosition("a.cs", 3, 9, "Buffer b;");
            var slot = b.NewSlot(520, 8);
            b.Call(113, IrType.I64, [b.SlotAddress(slot), b.Constant(IrType.I32, 520), b.Parameter(0)]);
            b.Return(b.Constant(IrType.I32, 0));
        });

        Assert.Null(result.Object);
        var problem = Assert.Single(result.Problems);
        Assert.Equal(3, problem.Position!.Line);
        Assert.Contains("per-CPU", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Functions_maps_and_data_are_referred_to_by_name()
    {
        var module = new Module();
        module.AddGlobal("padding", DataSection.Data, new byte[3], 1, 0);
        var counter = module.AddGlobal("counter", DataSection.Data, BitConverter.GetBytes(100L), 8, 0);
        var body = module.AddFunction("body", ".text", [IrType.I32, IrType.I64], IrType.I32, 0);
        var b = new FunctionBuilder(body);
        b.Atomic(AtomicOperation.Add, MemorySize.Double, b.GlobalAddress(counter), 0, b.Convert(Conversion.ZeroExtend, b.Parameter(0)));
        b.Return(b.Constant(IrType.I32, 0));
        b = new FunctionBuilder(module.AddFunction("entry", "syscall", [s_context], IrType.I32, 0));
        b.Call(181, IrType.I64, [b.Constant(IrType.I32, 10), b.FunctionAddress(body), b.Constant(IrType.I64, 0), b.Constant(IrType.I64, 0)]);
        b.Return(b.Call(body, [b.Constant(IrType.I32, 1), b.Constant(IrType.I64, 2)]));

        var result = BpfCompiler.Compile(module, new CompilerOptions(CheckIr: true)).Object!;

        Assert.Equal([new Reference(0, ReferenceKind.Data, ".data", 8)], result.Functions[0].References.Select(r => r with { Instruction = 0 }));
        Assert.Equal([ReferenceKind.FunctionAddress, ReferenceKind.Call], result.Functions[1].References.Select(r => r.Kind));
        Assert.All(result.Functions[1].References, r => Assert.Equal("body", r.Target));
        var data = Assert.Single(result.Maps);
        Assert.Equal((".data", 16, 100), (data.Name, data.ValueSize, data.InitialValue!.Value.Span[8]));
    }

    [Fact]
    public void A_condition_of_two_parts_becomes_two_branches()
    {
        var function = Compile(b =>
        {
            // x = a != 0 && b < 5, then if (x).
            var x = b.NewValue(IrType.I32);
            var second = b.NewBlock();
            var no = b.NewBlock();
            var join = b.NewBlock();
            var yes = b.NewBlock();
            var end = b.NewBlock();
            var left = b.Load(IrType.I32, b.Parameter(0), 0, MemorySize.Word);
            var right = b.Load(IrType.I32, b.Parameter(0), 4, MemorySize.Word);
            b.Branch(Comparison.NotEqual, left, b.Constant(IrType.I32, 0), second, no);
            b.SetBlock(second);
            b.Assign(x, b.Compare(Comparison.LessUnsigned, right, b.Constant(IrType.I32, 5)));
            b.Jump(join);
            b.SetBlock(no);
            b.Assign(x, b.Constant(IrType.I32, 0));
            b.Jump(join);
            b.SetBlock(join);
            b.Branch(Comparison.NotEqual, x, b.Constant(IrType.I32, 0), yes, end);
            b.SetBlock(yes);
            b.Return(b.Constant(IrType.I32, 1));
            b.SetBlock(end);
            b.Return(b.Constant(IrType.I32, 0));
        });

        Assert.Equal(8, function.Instructions.Length);
    }

    private static BpfFunction Compile(Action<FunctionBuilder> fill)
    {
        var result = Build(fill);
        Assert.Empty(result.Problems);
        return result.Object!.Functions.Single();
    }

    private static CompilerResult Build(Action<FunctionBuilder> fill)
    {
        var module = new Module();
        fill(new FunctionBuilder(module.AddFunction("entry", "syscall", [s_context], IrType.I32, 0)));
        return BpfCompiler.Compile(module, new CompilerOptions(CheckIr: true));
    }
}
