using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>
/// Which registers hold different values at one time. The source and target of a move do not count as different at the move.
/// Coalesced registers are one node, named by <see cref="Find"/>.
/// </summary>
internal sealed class InterferenceGraph
{
    private readonly int[] _parent;
    private readonly BitSet[] _rows;
    private readonly List<int>[] _neighbours;
    private readonly int[] _degrees;

    public InterferenceGraph(MachineFunction function)
    {
        int count = function.RegisterCount;
        _parent = new int[count];
        _rows = new BitSet[count];
        _neighbours = new List<int>[count];
        _degrees = new int[count];
        Cost = new double[count];
        for (int i = 0; i < count; i++)
        {
            _parent[i] = i;
            _rows[i] = new BitSet(count);
            _neighbours[i] = [];
        }

        Build(function);
    }

    /// <summary>Moves between registers, those in deep loops first.</summary>
    public List<(int Target, int Source, int Depth)> Moves { get; } = [];

    /// <summary>What it would cost to keep each register in memory.</summary>
    public double[] Cost { get; }

    /// <summary>The node of a register.</summary>
    public int Find(int register)
    {
        while (_parent[register] != register)
        {
            _parent[register] = _parent[_parent[register]];
            register = _parent[register];
        }

        return register;
    }

    public bool Interferes(int left, int right) => _rows[left][right];

    /// <summary>Neighbours of a node; some may have been coalesced since.</summary>
    public IReadOnlyList<int> Neighbours(int node) => _neighbours[node];

    /// <summary>How many neighbours of a node have not been coalesced.</summary>
    public int Degree(int node) => _degrees[node];

    /// <summary>Makes two nodes that do not interfere one.</summary>
    public void Merge(int kept, int gone)
    {
        _parent[gone] = kept;
        Cost[kept] += Cost[gone];
        foreach (int neighbour in _neighbours[gone])
        {
            if (Find(neighbour) == neighbour)
            {
                _degrees[neighbour]--;
                Connect(kept, neighbour);
            }
        }
    }

    private void Build(MachineFunction function)
    {
        var liveness = Liveness.Of(function);
        var live = new BitSet(function.RegisterCount);
        foreach (var block in function.Blocks)
        {
            double weight = 1;
            for (int d = 0; d < block.Depth && d < 6; d++)
            {
                weight *= 10;
            }

            live.CopyFrom(liveness.AtEnd(block));
            for (int i = block.Instructions.Count - 1; i >= 0; i--)
            {
                var instruction = block.Instructions[i];
                int exempt = -1;
                if (instruction.IsMove && instruction.Source != MachineInstruction.FramePointer)
                {
                    exempt = instruction.Source;
                    Moves.Add((instruction.Destination, instruction.Source, block.Depth));
                }

                Liveness.Define(instruction, defined =>
                {
                    Cost[defined] += weight;
                    for (int other = live.Next(0); other >= 0; other = live.Next(other + 1))
                    {
                        if (other != exempt)
                        {
                            Connect(defined, other);
                        }
                    }
                });
                // Two registers defined at once (a call's result and what it clobbers) are the machine's, which differ anyway.
                Liveness.Step(live, instruction);
                Liveness.Use(instruction, used => Cost[used] += weight);
            }
        }

        // Stable: in deep loops first, else in order of the code.
        var sorted = new List<(int Target, int Source, int Depth)>();
        for (int depth = 6; depth >= 0; depth--)
        {
            sorted.AddRange(Moves.FindAll(m => (m.Depth > 6 ? 6 : m.Depth) == depth));
        }

        Moves.Clear();
        Moves.AddRange(sorted);
    }

    private void Connect(int left, int right)
    {
        if (left == right || _rows[left][right])
        {
            return;
        }

        _rows[left].Add(right);
        _rows[right].Add(left);
        _neighbours[left].Add(right);
        _neighbours[right].Add(left);
        _degrees[left]++;
        _degrees[right]++;
    }
}
