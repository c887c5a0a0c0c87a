using System.Collections.Generic;

namespace Fathom.Compiler.IR;

/// <summary>Reachable blocks in reverse postorder with their immediate dominators. Valid until an edge changes.</summary>
internal sealed class ControlFlow
{
    private readonly int[] _number;
    private readonly Block[] _order;
    private readonly int[] _dominator;

    private ControlFlow(Function function)
    {
        _order = ReversePostorder(function);
        _number = new int[function.BlockIds];
        for (int i = 0; i < _number.Length; i++)
        {
            _number[i] = -1;
        }

        for (int i = 0; i < _order.Length; i++)
        {
            _number[_order[i].Id] = i;
            _order[i].Predecessors.Clear();
        }

        foreach (var block in _order)
        {
            foreach (var successor in block.Successors)
            {
                if (!successor.Predecessors.Contains(block))
                {
                    successor.Predecessors.Add(block);
                }
            }
        }

        _dominator = FindDominators();
    }

    /// <summary>Reachable blocks; each but loop heads comes after its predecessors.</summary>
    public IReadOnlyList<Block> Order => _order;

    /// <summary>Computes it, and the predecessors of each reachable block.</summary>
    public static ControlFlow Of(Function function) => new(function);

    public bool IsReachable(Block block) => _number[block.Id] >= 0;

    /// <summary>Position in <see cref="Order"/>.</summary>
    public int NumberOf(Block block) => _number[block.Id];

    /// <summary>The closest block that every way to this one passes; null for the entry.</summary>
    public Block? ImmediateDominator(Block block)
    {
        int number = _number[block.Id];
        return number == 0 ? null : _order[_dominator[number]];
    }

    /// <summary>True if every way to <paramref name="block"/> passes <paramref name="by"/> (or it is the same).</summary>
    public bool Dominates(Block by, Block block)
    {
        int wanted = _number[by.Id];
        int number = _number[block.Id];
        while (number > wanted)
        {
            number = _dominator[number];
        }

        return number == wanted;
    }

    /// <summary>Blocks whose immediate dominator each block is, in order.</summary>
    public List<Block>[] DominatorTree()
    {
        var children = new List<Block>[_number.Length];
        foreach (var block in _order)
        {
            children[block.Id] = [];
        }

        for (int i = 1; i < _order.Length; i++)
        {
            children[_order[_dominator[i]].Id].Add(_order[i]);
        }

        return children;
    }

    /// <summary>Where the dominance of each block ends.</summary>
    public List<Block>[] DominanceFrontiers()
    {
        var frontiers = new List<Block>[_number.Length];
        foreach (var block in _order)
        {
            frontiers[block.Id] = [];
        }

        foreach (var block in _order)
        {
            if (block.Predecessors.Count < 2)
            {
                continue;
            }

            int stop = _dominator[_number[block.Id]];
            foreach (var predecessor in block.Predecessors)
            {
                for (int runner = _number[predecessor.Id]; runner != stop; runner = _dominator[runner])
                {
                    var frontier = frontiers[_order[runner].Id];
                    if (!frontier.Contains(block))
                    {
                        frontier.Add(block);
                    }

                    if (runner == 0)
                    {
                        break;
                    }
                }
            }
        }

        return frontiers;
    }

    /// <summary>How many loops each block lies in, by block id.</summary>
    public int[] LoopDepths()
    {
        int[] depths = new int[_number.Length];
        var work = new Stack<Block>();
        foreach (var head in _order)
        {
            var body = new HashSet<Block> { head };
            foreach (var latch in head.Predecessors)
            {
                if (Dominates(head, latch) && body.Add(latch))
                {
                    work.Push(latch);
                }
                else if (latch == head)
                {
                    depths[head.Id]++;
                }
            }

            while (work.Count > 0)
            {
                foreach (var predecessor in work.Pop().Predecessors)
                {
                    if (body.Add(predecessor))
                    {
                        work.Push(predecessor);
                    }
                }
            }

            if (body.Count > 1)
            {
                foreach (var block in body)
                {
                    depths[block.Id]++;
                }
            }
        }

        return depths;
    }

    private static Block[] ReversePostorder(Function function)
    {
        var seen = new bool[function.BlockIds];
        var postorder = new List<Block>();
        var stack = new Stack<(Block Block, int Next)>();
        stack.Push((function.Blocks[0], 0));
        seen[function.Blocks[0].Id] = true;
        while (stack.Count > 0)
        {
            var (block, next) = stack.Pop();
            // Last successor first, so that the first comes first in the reversed order.
            int index = block.Successors.Length - 1 - next;
            if (index < 0)
            {
                postorder.Add(block);
                continue;
            }

            stack.Push((block, next + 1));
            var successor = block.Successors[index];
            if (!seen[successor.Id])
            {
                seen[successor.Id] = true;
                stack.Push((successor, 0));
            }
        }

        postorder.Reverse();
        return [.. postorder];
    }

    private int[] FindDominators()
    {
        // Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm".
        var dominator = new int[_order.Length];
        for (int i = 1; i < dominator.Length; i++)
        {
            dominator[i] = -1;
        }

        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int i = 1; i < _order.Length; i++)
            {
                int found = -1;
                foreach (var predecessor in _order[i].Predecessors)
                {
                    int number = _number[predecessor.Id];
                    if (dominator[number] < 0)
                    {
                        continue;
                    }

                    found = found < 0 ? number : Intersect(dominator, found, number);
                }

                if (dominator[i] != found)
                {
                    dominator[i] = found;
                    changed = true;
                }
            }
        }

        return dominator;
    }

    private static int Intersect(int[] dominator, int left, int right)
    {
        while (left != right)
        {
            while (left > right)
            {
                left = dominator[left];
            }

            while (right > left)
            {
                right = dominator[right];
            }
        }

        return left;
    }
}
