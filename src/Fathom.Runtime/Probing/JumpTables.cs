using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>
/// Where the indirect jumps of a function may lead inside it: to every address of its middle that data holds, and to where the tables lead that its
/// code names. Tables hold addresses, or distances of four bytes: from the table itself, from a place of the function that its code names, or, on i386,
/// from the global offset table. Which of them a jump reads is found by following what registers hold.
/// </summary>
/// <param name="image">The code that the function is a part of.</param>
/// <param name="budget">How many entries and tables may be looked at: in files made on purpose, each address that the code names may begin one.</param>
internal sealed class JumpTables(ImageCode image, long budget)
{
    private const int MostEntries = 1 << 14;
    private const int MostOthers = 64;

    // Tables whose entries lead to jumps through others: hardly ever more than two.
    private const int MostRounds = 16;

    private readonly List<ulong> _named = [];
    private readonly Dictionary<TableUse, IReadOnlyList<ulong>> _own = [];
    private readonly SortedSet<ulong> _begins = [];
    private int _read;
    private int _rounds;
    private bool _isCut;

    /// <summary>Where they lead in the function.</summary>
    public HashSet<ulong> Targets { get; } = [];

    /// <summary>Where tables of distances lead that lead into the function too: the compiler may have put parts of it there, which no symbol names.</summary>
    public HashSet<ulong> Elsewhere { get; } = [];

    /// <summary>The function's indirect jumps, without those to functions that the loader links, which are calls.</summary>
    public List<IndirectJump> Jumps { get; } = [];

    /// <summary>Whether one holds the function's beginning among places of its middle: it is one to jump to then, and not to call.</summary>
    public bool HasEntryAsLabel { get; private set; }

    /// <summary>Whether they are more or longer than is read.</summary>
    public bool IsTooLong => _isCut || Work > budget || _rounds > MostRounds;

    /// <summary>How many entries and tables were looked at.</summary>
    public long Work { get; private set; }

