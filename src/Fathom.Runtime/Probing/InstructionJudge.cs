using System;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>Judges instructions of x86 one at a time: see <see cref="ProbeVerdict"/>. Not safe for use by several threads at a time.</summary>
/// <param name="bits">64, or 32 for i386.</param>
internal sealed class InstructionJudge(int bits)
{
    private readonly CodeDecoder _decoder = new(bits);
    private readonly byte[] _bytes = new byte[ProbeVerdict.BytesNeeded];

    /// <summary>Judges the first instruction of some code.</summary>
    public ProbeVerdict Judge(ReadOnlySpan<byte> code)
    {
        code = code[..Math.Min(code.Length, _bytes.Length)];
        code.CopyTo(_bytes);
        _decoder.Open(_bytes.AsMemory(0, code.Length));
        _decoder.Decode(0, 0, out Instruction instruction);
        if (instruction.IsInvalid)
        {
            return new(ProbeStep.Unknown, _decoder.IsCutOff ? ProbeRefusal.CutOff : ProbeRefusal.Invalid);
        }

        code = code[..instruction.Length];
        ProbeRefusal? refusal = RefusalOf(code, instruction);
        return new(refusal is null ? StepOf(code, instruction) : ProbeStep.Unknown, refusal) { Length = instruction.Length, IsCall = instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall };
    }

    private ProbeRefusal? RefusalOf(ReadOnlySpan<byte> code, in Instruction instruction)
    {
        switch (instruction.Code.Encoding())
        {
            case EncodingKind.Legacy:
                break;
            case EncodingKind.VEX:
                return ProbeRefusal.Vex;
            case EncodingKind.EVEX:
                return ProbeRefusal.Evex;
            case EncodingKind.XOP:
                return ProbeRefusal.Xop;
            case EncodingKind.D3NOW:
                return ProbeRefusal.Amd3DNow;
            default:
                return ProbeRefusal.Invalid;
        }

        var prefixes = new InstructionPrefixes(code, bits);
        if (code[prefixes.Length] == 0x90 && (prefixes.HasHighBase || instruction.Mnemonic is not (Mnemonic.Nop or Mnemonic.Pause)))
        {
            return ProbeRefusal.ExchangeAsNop;
        }

        if (!SafeInstructions.Contains(instruction))
        {
            return SafeInstructions.ReasonAgainst(instruction);
        }

        bool isBranch = instruction.FlowControl is not FlowControl.Next;
        return prefixes.HasRefused || prefixes.IsOdd
            || (isBranch && prefixes.HasOperandSize)
            || (prefixes.HasAddressSize && !IsRelative(code[prefixes.Length], instruction)) ? ProbeRefusal.Prefixed
            : instruction.IsStringInstruction && (prefixes.HasRepeat || prefixes.HasRepeatNot) ? ProbeRefusal.Repeated
            : instruction.Mnemonic == Mnemonic.Nop && code.Length == 5 ? ProbeRefusal.LongNop
            : null;
    }

    // A call or jump to a place that it says itself: linkers put 67 before it where they turn an indirect call into a direct one.
    private static bool IsRelative(byte opcode, in Instruction instruction) => opcode is 0xe8 or 0xe9 && instruction.FlowControl is FlowControl.Call or FlowControl.UnconditionalBranch;

    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/kernel/uprobes.c (branch_setup_xol_ops, push_setup_xol_ops, can_optimize)
    private ProbeStep StepOf(ReadOnlySpan<byte> code, in Instruction instruction)
    {
        var prefixes = new InstructionPrefixes(code, bits);
        byte opcode = code[prefixes.Length];
        return opcode switch
        {
            0x90 or 0xe8 or 0xe9 or 0xeb or (>= 0x70 and <= 0x7f) => ProbeStep.Emulate,

            // push of a register, of r8 to r15 with the one prefix 41: Linux 4.16.
            >= 0x50 and <= 0x57 => code.Length == 1 || (code.Length == 2 && code[0] == 0x41) ? ProbeStep.Emulate : ProbeStep.SingleStep,
            0x0f when code[prefixes.Length + 1] is >= 0x80 and <= 0x8f => ProbeStep.Emulate,

            // A nop that 6.16 compares with its own of this length; later kernels take every one of them.
            0x0f when code[prefixes.Length + 1] == 0x1f && instruction.Mnemonic == Mnemonic.Nop && IsKernelNop(code) => ProbeStep.EmulateSince616,
            _ => ProbeStep.SingleStep,
        };
    }

    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/include/asm/nops.h
    private static bool IsKernelNop(ReadOnlySpan<byte> code) => code switch
    {
        [0x0f, 0x1f, 0x00] or [0x0f, 0x1f, 0x40, 0x00] or [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00]
            or [0x0f, 0x1f, 0x80, 0, 0, 0, 0] or [0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0] => true,
        _ => false,
    };
}
