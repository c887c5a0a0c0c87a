using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>
/// All instructions of a function: those that lie in it one after the other, and those that its jumps lead to, also where the compiler has put
/// them elsewhere (<c>.cold</c>). Jumps to the beginnings of other functions are calls at the end of this one, and not followed. Of one image one function is
/// looked at at a time: the next takes its lists.
/// </summary>
internal sealed class FunctionCode
{
    private const int MostOutside = 1 << 15;
    private const int LongestInstruction = 15;
    private const int KindShift = 4;
    private const ulong LongestWait = 32;

    private readonly ImageCode _image;
    private readonly ReadOnlyMemory<byte> _code;

    // By what lies behind the beginning: the kind and the length of the instruction that begins there, or 0.
    private readonly byte[] _inside;
    private readonly Dictionary<ulong, byte> _outside;
    private readonly List<(ulong From, ulong Target)> _jumps;
    private readonly HashSet<ulong> _targets;
    private readonly List<(ulong Address, ulong Size)> _parts = [];
    private readonly JumpTables _tables;
    private bool _isFlowTooLong;
    private int _followed;
    private FlowKind _kind;
    private bool _isFiller;
    private bool _putsAddress;

    /// <summary>Reads a function.</summary>
    /// <param name="image">The code that it is a part of.</param>
    /// <param name="entry">Its address.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="parts">What lies elsewhere and is known to belong to it, which only the unwinder may enter.</param>
    /// <param name="tableBudget">How many entries of tables, and tables, may be looked at.</param>
    public FunctionCode(ImageCode image, ulong entry, ulong size, IEnumerable<(ulong Address, ulong Size)> parts, long tableBudget)
    {
        _image = image;
        (_outside, _jumps, _targets) = image.TakeLists();
        _code = image.Read(entry);
        _code = _code[..(int)Math.Min((ulong)_code.Length, size)];
        _inside = new byte[_code.Length];
        _tables = new JumpTables(image, tableBudget);
        Entry = entry;
        End = entry + (ulong)_code.Length;
        Sweep(entry, _code);
        foreach ((ulong address, ulong length) in parts)
        {
            _parts.Add((address, length));
            ReadOnlyMemory<byte> part = image.Read(address);
            Sweep(address, part[..(int)Math.Min((ulong)part.Length, length)]);
        }

        // Which tables its jumps read is only asked when nothing more is found.
        for (FollowJumps(); !IsTooLarge && (_tables.Read(this) || ReadOwnTables()); FollowJumps())
        {
            foreach (ulong target in _tables.Targets.Concat(_tables.Elsewhere))
            {
                _targets.Add(target);
                Follow(target, false);
            }
        }
    }

    /// <summary>The address of its first instruction.</summary>
    public ulong Entry { get; }

    /// <summary>The address behind its last byte, of those that lie together.</summary>
    public ulong End { get; }

    /// <summary>Whether its jumps lead to more code elsewhere, or its tables are more or longer, than is read.</summary>
    public bool IsTooLarge => _isFlowTooLong || _outside.Count > MostOutside || HasTooManyTables;

    /// <summary>Whether its tables are more or longer than is read.</summary>
    public bool HasTooManyTables => _tables.IsTooLong;

    /// <summary>How many entries of tables, and tables, were looked at.</summary>
    public long TableWork => _tables.Work;

    /// <summary>How many instructions were decoded.</summary>
    public long Decoded { get; private set; }

    /// <summary>Where its tables of jumps lead, for those that were found.</summary>
    public HashSet<ulong> TableTargets => _tables.Targets;

    /// <summary>Its indirect jumps.</summary>
    public IReadOnlyList<IndirectJump> IndirectJumps => _tables.Jumps;

    /// <summary>Whether one of its tables holds its beginning as one of the places to jump to.</summary>
    public bool HasEntryAsLabel => _tables.HasEntryAsLabel;

    /// <summary>How many instructions it has.</summary>
    public int Count { get; private set; }

    /// <summary>Where its instructions begin.</summary>
    public IEnumerable<ulong> Addresses
    {
        get
        {
            for (int i = 0; i < _inside.Length; i++)
            {
                if (_inside[i] != 0)
                {
                    yield return Entry + (ulong)i;
                }
            }

            foreach (ulong address in _outside.Keys)
            {
                yield return address;
            }
        }
    }

