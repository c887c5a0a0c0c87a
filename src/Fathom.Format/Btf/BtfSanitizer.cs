using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Fathom.Format.Btf;

/// <summary>
/// Makes the BTF of an object acceptable to older kernels: what they do not know becomes something of the same size that they do, under
/// the same id, so that functions, lines and maps which refer to types by id stay right.
/// </summary>
public static class BtfSanitizer
{
    /// <summary>Replaces what a kernel does not accept.</summary>
    /// <param name="btf">The object's BTF; not split.</param>
    /// <param name="support">What the kernel accepts.</param>
    /// <returns>The bytes to load: those of <paramref name="btf"/> if nothing had to change. Ids from its count on may have been added.</returns>
    /// <exception cref="ArgumentException">The BTF is split.</exception>
    public static ReadOnlyMemory<byte> Sanitize(BtfData btf, BtfKernelSupport support)
    {
        if (btf.Base is not null)
        {
            throw new ArgumentException("The BTF of an object is not split.", nameof(btf));
        }

        var rewriting = new Rewriting(btf);
        for (int id = 1; id < btf.TypeCount; id++)
        {
            rewriting.Replace(btf.GetType(id), support);
        }

        return rewriting.IsChanged ? rewriting.ToArray() : btf.Bytes;
    }

    /// <summary>
    /// Replaces what the object only refers to: variables and functions of the kernel (<c>.ksyms</c>) and values of its configuration. The kernel refuses
    /// all types for one of these, which it knows itself.
    /// </summary>
    /// <param name="btf">The object's BTF; not split.</param>
    /// <returns>The bytes to load: those of <paramref name="btf"/> if there was none of them.</returns>
    /// <exception cref="ArgumentException">The BTF is split.</exception>
    public static ReadOnlyMemory<byte> ReplaceExterns(BtfData btf)
    {
        if (btf.Base is not null)
        {
            throw new ArgumentException("The BTF of an object is not split.", nameof(btf));
        }

        var rewriting = new Rewriting(btf);
        for (int id = 1; id < btf.TypeCount; id++)
        {
            rewriting.ReplaceExtern(btf.GetType(id));
        }

        return rewriting.IsChanged ? rewriting.ToArray() : btf.Bytes;
    }

    private sealed class Rewriting(BtfData btf)
    {
        private readonly byte[] _types = btf.TypeBytes.ToArray();
        private readonly List<byte> _newStrings = [];
        private readonly Dictionary<uint, uint> _newNames = [];
        private int _placeholderId;

        public bool IsChanged { get; private set; }

        public void Replace(BtfType type, BtfKernelSupport support)
        {
            switch (type.Kind)
            {
                case BtfKind.Variable when !support.DataSections:
                case BtfKind.DeclarationTag when !support.DeclarationTags:
                    // One byte is never more than what a variable takes. The 4 bytes behind the header become the integer's encoding.
                    Set(type, 4, BtfFormat.Info(BtfKind.Int));
                    Set(type, 8, 1);
                    Set(type, BtfFormat.TypeHeaderSize, 8);
                    break;
                case BtfKind.DataSection when !support.DataSections:
                    SectionToStruct(type);
                    break;
                case BtfKind.Function when !support.GlobalFunctions && type.Linkage != BtfLinkage.Static:
                    Set(type, 4, BtfFormat.Info(BtfKind.Function));
                    break;
                case BtfKind.Float when !support.Floats:
                    // Of the same size, and without a name, because "double" names no struct.
                    Set(type, 0, 0);
                    Set(type, 4, BtfFormat.Info(BtfKind.Struct));
                    break;
                case BtfKind.TypeTag when !support.TypeTags:
                    Set(type, 0, 0);
                    Set(type, 4, BtfFormat.Info(BtfKind.Const));
                    break;
                case BtfKind.Enum when !support.Enum64 && type.IsSigned:
                    Set(type, 4, BtfFormat.Info(BtfKind.Enum, (uint)type.Count));
                    break;
                case BtfKind.Enum64 when !support.Enum64:
                    ToUnionOfBytes(type, namesStay: true);
                    break;
            }
        }