    /// <summary>Takes an instruction of the function.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="isThunk">Whether it jumps by a return to an address that was put on the stack for it, as retpolines do.</param>
    public void Note(in Instruction instruction, bool isThunk)
    {
        if (isThunk || (instruction.FlowControl == FlowControl.IndirectBranch && !IsLinked(instruction)))
        {
            Jumps.Add(new(instruction.IP, isThunk));
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

    /// <summary>Finds which tables the jumps read, and where those lead.</summary>
    /// <param name="function">The function.</param>
    /// <param name="flow">How they were found.</param>
    /// <returns>Whether they lead to places that were not known, so that what the registers hold may be something else.</returns>
    public bool ReadOwn(FunctionCode function, out ContentFlow flow)
    {
        // Where tables end is known when all have been found; until then each address that the code names may begin one.
        Dictionary<TableUse, IReadOnlyList<ulong>> used = [];
        SortedSet<ulong> ends = _begins.Count > 0 ? _begins : [.. _named];
        flow = ContentFlow.OfJumps(image, function, use => used.TryGetValue(use, out IReadOnlyList<ulong>? targets) ? targets : used[use] = ReadOwn(use, ends, function));
        _begins.UnionWith(used.Keys.Where(static use => use.Origin is not null).Select(static use => use.Address));
        int known = Targets.Count + Elsewhere.Count;
        bool isSame = true;
        _own.Clear();
        foreach ((TableUse use, IReadOnlyList<ulong> targets) in used)
        {
            IReadOnlyList<ulong> read = ReadOwn(use, _begins, function);
            _own[use] = read;
            isSame &= read.Count == targets.Count;
            Targets.UnionWith(read.Where(function.IsInside));
            Elsewhere.UnionWith(read.Where(target => IsElsewhere(target, function)));
        }

        for (int i = 0; i < Jumps.Count; i++)
        {
            (Content target, int? height) = flow.Jumps.GetValueOrDefault(Jumps[i].Address);
            Jumps[i] = Jumps[i] with { Target = target, Height = height, Own = TableUse.Of(target) is { } use && _own[use] is { Count: > 0 } own ? own : null };
        }

        bool isMore = !isSame || Targets.Count + Elsewhere.Count > known;
        _rounds += isMore ? 1 : 0;
        return isMore;
    }

    private bool IsElsewhere(ulong target, FunctionCode function) => !function.IsInside(target) && !image.IsFunction(target) && !image.IsInAnother(target, function.Entry);

    // jmp [slot], of the global offset table
    private bool IsLinked(in Instruction instruction) => instruction.Op0Kind == OpKind.Memory && instruction.MemoryIndex == Register.None
        && instruction.MemoryBase is Register.None or Register.RIP or Register.EIP && image.IsLinked(instruction.MemoryDisplacement64);

    // All that lies in a row; where a table of distances begins that another jump reads, this one ends.
    private List<ulong> ReadOwn(TableUse use, SortedSet<ulong> ends, FunctionCode function)
    {
        ulong table = image.Word == sizeof(uint) ? (uint)use.Address : use.Address;
        List<ulong> targets = [];
        if (use.Origin is not { } origin)
        {
            targets.AddRange(image.PointersFrom(table).Take(MostEntries));
            _isCut |= targets.Count == MostEntries;
            Work += targets.Count + 1;
            return targets;
        }

        ReadOnlySpan<byte> bytes = image.Read(table).Span;
        ulong end = ends.GetViewBetween(table + 1, ulong.MaxValue).Min is var next and > 0 ? next - table : ulong.MaxValue;
        ReadDistances(bytes[..(int)Math.Min((ulong)bytes.Length, Math.Min(end, MostEntries * sizeof(int)))], origin, function, targets);
        return targets;
    }

    private void ReadTable(ulong table, int size, ulong[] labels, FunctionCode function)
    {
        bool hasEntry = false, hasOther = false;
        foreach (ulong target in image.PointersFrom(table).Take(size / (int)image.Word))
        {
            hasEntry |= target == function.Entry;
            hasOther |= target != function.Entry && function.Has(target);
            Add(target, function);
        }

        HasEntryAsLabel |= hasEntry && hasOther;

        ReadOnlySpan<byte> bytes = image.Read(table).Span;
        bytes = bytes[..Math.Min(bytes.Length, size)];

        // Hardly anything else begins with the distance from itself to some code.
        List<ulong> elsewhere = [];
        ReadDistances(bytes, image.GotAddress ?? table, function, elsewhere);
        if (elsewhere.Exists(function.Has))
        {
            HasEntryAsLabel |= elsewhere.Contains(function.Entry);
            Elsewhere.UnionWith(elsewhere.Where(target => IsElsewhere(target, function)));
        }

        for (int i = 0; i < labels.Length && !IsTooLong; i++)
        {
            ReadDistances(bytes, labels[i], function, null);
        }
    }

    // They go on as long as they lead to code; what the compiler has put elsewhere is among that, once for many entries.
    private void ReadDistances(ReadOnlySpan<byte> bytes, ulong origin, FunctionCode function, List<ulong>? targets)
    {
        HashSet<ulong> others = [];
        Work++;
        for (; bytes.Length >= sizeof(int) && others.Count < MostOthers && !IsTooLong; bytes = bytes[sizeof(int)..])
        {
            ulong target = origin + (ulong)(long)BinaryPrimitives.ReadInt32LittleEndian(bytes);
            target = image.Word == sizeof(uint) ? (uint)target : target;
            if (!image.IsCode(target))
            {
                break;
            }

            targets?.Add(target);
            if (function.Has(target))
            {
                others.Clear();
            }
            else
            {
                others.Add(target);
            }

            Add(target, function);
        }
    }

    private void Add(ulong target, FunctionCode function)
    {
        Work++;
        if (function.IsInside(target))
        {
            Targets.Add(target);
        }
    }
}

/// <summary>A jump that does not say itself where it leads.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="IsThunk">Whether it returns to what was put on the stack for it.</param>
internal readonly record struct IndirectJump(ulong Address, bool IsThunk)
{
    /// <summary>What is known of where it leads.</summary>
    public Content Target { get; init; }

    /// <summary>Where the stack pointer is when it has jumped, from where it was at the function's beginning; null if that is not known.</summary>
    public int? Height { get; init; }

    /// <summary>Where the table leads that it reads; null if none was found.</summary>
    public IReadOnlyList<ulong>? Own { get; init; }

    /// <summary>
    /// Whether it may lead anywhere in its function. Where it does not, it reads a table that was found, or it calls another function in place of a return: with
    /// nothing of its own left on the stack, through a pointer that it did not add up, and not by an index if data holds places of the function.
    /// </summary>
    /// <param name="hasLabels">Whether data or the code itself holds places of its middle.</param>
    public bool IsBlind(bool hasLabels) => Own is null && Target.Kind switch
    {
        ContentKind.Address or ContentKind.Return => false,
        ContentKind.Pointer => Height != 0,
        ContentKind.Indexed or ContentKind.Entry => Height != 0 || hasLabels,
        ContentKind.Unknown => Height != 0 || IsThunk,
        _ => true,
    };

    /// <summary>Whether it may lead to the function's beginning, and be no call of it.</summary>
    /// <param name="code">The function.</param>
    public bool MayBeginAgain(FunctionCode code) => Own is not null ? Own.Contains(code.Entry) : Target.Kind switch
    {
        ContentKind.Address => Target.Number == code.Entry,
        ContentKind.Return => false,
        ContentKind.Unknown => code.TableTargets.Contains(code.Entry),
        _ => code.HasEntryAsLabel,
    };
}