    /// <summary>Whether it begins transactions of the processor's, which a breakpoint inside them ends.</summary>
    public bool BeginsTransaction { get; private set; }

    /// <summary>Whether it ends them.</summary>
    public bool EndsTransaction { get; private set; }

    /// <summary>The instruction at an address; null where none of the function begins.</summary>
    public FlowStep? StepAt(ulong address)
    {
        return TryDecode(address, out Instruction instruction, out FlowKind kind) ? FlowStep.Of(instruction, kind) : null;
    }

    /// <summary>The instruction at an address, and where it leads; false where none of the function begins.</summary>
    public bool TryDecode(ulong address, out Instruction instruction, out FlowKind kind)
    {
        byte known = KnownAt(address);
        kind = (FlowKind)(known >> KindShift);
        if (known == 0)
        {
            instruction = default;
            return false;
        }

        bool isInside = IsInside(address);
        _image.Decoder(isInside ? _code : _image.Read(address)).Decode(isInside ? (int)(address - Entry) : 0, address, out instruction);
        return true;
    }

    /// <summary>Whether something of the function may jump to an address.</summary>
    public bool IsTarget(ulong address) => _targets.Contains(address);

    /// <summary>Its instructions that lead to one of some addresses: those that jump there, and those that lie before it.</summary>
    /// <param name="addresses">The addresses, in order.</param>
    public IEnumerable<(ulong From, ulong To)> WaysTo(ulong[] addresses)
    {
        foreach ((ulong from, ulong target) in _jumps)
        {
            if (target >= addresses[0] && target <= addresses[^1] && Array.BinarySearch(addresses, target) >= 0)
            {
                yield return (from, target);
            }
        }

        foreach (ulong address in addresses)
        {
            for (int length = 1; length <= LongestInstruction; length++)
            {
                byte known = KnownAt(address - (ulong)length);
                if ((known & LongestInstruction) == length && (FlowKind)(known >> KindShift) is FlowKind.Next or FlowKind.Branch or FlowKind.Call)
                {
                    yield return (address - (ulong)length, address);
                }
            }
        }
    }

    /// <summary>Whether an address lies in it.</summary>
    public bool IsInside(ulong address) => address - Entry < (ulong)_inside.Length;

    /// <summary>Whether an address lies in it, in what it runs into, or in what a symbol says to be a part of it.</summary>
    public bool IsOwn(ulong address) => IsInside(address) || _parts.Exists(part => address - part.Address < part.Size);

    /// <summary>Whether an instruction that belongs to it begins at an address.</summary>
    public bool Has(ulong address) => KnownAt(address) != 0;

    private byte KnownAt(ulong address) => IsInside(address) ? _inside[(int)(address - Entry)] : _outside.GetValueOrDefault(address);

    private void Sweep(ulong address, ReadOnlyMemory<byte> code)
    {
        CodeDecoder decoder = _image.Decoder(code);
        bool runsOn = false;
        Decoded++;
        for (int at = 0; at < code.Length && !IsTooLarge;)
        {
            // Data between instructions: the next byte may be one again. No-operations fill the room between functions.
            int length = Decode(decoder, at, address + (ulong)at);
            runsOn = length > 0 && (_isFiller ? runsOn : FlowStep.RunsOn(_kind));
            at += Math.Max(1, length);
        }

        // Not all of it lies together, or its size is too small: it runs into what follows, whoever that belongs to. A call at the end never comes back.
        if (runsOn)
        {
            Follow(address + (ulong)code.Length, true);
        }
    }

    private bool ReadOwnTables()
    {
        if (_tables.Jumps.Count == 0)
        {
            return false;
        }

        bool isMore = _tables.ReadOwn(this, out ContentFlow flow);
        Decoded += flow.Steps;
        _isFlowTooLong = flow.IsTooLong;
        return isMore;
    }

    private void FollowJumps()
    {
        while (_followed < _jumps.Count && !IsTooLarge)
        {
            Follow(_jumps[_followed++].Target, false);
        }
    }

