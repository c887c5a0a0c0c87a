using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>Rewrites a function so that given registers live in frame slots, or are made anew at each use.</summary>
/// <remarks>
/// What the verifier learns of a register at a comparison, it does not learn of the slot that the register was loaded from (before Linux
/// 6.8). So behind a comparison that bounds it, a register goes back into its slot, from where it is read again with its bounds.
/// </remarks>
internal static class Spiller
{
    /// <summary>Spills; gives how many slots that took.</summary>
    /// <param name="function">The function.</param>
    /// <param name="groups">Registers that share one value (coalesced).</param>
    /// <param name="temporaries">Gets the new registers: they are short, and spilling them again would never end.</param>
    public static int Run(MachineFunction function, List<List<int>> groups, HashSet<int> temporaries)
    {
        int slots = 0;
        var places = new Dictionary<int, Place>();
        var remade = Remade(function);
        foreach (var group in groups)
        {
            var place = new Place(group.Count == 1 ? remade[group[0]] : null);
            if (place.Remade is null)
            {
                place.Slot = function.Slots.Count;
                function.Slots.Add(new FrameSlot(8, 8, null));
                slots++;
            }

            foreach (int register in group)
            {
                places.Add(register, place);
            }
        }

        var liveness = Liveness.Of(function);
        var waysIn = function.Blocks.SelectMany(b => b.Successors).GroupBy(b => b).ToDictionary(g => g.Key, g => g.Count());
        var bounded = new List<(MachineBlock Block, MachineInstruction Store)>();
        foreach (var block in function.Blocks)
        {
            var read = block.Successors.Where(s => waysIn[s] == 1)
                .ToDictionary(s => s, s => new HashSet<Place>(liveness.AtStart(s).Where(places.ContainsKey).Select(r => places[r])));
            Rewrite(function, block, places, temporaries, (jump, place) =>
                bounded.AddRange(read.Where(r => r.Value.Contains(place)).Select(r => (r.Key, Store(jump.Destination, place, jump.Position)))));
        }

        foreach (var (block, store) in bounded)
        {
            block.Instructions.Insert(0, store);
        }

        return slots;
    }

    // The only definition of each register, if it can be made again anywhere.
    private static MachineInstruction?[] Remade(MachineFunction function)
    {
        var found = new MachineInstruction?[function.RegisterCount];
        var isOut = new bool[function.RegisterCount];
        foreach (var block in function.Blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                int definition = instruction.Definition;
                if (definition < 0)
                {
                    continue;
                }

                isOut[definition] |= found[definition] is not null || !instruction.IsRematerializable;
                found[definition] = isOut[definition] ? null : instruction;
            }
        }

        return found;
    }

    private static void Rewrite(
        MachineFunction function, MachineBlock block, Dictionary<int, Place> places, HashSet<int> temporaries, Action<MachineInstruction, Place> learn)
    {
        var output = new List<MachineInstruction>();
        foreach (var instruction in block.Instructions)
        {
            if (places.TryGetValue(instruction.Definition, out var own) && own.Remade == instruction)
            {
                continue;
            }

            var stores = new List<MachineInstruction>();
            int temporary = -1;
            int spilledDestination = instruction.Destination;
            if (places.TryGetValue(instruction.Destination, out var destination))
            {
                temporary = NewTemporary(function, temporaries);
                if (instruction.UsesDestination)
                {
                    output.Add(Load(temporary, destination, instruction.Position));
                }

                instruction.Destination = temporary;
                if (instruction.IsBoundingJump && destination.Remade is null)
                {
                    learn(instruction, destination);
                }

                if (instruction.Definition == temporary)
                {
                    stores.Add(Store(temporary, destination, instruction.Position));
                }
            }

            if (places.TryGetValue(instruction.Source, out var source))
            {
                bool isShared = instruction.Source == spilledDestination && instruction.UsesDestination;
                int register = isShared ? temporary : NewTemporary(function, temporaries);
                if (!isShared)
                {
                    output.Add(Load(register, source, instruction.Position));
                }

                instruction.Source = register;
                if (instruction.Definition == register && !isShared)
                {
                    stores.Add(Store(register, source, instruction.Position));
                }
            }

            output.Add(instruction);
            output.AddRange(stores);
        }

        block.Instructions.Clear();
        block.Instructions.AddRange(output);
    }

    private static int NewTemporary(MachineFunction function, HashSet<int> temporaries)
    {
        int register = function.NewRegister();
        temporaries.Add(register);
        return register;
    }

    private static MachineInstruction Load(int register, Place place, SourcePosition? position)
    {
        MachineInstruction load;
        if (place.Remade is not null)
        {
            load = place.Remade.Clone();
            load.Destination = register;
        }
        else
        {
            load = MachineInstruction.From(Instruction.Load(MemorySize.Double, 0, 0, 0), register, MachineInstruction.FramePointer);
            load.Slot = place.Slot;
        }

        load.Position = position;
        return load;
    }

    private static MachineInstruction Store(int register, Place place, SourcePosition? position)
    {
        var store = MachineInstruction.From(
            Instruction.Store(MemorySize.Double, 0, 0, Register.R0),
            MachineInstruction.FramePointer,
            register);
        store.Slot = place.Slot;
        store.Position = position;
        return store;
    }

    private sealed class Place(MachineInstruction? remade)
    {
        public MachineInstruction? Remade { get; } = remade;

        public int Slot { get; set; } = -1;
    }
}
