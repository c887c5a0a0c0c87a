using System;
using System.Collections.Generic;
using System.Linq;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>
/// Gives every virtual register one of r0 to r9 by colouring the interference graph, coalescing moves on the way. Calls clobber r0 to r5,
/// so what lives across one interferes with them. What finds no register is made anew at each use if it is a constant or address, else
/// it gets an aligned slot of 8 bytes, which keeps what the verifier knows of it. Reads and writes the machine function.
/// (Briggs, "Register Allocation via Graph Coloring".)
/// </summary>
internal sealed class RegisterAllocator
{
    private const int Colours = 10;

    private readonly MachineFunction _function;
    private readonly HashSet<int> _temporaries = [];
    private InterferenceGraph _graph = null!;
    private int[] _colours = null!;

    private RegisterAllocator(MachineFunction function) => _function = function;

    /// <summary>Allocates; gives the number of registers that live in memory.</summary>
    public static int Run(MachineFunction function) => new RegisterAllocator(function).Run();

    private int Run()
    {
        int inMemory = 0;
        bool isAggressive = true;
        while (true)
        {
            _graph = new InterferenceGraph(_function);
            Coalesce(isAggressive);
            var spilled = Colour();
            if (spilled.Count == 0)
            {
                break;
            }

            if (isAggressive)
            {
                // Too much coalescing may be what made it impossible.
                isAggressive = false;
                continue;
            }

            inMemory += Spiller.Run(_function, Members(spilled), _temporaries);
        }

        Rewrite();
        return inMemory;
    }

    // The registers of each node.
    private List<List<int>> Members(List<int> nodes)
    {
        var members = nodes.ToDictionary(node => node, _ => new List<int>());
        for (int r = MachineInstruction.FirstVirtual; r < _colours.Length; r++)
        {
            if (members.TryGetValue(_graph.Find(r), out var list))
            {
                list.Add(r);
            }
        }

        return [.. nodes.Select(node => members[node])];
    }

    private void Coalesce(bool isAggressive)
    {
        foreach (var (target, source, _) in _graph.Moves)
        {
            int kept = _graph.Find(target);
            int gone = _graph.Find(source);
            if (kept == gone || kept < MachineInstruction.FirstVirtual || gone < MachineInstruction.FirstVirtual || _graph.Interferes(kept, gone))
            {
                continue;
            }

            if (!_temporaries.Contains(kept) && !_temporaries.Contains(gone) && (isAggressive || StaysColourable(kept, gone)))
            {
                _graph.Merge(kept, gone);
            }
        }
    }

    // Briggs' test: fewer than K neighbours of the merged node have K neighbours themselves.
    private bool StaysColourable(int left, int right)
    {
        var significant = new HashSet<int>();
        foreach (int neighbour in _graph.Neighbours(left).Concat(_graph.Neighbours(right)))
        {
            if (_graph.Find(neighbour) == neighbour && (neighbour < MachineInstruction.FirstVirtual || _graph.Degree(neighbour) >= Colours)
                && significant.Add(neighbour) && significant.Count == Colours)
            {
                return false;
            }
        }

        return true;
    }

    private List<int> Colour()
    {
        int count = _function.RegisterCount;
        _colours = new int[count];
        var degrees = new int[count];
        var isIn = new bool[count];
        var low = new Stack<int>();
        int left = 0;
        for (int node = 0; node < count; node++)
        {
            _colours[node] = node < MachineInstruction.FirstVirtual ? node : -1;
            isIn[node] = _graph.Find(node) == node;
            if (node >= MachineInstruction.FirstVirtual && isIn[node])
            {
                degrees[node] = _graph.Degree(node);
                left++;
                if (degrees[node] < Colours)
                {
                    low.Push(node);
                }
            }
        }

        var order = new Stack<int>();
        SortedSet<(double Cost, int Node)>? costs = null;
        while (left > 0)
        {
            int node = low.Count > 0 ? low.Pop() : Cheapest(costs ??= Costs(isIn, degrees), isIn, degrees);
            if (!isIn[node])
            {
                continue;
            }

            isIn[node] = false;
            left--;
            order.Push(node);
            foreach (int neighbour in _graph.Neighbours(node))
            {
                if (neighbour >= MachineInstruction.FirstVirtual && isIn[neighbour] && degrees[neighbour]-- == Colours)
                {
                    low.Push(neighbour);
                }
            }
        }

        return Select(order);
    }

