using System.Collections.Generic;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>Leads jumps past blocks that only jump on, shares equal ends such as <c>return 0</c>, and drops blocks that nothing reaches.</summary>
internal static class CleanMachineCode
{
    public static void Run(MachineFunction function)
    {
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

    // The last of equal blocks stands for all, so that jumps to it go forward.
    private static Dictionary<MachineBlock, MachineBlock> SharedEnds(MachineFunction function)
    {
        var ends = new Dictionary<MachineBlock, MachineBlock>();
        var byText = new Dictionary<(int Destination, byte Opcode, long Immediate), MachineBlock>();
        for (int b = function.Blocks.Count - 1; b > 0; b--)
        {
            var instructions = function.Blocks[b].Instructions;
            if (instructions.Count != 2 || !instructions[1].IsExit || instructions[0].Core is not null || instructions[0].Reference is not null
                || !instructions[0].IsRematerializable || instructions[0].IsFrameAddress)
            {
                continue;
            }

            var key = (instructions[0].Destination, instructions[0].Opcode, instructions[0].Immediate);
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
