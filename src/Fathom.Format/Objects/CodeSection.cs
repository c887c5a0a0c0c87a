using System.Collections.Generic;
using System.Collections.Immutable;
using Fathom.Format.Elf;
using Fathom.Format.Instructions;

namespace Fathom.Format.Objects;

/// <summary>A function while its object is being read: positions in the file are slots of its section.</summary>
internal sealed class FunctionDraft
{
    private readonly int[] indexOfSlot;

    private FunctionDraft(ElfSection section, string name, int firstSlot, ImmutableArray<Instruction> instructions, int[] indexOfSlot)
    {
        Section = section;
        Name = name;
        FirstSlot = firstSlot;
        Instructions = instructions.ToBuilder();
        this.indexOfSlot = indexOfSlot;
    }

    internal ElfSection Section { get; }

    internal string Name { get; }

    internal int FirstSlot { get; }

    internal int EndSlot => FirstSlot + indexOfSlot.Length;

    internal ImmutableArray<Instruction>.Builder Instructions { get; }

    internal List<Reference> References { get; } = [];

    internal List<LineInfo> Lines { get; } = [];

    internal List<InlinedCall> InlinedCalls { get; } = [];

    internal List<CoreRelocation> CoreRelocations { get; } = [];

    internal int TypeId { get; set; }

    internal static FunctionDraft Decode(ElfSection section, string name, int firstSlot, int slots)
    {
        int start = firstSlot * Instruction.SlotSize;
        ImmutableArray<Instruction> instructions = InstructionDecoder.Decode(section.Data.Span.Slice(start, slots * Instruction.SlotSize), section.Offset + start);
        int[] indexes = new int[slots];
        int slot = 0;
        for (int i = 0; i < instructions.Length; i++)
        {
            indexes[slot++] = i;
            if (instructions[i].SlotCount == 2)
            {
                indexes[slot++] = -1;
            }
        }

        return new FunctionDraft(section, name, firstSlot, instructions, indexes);
    }

    /// <summary>The index of the instruction that starts at a slot of the section; -1 if none starts there.</summary>
    internal int IndexOf(int slot) => indexOfSlot[slot - FirstSlot];

    internal BpfFunction Finish()
    {
        References.Sort(static (a, b) => a.Instruction.CompareTo(b.Instruction));
        return new BpfFunction
        {
            Name = Name,
            Section = Section.Name,
            Instructions = Instructions.DrainToImmutable(),
            References = [.. References],
            Lines = [.. Lines],
            InlinedCalls = [.. InlinedCalls],
            CoreRelocations = [.. CoreRelocations],
            TypeId = TypeId,
        };
    }
}

/// <summary>A section of code, split into functions at its symbols.</summary>
internal sealed class CodeSection
{
    private readonly List<FunctionDraft> functions = [];

    /// <param name="section">The section.</param>
    /// <param name="symbols">Its functions' symbols, by position.</param>
    internal CodeSection(ElfSection section, IReadOnlyList<ElfSymbol> symbols)
    {
        Section = section;
        if (section.Size % Instruction.SlotSize != 0)
        {
            throw new BadFormatException(ObjectFile.Format, section.Offset, $"section {section.Name} does not hold whole instructions");
        }

        for (int i = 0; i < symbols.Count; i++)
        {
            functions.Add(DecodeFunction(symbols[i], i + 1 < symbols.Count ? symbols[i + 1].Value : section.Size));
        }
    }

    internal ElfSection Section { get; }

    /// <summary>The functions, by position.</summary>
    internal IReadOnlyList<FunctionDraft> Functions => functions;

    /// <summary>The function that holds a byte of the section, and the index of the instruction that starts there.</summary>
    /// <exception cref="BadFormatException">No instruction of a function starts there.</exception>
    internal FunctionDraft Locate(long offset, long position, out int index)
    {
        index = -1;
        if (offset >= 0 && offset < Section.Size && offset % Instruction.SlotSize == 0 && FindHolder((int)(offset / Instruction.SlotSize)) is { } function)
        {
            index = function.IndexOf((int)(offset / Instruction.SlotSize));
            if (index >= 0)
            {
                return function;
            }
        }

        throw new BadFormatException(ObjectFile.Format, position, $"no instruction of a function starts at byte {offset} of section {Section.Name}");
    }

    /// <summary>The function that starts at a byte of the section.</summary>
    /// <exception cref="BadFormatException">None does.</exception>
    internal FunctionDraft LocateStart(long offset, long position)
    {
        FunctionDraft function = Locate(offset, position, out int index);
        return index == 0 ? function : throw new BadFormatException(ObjectFile.Format, position, $"no function starts at byte {offset} of section {Section.Name}");
    }

    private FunctionDraft? FindHolder(int slot)
    {
        int low = 0;
        int high = functions.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            FunctionDraft function = functions[middle];
            if (slot < function.FirstSlot)
            {
                high = middle - 1;
            }
            else if (slot >= function.EndSlot)
            {
                low = middle + 1;
            }
            else
            {
                return function;
            }
        }

        return null;
    }

    /// <param name="symbol">Its symbol.</param>
    /// <param name="limit">Where the next function or the end of the section lies; a symbol without a size reaches until there.</param>
    private FunctionDraft DecodeFunction(ElfSymbol symbol, long limit)
    {
        long size = symbol.Size == 0 ? limit - symbol.Value : symbol.Size;
        bool fits = symbol.Value >= 0 && limit <= Section.Size && size > 0 && size <= limit - symbol.Value;
        return fits && symbol.Value % Instruction.SlotSize == 0 && size % Instruction.SlotSize == 0
            ? FunctionDraft.Decode(Section, symbol.Name, (int)(symbol.Value / Instruction.SlotSize), (int)(size / Instruction.SlotSize))
            : throw new BadFormatException(ObjectFile.Format, Section.Offset, $"function {symbol.Name} is empty, not aligned, overlaps the next one or leaves its section {Section.Name}");
    }
}
