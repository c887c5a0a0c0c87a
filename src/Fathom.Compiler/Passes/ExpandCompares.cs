using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Lowering of comparisons.
/// The machine has no instruction that makes a comparison a number: it becomes a branch over a phi of 1 and 0. Splits blocks.
/// Invariant: SSA; no <see cref="Opcode.Compare"/> is left. Runs after the passes that fold comparisons into branches.
/// </summary>
internal sealed class ExpandCompares : IPass
{
    public bool Run(Function function)
    {
        bool changed = false;
        for (int b = 0; b < function.Blocks.Count; b++)
        {
            var block = function.Blocks[b];
            int index = block.Instructions.FindIndex(i => i.Op == Opcode.Compare);
            if (index < 0)
            {
                continue;
            }

            Split(function, b, index);
            changed = true;
        }

        return changed;
    }

    private static void Split(Function function, int place, int index)
    {
        var block = function.Blocks[place];
        var compare = block.Instructions[index];
        var otherwise = function.NewBlock();
        var rest = function.NewBlock();
        rest.Instructions.AddRange(block.Instructions.GetRange(index + 1, block.Instructions.Count - index - 1));
        block.Instructions.RemoveRange(index, block.Instructions.Count - index);
        foreach (var successor in rest.Successors)
        {
            Edges.Rename(block, rest, successor);
        }

        var one = new List<IrInstruction>();
        var zero = new List<IrInstruction>();
        int whenTrue = new Emitter(function, one, compare).Constant(IrType.I32, 1);
        int whenFalse = new Emitter(function, zero, compare).Constant(IrType.I32, 0);
        block.Instructions.AddRange(one);
        block.Instructions.Add(new IrInstruction(Opcode.Branch)
        {
            Kind = compare.Kind,
            Operands = compare.Operands,
            Targets = [rest, otherwise],
            Position = compare.Position,
        });
        otherwise.Instructions.AddRange(zero);
        otherwise.Instructions.Add(new IrInstruction(Opcode.Jump) { Targets = [rest], Position = compare.Position });
        compare.Become(Opcode.Phi, whenTrue, whenFalse);
        compare.Targets = [block, otherwise];
        rest.Instructions.Insert(0, compare);
        function.Blocks.Insert(place + 1, otherwise);
        function.Blocks.Insert(place + 2, rest);
    }
}
