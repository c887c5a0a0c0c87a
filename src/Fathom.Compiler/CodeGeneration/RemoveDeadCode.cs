using Fathom.Compiler.IR;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>Removes machine instructions whose result nobody reads.</summary>
internal static class RemoveDeadCode
{
    public static void Run(MachineFunction function)
    {
        bool changed = true;
        while (changed)
        {
            changed = false;
            var liveness = Liveness.Of(function);
            var live = new BitSet(function.RegisterCount);
            foreach (var block in function.Blocks)
            {
                live.CopyFrom(liveness.AtEnd(block));
                bool removed = false;
                for (int i = block.Instructions.Count - 1; i >= 0; i--)
                {
                    var instruction = block.Instructions[i];
                    bool isDead = instruction.IsRemovable && instruction.Definition >= 0 && !live[instruction.Definition];
                    if (isDead || (instruction.IsMove && instruction.Destination == instruction.Source))
                    {
                        block.Instructions[i] = null!;
                        removed = true;
                        continue;
                    }

                    Liveness.Step(live, instruction);
                }

                if (removed)
                {
                    block.Instructions.RemoveAll(i => i is null);
                    changed = true;
                }
            }
        }
    }
}
