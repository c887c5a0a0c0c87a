using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>
/// Where the indirect jumps of a function may lead inside it: to every address of its middle that data holds, and to where the tables lead that its
/// code names. Tables hold addresses, or distances of four bytes: from the table itself, from a place of the function that its code names, or, on i386,
/// from the global offset table.
/// </summary>
/// <param name="image">The code that the function is a part of.</param>
internal sealed class JumpTables(ImageCode image)
{
    private const int MostEntries = 1 << 14;
    private const int MostOthers = 64;

    private readonly List<ulong> _named = [];
    private int _read;
    private int _left = MostEntries;

    /// <summary>Where they lead in the function.</summary>
    public HashSet<ulong> Targets { get; } = [];

    /// <summary>The function's indirect jumps.</summary>
    public List<ulong> Jumps { get; } = [];

    /// <summary>Whether one was found.</summary>
    public bool IsFound { get; private set; }

    /// <summary>Whether they are longer than is read.</summary>
    public bool IsTooLong => _left < 0;

    /// <summary>Takes an instruction of the function.</summary>
    public void Note(in Instruction instruction)
    {
        if (instruction.FlowControl == FlowControl.IndirectBranch)
        {
            Jumps.Add(instruction.IP);
        }

        if (instruction.Mnemonic == Mnemonic.Lea && instruction.IsIPRelativeMemoryOperand)
        {
            _named.Add(instruction.IPRelativeMemoryAddress);
        }
        else if (image.GotAddress is { } origin && instruction.MemoryDisplSize == 4)
        {
            _named.Add((uint)(origin + instruction.MemoryDisplacement64));
        }

        if (image.IsFixed)
        {
            if (instruction.MemoryDisplSize >= 4 && !instruction.IsIPRelativeMemoryOperand)
            {
                _named.Add(instruction.MemoryDisplacement64);
            }

            for (int i = 0; i < instruction.OpCount; i++)
            {
                if (instruction.GetOpKind(i) is OpKind.Immediate32 or OpKind.Immediate64 or OpKind.Immediate32to64)
                {
                    _named.Add(instruction.GetImmediate(i));
                }
            }
        }
    }

    /// <summary>Reads the tables that were named since the last time.</summary>
    /// <param name="function">The function.</param>
    /// <returns>Whether they lead to places that were not known.</returns>
    public bool Read(FunctionCode function)
    {
        if (Jumps.Count == 0 && image.IsFixed)
        {
            return false;
        }

        int known = Targets.Count;
        foreach (ulong target in image.PointedAt(function.Entry + 1, function.End))
        {
            Add(target, function);
        }

        if (Jumps.Count > 0 && _named.Count > _read)
        {
            // A table ends where the next begins.
            _read = _named.Count;
            ulong[] tables = [.. _named.Distinct().Order()];
            ulong[] labels = [.. tables.Where(function.Has)];
            for (int i = 0; i < tables.Length && !IsTooLong; i++)
            {
                ulong size = i + 1 < tables.Length ? tables[i + 1] - tables[i] : MostEntries * sizeof(int);
                if (!function.Has(tables[i]))
                {
                    ReadTable(tables[i], (int)Math.Min(size, MostEntries * sizeof(int)), labels, function);
                }
            }
        }

        return Targets.Count > known;
    }

    private void ReadTable(ulong table, int size, ulong[] labels, FunctionCode function)
    {
        foreach (ulong target in image.PointersFrom(table).Take(size / (int)image.Word))
        {
            Add(target, function);
        }

        ReadOnlySpan<byte> bytes = image.Read(table).Span;
        bytes = bytes[..Math.Min(bytes.Length, size)];

        // Hardly anything else begins with the distance from itself to some code.
        IsFound |= ReadDistances(bytes, image.GotAddress ?? table, function);
        foreach (ulong label in labels)
        {
            _ = ReadDistances(bytes, label, function);
        }
    }

    // They go on as long as they lead to code; what the compiler has put elsewhere is among that.
    private bool ReadDistances(ReadOnlySpan<byte> bytes, ulong origin, FunctionCode function)
    {
        bool isAny = false;
        for (int others = 0; bytes.Length >= sizeof(int) && others < MostOthers && !IsTooLong; bytes = bytes[sizeof(int)..])
        {
            ulong target = origin + (ulong)(long)BinaryPrimitives.ReadInt32LittleEndian(bytes);
            target = image.Word == sizeof(uint) ? (uint)target : target;
            if (!image.IsCode(target))
            {
                break;
            }

            isAny = true;
            others = function.Has(target) ? 0 : others + 1;
            Add(target, function);
        }

        return isAny;
    }

    private void Add(ulong target, FunctionCode function)
    {
        _left--;
        IsFound |= function.Has(target);
        if (function.IsInside(target))
        {
            Targets.Add(target);
        }
    }
}
