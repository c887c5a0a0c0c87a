using System.Collections.Generic;
using Fathom.Compiler.IR;
using Fathom.Format.Linux;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Copy and constant propagation with instruction combining (peephole).
/// Propagates copies and constants, folds what is known, and rewrites operations to cheaper ones of the same value, one instruction at a
/// time. Reads definitions; writes instructions in place, and may put new ones before them. Never looks into relocated numbers.
/// Invariant: SSA; edges change only where a branch is decided, and blocks go that nothing reaches any more.
/// </summary>
internal sealed class Simplify : IPass
{
    private Function _function = null!;
    private Definitions _definitions = null!;
    private SimplifyArithmetic _arithmetic = null!;
    private SimplifyComparisons _comparisons = null!;

    public bool Run(Function function)
    {
        _function = function;
        _definitions = Definitions.Of(function);
        _arithmetic = new SimplifyArithmetic(function, _definitions);
        _comparisons = new SimplifyComparisons(function, _definitions);
        bool any = false;
        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (var block in function.Blocks)
            {
                bool isBranch = block.Terminator.Op == Opcode.Branch;
                changed |= Run(block);
                if (isBranch && block.Terminator.Op == Opcode.Jump)
                {
                    // In a loop that nothing enters any more, copies may run in circles: it must go before anybody follows them.
                    break;
                }
            }

            Edges.RemoveUnreachable(function, ControlFlow.Of(function));
            any |= changed;
        }

        return any;
    }

    private bool Run(Block block)
    {
        bool changed = false;
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            var instruction = block.Instructions[i];
            changed |= PropagateCopies(instruction);
            var before = new List<IrInstruction>();
            if (!Rewrite(block, instruction, before))
            {
                continue;
            }

            changed = true;
            foreach (var added in before)
            {
                _definitions.Add(added);
            }

            block.Instructions.InsertRange(i, before);
            i += before.Count;
        }

        return changed | OrderPhis(block);
    }

    // A phi may have become a copy: those that are still phis come first.
    private static bool OrderPhis(Block block)
    {
        int next = 0;
        bool changed = false;
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            if (block.Instructions[i].Op == Opcode.Phi)
            {
                if (i != next)
                {
                    var phi = block.Instructions[i];
                    block.Instructions.RemoveAt(i);
                    block.Instructions.Insert(next, phi);
                    changed = true;
                }

                next++;
            }
        }

        return changed;
    }

    private bool PropagateCopies(IrInstruction instruction)
    {
        bool changed = false;
        for (int n = 0; n < instruction.Operands.Length; n++)
        {
            var definition = _definitions[instruction.Operands[n]];
            while (definition.Op == Opcode.Copy
                && _function.TypeOf(definition.Result) == _function.TypeOf(definition.Operands[0]))
            {
                instruction.Operands[n] = definition.Operands[0];
                definition = _definitions[instruction.Operands[n]];
                changed = true;
            }
        }

        return changed;
    }

    private bool Rewrite(Block block, IrInstruction i, List<IrInstruction> before) => i.Op switch
    {
        Opcode.Phi => RewritePhi(i),
        Opcode.Copy => RewriteCopy(i),
        Opcode.Binary => _arithmetic.Binary(i, before),
        Opcode.Convert => _arithmetic.Convert(i),
        Opcode.ByteSwap => _arithmetic.ByteSwap(i),
        Opcode.Compare => _comparisons.Compare(i, before),
        Opcode.Branch => _comparisons.Branch(block, i, before),
        Opcode.Offset or Opcode.OffsetBy => RewriteOffset(i),
        Opcode.Load or Opcode.Store or Opcode.Zero or Opcode.Atomic => FoldAddress(i),
        Opcode.CopyMemory => FoldAddress(i) | FoldSource(i),
        Opcode.CallHelper => DropEmptyLoop(i),
        _ => false,
    };

    // The kernel never follows the body of such a loop, drops it as dead code, and then misses it where it is referred to.
    private bool DropEmptyLoop(IrInstruction call)
    {
        if (call.Immediate != (int)HelperId.Loop || !_definitions.TryConstant(call.Operands[0], out long count) || count != 0)
        {
            return false;
        }

        call.BecomeConstant(0);
        return true;
    }

    private static bool RewritePhi(IrInstruction phi)
    {
        int only = -1;
        foreach (int operand in phi.Operands)
        {
            if (operand != phi.Result && operand != only)
            {
                if (only >= 0)
                {
                    return false;
                }

                only = operand;
            }
        }

        if (only < 0)
        {
            return false;
        }

        phi.Become(Opcode.Copy, only);
        return true;
    }

    private bool RewriteCopy(IrInstruction copy)
    {
        var source = _definitions[copy.Operands[0]];
        if (source.Op == Opcode.Constant)
        {
            copy.BecomeConstant(source.Immediate);
            return true;
        }

        return false;
    }

    private bool RewriteOffset(IrInstruction i)
    {
        if (i.Op == Opcode.OffsetBy)
        {
            if (!_definitions.TryConstant(i.Operands[1], out long constant))
            {
                return false;
            }

            i.Become(Opcode.Offset, i.Operands[0]);
            i.Immediate = constant;
        }

        long offset = i.Immediate;
        var source = _definitions[i.Operands[0]];
        if (offset == 0)
        {
            i.Become(Opcode.Copy, i.Operands[0]);
            return true;
        }

        if (source.Op == Opcode.Offset)
        {
            i.Operands[0] = source.Operands[0];
            i.Immediate += source.Immediate;
            return true;
        }

        if (source.Op == Opcode.SlotAddress)
        {
            i.Become(Opcode.SlotAddress);
            i.Slot = source.Slot;
            i.Immediate = offset + source.Immediate;
            return true;
        }

        return false;
    }

    // [p + a] with p = q + b is [q + (a + b)]: the offset belongs into the access, above all for the context.
    private bool FoldAddress(IrInstruction i)
    {
        var pointer = _definitions[i.Operands[0]];
        long offset = i.Immediate + pointer.Immediate;
        if (pointer.Op != Opcode.Offset || i.Core is not null || offset != (short)offset)
        {
            return false;
        }

        i.Operands[0] = pointer.Operands[0];
        i.Immediate = offset;
        return true;
    }

    private bool FoldSource(IrInstruction i)
    {
        var pointer = _definitions[i.Operands[1]];
        long offset = i.SecondOffset + pointer.Immediate;
        if (pointer.Op != Opcode.Offset || offset != (short)offset)
        {
            return false;
        }

        i.Operands[1] = pointer.Operands[0];
        i.SecondOffset = (int)offset;
        return true;
    }
}
