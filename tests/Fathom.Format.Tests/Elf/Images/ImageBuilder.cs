using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Fathom.Format.Tests.Elf.Images;

/// <summary>
/// Puts together a small image by hand, of 64 or 32 bits: code that is loaded from offset 0x1000 at 0x401000, data from 0x2000 at 0x402800,
/// and whatever sections are added behind it.
/// </summary>
internal sealed class ImageBuilder(bool is64 = true, ushort machine = 62, ushort type = 3)
{
    public const ulong CodeAddress = 0x401000;
    public const ulong DataAddress = 0x402800;
    public const int CodeOffset = 0x1000;
    public const int DataOffset = 0x2000;
    public const int SegmentSize = 0x800;

    private readonly List<(string Name, uint Type, ulong Address, byte[] Bytes, int Link)> _sections = [("", 0, 0, [], 0)];
    private readonly byte[] _code = new byte[SegmentSize];
    private readonly byte[] _data = new byte[SegmentSize];

    public int Word => is64 ? 8 : 4;

    public int AddSection(string name, uint type, byte[] bytes, int link = 0, ulong address = 0)
    {
        _sections.Add((name, type, address, bytes, link));
        return _sections.Count - 1;
    }

    /// <summary>Adds a table of symbols with their names.</summary>
    public ImageBuilder Symbols(bool dynamic, params (string Name, int Info, ushort Section, ulong Address, ulong Size)[] symbols) =>
        Symbols(dynamic, [.. symbols.Select(static s => (Encoding.UTF8.GetBytes(s.Name), s.Info, s.Section, s.Address, s.Size))]);

    public ImageBuilder Symbols(bool dynamic, (byte[] Name, int Info, ushort Section, ulong Address, ulong Size)[] symbols)
    {
        List<byte> names = [0];
        List<byte> table = [.. new byte[is64 ? 24 : 16]];
        foreach ((byte[] name, int info, ushort section, ulong address, ulong size) in symbols)
        {
            byte[] entry = new byte[is64 ? 24 : 16];
            BinaryPrimitives.WriteInt32LittleEndian(entry, names.Count);
            entry[is64 ? 4 : 12] = (byte)info;
            BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(is64 ? 6 : 14), section);
            Write(entry.AsSpan(is64 ? 8 : 4), address);
            Write(entry.AsSpan(is64 ? 16 : 8), size);
            table.AddRange(entry);
            names.AddRange([.. name, 0]);
        }

