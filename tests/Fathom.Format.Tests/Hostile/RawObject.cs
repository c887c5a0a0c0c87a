using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Fathom.Format.Tests.Hostile;

/// <summary>An ELF object for BPF whose every field can be what no compiler writes.</summary>
internal sealed class RawObject
{
    private readonly List<(uint Name, uint Type, ulong Flags, byte[] Data, ulong Size, uint Link, uint Info)> _sections = [];
    private readonly List<byte> _names = [0];
    private readonly List<byte> _symbols = [.. new byte[24]];
    private readonly List<byte> _symbolNames = [0];

    public int SectionCount => _sections.Count + 1;

    public static string Long(int length, char letter = 'x') => new(letter, length);

    public uint Name(string text) => Append(_names, text);

    public uint SymbolName(string text) => Append(_symbolNames, text);

    /// <summary>Adds a section; its index.</summary>
    public int Add(uint name, uint type, ulong flags, byte[] data, ulong? size = null, uint link = 0, uint info = 0)
    {
        _sections.Add((name, type, flags, data, size ?? (ulong)data.Length, link, info));
        return _sections.Count;
    }

    public int Add(string name, uint type, ulong flags, byte[] data, ulong? size = null, uint link = 0, uint info = 0) =>
        Add(Name(name), type, flags, data, size, link, info);

    /// <summary>Adds a symbol; its index.</summary>
    public int Symbol(uint name, byte info, int section, ulong value, ulong size)
    {
        Span<byte> entry = stackalloc byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, name);
        entry[4] = info;
        BinaryPrimitives.WriteUInt16LittleEndian(entry[6..], (ushort)section);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], value);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], size);
        _symbols.AddRange(entry);
        return (_symbols.Count / 24) - 1;
    }

    public static byte[] Words(params ReadOnlySpan<uint> words)
    {
        byte[] bytes = new byte[words.Length * 4];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), words[i]);
        }

        return bytes;
    }

    public byte[] Build()
    {
        // The symbols and their names, the names of sections; link fields of 0xffffffff mean the symbol table.
        int symbols = Add(".symtab", 2, 0, [.. _symbols], link: (uint)_sections.Count + 2);
        Add(".strtab", 3, 0, [.. _symbolNames]);
        uint own = Name(".shstrtab");
        int names = Add(own, 3, 0, [.. _names]);
        List<byte> file = [.. new byte[64]];
        List<byte> headers = [.. new byte[64]];
        foreach ((uint name, uint type, ulong flags, byte[] data, ulong size, uint link, uint info) in _sections)
        {
            while (file.Count % 8 != 0)
            {
                file.Add(0);
            }

            byte[] header = new byte[64];
            BinaryPrimitives.WriteUInt32LittleEndian(header, name);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), type);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), flags);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), (ulong)file.Count);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), size);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(40), link == uint.MaxValue ? (uint)symbols : link);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(44), info);
            headers.AddRange(header);
            file.AddRange(data);
        }

        while (file.Count % 8 != 0)
        {
            file.Add(0);
        }

        byte[] result = [.. file, .. headers];
        new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(result, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan(16), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan(18), 247);
        BinaryPrimitives.WriteUInt32LittleEndian(result.AsSpan(20), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(result.AsSpan(40), (ulong)file.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan(58), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan(60), (ushort)(_sections.Count + 1));
        BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan(62), (ushort)names);
        return result;
    }

    private static uint Append(List<byte> table, string text)
    {
        uint offset = (uint)table.Count;
        table.AddRange(Encoding.UTF8.GetBytes(text));
        table.Add(0);
        return offset;
    }
}
