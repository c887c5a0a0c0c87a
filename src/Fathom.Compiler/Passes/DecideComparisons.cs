using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
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
        var range = new Range(pair.Bits);
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

        var range = new Range(_function.TypeOf(i.Operands[0]).Bits);
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

    /// <summary>How two values may stand to each other: less, equal or greater, as unsigned and as signed numbers.</summary>
    private readonly record struct Relation(byte Unsigned, byte Signed)
    {
        public const byte Less = 1;
        public const byte Equal = 2;
        public const byte Greater = 4;

        public static readonly Relation Any = new(7, 7);

        /// <summary>What is left of it where a comparison holds.</summary>
        public Relation Where(Comparison comparison)
        {
            var (mask, isUnsigned, isSigned) = Holding(comparison);
            var left = new Relation((byte)(isUnsigned ? Unsigned & mask : Unsigned), (byte)(isSigned ? Signed & mask : Signed));
            // Equal is equal in both.
            return (left.Unsigned & left.Signed & Equal) != 0
                ? left.Unsigned == Equal || left.Signed == Equal ? new(Equal, Equal) : left
                : new((byte)(left.Unsigned & ~Equal), (byte)(left.Signed & ~Equal));
        }

        /// <summary>Whether a comparison holds; null if it may or may not.</summary>
        public bool? Decides(Comparison comparison)
        {
            var (mask, isUnsigned, _) = Holding(comparison);
            int relation = isUnsigned ? Unsigned : Signed;
            return (relation & ~mask) == 0 ? true : (relation & mask) == 0 ? false : null;
        }

        private static (int Mask, bool IsUnsigned, bool IsSigned) Holding(Comparison comparison) => comparison switch
        {
            Comparison.Equal => (Equal, true, true),
            Comparison.NotEqual => (Less | Greater, true, true),
            Comparison.LessUnsigned => (Less, true, false),
            Comparison.LessOrEqualUnsigned => (Less | Equal, true, false),
            Comparison.GreaterUnsigned => (Greater, true, false),
            Comparison.GreaterOrEqualUnsigned => (Greater | Equal, true, false),
            Comparison.LessSigned => (Less, false, true),
            Comparison.LessOrEqualSigned => (Less | Equal, false, true),
            Comparison.GreaterSigned => (Greater, false, true),
            _ => (Greater | Equal, false, true),
        };
    }

    /// <summary>The numbers that a value may be, as unsigned and as signed ones.</summary>
    private struct Range(int bits)
    {
        private ulong _low = 0;
        private ulong _high = bits == 32 ? uint.MaxValue : ulong.MaxValue;
        private long _signedLow = bits == 32 ? int.MinValue : long.MinValue;
        private long _signedHigh = bits == 32 ? int.MaxValue : long.MaxValue;

        public void LimitUnsigned(ulong low, ulong high)
        {
            _low = low > _low ? low : _low;
            _high = high < _high ? high : _high;
            ulong signBit = 1UL << (bits - 1);
            if (_high < signBit)
            {
                LimitSigned((long)_low, (long)_high);
            }
        }

        /// <summary>Takes in how it stands to a number.</summary>
        public void Limit(Relation relation, long number)
        {
            ulong unsigned = (ulong)number;
            ulong most = bits == 32 ? uint.MaxValue : ulong.MaxValue;
            bool mayBeEqual = (relation.Unsigned & Relation.Equal) != 0;
            if ((relation.Unsigned & Relation.Greater) == 0 && (mayBeEqual || unsigned > 0))
            {
                LimitUnsigned(0, mayBeEqual ? unsigned : unsigned - 1);
            }

            if ((relation.Unsigned & Relation.Less) == 0 && (mayBeEqual || unsigned < most))
            {
                LimitUnsigned(mayBeEqual ? unsigned : unsigned + 1, most);
            }

            long signed = bits == 32 ? (int)number : number;
            long least = bits == 32 ? int.MinValue : long.MinValue;
            long greatest = bits == 32 ? int.MaxValue : long.MaxValue;
            mayBeEqual = (relation.Signed & Relation.Equal) != 0;
            if ((relation.Signed & Relation.Greater) == 0 && (mayBeEqual || signed > least))
            {
                LimitSigned(least, mayBeEqual ? signed : signed - 1);
            }

            if ((relation.Signed & Relation.Less) == 0 && (mayBeEqual || signed < greatest))
            {
                LimitSigned(mayBeEqual ? signed : signed + 1, greatest);
            }
        }

        /// <summary>How it may stand to a number.</summary>
        public readonly Relation Compare(long number)
        {
            ulong unsigned = (ulong)number;
            long signed = bits == 32 ? (int)number : number;
            int unsignedRelation = (_low < unsigned ? Relation.Less : 0) | (_high > unsigned ? Relation.Greater : 0)
                | (_low <= unsigned && unsigned <= _high ? Relation.Equal : 0);
            int signedRelation = (_signedLow < signed ? Relation.Less : 0) | (_signedHigh > signed ? Relation.Greater : 0)
                | (_signedLow <= signed && signed <= _signedHigh ? Relation.Equal : 0);
            // Nothing is left of a value on a way that is never taken.
            return unsignedRelation == 0 || signedRelation == 0 ? Relation.Any : new((byte)unsignedRelation, (byte)signedRelation);
        }

        private void LimitSigned(long low, long high)
        {
            _signedLow = low > _signedLow ? low : _signedLow;
            _signedHigh = high < _signedHigh ? high : _signedHigh;
            if (_signedLow >= 0 && ((ulong)_signedLow > _low || (ulong)_signedHigh < _high) && _signedHigh >= _signedLow)
            {
                _low = (ulong)_signedLow > _low ? (ulong)_signedLow : _low;
                _high = (ulong)_signedHigh < _high ? (ulong)_signedHigh : _high;
            }
        }
    }
}
