using System;
using System.Collections.Generic;
using System.Text;

namespace Fathom.Runtime;

/// <summary>
/// <c>/proc/kallsyms</c> in place: an address, a place in the text and a type for each line, and no string.
/// https://github.com/torvalds/linux/blob/v6.18/kernel/kallsyms.c (s_show): <c>%px %c %s\t[%s]\n</c>
/// </summary>
internal sealed class KernelSymbolTable
{
    /// <summary>Longer names are cut for matching; the kernel's own bound is half of it (<c>KSYM_NAME_LEN</c>).</summary>
    public const int LongestName = 1024;

    private readonly ReadOnlyMemory<byte> _text;
    private readonly List<Symbol> _symbols;
    private readonly List<string> _modules = [""];

    private KernelSymbolTable(ReadOnlyMemory<byte> text)
    {
        _text = text;
        _symbols = new List<Symbol>(text.Length / 44);
    }

    public int Count => _symbols.Count;

    public int FunctionCount { get; private set; }

    public bool AreHidden { get; private set; }

    /// <summary>Reads the lines. What is no line of this form is left out.</summary>
    public static KernelSymbolTable Parse(ReadOnlyMemory<byte> text)
    {
        KernelSymbolTable table = new(text);
        ReadOnlySpan<byte> bytes = text.Span;
        bool anyAddress = false;
        int at = 0;
        while (at < bytes.Length)
        {
            int end = bytes[at..].IndexOf((byte)'\n');
            end = end < 0 ? bytes.Length : at + end;
            table.Add(bytes[at..end], at, ref anyAddress);
            at = end + 1;
        }

        table.AreHidden = !anyAddress && table.Count > 0;
        return table;
    }

    public bool IsFunction(int index) => _symbols[index].IsFunction;

    public ulong Address(int index) => _symbols[index].Address;

    public string Module(int index) => _modules[_symbols[index].Module];

    public ReadOnlySpan<byte> Name(int index)
    {
        Symbol symbol = _symbols[index];
        return _text.Span.Slice(symbol.NameStart, symbol.NameLength);
    }

    /// <summary>Copies a name without making a string; the number of characters.</summary>
    public int CopyName(int index, Span<char> buffer)
    {
        ReadOnlySpan<byte> name = Name(index);
        return Encoding.UTF8.GetChars(name[..Math.Min(name.Length, buffer.Length)], buffer);
    }

    public KernelFunction FunctionAt(int index) => new(Encoding.UTF8.GetString(Name(index)), Address(index), Module(index));

    /// <summary>The address of the first symbol of any type with a name; 0 if there is none.</summary>
    public ulong Find(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < _symbols.Count; i++)
        {
            if (_symbols[i].NameLength == name.Length && Name(i).SequenceEqual(name))
            {
                return _symbols[i].Address;
            }
        }

        return 0;
    }

    private void Add(ReadOnlySpan<byte> line, int position, ref bool anyAddress)
    {
        int digits = 0;
        ulong address = 0;
        while (digits < line.Length && digits < 16 && HexDigit(line[digits]) is var digit and >= 0)
        {
            address = (address << 4) | (uint)digit;
            digits++;
        }

        if (digits == 0 || line.Length < digits + 4 || line[digits] != ' ' || line[digits + 2] != ' ')
        {
            return;
        }

        byte type = line[digits + 1];
        int start = digits + 3;
        ReadOnlySpan<byte> name = line[start..];
        int module = 0;
        int tab = name.IndexOf((byte)'\t');
        if (tab >= 0)
        {
            module = ModuleIndex(name[(tab + 1)..].Trim("[]"u8));
            name = name[..tab];
        }

        if (name.IsEmpty)
        {
            return;
        }

        bool isFunction = type is (byte)'t' or (byte)'T' or (byte)'w' or (byte)'W';
        anyAddress |= address != 0;
        FunctionCount += isFunction ? 1 : 0;
        _symbols.Add(new Symbol(address, position + start, name.Length, module, isFunction));
    }

    // The symbols of a module follow each other.
    private int ModuleIndex(ReadOnlySpan<byte> name)
    {
        Span<char> buffer = stackalloc char[LongestName];
        ReadOnlySpan<char> text = buffer[..Encoding.UTF8.GetChars(name[..Math.Min(name.Length, LongestName)], buffer)];
        if (!text.SequenceEqual(_modules[^1]))
        {
            _modules.Add(text.ToString());
        }

        return _modules.Count - 1;
    }

    private static int HexDigit(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    private readonly record struct Symbol(ulong Address, int NameStart, int NameLength, int Module, bool IsFunction);
}
