using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Fathom.Format.Btf;

/// <summary>
/// Builds the BTF of an object: types get ids from 1 in the order of their adding, equal types (but structs) are added once.
/// Not safe for use by several threads.
/// </summary>
public sealed class BtfBuilder
{
    // Each type is kept as the words that will be written. A reserved struct has none until it is defined.
    private readonly List<uint[]?> _types = [];
    private readonly List<(uint NameOffset, BtfKind Kind)> _reserved = [];
    private readonly Dictionary<uint[], int> _ids = new(WordsComparer.Instance);
    private readonly Dictionary<string, int> _stringOffsets = new(StringComparer.Ordinal) { [""] = 0 };
    private readonly List<byte[]> _strings = [[]];
    private int _stringsLength = 1;

    /// <summary>Number of types so far, without void.</summary>
    public int Count => _types.Count;

    /// <summary>Adds an integer; <paramref name="isBool"/> and <paramref name="isChar"/> set its encoding.</summary>
    public int AddInt(string name, int bytes, bool isSigned = false, bool isBool = false, bool isChar = false)
    {
        if (bytes is not (1 or 2 or 4 or 8 or 16))
        {
            throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "An integer has 1, 2, 4, 8 or 16 bytes.");
        }

        uint encoding = (isSigned ? BtfFormat.IntSigned : 0) | (isChar ? BtfFormat.IntChar : 0) | (isBool ? BtfFormat.IntBool : 0);
        return Add([Name(name), BtfFormat.Info(BtfKind.Int), (uint)bytes, (encoding << 24) | ((uint)bytes * 8)]);
    }

    /// <summary>Adds a pointer; target 0 is void.</summary>
    public int AddPointer(int target) => Add([0, BtfFormat.Info(BtfKind.Pointer), Id(target)]);

    /// <summary>Adds an array; the index type is added as needed.</summary>
    /// <param name="element">Type of an element.</param>
    /// <param name="count">Elements; at most <see cref="uint.MaxValue"/>.</param>
    public int AddArray(int element, long count)
    {
        if (count is < 0 or > uint.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(count), count, "An array has 0 to 4294967295 elements.");
        }

        uint elementId = Id(element);

        // The name that clang gives to the index type, so that objects look alike.
        int index = AddInt("__ARRAY_SIZE_TYPE__", 4);
        return Add([0, BtfFormat.Info(BtfKind.Array), 0, elementId, (uint)index, (uint)count]);
    }

    /// <summary>Reserves the id of a struct whose members are not known yet (it may point at itself).</summary>
    public int ReserveStruct(string name, bool isUnion = false)
    {
        _reserved.Add((Name(name), isUnion ? BtfKind.Union : BtfKind.Struct));
        _types.Add(null);
        return _types.Count;
    }

    /// <summary>Says size and members of a reserved struct, once.</summary>
    /// <exception cref="ArgumentException">The id was not reserved, or a member cannot be expressed.</exception>
    /// <exception cref="InvalidOperationException">The struct is defined already.</exception>
    public void DefineStruct(int id, int bytes, IReadOnlyList<BtfMember> members)
    {
        int slot = ReservedSlot(id);
        _types[slot] = StructWords(_reserved[slot].NameOffset, _reserved[slot].Kind, bytes, members);
    }

    /// <summary>Adds a struct with its members.</summary>
    public int AddStruct(string name, int bytes, IReadOnlyList<BtfMember> members, bool isUnion = false)
    {
        // Not through Add: two structs with equal members are still two types.
        uint[] words = StructWords(Name(name), isUnion ? BtfKind.Union : BtfKind.Struct, bytes, members);
        _reserved.Add(default);
        _types.Add(words);
        return _types.Count;
    }

    /// <summary>Adds an enumeration of <paramref name="bytes"/> bytes; of 8 bytes, or with values beyond 32 bits, as enum64.</summary>
    /// <exception cref="ArgumentException">A negative value in an unsigned enumeration of less than 8 bytes.</exception>
    public int AddEnum(string name, int bytes, bool isSigned, IReadOnlyList<BtfEnumerator> enumerators)
    {
        if (bytes is not (1 or 2 or 4 or 8))
        {
            throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "An enumeration has 1, 2, 4 or 8 bytes.");
        }

        bool isWide = bytes == 8 || enumerators.Any(e => isSigned ? e.Value is < int.MinValue or > int.MaxValue : e.Value > uint.MaxValue);
        if (!isWide && !isSigned && enumerators.Any(e => e.Value < 0))
        {
            throw new ArgumentException("An unsigned enumeration has no negative values.", nameof(enumerators));
        }

        var words = new List<uint>(3 + (enumerators.Count * 3))
        {
            Name(name),
            BtfFormat.Info(isWide ? BtfKind.Enum64 : BtfKind.Enum, Length(enumerators.Count), isSigned),
            isWide ? 8 : (uint)bytes,
        };
        foreach (BtfEnumerator enumerator in enumerators)
        {
            words.Add(Name(enumerator.Name));
            words.Add(unchecked((uint)enumerator.Value));
            if (isWide)
            {
                words.Add(unchecked((uint)(enumerator.Value >> 32)));
            }
        }

        return Add([.. words]);
    }

    /// <summary>Adds a forward declaration.</summary>
    public int AddForward(string name, bool isUnion = false) => Add([Name(name), BtfFormat.Info(BtfKind.Forward, 0, isUnion), 0]);

    /// <summary>Adds a typedef.</summary>
    public int AddTypedef(string name, int target) => Add([Name(name), BtfFormat.Info(BtfKind.Typedef), Id(target)]);

    /// <summary>Adds volatile, const, restrict or a type tag (which has a name).</summary>
    public int AddModifier(BtfKind kind, int target, string name = "")
    {
        if (kind is not (BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a modifier.");
        }

        if ((kind == BtfKind.TypeTag) != (name.Length > 0))
        {
            throw new ArgumentException("A type tag has a name, other modifiers have none.", nameof(name));
        }

        return Add([Name(name), BtfFormat.Info(kind), Id(target)]);
    }

    /// <summary>Adds a floating-point type.</summary>
    public int AddFloat(string name, int bytes)
    {
        if (bytes is not (2 or 4 or 8 or 12 or 16))
        {
            throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "A floating-point number has 2, 4, 8, 12 or 16 bytes.");
        }

        return Add([Name(name), BtfFormat.Info(BtfKind.Float), (uint)bytes]);
    }

    /// <summary>Adds a function prototype; result 0 is void.</summary>
    public int AddFunctionPrototype(int result, IReadOnlyList<BtfParameter> parameters)
    {
        var words = new uint[3 + (parameters.Count * 2)];
        words[1] = BtfFormat.Info(BtfKind.FunctionPrototype, Length(parameters.Count));
        words[2] = Id(result);
        int next = 3;
        foreach (BtfParameter parameter in parameters)
        {
            words[next++] = Name(parameter.Name);
            words[next++] = Id(parameter.TypeId);
        }

        return Add(words);
    }

    /// <summary>Adds a function.</summary>
    public int AddFunction(string name, int prototype, BtfLinkage linkage) =>
        Add([Name(name), BtfFormat.Info(BtfKind.Function, (uint)linkage), Id(prototype)]);

    /// <summary>Adds a variable.</summary>
    public int AddVariable(string name, int type, BtfLinkage linkage) =>
        Add([Name(name), BtfFormat.Info(BtfKind.Variable), Id(type), (uint)linkage]);

    /// <summary>Adds a data section.</summary>
    public int AddDataSection(string name, int bytes, IReadOnlyList<BtfSectionVariable> variables)
    {
        var words = new uint[3 + (variables.Count * 3)];
        words[0] = Name(name);
        words[1] = BtfFormat.Info(BtfKind.DataSection, Length(variables.Count));
        words[2] = (uint)bytes;
        int next = 3;
        foreach (BtfSectionVariable variable in variables)
        {
            words[next++] = Id(variable.TypeId);
            words[next++] = (uint)variable.Offset;
            words[next++] = (uint)variable.Size;
        }

        return Add(words);
    }

    /// <summary>Adds a tag on a declaration; <paramref name="component"/> is -1 for the whole, or the index of a member or parameter.</summary>
    public int AddDeclarationTag(string name, int target, int component) =>
        Add([Name(name), BtfFormat.Info(BtfKind.DeclarationTag), Id(target), unchecked((uint)component)]);

    /// <summary>Adds a string and gives its offset in the string section (equal strings share one).</summary>
    public int AddString(string text)
    {
        if (_stringOffsets.TryGetValue(text, out int offset))
        {
            return offset;
        }

        if (text.Contains('\0'))
        {
            throw new ArgumentException("A string in BTF ends at its first NUL.", nameof(text));
        }

        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        offset = _stringsLength;
        _strings.Add(utf8);
        _stringsLength += utf8.Length + 1;
        _stringOffsets.Add(text, offset);
        return offset;
    }

    /// <summary>The finished BTF: header, types, strings, little-endian.</summary>
    /// <exception cref="InvalidOperationException">A reserved struct was not defined.</exception>
    public byte[] ToArray()
    {
        int undefined = _types.IndexOf(null);
        if (undefined >= 0)
        {
            throw new InvalidOperationException($"The struct with id {undefined + 1} is reserved but not defined.");
        }

        int typesLength = _types.Sum(words => words!.Length) * sizeof(uint);
        var result = new byte[BtfFormat.HeaderSize + typesLength + _stringsLength];
        BtfFormat.WriteHeader(result, typesLength, _stringsLength);
        int position = BtfFormat.HeaderSize;
        foreach (uint[]? words in _types)
        {
            foreach (uint word in words!)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(result.AsSpan(position), word);
                position += sizeof(uint);
            }
        }

        foreach (byte[] text in _strings)
        {
            text.CopyTo(result, position);
            position += text.Length + 1;
        }

        return result;
    }

    private int Add(uint[] words)
    {
        if (!_ids.TryGetValue(words, out int id))
        {
            _types.Add(words);
            _reserved.Add(default);
            id = _types.Count;
            _ids.Add(words, id);
        }

        return id;
    }

    private int ReservedSlot(int id)
    {
        if (id < 1 || id > _types.Count || _reserved[id - 1].Kind == BtfKind.Void)
        {
            throw new ArgumentException($"The id {id} was not reserved for a struct.", nameof(id));
        }

        return _types[id - 1] is null ? id - 1 : throw new InvalidOperationException($"The struct with id {id} is defined already.");
    }

    private uint[] StructWords(uint nameOffset, BtfKind kind, int bytes, IReadOnlyList<BtfMember> members)
    {
        if (bytes < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "A size is not negative.");
        }

        bool hasBitFields = members.Any(member => member.BitSize != 0);
        var words = new uint[3 + (members.Count * 3)];
        words[0] = nameOffset;
        words[1] = BtfFormat.Info(kind, Length(members.Count), hasBitFields);
        words[2] = (uint)bytes;
        int next = 3;
        foreach (BtfMember member in members)
        {
            words[next++] = Name(member.Name);
            words[next++] = Id(member.TypeId);
            words[next++] = MemberOffset(member, hasBitFields);
        }

        return words;
    }

    private static uint MemberOffset(BtfMember member, bool hasBitFields)
    {
        if (member.BitOffset < 0 || member.BitSize is < 0 or > byte.MaxValue || (hasBitFields && member.BitOffset > BtfFormat.MaxFlaggedOffset))
        {
            throw new ArgumentException($"Member '{member.Name}' cannot lie at bit {member.BitOffset} with {member.BitSize} bits.", nameof(member));
        }

        return ((uint)member.BitSize << 24) | (uint)member.BitOffset;
    }

    private uint Name(string name) => (uint)AddString(name);

    private uint Id(int id) =>
        id >= 0 && id <= _types.Count ? (uint)id : throw new ArgumentOutOfRangeException(nameof(id), id, "No type has this id.");

    private static uint Length(int count) =>
        count <= ushort.MaxValue ? (uint)count : throw new ArgumentException("BTF holds at most 65535 parts in one type.", nameof(count));

    private sealed class WordsComparer : IEqualityComparer<uint[]>
    {
        public static readonly WordsComparer Instance = new();

        public bool Equals(uint[]? x, uint[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(uint[] obj)
        {
            uint hash = 2166136261;
            foreach (uint word in obj)
            {
                hash = unchecked((hash ^ word) * 16777619);
            }

            return unchecked((int)hash);
        }
    }
}
