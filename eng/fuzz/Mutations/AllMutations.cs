using System;
using System.Linq;
using Fathom.Compiler.CodeGeneration;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Fuzzing.Mutations;

/// <summary>The broken compilers. Each is one line of mutations.tsv.</summary>
internal static class AllMutations
{
    private const string FrontEnd = "the front end";
    private const string End = "SplitCriticalEdges";

    public static readonly Mutation[] List =
    [
        // Conversions.
        new("a truncation to 32 bits costs nothing", End, Each(i => i.Op == Opcode.Convert && i.Conversion == Conversion.Truncate, i => i.Flag = true)),
        Convert("an int becomes a long without its sign", Conversion.SignExtend, Conversion.ZeroExtend),
        Convert("a uint becomes a ulong with a sign", Conversion.ZeroExtend, Conversion.SignExtend),
        Convert("an sbyte has no sign", Conversion.SignExtend8, Conversion.ZeroExtend8),
        Convert("a short has no sign", Conversion.SignExtend16, Conversion.ZeroExtend16),
        Convert("a byte has a sign", Conversion.ZeroExtend8, Conversion.SignExtend8),

        // Arithmetic.
        Binary("signed division is unsigned", BinaryOperation.DivideSigned, BinaryOperation.DivideUnsigned),
        Binary("signed remainder is unsigned", BinaryOperation.ModuloSigned, BinaryOperation.ModuloUnsigned),
        Binary("arithmetic shift is logical", BinaryOperation.ShiftRightArithmetic, BinaryOperation.ShiftRight),
        new("the operands of a subtraction are swapped", FrontEnd, Each(i => i.Op == Opcode.Binary && i.Binary == BinaryOperation.Subtract, i => Array.Reverse(i.Operands))),
        new("a 64-bit multiplication is done in 32", Code(i => i.Opcode == 0x2f, i => i.Opcode = 0x2c)),
        new("a 64-bit addition of a number is done in 32", Code(i => i.Opcode == 0x07 && i.Destination != MachineInstruction.FramePointer && i.Slot < 0 && i.Immediate == 1, i => i.Opcode = 0x04)),
        new("a shift by 8 is one by 7", Code(i => i.Opcode is 0x67 or 0x77 && i.Immediate == 8, i => i.Immediate = 7)),
        new("a byte swap of 8 bytes swaps 4", FrontEnd, Each(i => i.Op == Opcode.ByteSwap && i.Immediate == 64, i => i.Immediate = 32)),

        // Comparisons and branches.
        Compare("a signed comparison is unsigned", Comparison.LessSigned, Comparison.LessUnsigned),
        Compare("an unsigned comparison is signed", Comparison.GreaterUnsigned, Comparison.GreaterSigned),
        Compare("less or equal is less", Comparison.LessOrEqualSigned, Comparison.LessSigned),
        new("a comparison with a number is off by one", Code(i => i.Opcode is 0x25 or 0x65, i => i.Immediate++)),
        new("a branch on equality goes the other way", Code(i => i.Opcode is 0x1d, i => i.Opcode = 0x5d)),
        new("a fault check of a divisor is left out", FrontEnd, SkipFault(0)),
        new("a fault check of an index is left out", FrontEnd, SkipFault(1)),

        // Constants.
        new("a constant with bit 31 gets a sign", FrontEnd, Each(i => i.Op == Opcode.Constant && i.Immediate is >= 0x8000_0000L and <= 0xffff_ffffL, (f, i) => i.Immediate = f.TypeOf(i.Result).Bits == 64 ? (int)i.Immediate : i.Immediate)),
        new("a folded constant is off by one", "Simplify", Each(i => i.Op == Opcode.Constant && i.Immediate is 127, i => i.Immediate++)),

        // Order and memory.
        new("a variable is read after the right side has changed it", FrontEnd, ReadLate.Run),
        new("a load is taken for an earlier one of the same address", "NumberValues", StaleLoad.Run),
        new("the last store of a byte in a block is lost", "RemoveDeadStores", LostStore),
        new("a store before a call is lost", "RemoveDeadStores", StoreBeforeCall),
        new("zeroing stops a word early", "PromoteSlots", Each(i => i.Op == Opcode.Zero && i.Count >= 16, i => i.Count -= 8)),
        new("a copy of memory stops a byte early", FrontEnd, Each(i => i.Op == Opcode.CopyMemory && i.Count > 1, i => i.Count--)),
        new("a field is read at the offset before it", Code(i => i.Slot >= 0 && i.Opcode == 0x61 && i.Offset % 8 == 4, i => i.Offset -= 4)),
        new("the values of a phi are swapped", "PromoteSlots", Each(i => i.Op == Opcode.Phi && i.Operands.Length == 2 && i.Targets[0] != i.Targets[1], i => Array.Reverse(i.Operands))),

        // Calls and registers.
        new("the parameters of a subprogram are swapped", FrontEnd, Parameters),
        new("the arguments of a call are swapped", Arguments),
        new("all spills share a slot", SharedSpills),
    ];

