using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>Gives each frame slot in use its place below R10.</summary>
internal static class FrameLayout
{
    /// <summary>What the verifier allows: https://github.com/torvalds/linux/blob/v6.18/include/linux/filter.h (MAX_BPF_STACK).</summary>
    public const int Limit = 512;

    public static void Run(MachineFunction function, List<CompilerProblem> problems)
    {
        var used = new bool[function.Slots.Count];
        foreach (var block in function.Blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                if (instruction.Slot >= 0)
                {
                    used[instruction.Slot] = true;
                }
            }
        }

        // Wide slots first, so that small ones fill what is left without holes.
        var slots = function.Slots.Where((_, i) => used[i]).OrderByDescending(Alignment).ToList();
        int depth = 0;
        foreach (var slot in slots)
        {
            depth = RoundUp(depth + Size(slot), Alignment(slot));
            slot.FrameOffset = -depth;
        }

        if (depth > Limit)
        {
            var largest = slots.OrderByDescending(s => s.Bytes).First();
            problems.Add(new CompilerProblem(
                function.Source.Name,
                largest.Position ?? FirstPosition(function),
                $"The locals need {depth} bytes of stack, and the kernel allows {Limit}: put the largest ({largest.Bytes} bytes) into a per-CPU array map with one entry and use that as scratch memory."));
        }
    }

    private static SourcePosition? FirstPosition(MachineFunction function) =>
        function.Blocks.SelectMany(b => b.Instructions).Select(i => i.Position).FirstOrDefault(p => p is not null);

    private static int Alignment(FrameSlot slot) => slot.Bytes >= 8 ? 8 : slot.Alignment;

    private static int Size(FrameSlot slot) => slot.Bytes >= 8 ? RoundUp(slot.Bytes, 8) : slot.Bytes;

    private static int RoundUp(int value, int to) => (value + to - 1) / to * to;
}
