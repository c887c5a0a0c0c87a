using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace Fathom.Workloads;

/// <summary>
/// A shared library of our own making: functions <c>f0</c>, <c>f1</c>, ... that do next to nothing, and a static probe in each of the first ones. Addresses
/// are offsets in the file. <c>f0</c> is also known as <c>_f0</c>.
/// </summary>
/// <remarks>https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html; static probes: https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation</remarks>
internal sealed class TestLibrary : IDisposable
{
    /// <summary>How many functions have a static probe, <c>test:probe0</c> and so on; the odd ones with a semaphore.</summary>
    public const int Probes = 7;

    private const int Page = 4096;

    /// <summary>Bytes at the beginning of the data, for functions that name them relative to themselves.</summary>
    public const int DataSize = 64;

    private readonly MemoryStream _file = new();
    private TestLibraryLinks _more = new();
    private readonly List<(string Name, int Type, int Address, int Size, int Link, int EntrySize)> _sections = [("", 0, 0, 0, 0, 0)];

    /// <summary>The code of a function: with a probe, begun by what the kernel must single-step, begun by endbr64, or plain, which returns its argument.</summary>
    private static byte[] CodeOf(int index, bool slow) =>
        index < Probes ? [0x55, 0x90, 0x48, 0x89, 0xe5, 0x5d, 0xc3]
        : slow && index % 97 == 0 ? [0x31, 0xc0, 0xc3]
        : index % 3 == 0 ? [0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3]
        : [0x55, 0x48, 0x89, 0xe5, 0x89, 0xf8, 0x5d, 0xc3];

    /// <summary>A function of somebody's own making.</summary>
    /// <param name="Code">Its instructions.</param>
    /// <param name="Data">
    /// Where in it distances to the data are to be written, 4 bytes each, and the ends of their instructions, from which the distances count.
    /// </param>
    internal readonly record struct Function(byte[] Code, params (int At, int End)[] Data);

    /// <summary>Writes one with functions of one's own making, and no static probes.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="functions">The functions, <c>f0</c> and so on.</param>
    public static void Write(string path, IReadOnlyList<Function> functions)
    {
        using var library = new TestLibrary();
        library.Build(functions, 0);
        File.WriteAllBytes(path, library._file.ToArray());
    }

    /// <summary>Writes it.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="count">How many functions.</param>
    /// <param name="slow">Whether some begin with an instruction that the kernel must single-step.</param>
    /// <param name="more">What it says of other files.</param>
    public static void Write(string path, int count, bool slow, TestLibraryLinks? more = null)
    {
        using var library = new TestLibrary { _more = more ?? new() };
        library.Build([.. Enumerable.Range(0, count).Select(i => new Function(CodeOf(i, slow)))], Math.Min(Probes, count));
        File.WriteAllBytes(path, library._file.ToArray());
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Build(IReadOnlyList<Function> functions, int probes)
    {
        const int Programs = 3;
        _file.SetLength(64 + (56 * Programs));
        _file.Position = _file.Length;

        // Names, and where the functions will be: the code follows the tables, each function at a multiple of 16.
        var names = new List<byte> { 0 };
        string prefix = _more.IsDebugFile ? "hidden" : "f";
        int count = functions.Count;
        int symbolCount = count + 1 + _more.Imports.Length;
        int[] nameOffsets = new int[symbolCount];
        for (int i = 0; i < symbolCount; i++)
        {
            nameOffsets[i] = names.Count;
            names.AddRange(Encoding.ASCII.GetBytes(i < count ? $"{prefix}{i}\0" : i == count ? $"_{prefix}0\0" : _more.Imports[i - count - 1] + "\0"));
        }

        int[] needed = [.. _more.Needed.Select(library =>
        {
            int at = names.Count;
            names.AddRange(Encoding.ASCII.GetBytes(library + "\0"));
            return at;
        })];

        int symbols = Align(8);
        int code = Round(symbols + (24 * (symbolCount + 1)) + names.Count + (4 * (symbolCount + 4)), 64);
        int[] places = new int[count];
        int textEnd = code;
        for (int i = 0; i < count; i++)
        {
            places[i] = textEnd;
            textEnd = Round(textEnd + functions[i].Code.Length, 16);
        }

        _file.Write(new byte[24]);
        for (int i = 0; i < symbolCount; i++)
        {
            const byte GlobalFunction = 0x12, IndirectFunction = 0x1a;
            int function = i % count;
            byte[] symbol = new byte[24];
            BinaryPrimitives.WriteInt32LittleEndian(symbol, nameOffsets[i]);
            bool isImport = i > count, isIndirect = i < Math.Min(count, _more.IndirectFunctions);
            symbol[4] = isIndirect ? IndirectFunction : GlobalFunction;
            BinaryPrimitives.WriteInt16LittleEndian(symbol.AsSpan(6), (short)(isImport ? 0 : 4));
            BinaryPrimitives.WriteInt64LittleEndian(symbol.AsSpan(8), isImport ? 0 : places[function]);
            BinaryPrimitives.WriteInt64LittleEndian(symbol.AsSpan(16), isImport ? 0 : functions[function].Code.Length);
            _file.Write(symbol);
        }

        Section(_more.IsDebugFile ? ".symtab" : ".dynsym", _more.IsDebugFile ? 2 : 11, symbols, 2, 24);
        int strings = (int)_file.Position;
        _file.Write([.. names]);
        Section(".dynstr", 3, strings, 0, 0);

        // One bucket, in which all symbols are chained.
        int hash = Align(4);
        Numbers(1, symbolCount + 1, 1, 0);
        for (int i = 1; i <= symbolCount; i++)
        {
            Numbers(i < symbolCount ? i + 1 : 0);
        }

        Section(".hash", 5, hash, 1, 4);
        _file.SetLength(code);
        _file.Position = code;
        for (int i = 0; i < count; i++)
        {
            byte[] bytes = [.. functions[i].Code];
            foreach ((int at, int end) in functions[i].Data ?? [])
            {
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), Round(textEnd, Page) - places[i] - end);
            }

            _file.Write(bytes);
            Align(16);
        }

