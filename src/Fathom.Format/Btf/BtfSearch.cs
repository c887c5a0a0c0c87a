using System;
using System.Buffers.Binary;
using System.Text;

namespace Fathom.Format.Btf;

/// <summary>Finds types by name in one pass over all types.</summary>
internal static class BtfSearch
{
    /// <summary>See <see cref="BtfData.FindAll"/>.</summary>
    public static int FindAll(BtfData btf, ReadOnlySpan<BtfTypeName> names, Span<int> ids)
    {
        if (ids.Length != names.Length)
        {
            throw new ArgumentException("There must be room for as many ids as there are names.", nameof(ids));
        }

        ids.Clear();
        var wanted = new byte[names.Length][];
        uint kinds = 0;
        for (int i = 0; i < names.Length; i++)
        {
            wanted[i] = Encoding.UTF8.GetBytes(names[i].Name);
            kinds |= 1u << (int)names[i].Kind;
        }

        return Search(btf, names, new NameIndex(wanted), kinds, ids);
    }

    private static int Search(BtfData btf, ReadOnlySpan<BtfTypeName> names, NameIndex wanted, uint kinds, Span<int> ids)
    {
        // The base's types come first, as their ids do.
        int found = btf.Base is null ? 0 : Search(btf.Base, names, wanted, kinds, ids);
        ReadOnlySpan<byte> bytes = btf.Bytes.Span;
        ReadOnlySpan<int> offsets = btf.Offsets;
        for (int index = 0; index < offsets.Length && found < names.Length; index++)
        {
            BtfKind kind = BtfFormat.Kind(BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(offsets[index] + 4)));
            if ((kinds >> (int)kind & 1) == 0)
            {
                continue;
            }

            ReadOnlySpan<byte> name = btf.GetNameBytes(bytes, BinaryPrimitives.ReadInt32LittleEndian(bytes.Slice(offsets[index])));
            foreach (int i in wanted.Find(name))
            {
                if (names[i].Kind == kind && ids[i] == 0)
                {
                    ids[i] = btf.FirstId + index;
                    found++;
                }
            }
        }

        return found;
    }
}
