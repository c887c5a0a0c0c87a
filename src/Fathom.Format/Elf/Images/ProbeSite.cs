using System;
using System.Buffers.Binary;

namespace Fathom.Format.Elf.Images;

/// <summary>How the kernel gets past the instruction that a uprobe replaced, once the probe has run.</summary>
public enum ProbeStep
{
    /// <summary>Not known: not x86-64, too few bytes, or a prefix that the kernel may refuse a probe for.</summary>
    Unknown = 0,
    /// <summary>It runs a copy of the instruction in single-step mode, with a second trap: much dearer than the probe itself.</summary>
    SingleStep = 1,
    /// <summary>It does in its own code what the instruction would have done.</summary>
    Emulate = 2,
    /// <summary>As <see cref="Emulate"/> since Linux 6.16, as <see cref="SingleStep"/> before.</summary>
    EmulateSince616 = 3,
    /// <summary>
    /// Linux 6.18 replaces the instruction with a call instead of a trap, which is cheaper again; 6.16 emulates it. A later kernel (7.x)
    /// does so for a no-operation of 10 bytes only.
    /// </summary>
    CallSince618 = 4,
}

/// <summary>
/// Where a uprobe at the beginning of a function is best put, and what it costs there beyond the probe itself. A hint: the kernel takes a
/// probe at the first byte as well. It is put behind an <c>endbr64</c> only if nothing in the function can jump there: where a loop begins
/// with the function, the probe would count its turns, not the calls.
/// </summary>
/// <param name="Offset">Bytes behind the beginning of the function: 4 behind an <c>endbr64</c> that is passed once a call, otherwise 0.</param>
/// <param name="Step">How the kernel gets past the instruction there.</param>
public readonly record struct ProbeSite(int Offset, ProbeStep Step)
{
    /// <summary>How many bytes tell the cost of a probe at the first byte: <c>endbr64</c> and the longest instruction.</summary>
    public const int BytesNeeded = 4 + 15;

    /// <summary>The longest function, in bytes, that is worth reading as a whole; of a longer one <see cref="BytesNeeded"/> suffice.</summary>
    public const int LongestFunction = 64 << 10;

    private const int MarkLength = 4;

    // These forms only (6.19: every nopl), and the longer ones begin with a prefix that is refused:
    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/include/asm/nops.h
    private static readonly byte[][] LongNops =
    [
        [0x0f, 0x1f, 0x00],
        [0x0f, 0x1f, 0x40, 0x00],
        [0x0f, 0x1f, 0x44, 0x00, 0x00],
        [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
        [0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
        [0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    ];

    /// <summary>Judges a function.</summary>
    /// <param name="code">Its bytes from the first, all of them or at best <see cref="BytesNeeded"/>.</param>
    /// <param name="machine">The machine of its image. Only x86-64 is known.</param>
    /// <param name="isWhole">Whether these are all of its bytes. If not, the probe stays at the first.</param>
    public static ProbeSite Find(ReadOnlySpan<byte> code, ElfMachine machine, bool isWhole)
    {
        if (machine != ElfMachine.X64)
        {
            return default;
        }

        // The mark of a place that may be jumped to indirectly. The kernel has no emulation for it.
        bool isMarked = code.StartsWith((ReadOnlySpan<byte>)[0xf3, 0x0f, 0x1e, 0xfa]);
        int offset = isMarked && isWhole && code.Length <= LongestFunction && !MayJumpBehindMark(code) ? MarkLength : 0;
        return new ProbeSite(offset, StepOf(code.Slice(offset)));
    }

    // At every byte, whether an instruction begins there or not: what only looks like a jump costs a slower probe, an overlooked jump
    // makes wrong counts. Where an indirect jump leads is not known.
    private static bool MayJumpBehindMark(ReadOnlySpan<byte> code)
    {
        for (int i = MarkLength; i + 1 < code.Length; i++)
        {
            byte first = code[i];
            byte second = code[i + 1];
            bool jumps = first switch
            {
                0xeb or (>= 0x70 and <= 0x7f) or (>= 0xe0 and <= 0xe3) => i + 2 + (sbyte)second == MarkLength,
                0xe8 or 0xe9 => JumpsFar(code, i + 1),
                0x0f => second is >= 0x80 and <= 0x8f && JumpsFar(code, i + 2),
                0xff => ((second >> 3) & 7) == 4,
                _ => false,
            };
            if (jumps)
            {
                return true;
            }
        }

        return false;
    }

    private static bool JumpsFar(ReadOnlySpan<byte> code, int at) =>
        code.Length - at >= sizeof(int) && at + sizeof(int) + (long)BinaryPrimitives.ReadInt32LittleEndian(code.Slice(at)) == MarkLength;

    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/kernel/uprobes.c (branch_setup_xol_ops, push_setup_xol_ops, can_optimize)
    private static ProbeStep StepOf(ReadOnlySpan<byte> code)
    {
        for (int i = 0; i < LongNops.Length; i++)
        {
            if (code.StartsWith(LongNops[i]))
            {
                return LongNops[i].Length == 5 ? ProbeStep.CallSince618 : ProbeStep.EmulateSince616;
            }
        }

        // Prefixes before a one-byte no-operation do not matter, except that f3 90 is a pause, which was emulated too.
        int at = 0;
        while (at < code.Length && at < 14 && code[at] is 0x66 or 0xf3)
        {
            at++;
        }

        if (at >= code.Length)
        {
            return ProbeStep.Unknown;
        }

        // Segments and lock: is_prefix_bad.
        byte first = code[at];
        if (first is 0x26 or 0x2e or 0x36 or 0x3e or 0xf0)
        {
            return ProbeStep.Unknown;
        }

        if (first == 0x90)
        {
            return ProbeStep.Emulate;
        }

        if (at > 0)
        {
            return ProbeStep.SingleStep;
        }

        // push of a register, of r8 to r15 with the one prefix 41: Linux 4.16.
        if (first is >= 0x50 and <= 0x57 || (first == 0x41 && code.Length > 1 && code[1] is >= 0x50 and <= 0x57))
        {
            return ProbeStep.Emulate;
        }

        // call, jmp and the conditional jumps, each to a place that the instruction itself says.
        bool branches = first is 0xe8 or 0xe9 or 0xeb or (>= 0x70 and <= 0x7f) || (first == 0x0f && code.Length > 1 && code[1] is >= 0x80 and <= 0x8f);
        return branches ? ProbeStep.Emulate : first is 0x41 or 0x0f && code.Length < 2 ? ProbeStep.Unknown : ProbeStep.SingleStep;
    }
}
