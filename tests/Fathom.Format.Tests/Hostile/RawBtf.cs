using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Fathom.Format.Tests.Hostile;

/// <summary>BTF whose every word can be what no compiler writes: types as words, strings at any offset.</summary>
internal sealed class RawBtf
{
    private readonly List<byte> _types = [];
    private readonly List<byte> _strings = [0];

    /// <summary>Types so far, without void.</summary>
    public int Count { get; private set; }

    public uint String(string text)
    {
        uint offset = (uint)_strings.Count;
        _strings.AddRange(Encoding.UTF8.GetBytes(text));
        _strings.Add(0);
        return offset;
    }

    /// <summary>Adds a type; its id.</summary>
    public int Add(uint name, uint kind, int length, uint sizeOrType, params ReadOnlySpan<uint> rest)
    {
        Word(name);
        Word((kind << 24) | (uint)length);
        Word(sizeOrType);
        foreach (uint word in rest)
        {
            Word(word);
        }

        return ++Count;
    }

    public byte[] Build()
    {
        byte[] result = new byte[24 + _types.Count + _strings.Count];
        BinaryPrimitives.WriteUInt16LittleEndian(result, 0xeb9f);
        result[2] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(4), 24);
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(12), _types.Count);
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(16), _types.Count);
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(20), _strings.Count);
        _types.CopyTo(result, 24);
        _strings.CopyTo(result, 24 + _types.Count);
        return result;
    }

    private void Word(uint word)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, word);
        _types.AddRange(bytes);
    }
}
