using System.Collections.Generic;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>Leads jumps past blocks that only jump on, and drops blocks that nothing reaches.</summary>
internal static class CleanMachineCode
{
    public static void Run(MachineFunction function)
    {
        foreach (var block in function.Blocks)
        {
            for (int i = block.Instructions.Count - 1; i >= 0; i--)
            {
                var instruction = block.Instructions[i];
                if (instruction.Target is { } target)
                {
                    instruction.Target = Final(target);
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

    private static MachineBlock Final(MachineBlock block)
    {
        for (int steps = 0; steps < 1000 && block.Instructions.Count == 1 && block.Instructions[0].IsUnconditional; steps++)
        {
            block = block.Instructions[0].Target!;
        }

        return block;
    }
}
