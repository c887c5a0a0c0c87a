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
/// <param name="budget">How many entries and tables may be looked at: in files made on purpose, each address that the code names may begin one.</param>
internal sealed class JumpTables(ImageCode image, long budget)
{
    private const int MostEntries = 1 << 14;
    private const int MostOthers = 64;

    // Instructions between that which reads an entry of a table and the jump there.
    private const int LongestWay = 16;

    private readonly List<ulong> _named = [];
    private int _read;
    private int _sinceIndexed = LongestWay + 1;

    /// <summary>Where they lead in the function.</summary>
    public HashSet<ulong> Targets { get; } = [];

    /// <summary>Where tables of distances lead that lead into the function too: the compiler may have put parts of it there, which no symbol names.</summary>
    public HashSet<ulong> Elsewhere { get; } = [];

    /// <summary>The function's indirect jumps, without those to functions that the loader links, which are calls.</summary>
    public List<IndirectJump> Jumps { get; } = [];

    /// <summary>Whether one was found.</summary>
    public bool IsFound { get; private set; }

    /// <summary>Whether they are more or longer than is read.</summary>
    public bool IsTooLong => Work > budget;

    /// <summary>How many entries and tables were looked at.</summary>
    public long Work { get; private set; }

    /// <summary>Takes an instruction of the function.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="isFirst">Whether it is not what lies behind the last one.</param>
    /// <param name="isThunk">Whether it jumps by a return to an address that was put on the stack for it, as retpolines do.</param>
    public void Note(in Instruction instruction, bool isFirst, bool isThunk)
    {
        bool isIndexed = instruction.MemoryIndex != Register.None && instruction.Mnemonic != Mnemonic.Lea;
        _sinceIndexed = isIndexed ? 0 : isFirst ? LongestWay + 1 : Math.Min(_sinceIndexed, LongestWay) + 1;
        if (isThunk)
        {
            Jumps.Add(new(instruction.IP, JumpSource.Thunk));
        }
        else if (instruction.FlowControl == FlowControl.IndirectBranch && !(IsByWord(instruction, true) && image.IsLinked(instruction.MemoryDisplacement64)))
        {
            Jumps.Add(new(instruction.IP, _sinceIndexed <= LongestWay ? JumpSource.Table : IsByPointer(instruction) ? JumpSource.Pointer : JumpSource.Unknown));
        }

        if (instruction.FlowControl is FlowControl.Return or FlowControl.UnconditionalBranch or FlowControl.IndirectBranch)
        {
            _sinceIndexed = LongestWay + 1;
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

        int known = Targets.Count + Elsewhere.Count;
        foreach (ulong target in image.PointedAt(function.Entry + 1, function.End))
        {
            Add(target, function);
        }

        if (Jumps.Count > 0 && _named.Count > _read)
        {
            // A table ends where the next begins.
            _read = _named.Count;
            ulong[] tables = [.. _named.Distinct().Order()];

            // A label that it names may be jumped to without a table.
            Targets.UnionWith(tables.Where(named => function.IsInside(named) && function.Has(named)));
            ulong[] labels = [.. tables.Where(function.Has)];
            Work += tables.Length;
            for (int i = 0; i < tables.Length && !IsTooLong; i++)
            {
                ulong size = i + 1 < tables.Length ? tables[i + 1] - tables[i] : MostEntries * sizeof(int);
                if (!function.Has(tables[i]))
                {
                    ReadTable(tables[i], (int)Math.Min(size, MostEntries * sizeof(int)), labels, function);
                }
            }
        }

        return Targets.Count + Elsewhere.Count > known;
    }

    // As virtual functions are called at the end of another: jmp [rax+8]
    private static bool IsByPointer(in Instruction instruction) => IsByWord(instruction, false) && instruction.MemoryBase is not (Register.RSP or Register.ESP);

    private static bool IsByWord(in Instruction instruction, bool isFixed) => instruction.Op0Kind == OpKind.Memory && instruction.MemoryIndex == Register.None
        && (instruction.MemoryBase is Register.None or Register.RIP or Register.EIP) == isFixed;

    private void ReadTable(ulong table, int size, ulong[] labels, FunctionCode function)
    {
        foreach (ulong target in image.PointersFrom(table).Take(size / (int)image.Word))
        {
            Add(target, function);
        }

        ReadOnlySpan<byte> bytes = image.Read(table).Span;
        bytes = bytes[..Math.Min(bytes.Length, size)];

        // Hardly anything else begins with the distance from itself to some code.
        List<ulong> elsewhere = [];
        IsFound |= ReadDistances(bytes, image.GotAddress ?? table, function, elsewhere);
        if (elsewhere.Exists(function.Has))
        {
            Elsewhere.UnionWith(elsewhere.Where(target => !function.IsInside(target) && !image.IsFunction(target)));
        }

        for (int i = 0; i < labels.Length && !IsTooLong; i++)
        {
            _ = ReadDistances(bytes, labels[i], function, null);
        }
    }

    // They go on as long as they lead to code; what the compiler has put elsewhere is among that.
    private bool ReadDistances(ReadOnlySpan<byte> bytes, ulong origin, FunctionCode function, List<ulong>? elsewhere)
    {
        bool isAny = false;
        Work++;
        for (int others = 0; bytes.Length >= sizeof(int) && others < MostOthers && !IsTooLong; bytes = bytes[sizeof(int)..])
        {
            ulong target = origin + (ulong)(long)BinaryPrimitives.ReadInt32LittleEndian(bytes);
            target = image.Word == sizeof(uint) ? (uint)target : target;
            if (!image.IsCode(target))
            {
                break;
            }

            isAny = true;
            elsewhere?.Add(target);
            others = function.Has(target) ? 0 : others + 1;
            Add(target, function);
        }

        return isAny;
    }

    private void Add(ulong target, FunctionCode function)
    {
        Work++;
        IsFound |= function.Has(target);
        if (function.IsInside(target))
        {
            Targets.Add(target);
        }
    }
}

/// <summary>A jump that does not say itself where it leads.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Source">What says it.</param>
internal readonly record struct IndirectJump(ulong Address, JumpSource Source);

/// <summary>What says where an indirect jump leads.</summary>
internal enum JumpSource
{
    /// <summary>A register, or a variable.</summary>
    Unknown,

    /// <summary>An entry of a table: something was read by an index just before, or it is itself.</summary>
    Table,

    /// <summary>A member of what a register points at: a pointer to a function, as those of virtual functions are.</summary>
    Pointer,

    /// <summary>What was put on the stack for a return.</summary>
    Thunk,
}