        int strings = AddSection(dynamic ? ".dynstr" : ".strtab", 3, [.. names]);
        AddSection(dynamic ? ".dynsym" : ".symtab", dynamic ? 11u : 2u, [.. table], strings);
        return this;
    }

    /// <summary>Adds the instructions of a function.</summary>
    public ImageBuilder Code(int offset, params byte[] code)
    {
        code.CopyTo(_code, offset);
        return this;
    }

    /// <summary>Adds words of data, as wide as addresses are.</summary>
    public ImageBuilder Data(int offset, params ulong[] words)
    {
        Words(words).CopyTo(_data, offset);
        return this;
    }

    /// <summary>Words as wide as addresses are.</summary>
    public byte[] Words(params ulong[] words)
    {
        byte[] bytes = new byte[words.Length * Word];
        for (int i = 0; i < words.Length; i++)
        {
            Write(bytes.AsSpan(i * Word), words[i]);
        }

        return bytes;
    }

    /// <summary>A note about a static probe.</summary>
    public byte[] Probe(ulong address, ulong linkedBase, ulong semaphore, string provider, string name, string arguments)
    {
        byte[] words = new byte[3 * Word];
        Write(words, address);
        Write(words.AsSpan(Word), linkedBase);
        Write(words.AsSpan(2 * Word), semaphore);
        return Note(3, "stapsdt", [.. words, .. Encoding.UTF8.GetBytes($"{provider}\0{name}\0{arguments}\0")]);
    }

    public static byte[] Note(uint type, string name, byte[] contents)
    {
        byte[] head = new byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(head, name.Length + 1);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), contents.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(8), type);
        return [.. head, .. Padded(Encoding.ASCII.GetBytes(name + "\0")), .. Padded(contents)];
    }

    public byte[] Build()
    {
        List<byte> names = [0];
        List<(uint Name, int Offset)> places = [];
        List<byte> bodies = [];
        int bodiesAt = DataOffset + SegmentSize;
        List<(string Name, uint Type, ulong Address, byte[] Bytes, int Link)> sections = [.. _sections, (".shstrtab", 3, 0, [], 0)];
        foreach ((string name, _, _, byte[] bytes, _) in sections)
        {
            places.Add((name.Length == 0 ? 0 : (uint)names.Count, bodiesAt + bodies.Count));
            if (name.Length > 0)
            {
                names.AddRange([.. Encoding.ASCII.GetBytes(name), 0]);
            }

            bodies.AddRange(Padded(bytes));
        }

        int namesAt = bodiesAt + bodies.Count;
        int table = namesAt + Padded([.. names]).Length;
        int headerSize = is64 ? 64 : 40;
        byte[] file = new byte[table + (sections.Count * headerSize)];
        bodies.CopyTo(file, bodiesAt);
        names.CopyTo(file, namesAt);
        _code.CopyTo(file, CodeOffset);
        _data.CopyTo(file, DataOffset);
        WriteHeader(file, table, sections.Count);
        for (int i = 0; i < sections.Count; i++)
        {
            Span<byte> header = file.AsSpan(table + (i * headerSize));
            (_, uint sectionType, ulong address, byte[] bytes, int link) = sections[i];
            bool isNames = i == sections.Count - 1;
            BinaryPrimitives.WriteUInt32LittleEndian(header, places[i].Name);
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], sectionType);
            Write(header[(is64 ? 16 : 12)..], address);
            Write(header[(is64 ? 24 : 16)..], (ulong)(isNames ? namesAt : places[i].Offset));
            Write(header[(is64 ? 32 : 20)..], (ulong)(isNames ? names.Count : bytes.Length));
            BinaryPrimitives.WriteInt32LittleEndian(header[(is64 ? 40 : 24)..], link);
        }

        return file;
    }

    private void WriteHeader(byte[] file, int table, int count)
    {
        new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', (byte)(is64 ? 2 : 1), 1, 1 }.CopyTo(file, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(16), type);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(18), machine);
        int segments = is64 ? 64 : 52;
        Write(file.AsSpan(is64 ? 32 : 28), (ulong)segments);
        Write(file.AsSpan(is64 ? 40 : 32), (ulong)table);
        Span<byte> counts = file.AsSpan(is64 ? 54 : 42);
        ushort[] values = [(ushort)(is64 ? 56 : 32), 2, (ushort)(is64 ? 64 : 40), (ushort)count, (ushort)(count - 1)];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(counts[(i * 2)..], values[i]);
        }

        WriteSegment(file.AsSpan(segments), 5, CodeOffset, CodeAddress);
        WriteSegment(file.AsSpan(segments + (is64 ? 56 : 32)), 6, DataOffset, DataAddress);
    }

    private void WriteSegment(Span<byte> header, uint flags, ulong offset, ulong address)
    {
        BinaryPrimitives.WriteInt32LittleEndian(header, 1);
        BinaryPrimitives.WriteUInt32LittleEndian(header[(is64 ? 4 : 24)..], flags);
        Write(header[(is64 ? 8 : 4)..], offset);
        Write(header[(is64 ? 16 : 8)..], address);
        Write(header[(is64 ? 32 : 16)..], SegmentSize);
    }

    private void Write(Span<byte> place, ulong value)
    {
        if (is64)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(place, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(place, (uint)value);
        }
    }

    private static byte[] Padded(byte[] bytes) => [.. bytes, .. new byte[-bytes.Length & 3]];
}
