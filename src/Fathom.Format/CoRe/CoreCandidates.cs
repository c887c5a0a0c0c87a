using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Fathom.Format.Btf;
using Fathom.Format.Objects;

namespace Fathom.Format.CoRe;

/// <summary>
/// The types of a target that the types of an object may mean: those with the same name (without flavour) and kind. Share one among the
/// programs of an object, so that the target's types are searched once. Not safe for use by several threads.
/// </summary>
/// <param name="local">The object's BTF.</param>
/// <param name="target">The kernel's BTF.</param>
public sealed class CoreCandidates(BtfData local, BtfData target)
{
    // Types that are called alike share their candidates.
    private readonly Dictionary<int, int[]> _byLocalId = [];

    /// <summary>The object's BTF.</summary>
    public BtfData Local { get; } = local;

    /// <summary>The kernel's BTF.</summary>
    public BtfData Target { get; } = target;

    /// <summary>What the answers cost so far.</summary>
    internal CoreBudget Budget { get; } = new();

    /// <summary>The answers so far, by root type, access and kind of question.</summary>
    internal Dictionary<(int TypeId, string Access, CoreRelocationKind Kind), CoreDecision> Decisions { get; } = [];

    /// <summary>
    /// Searches the target for the root types of relocations, in one pass for all that are not known yet. Relocating does it as needed;
    /// it saves passes to do it once for the relocations of all programs.
    /// </summary>
    /// <exception cref="BadFormatException">A relocation has no such type.</exception>
    public void Prepare(IEnumerable<CoreRelocation> relocations)
    {
        var roots = new Dictionary<(uint Kinds, string Name), Root>();
        foreach (CoreRelocation relocation in relocations)
        {
            if (relocation.TypeId <= 0 || relocation.TypeId >= Local.TypeCount)
            {
                throw CoreError.Bad(relocation, "the object has no such type");
            }

            if (relocation.Kind != CoreRelocationKind.TypeIdLocal && !_byLocalId.ContainsKey(relocation.TypeId))
            {
                BtfType type = Local.GetType(relocation.TypeId);
                _byLocalId.Add(type.Id, []);

                // Anonymous types have no candidates.
                ReadOnlySpan<byte> essential = CoreNames.Essential(type.NameBytes);
                Budget.Spend(essential.Length / 2);
                byte[] name = essential.ToArray();
                if (name.Length > 0)
                {
                    (uint Kinds, string Name) key = (Root.KindsOf(type.Kind), Utf8Text.Decode(name));
                    if (!roots.TryGetValue(key, out Root? root))
                    {
                        roots.Add(key, root = new Root(key.Kinds, name));
                    }

                    root.LocalIds.Add(type.Id);
                }
            }
        }

        if (roots.Count > 0)
        {
            Search(Target, [.. roots.Values]);
            foreach (Root root in roots.Values)
            {
                int[] found = [.. root.Found];
                foreach (int id in root.LocalIds)
                {
                    _byLocalId[id] = found;
                }
            }
        }
    }

    /// <summary>Candidates of a local type, which must have been prepared.</summary>
    internal ReadOnlySpan<int> Get(int localId) => _byLocalId[localId];

    /// <summary>
    /// Keeps only candidates that some relocation of the type matched. As in libbpf, later relocations of the same type ask only these.
    /// </summary>
    internal void Keep(int localId, IReadOnlyCollection<int> matched)
    {
        if (matched.Count > 0 && matched.Count < _byLocalId[localId].Length)
        {
            _byLocalId[localId] = [.. matched];
        }
    }

    private static void Search(BtfData target, List<Root> roots)
    {
        // A module's types count only if the kernel itself has none.
        if (target.Base is not null)
        {
            Search(target.Base, roots);
            roots = [.. roots.Where(root => root.Found.Count == 0)];
        }

        uint kinds = 0;
        foreach (Root root in roots)
        {
            kinds |= root.Kinds;
        }

        // Of few roots it is faster to ask each.
        const int Few = 16;
        NameIndex? index = roots.Count > Few ? new NameIndex([.. roots.Select(static root => root.Name)]) : null;
        ReadOnlySpan<byte> bytes = target.Bytes.Span;
        ReadOnlySpan<int> offsets = target.Offsets;
        for (int at = 0; at < offsets.Length; at++)
        {
            int offset = offsets[at];
            uint kind = 1u << (int)BtfFormat.Kind(BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(offset + 4)));
            if ((kinds & kind) == 0)
            {
                continue;
            }

            ReadOnlySpan<byte> name = target.GetNameBytes(bytes, BinaryPrimitives.ReadInt32LittleEndian(bytes.Slice(offset)));
            if (index is not null)
            {
                foreach (int one in index.Find(CoreNames.Essential(name)))
                {
                    roots[one].AddIf(kind, target.FirstId + at);
                }

                continue;
            }

            foreach (Root root in roots)
            {
                if (CoreNames.IsFlavourOf(name, root.Name))
                {
                    root.AddIf(kind, target.FirstId + at);
                }
            }
        }
    }

    // The local types of a name and kind.
    private sealed class Root(uint kinds, byte[] name)
    {
        public List<int> LocalIds { get; } = [];

        public byte[] Name { get; } = name;

        public uint Kinds { get; } = kinds;

        public List<int> Found { get; } = [];

        // The two widths of enumerations can stand for each other.
        public static uint KindsOf(BtfKind kind) =>
            kind is BtfKind.Enum or BtfKind.Enum64 ? (1u << (int)BtfKind.Enum) | (1u << (int)BtfKind.Enum64) : 1u << (int)kind;

        public void AddIf(uint kind, int id)
        {
            if ((Kinds & kind) != 0)
            {
                Found.Add(id);
            }
        }
    }
}
