using System.Collections.Generic;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>
/// Drops moves between registers that hold the same already, leads jumps past blocks that only jump on, shares equal ends such as
/// <c>return 0</c>, and drops blocks that nothing reaches.
/// </summary>
internal static class CleanMachineCode
{
    public static void Run(MachineFunction function)
    {
        foreach (var block in function.Blocks)
        {
            RemoveRepeatedMoves(block);
        }

        SplitEnds(function);
        var ends = SharedEnds(function);
        foreach (var block in function.Blocks)
        {
            for (int i = block.Instructions.Count - 1; i >= 0; i--)
            {
                var instruction = block.Instructions[i];
                if (instruction.Target is { } target)
                {
                    target = Final(target);
                    instruction.Target = ends.TryGetValue(target, out var shared) ? shared : target;
                }
            }

            // A conditional jump to where the code goes anyway.
            int count = block.Instructions.Count;
            if (count >= 2 && block.Instructions[count - 2].Target is { } first && first == block.Instructions[count - 1].Target)
            {
                block.Instructions.RemoveAt(count - 2);
            }

            block.Successors.Clear();
            foreach (var instruction in block.Instructions)
            {
                if (instruction.Target is { } successor && !block.Successors.Contains(successor))
                {
                    block.Successors.Add(successor);
                }
            }
        }

        var reached = new HashSet<MachineBlock> { function.Blocks[0] };
        var work = new Stack<MachineBlock>(reached);
        while (work.Count > 0)
        {
            foreach (var successor in work.Pop().Successors)
            {
                if (reached.Add(successor))
                {
                    work.Push(successor);
                }
            }
        }

        function.Blocks.RemoveAll(b => !reached.Contains(b));
    }

    private static void RemoveRepeatedMoves(MachineBlock block)
    {
        // Which register each was copied from, -1 if none that still holds the same.
        var copies = new int[MachineInstruction.FirstVirtual];
        void Reset(int register)
        {
            copies[register] = -1;
            for (int other = 0; other < copies.Length; other++)
            {
                copies[other] = copies[other] == register ? -1 : copies[other];
            }
        }

        for (int r = 0; r < copies.Length; r++)
        {
            copies[r] = -1;
        }

        block.Instructions.RemoveAll(i =>
        {
            bool isCopy = i.IsMove && i.Source != MachineInstruction.FramePointer;
            if (isCopy && (copies[i.Destination] == i.Source || copies[i.Source] == i.Destination))
            {
                return true;
            }

            for (int r = 0; r < copies.Length; r++)
            {
                if (i.Definition == r || (i.Clobbers >> r & 1) != 0)
                {
                    Reset(r);
                }
            }

            if (isCopy)
            {
                copies[i.Destination] = i.Source;
            }

            return false;
        });
    }

    // Blocks that end alike, "return 0" above all, get that end as a block of its own, so that it can be shared.
    private static void SplitEnds(MachineFunction function)
    {
        var counts = new Dictionary<(int Destination, byte Opcode, long Immediate), int>();
        foreach (var block in function.Blocks)
        {
            if (EndOf(block) is { } end)
            {
                counts[end] = counts.TryGetValue(end, out int count) ? count + 1 : 1;
            }
        }

        for (int b = function.Blocks.Count - 1; b >= 0; b--)
        {
            var block = function.Blocks[b];
            if (block.Instructions.Count > 2 && EndOf(block) is { } end && counts[end] > 1)
            {
                var tail = new MachineBlock(function.Blocks.Count, block.Depth);
                int from = block.Instructions.Count - 2;
                tail.Instructions.AddRange(block.Instructions.GetRange(from, 2));
                block.Instructions.RemoveRange(from, 2);
                var jump = MachineInstruction.From(Instruction.Goto(0));
                jump.Target = tail;
                block.Instructions.Add(jump);
                function.Blocks.Insert(b + 1, tail);
            }
        }
    }

    private static (int Destination, byte Opcode, long Immediate)? EndOf(MachineBlock block)
    {
        int count = block.Instructions.Count;
        if (count < 2 || !block.Instructions[count - 1].IsExit || block.Instructions[count - 2] is not { Core: null, Reference: null, IsFrameAddress: false } last)
        {
            return null;
        }

        return last.IsRematerializable ? (last.Destination, last.Opcode, last.Immediate) : null;
    }

    // The last of equal blocks stands for all, so that jumps to it go forward.
    private static Dictionary<MachineBlock, MachineBlock> SharedEnds(MachineFunction function)
    {
        var ends = new Dictionary<MachineBlock, MachineBlock>();
        var byText = new Dictionary<(int Destination, byte Opcode, long Immediate), MachineBlock>();
        for (int b = function.Blocks.Count - 1; b > 0; b--)
        {
            if (function.Blocks[b].Instructions.Count != 2 || EndOf(function.Blocks[b]) is not { } key)
            {
                continue;
            }

            if (byText.TryGetValue(key, out var last))
            {
                ends.Add(function.Blocks[b], last);
            }
            else
            {
                byText.Add(key, function.Blocks[b]);
            }
        }

        return ends;
    }

    private static MachineBlock Final(MachineBlock block)
    {
        for (int steps = 0; steps < 1000 && block.Instructions.Count == 1 && block.Instructions[0].IsUnconditional; steps++)
        {
            block = block.Instructions[0].Target!;
        }

        return block;
    }
}
