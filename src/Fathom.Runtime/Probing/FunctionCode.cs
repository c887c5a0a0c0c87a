using System;
using System.Collections.Generic;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>
/// All instructions of a function: those that lie in it one after the other, and those that its jumps lead to, also where the compiler has put
/// them elsewhere (<c>.cold</c>). Jumps to the beginnings of other functions are calls at the end of this one, and not followed.
/// </summary>
internal sealed class FunctionCode
{
    private const int MostOutside = 1 << 15;
    private const int MostEntries = 1 << 14;

    private readonly Dictionary<ulong, FlowStep> _steps = [];
    private readonly Queue<(ulong Address, bool IsRunInto)> _waiting = new();
    private readonly List<ulong> _tables = [];
    private readonly Func<ulong, ReadOnlyMemory<byte>> _read;
    private readonly Func<ulong, bool> _isOther;
    private readonly CodeDecoder _decoder;
    private int _outside;
    private bool _isFiller;
    private bool _isTableTooLong;

    /// <summary>Reads a function.</summary>
    /// <param name="decoder">Decodes it.</param>
    /// <param name="entry">Its address.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="read">The bytes from an address to the end of its segment; nothing if nothing is loaded there.</param>
    /// <param name="isOther">Whether another function begins at an address.</param>
    public FunctionCode(CodeDecoder decoder, ulong entry, ulong size, Func<ulong, ReadOnlyMemory<byte>> read, Func<ulong, bool> isOther)
    {
        _decoder = decoder;
        _read = read;
        _isOther = isOther;
        Entry = entry;
        End = entry + size;
        Sweep(entry, size);
        Follow();
        FindTables();
        Follow();
    }

    /// <summary>The address of its first instruction.</summary>
    public ulong Entry { get; }

    /// <summary>The address behind its last byte, of those that lie together.</summary>
    public ulong End { get; }

    /// <summary>Whether its jumps lead to more code elsewhere, or its tables are longer, than is read.</summary>
    public bool IsTooLarge => _outside > MostOutside || _isTableTooLong;

    /// <summary>How many instructions were decoded.</summary>
    public long Decoded { get; private set; }

    /// <summary>Its instructions by address.</summary>
    public IReadOnlyDictionary<ulong, FlowStep> Steps => _steps;

    /// <summary>Where its tables of jumps lead, for those that were found.</summary>
    public HashSet<ulong> TableTargets { get; } = [];

    /// <summary>Also what lies elsewhere and is known to belong to it, which only the unwinder may enter.</summary>
    public void Add(ulong address, ulong size)
    {
        Sweep(address, size);
        Follow();
    }

    private void Sweep(ulong address, ulong size)
    {
        ReadOnlyMemory<byte> code = _read(address);
        code = code[..(int)Math.Min((ulong)code.Length, size)];
        bool runsOn = false;
        for (int at = 0; at < code.Length;)
        {
            // Data between instructions: the next byte may be one again. No-operations fill the room between functions.
            int length = Decode(code, at, address + (ulong)at);
            runsOn = length > 0 && (_isFiller ? runsOn : RunsOn(_steps[address + (ulong)at]));
            at += Math.Max(1, length);
        }

        // Not all of it lies together, or its size is too small: it runs into what follows, whoever that belongs to. A call at the end never comes back.
        if (runsOn)
        {
            _waiting.Enqueue((address + (ulong)code.Length, true));
        }
    }

    private static bool RunsOn(FlowStep step) => step.Kind is FlowKind.Next or FlowKind.Branch;

    // Jumps into the middle of what was taken for an instruction lead to others, as over a lock prefix.
    private void Follow()
    {
        while (_waiting.TryDequeue(out (ulong Address, bool IsRunInto) next) && !IsTooLarge)
        {
            (ulong address, bool runsOn) = next;
            bool isInside = address >= Entry && address < End;
            ReadOnlyMemory<byte> code = default;
            for (int at = 0; !_steps.ContainsKey(address + (ulong)at) && (isInside || runsOn || !_isOther(address + (ulong)at));)
            {
                code = code.IsEmpty ? _read(address) : code;
                _outside += isInside ? 0 : 1;
                int length = at < code.Length && !IsTooLarge ? Decode(code, at, address + (ulong)at) : 0;
                if (length == 0 || _steps[address + (ulong)at] is var step && step.Kind is FlowKind.Jump or FlowKind.End or FlowKind.Indirect)
                {
                    break;
                }

                runsOn = RunsOn(step);
                at += length;
            }
        }
    }

