using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Correlated value propagation (redundant branch elimination).
/// Decides comparisons whose result follows from the conditions of the branches that lead to them, or from known bits: a bounds check of
/// what was masked, a null check that was made before. It concludes no more than the verifier does, since the check that goes may be what
/// the verifier needs: from a condition on the same value, and from bits that it knows too. Reads SSA and branches; makes comparisons
/// constants and branches jumps. Invariant: SSA; blocks go that nothing reaches any more.
/// </summary>
internal sealed class DecideComparisons : IPass
{
    private readonly Dictionary<Pair, Relation> _facts = [];
    private Function _function = null!;
    private Definitions _definitions = null!;
    private KnownBits _bits = null!;

    public bool Run(Function function)
    {
        _function = function;
        _definitions = Definitions.Of(function);
        _bits = KnownBits.Of(function);
        _facts.Clear();
        var flow = ControlFlow.Of(function);
        var children = flow.DominatorTree();
        var decided = new List<(Block Block, Block Kept)>();
        bool changed = false;
        var work = new Stack<(Block? Block, Pair Pair, Relation? Before)>();
        work.Push((function.Blocks[0], default, null));
        while (work.Count > 0)
        {
            var (block, pair, before) = work.Pop();
            if (block is null)
            {
                Restore(pair, before);
                continue;
            }

            Assume(block, work);
            foreach (var i in block.Instructions)
            {
                if (i.Op == Opcode.Compare && Decide(i) is { } holds)
                {
                    i.BecomeConstant(holds ? 1 : 0);
                    changed = true;
                }
                else if (i.Op == Opcode.Branch && i.Targets[0] != i.Targets[1] && Decide(i) is { } taken)
                {
                    decided.Add((block, i.Targets[taken ? 0 : 1]));
                }
            }

            foreach (var child in children[block.Id])
            {
                work.Push((child, default, null));
            }
        }

        foreach (var (block, kept) in decided)
        {
            Edges.MakeJump(block, kept);
        }

        if (decided.Count > 0)
        {
            Edges.RemoveUnreachable(function, ControlFlow.Of(function));
        }

        return changed || decided.Count > 0;
    }

    // What the branch that leads here says, if no other way does. What was known before comes back when the blocks below are done.
    private void Assume(Block block, Stack<(Block? Block, Pair Pair, Relation? Before)> work)
    {
        if (block.Predecessors.Count != 1 || block.Predecessors[0].Terminator is not { Op: Opcode.Branch } branch || branch.Targets[0] == branch.Targets[1])
        {
            return;
        }

        var comparison = block == branch.Targets[0] ? branch.Comparison : Comparisons.Negate(branch.Comparison);
        var pair = PairOf(branch);
        bool isKnown = _facts.TryGetValue(pair, out var before);
        work.Push((null, pair, isKnown ? before : null));
        _facts[pair] = (isKnown ? before : Known(branch)).Where(comparison);
    }

    private void Restore(Pair pair, Relation? before)
    {
        if (before is { } relation)
        {
            _facts[pair] = relation;
        }
        else
        {
            _facts.Remove(pair);
        }
    }

    private bool? Decide(IrInstruction i)
    {
        var relation = _facts.TryGetValue(PairOf(i), out var known) ? known : Known(i);
        return relation.Decides(i.Comparison) ?? DecideByOthers(i);
    }

    // From comparisons of the same value with other numbers.
    private bool? DecideByOthers(IrInstruction i)
    {
        if (!_definitions.TryConstant(i.Operands[1], out long number))
        {
            return null;
        }

        var pair = PairOf(i);
        var range = new ValueRange(pair.Bits);
        range.LimitUnsigned(0, _bits.Maybe(i.Operands[0]));
        foreach (var fact in _facts)
        {
            if (fact.Key.Left == pair.Left && fact.Key.Bits == pair.Bits && fact.Key.IsConstant)
            {
                range.Limit(fact.Value, fact.Key.Right);
            }
        }

        return range.Compare(number).Decides(i.Comparison);
    }

    private Relation Known(IrInstruction i)
    {
        if (!_definitions.TryConstant(i.Operands[1], out long number))
        {
            return Relation.Any;
        }

        var range = new ValueRange(_function.TypeOf(i.Operands[0]).Bits);
        range.LimitUnsigned(0, _bits.Maybe(i.Operands[0]));
        return range.Compare(number);
    }

    private Pair PairOf(IrInstruction i)
    {
        int bits = _function.TypeOf(i.Operands[0]).Bits;
        int left = _definitions.Source(i.Operands[0]).Result;
        return _definitions.TryConstant(i.Operands[1], out long number)
            ? new Pair(left, number, true, bits)
            : new Pair(left, _definitions.Source(i.Operands[1]).Result, false, bits);
    }

    /// <summary>Two values, or a value and a number, of one width.</summary>
    private readonly record struct Pair(int Left, long Right, bool IsConstant, int Bits);
}
