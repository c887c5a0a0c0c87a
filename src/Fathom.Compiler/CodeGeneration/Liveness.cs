using System;
using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>Which registers are still read, at the end of each block; inside blocks it is followed backward, one instruction at a time.</summary>
internal sealed class Liveness
{
    private readonly BitSet[] _atEnd;
    private readonly BitSet[] _atStart;

    private Liveness(MachineFunction function)
    {
        int count = function.Blocks.Count;
        _atEnd = new BitSet[count];
        _atStart = new BitSet[count];
        var used = new BitSet[count];
        var defined = new BitSet[count];
        for (int b = 0; b < count; b++)
        {
            function.Blocks[b].Index = b;
            _atEnd[b] = new BitSet(function.RegisterCount);
            _atStart[b] = new BitSet(function.RegisterCount);
            used[b] = new BitSet(function.RegisterCount);
            defined[b] = new BitSet(function.RegisterCount);
            var instructions = function.Blocks[b].Instructions;
            for (int i = instructions.Count - 1; i >= 0; i--)
            {
                Define(instructions[i], register =>
                {
                    defined[b].Add(register);
                    used[b].Remove(register);
                });
                Use(instructions[i], used[b].Add);
            }
        }

        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int b = count - 1; b >= 0; b--)
            {
                foreach (var successor in function.Blocks[b].Successors)
                {
                    _atEnd[b].UnionWith(_atStart[successor.Index]);
                }

                changed |= _atStart[b].Transfer(_atEnd[b], used[b], defined[b]);
            }
        }
    }

    public static Liveness Of(MachineFunction function) => new(function);

    /// <summary>Registers read after the end of a block.</summary>
    public BitSet AtEnd(MachineBlock block) => _atEnd[block.Index];

    /// <summary>Registers read after the start of a block, and not written before.</summary>
    public IEnumerable<int> AtStart(MachineBlock block)
    {
        for (int register = _atStart[block.Index].Next(0); register >= 0; register = _atStart[block.Index].Next(register + 1))
        {
            yield return register;
        }
    }

    /// <summary>Moves a set from behind an instruction to before it.</summary>
    public static void Step(BitSet live, MachineInstruction instruction)
    {
        Define(instruction, live.Remove);
        Use(instruction, live.Add);
    }

    public static void Define(MachineInstruction instruction, Action<int> action)
    {
        if (instruction.Definition is >= 0 and var definition)
        {
            action(definition);
        }

        Each(instruction.Clobbers, action);
    }

    public static void Use(MachineInstruction instruction, Action<int> action)
    {
        if (instruction.UsesDestination && instruction.Destination != MachineInstruction.FramePointer)
        {
            action(instruction.Destination);
        }

        if (instruction.Source >= 0 && instruction.Source != MachineInstruction.FramePointer)
        {
            action(instruction.Source);
        }

        Each(instruction.ImplicitUses, action);
    }

    private static void Each(int mask, Action<int> action)
    {
        for (int register = 0; mask != 0; register++, mask >>= 1)
        {
            if ((mask & 1) != 0)
            {
                action(register);
            }
        }
    }
}