        public void ReplaceExtern(BtfType type)
        {
            switch (type.Kind)
            {
                case BtfKind.Variable or BtfKind.DeclarationTag when IsExtern(type):
                    Set(type, 0, 0);
                    Set(type, 4, BtfFormat.Info(BtfKind.Int));
                    Set(type, 8, 1);
                    Set(type, BtfFormat.TypeHeaderSize, 8);
                    break;
                case BtfKind.Function when IsExtern(type):
                    // Its parameters have no names, which the kernel wants of functions, and not of what is pointed to.
                    Set(type, 0, 0);
                    Set(type, 4, BtfFormat.Info(BtfKind.Pointer));
                    break;
                case BtfKind.DataSection when IsExtern(type):
                    Set(type, 0, 0);
                    Set(type, 8, 1);
                    ToUnionOfBytes(type, namesStay: false);
                    break;
            }
        }

        public byte[] ToArray()
        {
            uint[] placeholder = _placeholderId == 0 ? [] : [0, BtfFormat.Info(BtfKind.Int), 1, 8];
            ReadOnlySpan<byte> strings = btf.StringBytes;
            int typesLength = _types.Length + (placeholder.Length * sizeof(uint));
            var result = new byte[BtfFormat.HeaderSize + typesLength + strings.Length + _newStrings.Count];
            BtfFormat.WriteHeader(result, typesLength, strings.Length + _newStrings.Count);
            Span<byte> rest = result.AsSpan(BtfFormat.HeaderSize);
            _types.CopyTo(rest);
            rest = rest.Slice(_types.Length);
            foreach (uint word in placeholder)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(rest, word);
                rest = rest.Slice(sizeof(uint));
            }

            strings.CopyTo(rest);
            _newStrings.ToArray().CopyTo(rest.Slice(strings.Length));
            return result;
        }

        // A member of a struct has the layout of a section's variable: 12 bytes, of which it takes name, type and bit offset.
        private void SectionToStruct(BtfType section)
        {
            for (int i = 0; i < section.Count; i++)
            {
                BtfSectionVariable variable = section.GetSectionVariable(i);
                int at = BtfFormat.TypeHeaderSize + (i * 12);
                Set(section, at, btf.GetType(variable.TypeId).NameOffset);
                Set(section, at + 4, (uint)variable.TypeId);
                Set(section, at + 8, (uint)variable.Offset * 8);
            }

            // Old kernels want names to be C identifiers. A new string, because the old one may name other things too.
            if (!_newNames.TryGetValue(section.NameOffset, out uint name))
            {
                name = (uint)(btf.StringBytes.Length + _newStrings.Count);
                _newNames.Add(section.NameOffset, name);
                _newStrings.AddRange(Encoding.UTF8.GetBytes(section.Name.Replace('.', '_').Replace('?', '_')));
                _newStrings.Add(0);
            }

            Set(section, 0, name);
            Set(section, 4, BtfFormat.Info(BtfKind.Struct, (uint)section.Count));
        }

        private bool IsExtern(BtfType type) => type.Kind switch
        {
            BtfKind.Variable or BtfKind.Function => type.Linkage == BtfLinkage.External,
            BtfKind.DeclarationTag => btf.GetType(type.TargetId) is var target && target.Kind != BtfKind.DeclarationTag && IsExtern(target),
            BtfKind.DataSection => type.Count > 0 && btf.GetType(type.GetSectionVariable(0).TypeId) is { Kind: BtfKind.Variable or BtfKind.Function } first && IsExtern(first),
            _ => false,
        };

        // A union of as many members of one byte, which keep the enumerators' names.
        private void ToUnionOfBytes(BtfType type, bool namesStay)
        {
            _placeholderId = btf.TypeCount;
            Set(type, 4, BtfFormat.Info(BtfKind.Union, (uint)type.Count));
            for (int i = 0; i < type.Count; i++)
            {
                int at = BtfFormat.TypeHeaderSize + (i * 12);
                if (!namesStay)
                {
                    Set(type, at, 0);
                }

                Set(type, at + 4, (uint)_placeholderId);
                Set(type, at + 8, 0);
            }
        }

        private void Set(BtfType type, int at, uint word)
        {
            IsChanged = true;
            BinaryPrimitives.WriteUInt32LittleEndian(_types.AsSpan(type.Offset - btf.TypesStart + at), word);
        }
    }
}
