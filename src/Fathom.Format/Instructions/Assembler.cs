using System;
using System.Collections.Generic;
using System.Collections.Immutable;

namespace Fathom.Format.Instructions;

/// <summary>
/// From text to instructions, one a line. The syntax is that of the public conformance suite for BPF, with forms added for what it lacks:
/// <code>
/// add|sub|mul|div|sdiv|or|and|lsh|rsh|mod|smod|xor|mov|arsh[32|64] %r1, %r2 | 5      64 bits, or 32
/// neg[32] %r1     le|be|bswap 16|32|64 %r1     movsx 8|16 32, movsx 8|16|32 64 %r1, %r2
/// ldxb|h|w|dw, ldxsb|h|w %r1, [%r2-8]     stb|h|w|dw [%r10-8], 5     stxb|h|w|dw [%r10-8], %r1
/// lock [fetch] add|or|and|xor[32] [%r1+8], %r2     lock xchg|cmpxchg[32] [%r1+8], %r2
/// lddw %r1, 0x1122334455667788 | map_by_fd(3) | map_val_by_fd(3, 16) | map_by_idx(0) | map_val_by_idx(0, 16) | var_addr(5, 0) | code_addr(TARGET)
/// ja TARGET     ja32 TARGET     jeq|jne|jgt|jge|jlt|jle|jsgt|jsge|jslt|jsle|jset[32] %r1, %r2 | 5, TARGET
/// call 5     call local TARGET     call runtime 77[, 1]     call %r2     exit
/// ldabsb|h|w 14     ldindb|h|w %r1, 14
/// </code>
/// A target is a label (<c>name:</c> before an instruction) or a distance in slots from the next slot (<c>+1</c>). The label <c>exit</c>,
/// if none is defined, is the first exit. Numbers are decimal or hexadecimal; a hexadecimal 32-bit number may have its highest bit set.
/// <c>#</c> and <c>;</c> start a comment.
/// </summary>
public static class Assembler
{
    /// <summary>Assembles a program.</summary>
    /// <param name="text">The program.</param>
    /// <exception cref="AssemblerException">The text is no program.</exception>
    public static ImmutableArray<Instruction> Assemble(string text)
    {
        ImmutableArray<Instruction>.Builder instructions = ImmutableArray.CreateBuilder<Instruction>();
        Dictionary<string, int> labels = new(StringComparer.Ordinal);
        List<(int Index, string Label, int Line)> jumps = [];
        int number = 0;
        int firstExit = -1;
        foreach (string line in text.Split('\n'))
        {
            number++;
            string rest = StripLabels(line, number, instructions.Count, labels);
            if (rest.Length == 0)
            {
                continue;
            }

            AssemblerLine parsed = new(rest, number);
            Instruction instruction = parsed.Assemble();
            if (InstructionRules.FindProblem(instruction) is string problem)
            {
                throw new AssemblerException(number, problem);
            }

            if (parsed.Label is string label)
            {
                jumps.Add((instructions.Count, label, number));
            }

            firstExit = firstExit < 0 && instruction.IsExit ? instructions.Count : firstExit;
            instructions.Add(instruction);
        }

        if (firstExit >= 0 && !labels.ContainsKey("exit"))
        {
            labels["exit"] = firstExit;
        }

        ResolveLabels(instructions, labels, jumps);
        return instructions.ToImmutable();
    }

    private static string StripLabels(string line, int number, int index, Dictionary<string, int> labels)
    {
        int comment = line.IndexOfAny(['#', ';']);
        string rest = (comment < 0 ? line : line.Substring(0, comment)).Trim();
        for (int colon = rest.IndexOf(':'); colon >= 0; colon = rest.IndexOf(':'))
        {
            string label = rest.Substring(0, colon).Trim();
            if (!IsName(label))
            {
                throw new AssemblerException(number, $"'{label}' cannot be a label");
            }

            if (labels.ContainsKey(label))
            {
                throw new AssemblerException(number, $"the label {label} is defined twice");
            }

            labels[label] = index;
            rest = rest.Substring(colon + 1).Trim();
        }

        return rest;
    }

    /// <summary>True for a word that can be a label: letters, digits, <c>_</c>, <c>.</c> and <c>$</c>, not a digit first.</summary>
    internal static bool IsName(string text)
    {
        foreach (char c in text)
        {
            if (!char.IsLetterOrDigit(c) && c is not ('_' or '.' or '$'))
            {
                return false;
            }
        }

        return text.Length > 0 && !char.IsDigit(text[0]);
    }

    private static void ResolveLabels(ImmutableArray<Instruction>.Builder instructions, Dictionary<string, int> labels, List<(int Index, string Label, int Line)> jumps)
    {
        int[] slots = new int[instructions.Count + 1];
        for (int i = 0; i < instructions.Count; i++)
        {
            slots[i + 1] = slots[i] + instructions[i].SlotCount;
        }

        foreach ((int index, string label, int line) in jumps)
        {
            int target = labels.TryGetValue(label, out int found) ? found : throw new AssemblerException(line, $"there is no label {label}");
            instructions[index] = SetDistance(instructions[index], slots[target] - slots[index] - 1, line);
        }
    }

    private static Instruction SetDistance(in Instruction instruction, int distance, int line)
    {
        if (instruction.IsLoadImmediate64)
        {
            return instruction with { Immediate = (uint)distance };
        }

        if (instruction.IsCall || instruction.Opcode == 0x06)
        {
            return instruction with { Immediate = distance };
        }

        return distance is >= short.MinValue and <= short.MaxValue
            ? instruction with { Offset = (short)distance }
            : throw new AssemblerException(line, $"the target is {distance} slots away, too far for 16 bits");
    }
}
