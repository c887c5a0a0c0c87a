using System;
using Fathom.Format.Btf;
using Fathom.Format.Objects;

namespace Fathom.Format.CoRe;

/// <summary>Why a candidate does not have what a relocation asks for.</summary>
internal enum CoreMismatch
{
    /// <summary>It has it.</summary>
    None,
    /// <summary>The target has no type of this name and kind.</summary>
    NoType,
    /// <summary>The types of this name differ.</summary>
    TypeDiffers,
    /// <summary>There is no member or enumerator of this name.</summary>
    NoMember,
    /// <summary>The member's type is of another sort.</summary>
    MemberDiffers,
    /// <summary>The array is shorter, or no array.</summary>
    NoElement,
}

/// <summary>Finds in a candidate of the target what a local access names.</summary>
internal static class CoreMatch
{
    // For each, an access is made anew.
    private const int StepsOfCandidate = 16;

    /// <summary>Follows a local access in a candidate.</summary>
    /// <param name="kind">What is asked.</param>
    /// <param name="local">The local access.</param>
    /// <param name="target">The target's BTF.</param>
    /// <param name="candidate">A type with the name of the local root.</param>
    /// <param name="budget">Bounds the work.</param>
    /// <param name="mismatch">Why the result is null.</param>
    /// <returns>The access in the target, or null.</returns>
    public static CoreSpec? Follow(CoreRelocationKind kind, CoreSpec local, BtfData target, int candidate, CoreBudget budget, out CoreMismatch mismatch)
    {
        budget.Spend(StepsOfCandidate);
        var spec = new CoreSpec(target, candidate);
        mismatch = kind.IsTypeBased() ? CompareTypes(kind, local, target, candidate, budget)
            : kind.IsEnumBased() ? FindEnumerator(local, spec, budget)
            : FindField(local, spec, budget);
        return mismatch == CoreMismatch.None ? spec : null;
    }

    private static CoreMismatch CompareTypes(CoreRelocationKind kind, CoreSpec local, BtfData target, int candidate, CoreBudget budget)
    {
        bool isSame = kind == CoreRelocationKind.TypeMatches
            ? new CoreTypeMatch(local.Btf, target, budget).Matches(local.RootId, candidate)
            : CoreTypes.AreTypesCompatible(local.Btf, local.RootId, target, candidate, budget);
        return isSame ? CoreMismatch.None : CoreMismatch.TypeDiffers;
    }

    private static CoreMismatch FindEnumerator(CoreSpec local, CoreSpec spec, CoreBudget budget)
    {
        BtfType type = spec.Btf.GetType(spec.Btf.SkipModifiers(spec.RootId));
        if (!type.IsEnum)
        {
            return CoreMismatch.TypeDiffers;
        }

        ReadOnlySpan<byte> name = CoreNames.Essential(local.Btf.GetType(local.Last.TypeId).GetPartName(local.Last.Index));
        for (int i = 0; i < type.Count; i++)
        {
            budget.SpendOn(name.Length);
            if (CoreNames.IsFlavourOf(type.GetPartName(i), name))
            {
                spec.AddEnumerator(type.Id, i);
                return CoreMismatch.None;
            }
        }

        return CoreMismatch.NoMember;
    }

    private static CoreMismatch FindField(CoreSpec local, CoreSpec spec, CoreBudget budget)
    {
        BtfData btf = spec.Btf;
        int id = btf.SkipModifiers(spec.RootId);
        for (int i = 0; i < local.Steps.Count; i++)
        {
            budget.Spend();
            CoreStep step = local.Steps[i];
            if (step.IsNamed)
            {
                var search = new MemberSearch(local.Btf.GetType(step.TypeId), step.Index, local.Btf, btf, budget);
                CoreMismatch mismatch = search.Find(id, 0, 0);
                if (mismatch != CoreMismatch.None)
                {
                    return mismatch;
                }

                spec.AddMember(search.Step, search.BitOffset);
                id = search.NextId;
                continue;
            }

            // The first step walks over whole roots, as a pointer does; later ones over the elements of an array.
            if (i > 0)
            {
                BtfType array = btf.GetType(btf.SkipModifiers(id));
                if (array.Kind != BtfKind.Array || !spec.Reaches(array, step.Index))
                {
                    return CoreMismatch.NoElement;
                }

                id = btf.SkipModifiers(array.TargetId);
            }

            spec.AddElement(id, step.Index);
        }

        return CoreMismatch.None;
    }

    /// <summary>Looks for one local member in a struct of the target and in the anonymous structs within.</summary>
    private ref struct MemberSearch(BtfType localType, int localIndex, BtfData localBtf, BtfData target, CoreBudget budget)
    {
        private readonly ReadOnlySpan<byte> _name = localType.GetPartName(localIndex);
        private readonly int _localMemberType = localType.GetMemberPlace(localIndex).TypeId;
        private readonly BtfData _localBtf = localBtf;
        private readonly BtfData _target = target;
        private readonly CoreBudget _budget = budget;

        public CoreStep Step { get; private set; }

        public long BitOffset { get; private set; }

        public int NextId { get; private set; }

        public CoreMismatch Find(int id, long bitOffset, int depth)
        {
            if (depth > CoreSpec.MaxLength)
            {
                throw new BadFormatException(CoreError.Format, 0, $"the target's type {id} is nested too deeply");
            }

            BtfType type = _target.GetType(_target.SkipModifiers(id));
            CoreMismatch result = CoreMismatch.NoMember;
            for (int i = 0; type.IsComposite && i < type.Count; i++)
            {
                _budget.Spend();
                ReadOnlySpan<byte> name = type.GetPartName(i);
                BtfMemberPlace place = type.GetMemberPlace(i);
                if (name.IsEmpty)
                {
                    result = Find(place.TypeId, bitOffset + place.BitOffset, depth + 1);
                    if (result == CoreMismatch.None)
                    {
                        return result;
                    }
                }
                else if (name.SequenceEqual(_name))
                {
                    if (!CoreTypes.AreFieldsCompatible(_localBtf, _localMemberType, _target, place.TypeId, _budget))
                    {
                        return CoreMismatch.MemberDiffers;
                    }

                    Step = new CoreStep(type.Id, i, IsNamed: true);
                    BitOffset = bitOffset + place.BitOffset;
                    NextId = place.TypeId;
                    return CoreMismatch.None;
                }
            }

            return result;
        }
    }
}
