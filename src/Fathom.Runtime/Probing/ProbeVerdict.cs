using System;
using Fathom.Format.Elf.Images;

namespace Fathom.Runtime;

/// <summary>
/// Whether a uprobe may be placed on an instruction, and how the kernel gets past it then. A probe is placed only on what is known to be safe:
/// the traced program computes the same with it as without. <c>docs/probes.md</c> has the table, by kinds of instructions and by kernels.
/// </summary>
/// <param name="Step">How the kernel gets past the instruction; <see cref="ProbeStep.Unknown"/> where no probe is placed.</param>
/// <param name="Refusal">Why no probe is placed; null if one may be.</param>
public readonly record struct ProbeVerdict(ProbeStep Step, ProbeRefusal? Refusal)
{
    /// <summary>How many bytes a verdict needs at most: the longest instruction of x86.</summary>
    public const int BytesNeeded = 15;

    /// <summary>Whether no probe is placed.</summary>
    public bool IsRefused => Refusal is not null;

    /// <summary>Whether it calls a function.</summary>
    internal bool IsCall { get; init; }

    /// <summary>How many bytes the instruction has; 0 where none was read.</summary>
    public int Length { get; init; }

    /// <summary>
    /// Judges an instruction of x86-64 or i386. Those of other machines are not judged: there the kernel's own decoder decides, which for arm64
    /// refuses what it cannot run elsewhere.
    /// </summary>
    /// <param name="code">Its bytes, and what follows: <see cref="BytesNeeded"/> of them, or fewer where the code ends.</param>
    /// <param name="machine">The machine of its image.</param>
    public static ProbeVerdict Of(ReadOnlySpan<byte> code, ElfMachine machine) => machine switch
    {
        ElfMachine.X64 => new InstructionJudge(64).Judge(code),
        ElfMachine.X86 => new InstructionJudge(32).Judge(code),
        _ => default,
    };
}