    private static Action<Function> Each(Func<IrInstruction, bool> where, Action<IrInstruction> change) => Each(where, (_, i) => change(i));

    private static Action<Function> Each(Func<IrInstruction, bool> where, Action<Function, IrInstruction> change) => function =>
    {
        foreach (IrInstruction instruction in function.Blocks.SelectMany(b => b.Instructions).Where(where))
        {
            change(function, instruction);
        }
    };

    private static Action<MachineFunction> Code(Func<MachineInstruction, bool> where, Action<MachineInstruction> change) => function =>
    {
        foreach (MachineInstruction instruction in function.Blocks.SelectMany(b => b.Instructions).Where(where))
        {
            change(instruction);
        }
    };

    private static Mutation Convert(string name, Conversion right, Conversion wrong) =>
        new(name, FrontEnd, Each(i => i.Op == Opcode.Convert && i.Conversion == right, i => i.Kind = (byte)wrong));

    private static Mutation Binary(string name, BinaryOperation right, BinaryOperation wrong) =>
        new(name, FrontEnd, Each(i => i.Op == Opcode.Binary && i.Binary == right, i => i.Kind = (byte)wrong));

    private static Mutation Compare(string name, Comparison right, Comparison wrong) =>
        new(name, FrontEnd, Each(i => i.Op is Opcode.Compare or Opcode.Branch && i.Comparison == right, i => i.Kind = (byte)wrong));

    private static Action<Function> SkipFault(int which) => Each(
        i => i.Op == Opcode.Branch && i.Targets[which].Name == "fault",
        i =>
        {
            Block other = i.Targets[1 - which];
            i.Become(Opcode.Jump);
            i.Targets = [other];
        });

    private static void LostStore(Function function)
    {
        foreach (Block block in function.Blocks)
        {
            int last = block.Instructions.Count - 2;
            if (last >= 0 && block.Instructions[last] is { Op: Opcode.Store, Size: MemorySize.Byte })
            {
                block.Instructions.RemoveAt(last);
            }
        }
    }

    private static void StoreBeforeCall(Function function)
    {
        foreach (Block block in function.Blocks)
        {
            for (int i = block.Instructions.Count - 1; i > 0; i--)
            {
                int store = block.Instructions.FindLastIndex(i, x => x.Op == Opcode.Store);
                if (block.Instructions[i].Op is Opcode.CallFunction or Opcode.CallHelper && store >= 0)
                {
                    block.Instructions.RemoveAt(store);
                    i--;
                }
            }
        }
    }

    private static void Parameters(Function function)
    {
        IrInstruction[] parameters = [.. function.Blocks[0].Instructions.Where(i => i.Op == Opcode.Parameter && !function.TypeOf(i.Result).IsPointer)];
        if (parameters.Length >= 2 && function.TypeOf(parameters[0].Result) == function.TypeOf(parameters[1].Result))
        {
            (parameters[0].Immediate, parameters[1].Immediate) = (parameters[1].Immediate, parameters[0].Immediate);
        }
    }

    private static void Arguments(MachineFunction function)
    {
        foreach (MachineBlock block in function.Blocks)
        {
            for (int call = 2; call < block.Instructions.Count; call++)
            {
                MachineInstruction first = block.Instructions[call - 2], second = block.Instructions[call - 1];
                if (block.Instructions[call] is { IsCall: true, Reference: Function } && first.IsMove && second.IsMove && first.Destination != second.Source)
                {
                    (first.Source, second.Source) = (second.Source, first.Source);
                }
            }
        }
    }

    private static void SharedSpills(MachineFunction function)
    {
        int first = function.Source.Slots.Count;
        for (int s = first + 1; s < function.Slots.Count; s++)
        {
            function.Slots[s].FrameOffset = function.Slots[first].FrameOffset;
        }
    }
}