    private SortedSet<(double Cost, int Node)> Costs(bool[] isIn, int[] degrees) =>
        new(Enumerable.Range(0, isIn.Length).Where(n => n >= MachineInstruction.FirstVirtual && isIn[n]).Select(n => (Cost(n, degrees), n)));

    // Costs only rise, as neighbours go: the first that is up to date is the least.
    private int Cheapest(SortedSet<(double Cost, int Node)> costs, bool[] isIn, int[] degrees)
    {
        while (true)
        {
            var first = costs.Min;
            costs.Remove(first);
            if (!isIn[first.Node])
            {
                continue;
            }

            double cost = Cost(first.Node, degrees);
            if (cost <= first.Cost)
            {
                return first.Node;
            }

            costs.Add((cost, first.Node));
        }
    }

    private double Cost(int node, int[] degrees) => _temporaries.Contains(node) ? double.MaxValue / 2 : _graph.Cost[node] / degrees[node];

    private List<int> Select(Stack<int> order)
    {
        var wishes = Wishes();
        var spilled = new List<int>();
        var wanted = new int[_function.RegisterCount];
        foreach (var wish in wishes)
        {
            foreach (int other in wish.Value)
            {
                wanted[wish.Key] |= other < MachineInstruction.FirstVirtual ? 1 << other : 0;
            }
        }

        while (order.Count > 0)
        {
            int node = order.Pop();
            int taken = 0;
            foreach (int neighbour in _graph.Neighbours(node))
            {
                int colour = _colours[_graph.Find(neighbour)];
                if (colour >= 0)
                {
                    taken |= 1 << colour;
                }
            }

            int free = ~taken & ((1 << Colours) - 1);
            if (free == 0)
            {
                spilled.Add(node);
                continue;
            }

            // What has no wish of its own leaves neighbours theirs, if it can.
            int left = free;
            foreach (int neighbour in _graph.Neighbours(node))
            {
                left &= _graph.Find(neighbour) == neighbour && _colours[neighbour] < 0 ? ~wanted[neighbour] : ~0;
            }

            _colours[node] = Choose(free, left != 0 ? left : free, node, wishes);
        }

        return spilled;
    }

    private int Choose(int free, int preferred, int node, Dictionary<int, List<int>> wishes)
    {
        if (wishes.TryGetValue(node, out var wished))
        {
            foreach (int other in wished)
            {
                int colour = _colours[_graph.Find(other)];
                if (colour >= 0 && (free >> colour & 1) != 0)
                {
                    return colour;
                }
            }
        }

        int lowest = 0;
        while ((preferred >> lowest & 1) == 0)
        {
            lowest++;
        }

        return lowest;
    }

    // Moves that were not coalesced: the same colour on both sides makes them vanish, above all those to and from argument registers.
    private Dictionary<int, List<int>> Wishes()
    {
        var wishes = new Dictionary<int, List<int>>();
        foreach (var (target, source, _) in _graph.Moves)
        {
            int left = _graph.Find(target);
            int right = _graph.Find(source);
            if (left == right)
            {
                continue;
            }

            Add(left, right);
            Add(right, left);
        }

        return wishes;

        void Add(int node, int other)
        {
            if (!wishes.TryGetValue(node, out var list))
            {
                wishes.Add(node, list = []);
            }

            // The machine's registers are certain; virtual ones may not have their colour yet.
            if (other < MachineInstruction.FirstVirtual)
            {
                list.Insert(0, other);
            }
            else
            {
                list.Add(other);
            }
        }
    }

    private void Rewrite()
    {
        foreach (var block in _function.Blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                instruction.Destination = Colour(instruction.Destination);
                instruction.Source = Colour(instruction.Source);
            }

            block.Instructions.RemoveAll(i => i.IsMove && i.Destination == i.Source);
        }
    }

    private int Colour(int register)
    {
        if (register < MachineInstruction.FirstVirtual)
        {
            return register;
        }

        int colour = _colours[_graph.Find(register)];
        return colour >= 0 ? colour : throw new InvalidOperationException($"Register {register} has no colour.");
    }
}
