using System.Collections.Immutable;
using Fathom.Format.Btf;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Format.CoRe;

/// <summary>What became of one relocation.</summary>
/// <param name="Relocation">The relocation.</param>
/// <param name="Succeeded">False if the target has no such type, field or enumerator: the instruction is then poisoned, so that the verifier refuses it where it is reached.</param>
/// <param name="LocalValue">The value by the object's own types.</param>
/// <param name="TargetValue">The value by the target's types.</param>
/// <param name="Explanation">For messages: the local field in words (<c>struct request.q</c>) and why it failed.</param>
public readonly record struct CoreResult(CoreRelocation Relocation, bool Succeeded, ulong LocalValue, ulong TargetValue, string Explanation);

/// <summary>Instructions with all relocations applied.</summary>
/// <param name="Instructions">The patched instructions; same count as before.</param>
/// <param name="Results">What became of each relocation, in order.</param>
public sealed record RelocatedInstructions(ImmutableArray<Instruction> Instructions, ImmutableArray<CoreResult> Results);

/// <summary>
/// CO-RE ("compile once, run everywhere"): field offsets, sizes and existence by name, from an object's own types to a target's. A pure
/// function of relocations and two BTFs, with libbpf's rules (flavours <c>name___suffix</c>, anonymous members, candidates that must agree).
/// </summary>
public static class CoreEngine
{
    /// <summary>
    /// The helper that poisoned instructions call; no kernel has it (0xbad2310). A poisoned 64-bit immediate load keeps its two slots:
    /// it loads this number into the frame pointer, which the verifier refuses too where it is reached, and only there.
    /// </summary>
    public const int PoisonHelper = 195896080;

    /// <summary>Applies relocations to instructions.</summary>
    /// <param name="instructions">The instructions of a linked program.</param>
    /// <param name="relocations">Its relocations.</param>
    /// <param name="local">The object's BTF.</param>
    /// <param name="target">The kernel's BTF.</param>
    /// <exception cref="BadFormatException">A relocation does not fit the object's types or the instruction, or candidates disagree.</exception>
    public static RelocatedInstructions Relocate(
        ImmutableArray<Instruction> instructions,
        ImmutableArray<CoreRelocation> relocations,
        BtfData local,
        BtfData target) => Relocate(instructions, relocations, new CoreCandidates(local, target));

    /// <summary>Applies relocations to the instructions of one of several programs that share their types.</summary>
    /// <param name="instructions">The instructions of a linked program.</param>
    /// <param name="relocations">Its relocations.</param>
    /// <param name="candidates">What is known so far of the two BTFs; grows.</param>
    /// <exception cref="BadFormatException">A relocation does not fit the object's types or the instruction, or candidates disagree.</exception>
    public static RelocatedInstructions Relocate(
        ImmutableArray<Instruction> instructions,
        ImmutableArray<CoreRelocation> relocations,
        CoreCandidates candidates)
    {
        candidates.Prepare(relocations);
        ImmutableArray<Instruction>.Builder patched = instructions.ToBuilder();
        ImmutableArray<CoreResult>.Builder results = ImmutableArray.CreateBuilder<CoreResult>(relocations.Length);
        foreach (CoreRelocation relocation in relocations)
        {
            if (relocation.Instruction < 0 || relocation.Instruction >= instructions.Length)
            {
                throw CoreError.Bad(relocation, "there is no such instruction");
            }

            CoreDecision decision = CoreResolver.Resolve(relocation, candidates);
            patched[relocation.Instruction] = CorePatch.Apply(patched[relocation.Instruction], relocation, ref decision);
            results.Add(new CoreResult(relocation, !decision.IsPoison, decision.Local.Number, decision.Target.Number, decision.Explanation));
        }

        return new RelocatedInstructions(patched.MoveToImmutable(), results.MoveToImmutable());
    }
}
