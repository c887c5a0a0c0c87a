using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// SSA construction (pruned, Cytron et al.).
/// Gives every assignment a register of its own, with phis where ways meet (pruned: only where the register is still used). A register
/// that is used before any assignment is zero. Reads all definitions; writes operands, results, phis. Invariant: SSA after it. May run
/// again when a pass has made new registers with several assignments.
/// </summary>
internal sealed class BuildSsa : IPass
{
    private Function _function = null!;
    private ControlFlow _flow = null!;
    private int[] _variables = null!;
    private readonly List<int> _values = [];

    public bool Run(Function function)
    {
        _function = function;
        _flow = ControlFlow.Of(function);
        Edges.RemoveUnreachable(function, _flow);
        FindVariables();
        if (_values.Count == 0)
        {
            return false;
        }

        var phis = PlacePhis(LiveAtStart());
        Rename(phis);
        return true;
    }

    private void FindVariables()
    {
        int count = _function.ValueCount;
        var definitions = new int[count];
        var isPlain = new bool[count];
        var isUsed = new bool[count];
        foreach (var block in _function.Blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                if (instruction.Result >= 0)
                {
                    definitions[instruction.Result]++;
                    isPlain[instruction.Result] = instruction.Op != Opcode.Copy;
                }

                foreach (int operand in instruction.Operands)
                {
                    isUsed[operand] = true;
                }
            }
        }

        _variables = new int[count];
        _values.Clear();
        for (int v = 0; v < count; v++)
        {
            _variables[v] = -1;
            if ((definitions[v] == 1 && isPlain[v]) || (definitions[v] == 0 && !isUsed[v]))
            {
                continue;
            }

            _variables[v] = _values.Count;
            _values.Add(v);
        }
    }

    private BitSet[] LiveAtStart()
    {
        var live = new BitSet[_function.BlockIds];
        var used = new BitSet[_function.BlockIds];
        var defined = new BitSet[_function.BlockIds];
        foreach (var block in _flow.Order)
        {
            var use = new BitSet(_values.Count);
            var definition = new BitSet(_values.Count);
            foreach (var instruction in block.Instructions)
            {
                // Operands of a phi are used at the end of the predecessor; treating them as used here only places phis too many.
                foreach (int operand in instruction.Operands)
                {
                    int variable = _variables[operand];
                    if (variable >= 0 && !definition[variable])
                    {
                        use.Add(variable);
                    }
                }

                if (instruction.Result >= 0 && _variables[instruction.Result] >= 0)
                {
                    definition.Add(_variables[instruction.Result]);
                }
            }

            used[block.Id] = use;
            defined[block.Id] = definition;
            live[block.Id] = new BitSet(_values.Count);
        }

        var atEnd = new BitSet(_values.Count);
        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int i = _flow.Order.Count - 1; i >= 0; i--)
            {
                var block = _flow.Order[i];
                atEnd.Clear();
                foreach (var successor in block.Successors)
                {
                    atEnd.UnionWith(live[successor.Id]);
                }

                changed |= live[block.Id].Transfer(atEnd, used[block.Id], defined[block.Id]);
            }
        }

        return live;
    }

    private Dictionary<IrInstruction, int> PlacePhis(BitSet[] live)
    {
        var frontiers = _flow.DominanceFrontiers();
        var places = new List<Block>[_values.Count];
        foreach (var block in _flow.Order)
        {
            foreach (var instruction in block.Instructions)
            {
                int variable = instruction.Result < 0 ? -1 : _variables[instruction.Result];
                if (variable >= 0)
                {
                    (places[variable] ??= []).Add(block);
                }
            }
        }

        var phis = new Dictionary<IrInstruction, int>();
        for (int variable = 0; variable < places.Length; variable++)
        {
            if (places[variable] is not { } work)
            {
                continue;
            }

            var placed = new HashSet<Block>();
            for (int w = 0; w < work.Count; w++)
            {
                foreach (var block in frontiers[work[w].Id])
                {
                    if (!live[block.Id][variable] || !placed.Add(block))
                    {
                        continue;
                    }

                    var phi = new IrInstruction(Opcode.Phi)
                    {
                        Result = _values[variable],
                        Targets = [.. block.Predecessors],
                        Operands = new int[block.Predecessors.Count],
                        Position = block.Instructions[block.PhiCount].Position,
                    };
                    phis.Add(phi, variable);
                    block.Instructions.Insert(block.PhiCount, phi);
                    work.Add(block);
                }
            }
        }

        return phis;
    }

    private void Rename(Dictionary<IrInstruction, int> phis)
    {
        var current = new int[_values.Count];
        for (int i = 0; i < current.Length; i++)
        {
            current[i] = -1;
        }

        var children = _flow.DominatorTree();
        var undo = new Stack<(int Variable, int Old)>();
        var work = new Stack<(Block Block, int UndoMark)>();
        work.Push((_function.Blocks[0], -1));
        while (work.Count > 0)
        {
            var (block, mark) = work.Pop();
            if (mark >= 0)
            {
                while (undo.Count > mark)
                {
                    var (variable, old) = undo.Pop();
                    current[variable] = old;
                }

                continue;
            }

            work.Push((block, undo.Count));
            RenameBlock(block, phis, current, undo);
            foreach (var child in children[block.Id])
            {
                work.Push((child, -1));
            }
        }
    }

    private void RenameBlock(Block block, Dictionary<IrInstruction, int> phis, int[] current, Stack<(int Variable, int Old)> undo)
    {
        // By index: an undefined register inserts its zero into the entry block, which may be this one.
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            var instruction = block.Instructions[i];
            if (instruction.Op != Opcode.Phi)
            {
                for (int n = 0; n < instruction.Operands.Length; n++)
                {
                    int variable = _variables[instruction.Operands[n]];
                    if (variable >= 0)
                    {
                        instruction.Operands[n] = Current(variable, current, ref i, block);
                    }
                }
            }

            int defined = instruction.Result < 0 ? -1 : Variable(instruction.Result);
            if (defined >= 0)
            {
                undo.Push((defined, current[defined]));
                instruction.Result = _function.NewValue(_function.TypeOf(instruction.Result), _function.NameOf(instruction.Result));
                current[defined] = instruction.Result;
            }
        }

        foreach (var successor in block.Successors)
        {
            int count = successor.PhiCount;
            for (int p = 0; p < count; p++)
            {
                var phi = successor.Instructions[p];
                for (int n = 0; n < phi.Targets.Length; n++)
                {
                    if (phi.Targets[n] != block)
                    {
                        continue;
                    }

                    int ignored = 0;
                    if (phis.TryGetValue(phi, out int variable))
                    {
                        phi.Operands[n] = Current(variable, current, ref ignored, block);
                    }
                    else if (Variable(phi.Operands[n]) is >= 0 and var old)
                    {
                        phi.Operands[n] = Current(old, current, ref ignored, block);
                    }
                }
            }
        }
    }

    // Registers made while renaming are beyond the table.
    private int Variable(int value) => value < _variables.Length ? _variables[value] : -1;

    private int Current(int variable, int[] current, ref int index, Block block)
    {
        if (current[variable] >= 0)
        {
            return current[variable];
        }

        var type = _function.TypeOf(_values[variable]);
        var entry = _function.Blocks[0];
        int at = 0;
        while (entry.Instructions[at].Op == Opcode.Parameter)
        {
            at++;
        }

        var zero = new IrInstruction(Opcode.Constant) { Result = _function.NewValue(type), Position = entry.Instructions[at].Position };
        entry.Instructions.Insert(at, zero);
        if (block == entry)
        {
            index++;
        }

        return zero.Result;
    }
}