        Section(".text", _more.IsDebugFile ? 8 : 1, code, 0, 0);

        int data = Align(Page);
        int semaphores = data;
        _file.Write(new byte[probes > 0 ? 2 * probes : DataSize]);
        Section(".probes", 1, semaphores, 0, 0);
        int dynamic = Align(16);
        foreach ((long tag, long value) in ((long, long)[])[(4, hash), (5, strings), (6, symbols), (10, names.Count), (11, 24), .. needed.Select(static at => (1L, (long)at)), .. _more.HasTextRelocations ? ((long, long)[])[(22, 0)] : [], (0, 0)])
        {
            Longs(tag, value);
        }

        Section(".dynamic", 6, dynamic, 2, 16);
        int dataEnd = (int)_file.Position;

        int notes = Align(4);
        for (int i = 0; i < probes; i++)
        {
            byte[] text = Encoding.ASCII.GetBytes($"test\0probe{i}\0-4@%edi\0");
            Numbers(8, 24 + text.Length, 3);
            _file.Write("stapsdt\0"u8);
            Longs(places[i] + 1, 0, i % 2 == 1 ? semaphores + (2 * i) : 0);
            _file.Write(text);
            Align(4);
        }

        Section(".note.stapsdt", 7, notes, 0, 0);
        if (_more.BuildId.Length > 0)
        {
            int note = Align(4);
            Numbers(4, _more.BuildId.Length, 3);
            _file.Write("GNU\0"u8);
            _file.Write(_more.BuildId);
            Section(".note.gnu.build-id", 7, note, 0, 0);
        }

        if (_more.DebugLink.Length > 0)
        {
            int link = Align(4);
            _file.Write(Encoding.ASCII.GetBytes(_more.DebugLink + "\0"));
            Align(4);
            Numbers((int)_more.DebugChecksum);
            Section(".gnu_debuglink", 1, link, 0, 0);
        }

        if (_more.DebugData.Length > 0)
        {
            int packed = Align(4);
            _file.Write(_more.DebugData);
            Section(".gnu_debugdata", 1, packed, 0, 0);
        }

        WriteHeaders(textEnd, data, dataEnd, dynamic);
    }

    private void WriteHeaders(int textEnd, int data, int dataEnd, int dynamic)
    {
        using var sectionNames = new MemoryStream();
        var nameOffsets = new List<int>();
        _sections.Add((".shstrtab", 3, (int)_file.Position, 0, 0, 0));
        foreach (var section in _sections)
        {
            nameOffsets.Add((int)sectionNames.Length);
            sectionNames.Write(Encoding.ASCII.GetBytes(section.Name + "\0"));
        }

        _sections[^1] = _sections[^1] with { Size = (int)sectionNames.Length };
        _file.Write(sectionNames.ToArray());
        int table = Align(8);
        for (int i = 0; i < _sections.Count; i++)
        {
            (_, int type, int address, int size, int link, int entry) = _sections[i];
            long flags = _sections[i].Name == ".text" ? 6 : type is 7 or 3 or 0 ? 0 : 2;
            Numbers(nameOffsets[i], type);
            Longs(flags, type == 7 ? 0 : address, address, size);
            Numbers(link, type == 11 ? 1 : 0);
            Longs(type == 0 ? 0 : 4, entry);
        }

        _file.Position = 0;
        _file.Write([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        Shorts(3, 62);
        Numbers(1);
        Longs(0, 64, table);
        Numbers(0);
        Shorts(64, 56, 3, 64, _sections.Count, _sections.Count - 1);
        foreach ((int type, int flags, int start, int end, int alignment) in ((int, int, int, int, int)[])
            [(1, 5, 0, textEnd, Page), (1, 6, data, dataEnd, Page), (2, 6, dynamic, dataEnd, 8)])
        {
            Numbers(type, flags);
            Longs(start, start, start, end - start, end - start, alignment);
        }

    }

    private void Section(string name, int type, int start, int link, int entrySize) =>
        _sections.Add((name, type, start, (int)_file.Position - start, link, entrySize));

    private int Align(int alignment)
    {
        int position = Round((int)_file.Position, alignment);
        if (position > _file.Length)
        {
            _file.SetLength(position);
        }

        _file.Position = position;
        return position;
    }

    private static int Round(int value, int alignment) => (value + alignment - 1) / alignment * alignment;

    private void Shorts(params ReadOnlySpan<int> values)
    {
        foreach (int value in values)
        {
            _file.Write(BitConverter.GetBytes((ushort)value));
        }
    }

    private void Numbers(params ReadOnlySpan<int> values)
    {
        foreach (int value in values)
        {
            _file.Write(BitConverter.GetBytes(value));
        }
    }

    private void Longs(params ReadOnlySpan<long> values)
    {
        foreach (long value in values)
        {
            _file.Write(BitConverter.GetBytes(value));
        }
    }
}