    // Jumps into the middle of what was taken for an instruction lead to others, as over a lock prefix.
    private void Follow(ulong address, bool isRunInto)
    {
        CodeDecoder? decoder = null;
        ulong start = address;
        bool isOwn = isRunInto;
        while (KnownAt(address) == 0 && (isRunInto || IsInside(address) || !_image.IsFunction(address)) && !IsTooLarge)
        {
            decoder ??= _image.Decoder(_image.Read(address));
            int length = Decode(decoder, (int)(address - start), address);
            if (length == 0 || _kind is FlowKind.Jump or FlowKind.End or FlowKind.Indirect)
            {
                break;
            }

            isRunInto = FlowStep.RunsOn(_kind);
            address += (ulong)length;
        }

        if (isOwn)
        {
            _parts.Add((start, address + 1 - start));
        }
    }

    // A retpoline, also of one that no symbol names: call 1f; 2: pause; lfence; jmp 2b; 1: mov [rsp], rax; ret
    private bool IsOwnThunk(ulong address, ulong target, int length) => !IsInside(address) && target - (address + (ulong)length) < LongestWait && !_image.IsFunction(target);

    /// <summary>Whether an instruction puts an address on the stack that a return behind it may jump to.</summary>
    public static bool PutsAddress(in Instruction instruction) =>
        instruction.Mnemonic == Mnemonic.Push
        || (instruction.Mnemonic == Mnemonic.Mov && instruction.Op0Kind == OpKind.Memory && instruction.MemoryBase is Register.RSP or Register.ESP
            && instruction.MemoryIndex == Register.None && instruction.MemoryDisplacement64 == 0);

    private int Decode(CodeDecoder decoder, int at, ulong address)
    {
        Decoded++;
        decoder.Decode(at, address, out Instruction instruction);
        if (instruction.IsInvalid)
        {
            return 0;
        }

        ulong target = 0;
        bool isThunk = false, hasAddress = _putsAddress && at > 0;
        _putsAddress = PutsAddress(instruction);
        BeginsTransaction |= instruction.Mnemonic == Mnemonic.Xbegin;
        EndsTransaction |= instruction.Mnemonic == Mnemonic.Xend;
        _isFiller = instruction.Mnemonic == Mnemonic.Nop;
        switch (instruction.FlowControl)
        {
            case FlowControl.Next or FlowControl.Interrupt:
                // What compilers put where nothing arrives.
                _kind = instruction.Mnemonic is Mnemonic.Int3 or Mnemonic.Hlt ? FlowKind.End : FlowKind.Next;
                break;
            case FlowControl.UnconditionalBranch:
                (_kind, target) = (FlowKind.Jump, instruction.NearBranchTarget);
                isThunk = _image.IsThunk(target);
                _kind = isThunk ? FlowKind.Indirect : _image.IsReturnThunk(target) ? FlowKind.End : FlowKind.Jump;
                target = _kind == FlowKind.Jump ? target : 0;
                break;
            case FlowControl.ConditionalBranch or FlowControl.XbeginXabortXend:
                target = instruction.NearBranchTarget;
                _kind = target != 0 ? FlowKind.Branch : FlowKind.Next;
                isThunk = _image.IsThunk(target);
                break;
            case FlowControl.Call:
                // A call of the next instruction reads the address; a call of the beginning is one.
                target = instruction.NearBranchTarget;
                target = (target > Entry && target < End) || IsOwnThunk(address, target, instruction.Length) ? target : 0;
                _kind = target != 0 ? FlowKind.Branch : FlowKind.Call;
                break;
            case FlowControl.IndirectCall:
                _kind = FlowKind.Call;
                break;
            case FlowControl.IndirectBranch:
                _kind = FlowKind.Indirect;
                break;
            default:
                isThunk = hasAddress && instruction.Mnemonic == Mnemonic.Ret;
                _kind = isThunk ? FlowKind.Indirect : FlowKind.End;
                break;
        }

        _tables.Note(instruction, isThunk);
        Count++;
        byte known = (byte)(((int)_kind << KindShift) | instruction.Length);
        if (IsInside(address))
        {
            _inside[(int)(address - Entry)] = known;
        }
        else
        {
            _outside[address] = known;
        }

        if (target != 0)
        {
            _jumps.Add((address, target));
            _targets.Add(target);
        }

        return instruction.Length;
    }
}
