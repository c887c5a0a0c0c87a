using System.Collections.Generic;
using Fathom.Format.Btf;
using Fathom.Format.Objects;

namespace Fathom.Format.CoRe;

/// <summary>What to do with a relocation's instruction.</summary>
internal struct CoreDecision
{
    /// <summary>The value by the object's types, which the instruction should hold.</summary>
    public CoreValue Local;

    /// <summary>The value by the target's types, which it is to hold.</summary>
    public CoreValue Target;

    /// <summary>True if there is no such value.</summary>
    public bool IsPoison;

    /// <summary>In words.</summary>
    public string Explanation;

    /// <summary>
    /// A load or store of another size is the same only for pointers, and for unsigned integers, which are zero-extended.
    /// </summary>
    public readonly bool CanResize => Local.FieldSize == Target.FieldSize
        || (Local.FieldKind == BtfKind.Pointer && Target.FieldKind == BtfKind.Pointer)
        || (Local.FieldKind == BtfKind.Int && Target.FieldKind == BtfKind.Int && !Local.IsFieldSigned && !Target.IsFieldSigned);
}

/// <summary>Finds the value of a relocation: asks every candidate, and wants those that have an answer to agree.</summary>
internal static class CoreResolver
{
    /// <summary>The value; remembered with the candidates, because objects ask the same again and again.</summary>
    public static CoreDecision Resolve(CoreRelocation relocation, CoreCandidates candidates)
    {
        (int, string, CoreRelocationKind) query = (relocation.TypeId, relocation.Access, relocation.Kind);
        if (!candidates.Decisions.TryGetValue(query, out CoreDecision decision))
        {
            candidates.Decisions.Add(query, decision = Decide(relocation, candidates));
        }

        return decision;
    }

    private static CoreDecision Decide(CoreRelocation relocation, CoreCandidates candidates)
    {
        if (!relocation.Kind.IsFieldBased() && !relocation.Kind.IsTypeBased() && !relocation.Kind.IsEnumBased())
        {
            throw CoreError.Bad(relocation, "this kind is unknown");
        }

        CoreSpec local = CoreSpec.Parse(relocation, candidates.Local, candidates.Budget);
        if (relocation.Kind == CoreRelocationKind.TypeIdLocal)
        {
            var id = new CoreValue((ulong)relocation.TypeId, IsCertain: false);
            return new CoreDecision { Local = id, Target = id, Explanation = CoreDescription.Of(local) };
        }

        if (candidates.Local.GetType(relocation.TypeId).NameBytes.IsEmpty)
        {
            throw CoreError.Bad(relocation, "a type without a name cannot be found in the target");
        }

        var decision = new CoreDecision { Local = CoreValue.Of(relocation, local), Explanation = CoreDescription.Of(local) };
        CoreMismatch mismatch = AskAll(relocation, local, candidates, ref decision);
        if (mismatch != CoreMismatch.None)
        {
            decision.Explanation = CoreDescription.Of(local, mismatch);
            if (CoreValue.OfNothing(relocation.Kind) is { } nothing)
            {
                decision.Target = nothing;
            }
            else
            {
                decision.IsPoison = true;
            }
        }

        return decision;
    }

    // The mismatch of the last candidate, or none if one matched.
    private static CoreMismatch AskAll(CoreRelocation relocation, CoreSpec local, CoreCandidates candidates, ref CoreDecision decision)
    {
        CoreMismatch mismatch = CoreMismatch.NoType;
        var matched = new List<int>();
        long bitOffset = 0;
        foreach (int candidate in candidates.Get(relocation.TypeId))
        {
            CoreSpec? spec = CoreMatch.Follow(relocation.Kind, local, candidates.Target, candidate, candidates.Budget, out CoreMismatch why);
            if (spec is null)
            {
                mismatch = why;
                continue;
            }

            CoreValue value = CoreValue.Of(relocation, spec);
            if (matched.Count == 0)
            {
                decision.Target = value;
                bitOffset = spec.BitOffset;
            }
            else if (bitOffset != spec.BitOffset || value.Number != decision.Target.Number)
            {
                throw CoreError.Bad(relocation, $"{decision.Explanation}: ambiguous, the target's types {matched[0]} and {candidate} differ in it");
            }

            matched.Add(candidate);
        }

        candidates.Keep(relocation.TypeId, matched);
        return matched.Count > 0 ? CoreMismatch.None : mismatch;
    }
}
