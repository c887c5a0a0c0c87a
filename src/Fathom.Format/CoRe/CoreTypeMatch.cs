using System;
using Fathom.Format.Btf;

namespace Fathom.Format.CoRe;

/// <summary>
/// Whether a local type matches a target's: the strict comparison behind <c>TypeMatches</c>. Every local member needs one of the same name
/// and of a matching type; behind a pointer, names and kinds suffice.
/// </summary>
internal readonly ref struct CoreTypeMatch(BtfData localBtf, BtfData targetBtf, CoreBudget budget)
{
    private const int MaxLevel = 32;
    private readonly BtfData _localBtf = localBtf;
    private readonly BtfData _targetBtf = targetBtf;
    private readonly CoreBudget _budget = budget;

    public bool Matches(int localId, int targetId) => Matches(localId, targetId, behindPointer: false, MaxLevel);

    private bool Matches(int localId, int targetId, bool behindPointer, int level)
    {
        if (level <= 0)
        {
            throw TooDeep(localId);
        }

        for (int depth = 0; depth <= BtfFormat.MaxDepth; depth++)
        {
            BtfType local = _localBtf.GetType(_localBtf.SkipModifiers(localId));
            BtfType target = _targetBtf.GetType(_targetBtf.SkipModifiers(targetId));
            _budget.SpendOn(local.NameBytes.Length + target.NameBytes.Length);
            if (!CoreNames.AreEqual(local.NameBytes, target.NameBytes))
            {
                return false;
            }

            switch (local.Kind)
            {
                case BtfKind.Void:
                    return target.Kind == BtfKind.Void;
                case BtfKind.Forward:
                    return ForwardMatches(local, target, behindPointer);
                case BtfKind.Enum or BtfKind.Enum64:
                    return target.IsEnum && EnumMatches(local, target);
                case BtfKind.Struct or BtfKind.Union:
                    return behindPointer
                        ? local.Kind == target.Kind || (target.Kind == BtfKind.Forward && local.IsUnion == target.IsUnion)
                        : local.Kind == target.Kind && CompositeMatches(local, target, level);
                case BtfKind.Int:
                    return local.Kind == target.Kind && local.Size == target.Size && local.IsSigned == target.IsSigned;
                case BtfKind.Pointer when local.Kind == target.Kind:
                    behindPointer = true;
                    break;
                case BtfKind.Array when local.Kind == target.Kind && local.ElementCount == target.ElementCount:
                    break;
                case BtfKind.FunctionPrototype when local.Kind == target.Kind && local.Count == target.Count:
                    for (int i = 0; i < local.Count; i++)
                    {
                        if (!Matches(local.GetParameterType(i), target.GetParameterType(i), behindPointer, level - 1))
                        {
                            return false;
                        }
                    }

                    break;
                default:
                    return false;
            }

            localId = local.TargetId;
            targetId = target.TargetId;
        }

        throw TooDeep(localId);
    }

    private static bool ForwardMatches(BtfType local, BtfType target, bool behindPointer) =>
        (local.Kind == target.Kind || (behindPointer && target.IsComposite)) && local.IsUnion == target.IsUnion;

    private bool EnumMatches(BtfType local, BtfType target)
    {
        if (local.Size != target.Size || local.Count > target.Count)
        {
            return false;
        }

        for (int i = 0; i < local.Count; i++)
        {
            bool found = false;
            for (int j = 0; j < target.Count && !found; j++)
            {
                found = AreEqual(local.GetPartName(i), target.GetPartName(j));
            }

            if (!found)
            {
                return false;
            }
        }

        return true;
    }

    private bool CompositeMatches(BtfType local, BtfType target, int level)
    {
        if (local.Count > target.Count)
        {
            return false;
        }

        for (int i = 0; i < local.Count; i++)
        {
            bool found = false;
            for (int j = 0; j < target.Count && !found; j++)
            {
                found = AreEqual(local.GetPartName(i), target.GetPartName(j))
                    && Matches(local.GetMemberPlace(i).TypeId, target.GetMemberPlace(j).TypeId, behindPointer: false, level - 1);
            }

            if (!found)
            {
                return false;
            }
        }

        return true;
    }

    private bool AreEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        _budget.SpendOn(left.Length + right.Length);
        return CoreNames.AreEqual(left, right);
    }

    private static BadFormatException TooDeep(int id) => new(CoreError.Format, 0, $"the types around type {id} are nested too deeply");
}
