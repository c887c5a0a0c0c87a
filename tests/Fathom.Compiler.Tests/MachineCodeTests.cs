using System.Linq;
using Fathom.Compiler.CodeGeneration;
using Fathom.Compiler.IR;
using Fathom.Compiler.Passes;
using Fathom.Format.Instructions;
using Xunit;

namespace Fathom.Compiler.Tests;

/// <summary>What is done to instructions of the machine, and what must become one.</summary>
public sealed class MachineCodeTests
{
    [Fact]
    public void A_move_of_what_a_register_holds_already_goes()
    {
        var function = Machine(out var block);
        block.Instructions.AddRange(
        [
            MachineInstruction.Move(1, 6),
            MachineInstruction.Move(1, 6),
            MachineInstruction.Move(6, 1),
            MachineInstruction.From(Instruction.Call(CallKind.Helper, 5)),
            MachineInstruction.Move(1, 6),
            MachineInstruction.From(Instruction.Alu64(AluOperation.Add, 0, 1), 6),
            MachineInstruction.Move(1, 6),
            MachineInstruction.From(Instruction.Exit()),
        ]);

        CleanMachineCode.Run(function);

        // The call takes R1, and the addition makes R6 another.
        Assert.Equal([true, false, true, false, true, false], block.Instructions.Select(i => i.IsMove));
    }

    [Fact]
    public void Blocks_that_end_alike_share_the_end()
    {
        var function = Machine(out var entry);
        var blocks = Enumerable.Range(1, 3).Select(n => new MachineBlock(n, 0)).ToArray();
        function.Blocks.AddRange(blocks);
        foreach (var (block, result) in blocks.Zip([7, 7, 8]))
        {
            var jump = MachineInstruction.From(block == blocks[2] ? Instruction.Goto(0) : Instruction.Jump64(JumpOperation.Equal, Register.R0, block.Index, 0), block == blocks[2] ? -1 : 1);
            jump.Target = block;
            entry.Instructions.Add(jump);
            block.Instructions.AddRange(
            [
                MachineInstruction.From(Instruction.Call(CallKind.Helper, 5)),
                MachineInstruction.From(Instruction.Alu64(AluOperation.Move, 0, result), 0),
                MachineInstruction.From(Instruction.Exit()),
            ]);
        }

        CleanMachineCode.Run(function);

        Assert.Equal(2, function.Blocks.Count(b => b.Instructions[^1].IsExit));
        Assert.Same(blocks[0].Instructions[^1].Target, blocks[1].Instructions[^1].Target);
        Assert.Equal([7, 0], blocks[0].Instructions[^1].Target!.Instructions.Select(i => i.Immediate));
        Assert.Equal(3, blocks[2].Instructions.Count);
    }

    [Fact]
    public void An_extension_is_made_where_the_verifier_forgot_the_upper_half_and_needs_it()
    {
        var function = new Module().AddFunction("f", "syscall", [IrType.PointerTo(PointerSpace.MapValue), IrType.I64], IrType.I32, 0);
        var b = new FunctionBuilder(function);
        var low = b.Convert(Conversion.Truncate, b.Parameter(1));
        Value Extended(Value value) => b.Convert(Conversion.ZeroExtend, value);
        var rest = b.Binary(BinaryOperation.ModuloUnsigned, low, b.Constant(IrType.I32, 5));
        var offset = Extended(rest);
        var stored = Extended(rest);
        var masked = Extended(b.Binary(BinaryOperation.And, low, b.Constant(IrType.I32, 7)));
        var shifted = Extended(b.Binary(BinaryOperation.ShiftRight, low, b.Constant(IrType.I32, 29)));
        b.Store(b.OffsetBy(b.Parameter(0), offset), 0, MemorySize.Byte, low);
        b.Store(b.OffsetBy(b.Parameter(0), masked), 0, MemorySize.Byte, low);
        b.Store(b.OffsetBy(b.Parameter(0), shifted), 0, MemorySize.Byte, low);
        b.Store(b.Parameter(0), 0, MemorySize.Double, stored);
        b.Return(low);
        new BuildSsa().Run(function);

        Assert.Equal([offset.Id], ForgottenExtensions.Of(function, Definitions.Of(function)).Select(i => i.Result));
    }

    private static MachineFunction Machine(out MachineBlock entry)
    {
        var function = new MachineFunction(new Module().AddFunction("f", "syscall", [IrType.PointerTo(PointerSpace.Context)], IrType.I32, 0));
        function.Blocks.Add(entry = new MachineBlock(0, 0));
        return function;
    }
}
