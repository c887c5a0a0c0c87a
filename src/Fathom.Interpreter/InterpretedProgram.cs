using System;
using System.Collections.Immutable;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Interpreter;

/// <summary>
/// A program decoded for the interpreter. It belongs to no machine: maps are named by the descriptors that the machine gives
/// (<see cref="Machine.AddMap"/>), so one program can run on many.
/// </summary>
public sealed class InterpretedProgram
{
    private readonly ImmutableArray<Instruction> _instructions;
    private readonly ImmutableArray<LineInfo> _lines;

    private InterpretedProgram(ImmutableArray<Instruction> instructions, ImmutableArray<LineInfo> lines, string name, Op[] ops)
    {
        _instructions = instructions;
        _lines = lines;
        Name = name;
        Ops = ops;
    }

    /// <summary>The name, for messages.</summary>
    public string Name { get; }

    /// <summary>How many instructions it has.</summary>
    public int Length => _instructions.Length;

    /// <summary>
    /// True if a read through a null pointer gives 0: kernel memory that programs of some types read by plain loads. The kernel handles the fault:
    /// https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (BPF_PROBE_MEM).
    /// </summary>
    public bool ReadsNullAsZero { get; init; }

    internal Op[] Ops { get; }

    /// <summary>Decodes a program, subprograms and all. It is checked as a machine checks it, not as the kernel's verifier does.</summary>
    /// <param name="instructions">The instructions; calls between them are resolved.</param>
    /// <param name="name">A name for messages.</param>
    /// <param name="lines">Source positions for messages.</param>
    /// <exception cref="ArgumentException">An instruction is not legal, leads nowhere, writes the frame pointer, or the interpreter does not have it.</exception>
    public static InterpretedProgram Create(ImmutableArray<Instruction> instructions, string name = "program", ImmutableArray<LineInfo> lines = default)
    {
        if (instructions.IsDefaultOrEmpty)
        {
            throw new ArgumentException("The program is empty.", nameof(instructions));
        }

        // For its check of each instruction.
        _ = InstructionEncoder.Encode(instructions.AsSpan());
        return new InterpretedProgram(instructions, lines.IsDefault ? [] : lines, name, new Predecoder(instructions).Decode());
    }

    /// <summary>Decodes a linked program, in whose section's name its type is: that says what a read through a null pointer does.</summary>
    /// <param name="program">The program; its references are resolved to numbers and descriptors.</param>
    /// <exception cref="ArgumentException">As for <see cref="Create(ImmutableArray{Instruction}, string, ImmutableArray{LineInfo})"/>.</exception>
    public static InterpretedProgram Create(LinkedProgram program)
    {
        InterpretedProgram created = Create(program.Instructions, program.Name, program.Lines);
        string type = program.Section.TrimStart('?').Split('/')[0];
        return type is "tp_btf" or "fentry" or "fexit" or "fentry.s" or "fexit.s" or "lsm" or "iter"
            ? new InterpretedProgram(created._instructions, created._lines, created.Name, created.Ops) { ReadsNullAsZero = true }
            : created;
    }

    internal ProgramPosition PositionOf(int index)
    {
        index = Math.Min(Math.Max(index, 0), _instructions.Length - 1);
        LineInfo? found = null;
        foreach (LineInfo line in _lines)
        {
            if (line.Instruction > index)
            {
                break;
            }

            found = line;
        }

        return new ProgramPosition(Name, index, Disassembler.Format(_instructions[index]), found);
    }
}
