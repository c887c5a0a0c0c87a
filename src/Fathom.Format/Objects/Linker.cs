using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using Fathom.Format.Instructions;

namespace Fathom.Format.Objects;

/// <summary>One program ready for relocation and loading: an entry function with all subprograms that it reaches behind it.</summary>
/// <param name="Name">The entry function's name.</param>
/// <param name="Section">The entry function's section.</param>
/// <param name="Instructions">All instructions; calls between them are resolved.</param>
/// <param name="References">References that remain: maps, data and kernel symbols.</param>
/// <param name="Lines">Source positions of all instructions.</param>
/// <param name="CoreRelocations">CO-RE relocations of all instructions.</param>
/// <param name="Functions">Where each function starts.</param>
/// <param name="InlinedCalls">The calls whose methods were copied into any of the functions.</param>
public sealed record LinkedProgram(
    string Name,
    string Section,
    ImmutableArray<Instruction> Instructions,
    ImmutableArray<Reference> References,
    ImmutableArray<LineInfo> Lines,
    ImmutableArray<CoreRelocation> CoreRelocations,
    ImmutableArray<FunctionStart> Functions,
    ImmutableArray<InlinedCall> InlinedCalls);

/// <summary>Where a function starts in a linked program.</summary>
/// <param name="Instruction">Index of its first instruction.</param>
/// <param name="TypeId">Its <c>BTF_KIND_FUNC</c> in the object's BTF.</param>
/// <param name="Name">Its name.</param>
public readonly record struct FunctionStart(int Instruction, int TypeId, string Name);

/// <summary>Puts an entry program together with its subprograms.</summary>
public static class Linker
{
    private const string Format = "BPF object";

    /// <summary>Links one entry program of an object.</summary>
    /// <remarks>
    /// Subprograms follow the entry in the order in which they are first reached. References to functions are resolved to distances;
    /// those that remain are re-indexed, and so are lines and CO-RE relocations.
    /// </remarks>
    /// <param name="value">The object.</param>
    /// <param name="entry">The entry function's name.</param>
    /// <exception cref="BadFormatException">A call has no target, or the target is too far away. The offset is the index of the instruction.</exception>
    public static LinkedProgram Link(BpfObject value, string entry) => Link(IndexFunctions(value), entry);

    /// <summary>The functions of an object by name, for linking several of its programs.</summary>
    /// <param name="value">The object.</param>
    public static IReadOnlyDictionary<string, BpfFunction> IndexFunctions(BpfObject value)
    {
        Dictionary<string, BpfFunction> byName = new(StringComparer.Ordinal);
        foreach (BpfFunction function in value.Functions)
        {
            byName[function.Name] = function;
        }

        return byName;
    }

    /// <summary>Links one of several entry programs of an object, as <see cref="Link(BpfObject, string)"/> does.</summary>
    /// <param name="byName">Its functions: see <see cref="IndexFunctions"/>.</param>
    /// <param name="entry">The entry function's name.</param>
    /// <exception cref="BadFormatException">A call has no target, or the target is too far away. The offset is the index of the instruction.</exception>
    public static LinkedProgram Link(IReadOnlyDictionary<string, BpfFunction> byName, string entry)
    {
        if (!byName.TryGetValue(entry, out BpfFunction? start))
        {
            throw new BadFormatException(Format, 0, $"there is no function {entry}");
        }

        List<BpfFunction> functions = Reach(start, byName);
        Layout layout = new(functions);
        ImmutableArray<Instruction>.Builder instructions = ImmutableArray.CreateBuilder<Instruction>(layout.InstructionCount);
        ImmutableArray<Reference>.Builder references = ImmutableArray.CreateBuilder<Reference>();
        ImmutableArray<LineInfo>.Builder lines = ImmutableArray.CreateBuilder<LineInfo>();
        ImmutableArray<CoreRelocation>.Builder relocations = ImmutableArray.CreateBuilder<CoreRelocation>();
        ImmutableArray<InlinedCall>.Builder inlined = ImmutableArray.CreateBuilder<InlinedCall>();
        ImmutableArray<FunctionStart>.Builder starts = ImmutableArray.CreateBuilder<FunctionStart>(functions.Count);
        foreach (BpfFunction function in functions)
        {
            int first = instructions.Count;
            starts.Add(new FunctionStart(first, function.TypeId, function.Name));
            instructions.AddRange(function.Instructions);
            foreach (Reference reference in function.References)
            {
                int index = first + reference.Instruction;
                if (reference.Kind is ReferenceKind.Call or ReferenceKind.FunctionAddress)
                {
                    instructions[index] = layout.Resolve(instructions[index], index, reference);
                }
                else
                {
                    references.Add(reference with { Instruction = index });
                }
            }

            int firstInlined = inlined.Count;
            foreach (InlinedCall call in function.InlinedCalls)
            {
                inlined.Add(call.Outer < 0 ? call : call with { Outer = firstInlined + call.Outer });
            }

            foreach (LineInfo line in function.Lines)
            {
                lines.Add(line with { Instruction = first + line.Instruction, Inlined = line.Inlined < 0 ? -1 : firstInlined + line.Inlined });
            }

            foreach (CoreRelocation relocation in function.CoreRelocations)
            {
                relocations.Add(relocation with { Instruction = first + relocation.Instruction });
            }
        }

        return new LinkedProgram(
            start.Name,
            start.Section,
            instructions.MoveToImmutable(),
            references.ToImmutable(),
            lines.ToImmutable(),
            relocations.ToImmutable(),
            starts.MoveToImmutable(),
            inlined.ToImmutable());
    }

