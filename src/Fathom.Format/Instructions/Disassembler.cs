using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Fathom.Format.Instructions;

/// <summary>From instructions to text that <see cref="Assembler"/> reads back to the same instructions; the syntax is described there.</summary>
public static class Disassembler
{
    /// <summary>One instruction as text; its target, if it has one, as a distance in slots (<c>+3</c>).</summary>
    /// <exception cref="ArgumentException">The instruction is not legal.</exception>
    public static string Format(in Instruction instruction) => Format(instruction, null);

    /// <summary>A program as text, one instruction a line. What is jumped to or called has a label with its slot number (<c>L12:</c>).</summary>
    /// <exception cref="ArgumentException">An instruction is not legal.</exception>
    public static string Disassemble(ReadOnlySpan<Instruction> instructions)
    {
        HashSet<long> starts = [];
        HashSet<long> targets = [];
        long slot = 0;
        foreach (ref readonly Instruction instruction in instructions)
        {
            starts.Add(slot);
            if (TryGetDistance(instruction, out int distance))
            {
                targets.Add(slot + 1 + distance);
            }

            slot += instruction.SlotCount;
        }

        targets.IntersectWith(starts);
        StringBuilder text = new();
        slot = 0;
        foreach (ref readonly Instruction instruction in instructions)
        {
            if (targets.Contains(slot))
            {
                text.Append('L').Append(slot.ToString(CultureInfo.InvariantCulture)).Append(":\n");
            }

            long target = TryGetDistance(instruction, out int distance) ? slot + 1 + distance : -1;
            text.Append("    ").Append(Format(instruction, targets.Contains(target) ? Invariant($"L{target}") : null)).Append('\n');
            slot += instruction.SlotCount;
        }

        return text.ToString();
    }

    /// <summary>The distance to the instruction that another one jumps to, calls or takes the address of.</summary>
    private static bool TryGetDistance(in Instruction instruction, out int distance)
    {
        bool isInImmediate = instruction.Opcode == 0x06
            || (instruction.Opcode == 0x85 && (CallKind)instruction.Source == CallKind.Subprogram)
            || (instruction.IsLoadImmediate64 && (ImmediateKind)instruction.Source == ImmediateKind.Function);
        distance = isInImmediate ? unchecked((int)instruction.Immediate) : instruction.Offset;
        return isInImmediate || instruction.HasTarget;
    }

    private static string Format(in Instruction instruction, string? label)
    {
        if (InstructionRules.FindProblem(instruction) is string problem)
        {
            throw new ArgumentException($"opcode 0x{instruction.Opcode:x2}: {problem}", nameof(instruction));
        }

        string name = Mnemonic.NameOf(instruction);
        string target = label ?? (TryGetDistance(instruction, out int distance) ? Signed(distance) : "");
        string to = RegisterName(instruction.Destination);
        string from = RegisterName(instruction.Source);
        string second = instruction.UsesSourceRegister ? from : Invariant($"{instruction.Immediate}");
        return instruction.Class switch
        {
            InstructionClass.Load => FormatLoad(instruction, name, target),
            InstructionClass.LoadX => $"{name} {to}, {Memory(instruction.Source, instruction.Offset)}",
            InstructionClass.Store => Invariant($"{name} {Memory(instruction.Destination, instruction.Offset)}, {instruction.Immediate}"),
            InstructionClass.StoreX => $"{name} {Memory(instruction.Destination, instruction.Offset)}, {from}",
            InstructionClass.Alu32 or InstructionClass.Alu64 => instruction.AluOperation is AluOperation.Negate or AluOperation.ByteSwap ? $"{name} {to}" : $"{name} {to}, {second}",
            _ => instruction.IsExit ? name
                : instruction.IsCall ? FormatCall(instruction, target)
                : instruction.JumpOperation == JumpOperation.Always ? $"{name} {target}" : $"{name} {to}, {second}, {target}",
        };
    }

    private static string FormatLoad(in Instruction instruction, string name, string target)
    {
        if (!instruction.IsLoadImmediate64)
        {
            return (instruction.Opcode & 0xe0) == 0x20
                ? Invariant($"{name} {instruction.Immediate}")
                : Invariant($"{name} {RegisterName(instruction.Source)}, {instruction.Immediate}");
        }

        int low = unchecked((int)instruction.Immediate);
        int high = (int)(instruction.Immediate >> 32);
        string value = (ImmediateKind)instruction.Source switch
        {
            ImmediateKind.MapDescriptor => Invariant($"map_by_fd({low})"),
            ImmediateKind.MapValue => Invariant($"map_val_by_fd({low}, {high})"),
            ImmediateKind.KernelVariable => Invariant($"var_addr({low}, {high})"),
            ImmediateKind.Function => $"code_addr({target})",
            ImmediateKind.MapIndex => Invariant($"map_by_idx({low})"),
            ImmediateKind.MapIndexValue => Invariant($"map_val_by_idx({low}, {high})"),
            _ => Invariant($"0x{instruction.Immediate:x}"),
        };
        return $"{name} {RegisterName(instruction.Destination)}, {value}";
    }

    private static string FormatCall(in Instruction instruction, string target) =>
        instruction.UsesSourceRegister ? $"call {RegisterName(instruction.Destination)}"
        : (CallKind)instruction.Source switch
        {
            CallKind.Subprogram => $"call local {target}",
            CallKind.KernelFunction => instruction.Offset == 0
                ? Invariant($"call runtime {instruction.Immediate}")
                : Invariant($"call runtime {instruction.Immediate}, {instruction.Offset}"),
            _ => Invariant($"call {instruction.Immediate}"),
        };

    private static string RegisterName(Register register) => Invariant($"%r{(int)register}");

    private static string Memory(Register register, short offset) => offset == 0 ? $"[{RegisterName(register)}]" : $"[{RegisterName(register)}{Signed(offset)}]";

    private static string Signed(int value) => value < 0 ? Invariant($"{value}") : Invariant($"+{value}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
