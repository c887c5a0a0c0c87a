using System.Collections.Generic;
using System.Globalization;
using Fathom.Format.Btf;
using Fathom.Format.Objects;

namespace Fathom.Format.CoRe;

/// <summary>One step of an access: a named member of a struct, an element of an array, or an enumerator.</summary>
/// <param name="TypeId">The struct that has the member; the type of the element; the enumeration. Without modifiers.</param>
/// <param name="Index">Index of the member, element or enumerator.</param>
/// <param name="IsNamed">False for an element.</param>
internal readonly record struct CoreStep(int TypeId, int Index, bool IsNamed);

/// <summary>
/// A relocation's access, resolved in one BTF: steps that mean something (anonymous structs are passed through) and the place they lead to.
/// </summary>
internal sealed class CoreSpec(BtfData btf, int rootId)
{
    /// <summary>libbpf's limit of steps (<c>BPF_CORE_SPEC_MAX_LEN</c>).</summary>
    public const int MaxLength = 64;

    private readonly List<CoreStep> _steps = [];

    public BtfData Btf { get; } = btf;

    /// <summary>The type where the access starts, with its modifiers.</summary>
    public int RootId { get; } = rootId;

    public IReadOnlyList<CoreStep> Steps => _steps;

    /// <summary>Bits from the start of the root to what is accessed.</summary>
    public long BitOffset { get; private set; }

    public CoreStep Last => _steps[_steps.Count - 1];

    /// <summary>Reads a relocation against the object's own types.</summary>
    public static CoreSpec Parse(CoreRelocation relocation, BtfData btf, CoreBudget budget)
    {
        var spec = new CoreSpec(btf, relocation.TypeId);
        int[] indices = ParseAccess(relocation);
        budget.Spend(indices.Length);
        if (relocation.Kind.IsTypeBased())
        {
            return indices.Length == 1 && indices[0] == 0 ? spec : throw CoreError.Bad(relocation, "a question about a whole type has the access '0'");
        }

        int id = btf.SkipModifiers(relocation.TypeId);
        if (relocation.Kind.IsEnumBased())
        {
            BtfType enumeration = btf.GetType(id);
            if (!enumeration.IsEnum || indices.Length != 1 || indices[0] >= enumeration.Count)
            {
                throw CoreError.Bad(relocation, "this is not an enumerator");
            }

            spec._steps.Add(new CoreStep(id, indices[0], IsNamed: true));
            return spec;
        }

        spec.AddElement(id, indices[0]);
        for (int i = 1; i < indices.Length; i++)
        {
            BtfType type = btf.GetType(btf.SkipModifiers(id));
            if (type.IsComposite)
            {
                if (indices[i] >= type.Count)
                {
                    throw CoreError.Bad(relocation, $"type {type.Id} has no member {indices[i]}");
                }

                BtfMemberPlace member = type.GetMemberPlace(indices[i]);
                spec.BitOffset += member.BitOffset;
                if (!type.GetPartName(indices[i]).IsEmpty)
                {
                    spec._steps.Add(new CoreStep(type.Id, indices[i], IsNamed: true));
                }

                id = member.TypeId;
            }
            else if (type.Kind == BtfKind.Array)
            {
                if (!spec.Reaches(type, indices[i]))
                {
                    throw CoreError.Bad(relocation, $"the array {type.Id} has no element {indices[i]}");
                }

                id = btf.SkipModifiers(type.TargetId);
                spec.AddElement(id, indices[i]);
            }
            else
            {
                throw CoreError.Bad(relocation, $"type {type.Id}, a {type.Kind}, has no members");
            }
        }

        return spec;
    }

    /// <summary>Adds an element of a type without modifiers.</summary>
    public void AddElement(int typeId, int index)
    {
        long size = CoreTypes.SizeOf(Btf, typeId);

        // libbpf keeps bit offsets in 32 bits.
        if (size != 0 && index > uint.MaxValue / 8 / size)
        {
            throw new BadFormatException(CoreError.Format, 0, $"element {index} of type {typeId} lies beyond 4 GB");
        }

        _steps.Add(new CoreStep(typeId, index, IsNamed: false));
        BitOffset += index * size * 8;
    }

    /// <summary>Adds a named member, found at a distance from the struct that the access has reached.</summary>
    public void AddMember(CoreStep step, long bitOffset)
    {
        _steps.Add(step);
        BitOffset += bitOffset;
    }

    /// <summary>Adds an enumerator.</summary>
    public void AddEnumerator(int typeId, int index) => _steps.Add(new CoreStep(typeId, index, IsNamed: true));

    /// <summary>
    /// True if an array that the last step led to has an element. One of no elements that is its struct's last member has any.
    /// </summary>
    public bool Reaches(BtfType array, int index)
    {
        if (index < array.ElementCount)
        {
            return true;
        }

        CoreStep holder = Last;
        return array.ElementCount == 0 && holder.IsNamed && holder.Index == Btf.GetType(holder.TypeId).Count - 1;
    }

    private static int[] ParseAccess(CoreRelocation relocation)
    {
        const int LongestStep = 12;
        string[] parts = relocation.Access.Length <= MaxLength * LongestStep ? relocation.Access.Split(':') : [];
        if (parts.Length is 0 or > MaxLength)
        {
            throw CoreError.Bad(relocation, $"the access has more than {MaxLength} steps");
        }

        var indices = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out indices[i]))
            {
                throw CoreError.Bad(relocation, "the access is not a list of numbers");
            }
        }

        return indices;
    }
}