    private int Decode(ReadOnlyMemory<byte> code, int at, ulong address)
    {
        Decoded++;
        _decoder.Decode(code, at, address, out Instruction instruction);
        if (instruction.IsInvalid)
        {
            return 0;
        }

        if (instruction.Mnemonic == Mnemonic.Lea && instruction.IsIPRelativeMemoryOperand)
        {
            _tables.Add(instruction.IPRelativeMemoryAddress);
        }
        else if (instruction.FlowControl == FlowControl.IndirectBranch && instruction.MemoryIndexScale == 8 && instruction.MemoryBase == Register.None)
        {
            _tables.Add(instruction.MemoryDisplacement64);
        }

        _isFiller = instruction.Mnemonic == Mnemonic.Nop;
        ulong target = instruction.NearBranchTarget;
        FlowKind kind = instruction.FlowControl switch
        {
            FlowControl.UnconditionalBranch => FlowKind.Jump,
            FlowControl.ConditionalBranch => FlowKind.Branch,

            // A call of the next instruction reads the address; a call of the beginning is one.
            FlowControl.Call when target > Entry && target < End => FlowKind.Branch,
            FlowControl.Call or FlowControl.IndirectCall => FlowKind.Call,
            FlowControl.IndirectBranch => FlowKind.Indirect,
            FlowControl.Return or FlowControl.Exception => FlowKind.End,

            // What compilers put where nothing arrives.
            _ => instruction.Mnemonic is Mnemonic.Int3 or Mnemonic.Hlt ? FlowKind.End : FlowKind.Next,
        };
        var step = new FlowStep(instruction.Length, kind, kind is FlowKind.Jump or FlowKind.Branch ? target : 0, StackChangeOf(instruction));
        _steps[address] = step;
        if (step.Target != 0)
        {
            _waiting.Enqueue((step.Target, false));
        }

        return instruction.Length;
    }

    private static int? StackChangeOf(in Instruction instruction)
    {
        bool isStack = instruction.Op0Kind == OpKind.Register && instruction.Op0Register is Register.RSP or Register.ESP;
        return instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall ? 0
            : instruction.IsStackInstruction && !isStack && instruction.Mnemonic is Mnemonic.Push or Mnemonic.Pop ? instruction.StackPointerIncrement
            : instruction.IsStackInstruction ? null
            : !isStack || instruction.Mnemonic is Mnemonic.Cmp or Mnemonic.Test ? 0
            : instruction.Op1Kind is OpKind.Immediate8to64 or OpKind.Immediate32to64 or OpKind.Immediate8to32 or OpKind.Immediate32 ? instruction.Mnemonic switch
            {
                Mnemonic.Add => (int)instruction.GetImmediate(1),
                Mnemonic.Sub => -(int)instruction.GetImmediate(1),
                _ => null,
            }
            : null;
    }

    // Tables of a switch: of distances to themselves (four bytes), or of addresses (eight bytes) in programs that are not moved. They go on as
    // long as they lead into the function.
    private void FindTables()
    {
        int left = MostEntries;
        foreach (ulong table in _tables)
        {
            ReadOnlySpan<byte> bytes = _read(table).Span;
            for (int i = 0; left-- > 0 && AddTarget(bytes, 4 * i, 4, table); i++)
            {
            }

            for (int i = 0; left-- > 0 && AddTarget(bytes, 8 * i, 8, 0); i++)
            {
            }
        }

        _isTableTooLong = left < 0;
    }

    private bool AddTarget(ReadOnlySpan<byte> bytes, int at, int size, ulong origin)
    {
        if (bytes.Length - at < size)
        {
            return false;
        }

        ulong target = size == 4 ? origin + (ulong)(long)BitConverter.ToInt32(bytes[at..]) : BitConverter.ToUInt64(bytes[at..]);
        if (target < Entry || target >= End)
        {
            return false;
        }

        if (TableTargets.Add(target))
        {
            _waiting.Enqueue((target, false));
        }

        return true;
    }
}
