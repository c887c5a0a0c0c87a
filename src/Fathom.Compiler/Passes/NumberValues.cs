using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Global value numbering (dominator-based).
/// Finds instructions that compute what a dominating one has computed, and makes them copies of it: pure operations, loads from the
/// context (the kernel does not change it while the program runs) unless the program may store there, and loads of frozen globals. Equal
/// relocated numbers are equal; what they are is not looked at. What was computed from a value before a branch limits it is computed again
/// behind the branch: the verifier limits what is tested, not what was made of it before. Reads and writes single instructions. Invariant: SSA; no load moves.
/// </summary>
internal sealed class NumberValues : IPass
{
    private Function _function = null!;
    private bool _isContextConstant;
    private int[] _limits = null!;
    private Definitions _definitions = null!;

    public bool Run(Function function)
    {
        _function = function;
        _definitions = Definitions.Of(function);
        _isContextConstant = !StoresToContext(function);
        var flow = ControlFlow.Of(function);
        var children = flow.DominatorTree();
        var known = new Dictionary<Key, int>();
        var scope = new Stack<Key>();
        var work = new Stack<(Block Block, int Mark)>();
        work.Push((function.Blocks[0], -1));
        _limits = new int[function.ValueCount];
        bool changed = false;
        while (work.Count > 0)
        {
            var (block, mark) = work.Pop();
            if (mark >= 0)
            {
                while (scope.Count > mark)
                {
                    known.Remove(scope.Pop());
                }

                Limit(block, -1);
                continue;
            }

            work.Push((block, scope.Count));
            Limit(block, 1);
            foreach (var instruction in block.Instructions)
            {
                changed |= Number(instruction, known, scope);
            }

            foreach (var child in children[block.Id])
            {
                work.Push((child, -1));
            }
        }

        return changed;
    }

    // The program itself, a helper that is given the context (such as bpf_skb_pull_data), or whoever finds its address in memory: the body
    // of a loop in what its caller shares with it, a subprogram in what it is given.
    private static bool StoresToContext(Function function)
    {
        bool isSubprogram = function.Section == ".text";
        foreach (var block in function.Blocks)
        {
            foreach (var i in block.Instructions)
            {
                bool writes = i.Op is Opcode.Store or Opcode.Atomic;
                if (writes && function.TypeOf(i.Operands[0]).Space is PointerSpace.Context or PointerSpace.Unknown)
                {
                    return true;
                }

                for (int n = 0; n < i.Operands.Length; n++)
                {
                    var space = function.TypeOf(i.Operands[n]).Space;
                    if (space == PointerSpace.Context && !IsKept(function, i, n))
                    {
                        return true;
                    }

                    // Memory of the caller's, in which it may have put the context before.
                    bool runs = i.Op == Opcode.CallFunction || (i.Op == Opcode.CallHelper && space == PointerSpace.Function);
                    if (isSubprogram && runs)
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    // Whether the address of the context stays where this pass sees what is done with it.
    private static bool IsKept(Function function, IrInstruction i, int operand) => i.Op switch
    {
        Opcode.Load or Opcode.Compare or Opcode.Branch => true,
        Opcode.Store => operand == 0,
        Opcode.Copy or Opcode.Phi or Opcode.Offset or Opcode.OffsetBy or Opcode.CoreOffset => function.TypeOf(i.Result).Space == PointerSpace.Context,
        _ => false,
    };

    // Counts the branches on the way that limit a value.
    private void Limit(Block block, int by)
    {
        if (block.Predecessors.Count != 1 || block.Predecessors[0].Terminator is not { Op: Opcode.Branch, Comparison: > Comparison.NotEqual } branch)
        {
            return;
        }

        foreach (int operand in branch.Operands)
        {
            var source = _definitions.Source(operand);
            _limits[source.Result] += by * (source.Op == Opcode.Constant ? 0 : 1);
        }
    }

    private bool Number(IrInstruction i, Dictionary<Key, int> known, Stack<Key> scope)
    {
        // A copy is nothing to compute.
        if (i.Result < 0 || i.Op == Opcode.Copy || !(i.IsPure || (i.Op == Opcode.Load && IsConstantLoad(i))))
        {
            return false;
        }

        var key = new Key(
            i.Op, i.Kind, i.Size, i.Flag, i.Slot, i.Immediate, i.Data, _function.TypeOf(i.Result), Operand(i, 0), Operand(i, 1), Limits(i));
        if (known.TryGetValue(key, out int earlier))
        {
            i.Become(Opcode.Copy, earlier);
            return true;
        }

        known.Add(key, i.Result);
        scope.Push(key);
        return false;
    }

    // Behind copies, among them those that this pass has just made.
    private int Operand(IrInstruction i, int n) => n < i.Operands.Length ? _definitions.Source(i.Operands[n]).Result : -1;

    private int Limits(IrInstruction i)
    {
        int limits = 0;
        for (int n = 0; n < i.Operands.Length; n++)
        {
            limits += _limits[Operand(i, n)];
        }

        return limits;
    }

    private bool IsConstantLoad(IrInstruction load)
    {
        if (_isContextConstant && _function.TypeOf(load.Operands[0]).Space == PointerSpace.Context)
        {
            return true;
        }

        var (root, _) = _definitions.Address(load.Operands[0], 0);
        return root.Op == Opcode.GlobalAddress && ((Global)root.Data!).Section == DataSection.ReadOnly;
    }

    private readonly record struct Key(
        Opcode Op,
        byte Kind,
        Format.Instructions.MemorySize Size,
        bool Flag,
        int Slot,
        long Immediate,
        object? Data,
        IrType Type,
        int Left,
        int Right,
        int Limits);
}
