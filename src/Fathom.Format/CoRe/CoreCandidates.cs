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
    private readonly Dictionary<int, int[]> _byLocalId = [];

    /// <summary>The object's BTF.</summary>
    public BtfData Local { get; } = local;

    /// <summary>The kernel's BTF.</summary>
    public BtfData Target { get; } = target;

    /// <summary>
    /// Searches the target for the root types of relocations, in one pass for all that are not known yet. Relocating does it as needed;
    /// it saves passes to do it once for the relocations of all programs.
    /// </summary>
    /// <exception cref="BadFormatException">A relocation has no such type.</exception>
    public void Prepare(IEnumerable<CoreRelocation> relocations)
    {
        var roots = new List<Root>();
        foreach (CoreRelocation relocation in relocations)
        {
            if (relocation.TypeId <= 0 || relocation.TypeId >= Local.TypeCount)
            {
                throw CoreError.Bad(relocation, "the object has no such type");
            }

            if (relocation.Kind != CoreRelocationKind.TypeIdLocal && !_byLocalId.ContainsKey(relocation.TypeId))
            {
                BtfType type = Local.GetType(relocation.TypeId);
                var root = new Root(type.Id, type.Kind, CoreNames.Essential(type.NameBytes).ToArray());
                _byLocalId.Add(type.Id, []);

                // Anonymous types have no candidates.
                if (root.Name.Length > 0)
                {
                    roots.Add(root);
                }
            }
        }

        if (roots.Count > 0)
        {
            Search(Target, roots);
            foreach (Root root in roots)
            {
                _byLocalId[root.LocalId] = [.. root.Found];
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

        ReadOnlySpan<byte> bytes = target.Bytes.Span;
        ReadOnlySpan<int> offsets = target.Offsets;
        for (int index = 0; index < offsets.Length; index++)
        {
            int offset = offsets[index];
            uint kind = 1u << (int)BtfFormat.Kind(BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(offset + 4)));
            if ((kinds & kind) == 0)
            {
                continue;
            }

            ReadOnlySpan<byte> name = target.GetStringBytes(bytes, BinaryPrimitives.ReadInt32LittleEndian(bytes.Slice(offset)));
            foreach (Root root in roots)
            {
                if ((root.Kinds & kind) != 0 && CoreNames.IsFlavourOf(name, root.Name))
                {
                    root.Found.Add(target.FirstId + index);
                }
            }
        }
    }

    private sealed class Root(int localId, BtfKind kind, byte[] name)
    {
        public int LocalId { get; } = localId;

        public byte[] Name { get; } = name;

        // The two widths of enumerations can stand for each other.
        public uint Kinds { get; } = kind is BtfKind.Enum or BtfKind.Enum64 ? (1u << (int)BtfKind.Enum) | (1u << (int)BtfKind.Enum64) : 1u << (int)kind;

        public List<int> Found { get; } = [];
    }
}
