using Fathom.Format.Btf;

namespace Fathom.Format.CoRe;

/// <summary>Which types of the object and of the target can stand for each other, for each group of relocations.</summary>
internal static class CoreTypes
{
    /// <summary>Prototypes and structs are compared down to this depth.</summary>
    private const int MaxLevel = 32;

    /// <summary>Size of a type that has one.</summary>
    /// <exception cref="BadFormatException">It has none.</exception>
    public static long SizeOf(BtfData btf, int id)
    {
        BtfType type = Innermost(btf, id);
        return type.Kind is BtfKind.Void or BtfKind.Forward or BtfKind.Function or BtfKind.FunctionPrototype
            ? throw new BadFormatException(CoreError.Format, 0, $"type {id} has no size")
            : btf.SizeOf(id);
    }

    /// <summary>The type behind modifiers and arrays.</summary>
    public static BtfType Innermost(BtfData btf, int id)
    {
        for (int depth = 0; depth <= BtfFormat.MaxDepth; depth++)
        {
            BtfType type = btf.GetType(btf.SkipModifiers(id));
            if (type.Kind != BtfKind.Array)
            {
                return type;
            }

            id = type.TargetId;
        }

        throw TooDeep(id);
    }

    /// <summary>True if kinds can stand for each other: the two widths of enumerations can.</summary>
    public static bool AreKindsCompatible(BtfType local, BtfType target) => local.Kind == target.Kind || (local.IsEnum && target.IsEnum);

    /// <summary>
    /// True if a field of the local type can be read as one of the target type: structs and unions, all pointers and all integers mix;
    /// arrays go by their elements; enumerations and forward declarations by name, where both have one.
    /// </summary>
    public static bool AreFieldsCompatible(BtfData localBtf, int localId, BtfData targetBtf, int targetId, CoreBudget budget)
    {
        for (int depth = 0; depth <= BtfFormat.MaxDepth; depth++)
        {
            budget.Spend();
            BtfType local = localBtf.GetType(localBtf.SkipModifiers(localId));
            BtfType target = targetBtf.GetType(targetBtf.SkipModifiers(targetId));
            if (local.IsComposite && target.IsComposite)
            {
                return true;
            }

            if (!AreKindsCompatible(local, target))
            {
                return false;
            }

            switch (local.Kind)
            {
                case BtfKind.Pointer or BtfKind.Float:
                    return true;
                case BtfKind.Forward or BtfKind.Enum or BtfKind.Enum64:
                    return local.NameBytes.IsEmpty || target.NameBytes.IsEmpty || CoreNames.AreEqual(local.NameBytes, target.NameBytes);
                case BtfKind.Int:
                    return AreIntegersCompatible(local, target);
                case BtfKind.Array:
                    localId = local.TargetId;
                    targetId = target.TargetId;
                    break;
                default:
                    return false;
            }
        }

        throw TooDeep(localId);
    }

    /// <summary>True if types are of the same sort, for questions about a type's existence, size or id. Names were compared before.</summary>
    public static bool AreTypesCompatible(BtfData localBtf, int localId, BtfData targetBtf, int targetId, CoreBudget budget) =>
        AreKindsCompatible(localBtf.GetType(localId), targetBtf.GetType(targetId))
        && AreTypesCompatible(localBtf, localId, targetBtf, targetId, MaxLevel, budget);

    private static bool AreTypesCompatible(BtfData localBtf, int localId, BtfData targetBtf, int targetId, int level, CoreBudget budget)
    {
        for (int depth = 0; depth <= BtfFormat.MaxDepth; depth++)
        {
            budget.Spend();
            BtfType local = localBtf.GetType(localBtf.SkipModifiers(localId));
            BtfType target = targetBtf.GetType(targetBtf.SkipModifiers(targetId));
            if (!AreKindsCompatible(local, target))
            {
                return false;
            }

            switch (local.Kind)
            {
                case BtfKind.Void or BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64 or BtfKind.Forward:
                    return true;
                case BtfKind.Int:
                    return AreIntegersCompatible(local, target);
                case BtfKind.Pointer or BtfKind.Array:
                    break;
                case BtfKind.FunctionPrototype:
                    if (local.Count != target.Count)
                    {
                        return false;
                    }

                    for (int i = 0; i < local.Count; i++)
                    {
                        if (level <= 0)
                        {
                            throw TooDeep(local.Id);
                        }

                        if (!AreTypesCompatible(localBtf, local.GetParameterType(i), targetBtf, target.GetParameterType(i), level - 1, budget))
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

    // Integers that say which of their bits hold the value are an old form of bit fields, of which no value can be told.
    private static bool AreIntegersCompatible(BtfType local, BtfType target) => local.IntBitOffset == 0 && target.IntBitOffset == 0;

    private static BadFormatException TooDeep(int id) => new(CoreError.Format, 0, $"the types around type {id} are nested too deeply");
}