    /// <summary>The entry and all that it reaches, in the order of first reaching (breadth first).</summary>
    private static List<BpfFunction> Reach(BpfFunction start, IReadOnlyDictionary<string, BpfFunction> byName)
    {
        List<BpfFunction> functions = [start];
        HashSet<string> known = new(StringComparer.Ordinal) { start.Name };
        for (int i = 0; i < functions.Count; i++)
        {
            BpfFunction function = functions[i];
            foreach (Reference reference in function.References)
            {
                if ((uint)reference.Instruction >= (uint)function.Instructions.Length)
                {
                    throw new BadFormatException(Format, reference.Instruction, $"{function.Name} has no such instruction, but a reference to {reference.Target} at it");
                }

                if (reference.Kind is ReferenceKind.Call or ReferenceKind.FunctionAddress && known.Add(reference.Target))
                {
                    functions.Add(byName.TryGetValue(reference.Target, out BpfFunction? target)
                        ? target
                        : throw new BadFormatException(Format, reference.Instruction, $"{function.Name} refers to {reference.Target}, which is not in the object"));
                }
            }
        }

        return functions;
    }

    /// <summary>The slots of a linked program.</summary>
    private sealed class Layout
    {
        private readonly int[] slotOfInstruction;
        private readonly Dictionary<string, int> slotOfFunction = new(StringComparer.Ordinal);

        internal Layout(List<BpfFunction> functions)
        {
            long count = 0;
            foreach (BpfFunction function in functions)
            {
                count += function.Instructions.Length;
            }

            slotOfInstruction = count <= int.MaxValue / 2
                ? new int[(int)count]
                : throw new BadFormatException(Format, 0, "the program has too many instructions");
            int index = 0;
            int slot = 0;
            foreach (BpfFunction function in functions)
            {
                slotOfFunction.Add(function.Name, slot);
                foreach (Instruction instruction in function.Instructions)
                {
                    slotOfInstruction[index++] = slot;
                    slot += instruction.SlotCount;
                }
            }
        }

        internal int InstructionCount => slotOfInstruction.Length;

        /// <summary>
        /// Both count from the slot after the instruction's first, the 64-bit immediate load too, whose second slot that is:
        /// https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (check_ld_imm, add_subprog_and_kfunc).
        /// </summary>
        internal Instruction Resolve(in Instruction instruction, int index, in Reference reference)
        {
            int distance = slotOfFunction[reference.Target] - slotOfInstruction[index] - 1;
            if (reference.Kind == ReferenceKind.Call)
            {
                return instruction.Opcode == 0x85
                    ? Instruction.Call(CallKind.Subprogram, distance)
                    : throw new BadFormatException(Format, index, $"the call of {reference.Target} is not at a call instruction");
            }

            return instruction.IsLoadImmediate64
                ? Instruction.LoadImmediate64(instruction.Destination, (uint)distance, ImmediateKind.Function)
                : throw new BadFormatException(Format, index, $"the address of {reference.Target} is not at a 64-bit immediate load");
        }
    }
}
