using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>The places of the frame slots in use, below R10.</summary>
internal static class FrameLayout
{
    /// <summary>What the verifier allows: https://github.com/torvalds/linux/blob/v6.18/include/linux/filter.h (MAX_BPF_STACK).</summary>
    public const int Limit = 512;

    /// <summary>Gives the places. False if they need more than there is.</summary>
    public static bool Run(MachineFunction function)
    {
        int depth = 0;
        // Wide slots first, so that small ones fill what is left without holes.
        foreach (var slot in Used(function).OrderByDescending(Alignment))
        {
            depth = RoundUp(depth + Size(slot), Alignment(slot));
            slot.FrameOffset = -depth;
        }

        return depth <= Limit;
    }

    /// <summary>Says so if the places need more than there is.</summary>
    public static void Check(MachineFunction function, List<CompilerProblem> problems)
    {
        var slots = Used(function);
        int depth = -slots.Select(s => s.FrameOffset).DefaultIfEmpty().Min();
        if (depth > Limit)
        {
            var largest = slots.OrderByDescending(s => s.Bytes).First();
            problems.Add(new CompilerProblem(
                function.Source.Name,
                largest.Position ?? FirstPosition(function),
                $"The locals need {depth} bytes of stack, and the kernel allows {Limit}: put the largest ({largest.Bytes} bytes) into a per-CPU array map with one entry and use that as scratch memory."));
        }
    }

    private static List<FrameSlot> Used(MachineFunction function)
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

        return [.. function.Slots.Where((_, i) => used[i])];
    }

    private static SourcePosition? FirstPosition(MachineFunction function) =>
        function.Blocks.SelectMany(b => b.Instructions).Select(i => i.Position).FirstOrDefault(p => p is not null);

    private static int Alignment(FrameSlot slot) => slot.Bytes >= 8 ? 8 : slot.Alignment;

    private static int Size(FrameSlot slot) => slot.Bytes >= 8 ? RoundUp(slot.Bytes, 8) : slot.Bytes;

    private static int RoundUp(int value, int to) => (value + to - 1) / to * to;
}
